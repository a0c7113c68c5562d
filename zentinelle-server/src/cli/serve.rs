//! `zentinelle serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use zentinelle_core::ids::TenantId;

use super::config;
use super::error::CommandError;
use super::output::Console;
use crate::app::App;
use crate::config::{AuthMode, Config, Flag};
use crate::demo;
use crate::exit::Exit;
use crate::server::{Server, StartError};
use crate::service::{tenants, users};
use crate::telemetry::logging;

/// Runs the server.
///
/// Needs nothing to begin: without further words it keeps everything in SQLite in the data
/// directory and listens on this machine only.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: config::FileArgs,
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,
    /// Where to keep the database and the journal.
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
    /// Be an agent of the Zentinel reverse proxy as well, on this socket.
    #[arg(long, value_name = "PATH")]
    zentinel_socket: Option<PathBuf>,
    /// Be an agent of the Zentinel reverse proxy as well, over gRPC. It is plain text: choose this machine.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    zentinel_grpc: Option<SocketAddr>,
    /// Fill an empty organisation with starter policies and an agent, and print what to try.
    #[arg(long)]
    demo: bool,
    /// With `--demo`: through how many days the organisation has lived, the first time.
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(0..=90))]
    demo_days: u32,
}

/// Reads an address to listen on.
fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "write an IP address and a port, such as `127.0.0.1:8420` for this machine or `[::]:8420` for all networks"
            .to_owned()
    })
}

/// Serves until told to stop.
pub(crate) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    let mut flags = Vec::new();
    if let Some(listen) = args.listen {
        flags.push(Flag { name: "--listen", pointer: "/listen", value: listen.to_string().into() });
    }
    if let Some(data_dir) = &args.data_dir {
        let value = data_dir.display().to_string().into();
        flags.push(Flag { name: "--data-dir", pointer: "/data_dir", value });
    }
    if let Some(socket) = &args.zentinel_socket {
        let value = socket.display().to_string().into();
        flags.push(Flag { name: "--zentinel-socket", pointer: "/zentinel/socket", value });
    }
    if let Some(grpc) = args.zentinel_grpc {
        flags.push(Flag { name: "--zentinel-grpc", pointer: "/zentinel/grpc", value: grpc.to_string().into() });
    }
    let mut config = config::usable(&args.file, &flags, console)?;
    // A demonstration on this machine alone needs no sign-in, unless the configuration asks for one.
    if args.demo && config.auth.mode == AuthMode::Auto && config.listen.ip().is_loopback() {
        config.auth.mode = AuthMode::Open;
    }
    logging::start(&config.log, console.is_colored());
    crate::telemetry::use_ring();
    let runtime = tokio::runtime::Runtime::new().map_err(CommandError::Write)?;
    let served = runtime.block_on(async {
        let server = Server::assemble(&config).await?;
        // Ends with the server.
        let mut present = tokio::task::JoinSet::new();
        if args.demo {
            let keys = demo::seed(&server.app, args.demo_days).await.map_err(StartError::demo)?;
            anstream::println!("{}", keys.commands(config.listen, config.auth.decided() == AuthMode::Open));
            if args.demo_days > 0 {
                present.spawn(demo::live(Arc::clone(&server.app)));
            }
        }
        // After the demonstration's people, who may be administrators.
        first_administrator(&server.app, &config).await?;
        server.run(&config).await
    });
    served.map(|()| Exit::Success).map_err(CommandError::from)
}

/// Makes the first person who can sign in, and says loudly when nobody needs to.
async fn first_administrator(app: &App, config: &Config) -> Result<(), StartError> {
    if config.auth.decided() == AuthMode::Open {
        tracing::warn!(address = %config.listen, "OPEN MODE: whoever reaches this server is an administrator");
    }
    if config.auth.decided() != AuthMode::Local {
        return Ok(());
    }
    let tenant = TenantId::new(tenants::STANDALONE);
    let first = users::first_administrator(&app.store, &tenant, &config.auth.first_administrator);
    if let Some((user, password)) = first.await.map_err(StartError::first)? {
        // On standard error, because the log may be sent elsewhere.
        anstream::eprintln!(
            "\nSign in at http{}://{}/zentinelle/ as the first administrator:\n\n    e-mail    {}\n    password  {}\n\n\
             The password is shown once, is good for seven days, and another is chosen at the first sign-in.\n\
             If it is lost: zentinelle user reset {}\n",
            if config.tls.certificate_file.is_some() { "s" } else { "" },
            config.listen,
            user.email,
            password.as_str(),
            user.email,
        );
    }
    Ok(())
}
