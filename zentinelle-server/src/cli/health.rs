//! `zentinelle health`: asks a server how it is, for container health checks and scripts.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

use super::error::CommandError;
use super::output::Console;
use crate::exit::Exit;

/// The most of an answer that is read. Unit: bytes.
const MOST: u64 = 64 * 1024;

/// Ask a server how it is. Needs no configuration.
///
/// Ends with code 0 if the server answers 200, else with 1.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to ask: `/health` says whether the process works, `/ready` whether it can decide.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8420/ready")]
    url: String,
    /// Certificates in PEM to trust instead of the system's, for https.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// How long to wait. Unit: seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=300))]
    timeout: u64,
}

/// Asks once.
pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    let patience = Duration::from_secs(args.timeout);
    let answer = match args.url.strip_prefix("http://") {
        Some(rest) => plain(rest, patience),
        None if args.url.starts_with("https://") => encrypted(args, patience),
        None => {
            let message = format!("`{}` is no address of a server", args.url);
            return Err(CommandError::Argument { message, help: "write http://… or https://…".to_owned() });
        }
    };
    match answer {
        Ok(200) => console.line("ok").map(|()| Exit::Success),
        Ok(status) => {
            console.complaint(&format!("{} answers {status}", args.url), None);
            Ok(Exit::Negative)
        }
        Err(why) => {
            console.complaint(&format!("{} does not answer: {why}", args.url), None);
            Ok(Exit::Negative)
        }
    }
}

/// Over a plain socket, without a runtime: a health check runs every few seconds.
fn plain(rest: &str, patience: Duration) -> Result<u16, String> {
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let place = if has_port { host.to_owned() } else { format!("{host}:80") };
    let text = |error: std::io::Error| error.to_string();
    let addresses = place.to_socket_addrs().map_err(text)?;
    let mut last = "the name has no address".to_owned();
    for address in addresses {
        let mut stream = match TcpStream::connect_timeout(&address, patience) {
            Ok(stream) => stream,
            Err(error) => {
                last = error.to_string();
                continue;
            }
        };
        stream.set_read_timeout(Some(patience)).map_err(text)?;
        stream.set_write_timeout(Some(patience)).map_err(text)?;
        let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).map_err(text)?;
        let mut answer = Vec::new();
        stream.take(MOST).read_to_end(&mut answer).map_err(text)?;
        let head = String::from_utf8_lossy(&answer);
        let status = head.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)).map(str::parse);
        return status.and_then(Result::ok).ok_or_else(|| "what came back is not HTTP".to_owned());
    }
    Err(last)
}

fn encrypted(args: &Args, patience: Duration) -> Result<u16, String> {
    crate::telemetry::use_ring();
    let mut builder = reqwest::blocking::Client::builder().timeout(patience);
    if let Some(path) = &args.ca {
        let pem = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let trusted = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| error.to_string())?;
        builder = builder.tls_certs_only(trusted);
    }
    let answer = builder.build().and_then(|client| client.get(&args.url).send());
    answer.map(|answer| answer.status().as_u16()).map_err(|error| {
        // The outermost words alone say only that something failed.
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(deeper) = cause {
            text = format!("{text}: {deeper}");
            cause = deeper.source();
        }
        text
    })
}
