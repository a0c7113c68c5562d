//! `zentinelle serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::error::CommandError;
use crate::config::Config;
use crate::demo;
use crate::exit::Exit;
use crate::server::{Server, StartError};

/// Runs the server.
///
/// Needs nothing to begin: without further words it keeps everything in SQLite in the data
/// directory and listens on this machine only.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where to keep the database and the journal.
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
    /// Fill an empty organisation with starter policies and an agent, and print what to try.
    #[arg(long)]
    demo: bool,
}

/// Serves until told to stop.
pub(crate) fn run(args: Args) -> Result<Exit, CommandError> {
    let mut config = Config::default();
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    if let Some(data_dir) = args.data_dir {
        config.data_dir = data_dir;
    }
    let runtime = tokio::runtime::Runtime::new().map_err(CommandError::Write)?;
    let served = runtime.block_on(async {
        let server = Server::assemble(&config).await?;
        if args.demo {
            let keys = demo::seed(&server.app).await.map_err(StartError::demo)?;
            anstream::println!("{}", keys.commands(config.listen));
        }
        server.run(&config).await
    });
    served.map(|()| Exit::Success).map_err(|error| CommandError::Server(error.to_string()))
}
