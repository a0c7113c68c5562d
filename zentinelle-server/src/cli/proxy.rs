//! `zentinelle proxy`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::error::CommandError;
use super::output::Console;
use crate::clock;
use crate::config::{Config, Log, Secret};
use crate::exit::Exit;
use crate::proxy::local::{self, Alone};
use crate::telemetry::logging;

/// Where the agent's key stands.
const KEY_VARIABLE: &str = "ZENTINELLE_KEY";
/// Where the server's address may stand.
const ENDPOINT_VARIABLE: &str = "ZENTINELLE_ENDPOINT";
/// Where the provider's own key stands, by provider.
const PROVIDER_KEYS: [(&str, &str); 3] =
    [("anthropic", "ANTHROPIC_API_KEY"), ("openai", "OPENAI_API_KEY"), ("google", "GOOGLE_API_KEY")];

/// Put a tool's model calls under policy on this machine.
///
/// With --endpoint everything goes to a server, with the key of ZENTINELLE_KEY added. With --policies
/// no server is needed: the calls are decided here and go to the provider with the key of
/// ANTHROPIC_API_KEY, OPENAI_API_KEY or GOOGLE_API_KEY. Point the tool's base URL at this address;
/// OpenAI's SDK wants `/v1` behind it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The provider: anthropic, openai, google, or an upstream that the server knows.
    #[arg(long, value_name = "NAME", default_value = "anthropic")]
    provider: String,
    /// The server. Default: ZENTINELLE_ENDPOINT.
    #[arg(long, value_name = "URL", conflicts_with = "policies")]
    endpoint: Option<String>,
    /// Decide by the policies of this file, without a server.
    #[arg(long, value_name = "FILE")]
    policies: Option<PathBuf>,
    /// With --policies: where totals and records are kept. Default: nowhere once the command ends.
    #[arg(long, value_name = "DIRECTORY", requires = "policies")]
    state: Option<PathBuf>,
    /// With --policies: the provider's address, where it is not the usual one.
    #[arg(long, value_name = "URL", requires = "policies")]
    base_url: Option<String>,
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// The port.
    #[arg(long, value_name = "PORT", default_value_t = 8742)]
    port: u16,
}

/// Serves until told to stop.
pub(crate) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    let listen = SocketAddr::new(args.host, args.port);
    if !listen.ip().is_loopback() {
        let help = "leave --host away to listen on this machine only";
        console.warning("whoever reaches this address makes model calls with your key", Some(help));
    }
    crate::telemetry::use_ring();
    let runtime = tokio::runtime::Runtime::new().map_err(CommandError::Write)?;
    let listener = || {
        let bound = runtime.block_on(tokio::net::TcpListener::bind(listen));
        bound.map_err(|error| {
            missing(format!("cannot listen on {listen}: {error}"), "give another --port, or end what listens there")
        })
    };
    // What cannot work is told before anything is logged.
    let served = if let Some(policies) = &args.policies {
        let (text, config) = prepared(args, policies, listen)?;
        let alone = Alone { policies: &text, provider: &args.provider, config: &config };
        local::check(&alone).map_err(|error| unusable(&error, policies))?;
        let listener = listener()?;
        logging::start(&Log::default(), console.is_colored());
        let served = runtime.block_on(local::alone(&alone, listener));
        if args.state.is_none()
            && let Err(error) = std::fs::remove_dir_all(&config.data_dir)
        {
            tracing::warn!(%error, directory = %config.data_dir.display(), "what the proxy kept could not be taken away");
        }
        served
    } else {
        let endpoint = args.endpoint.clone().or_else(|| std::env::var(ENDPOINT_VARIABLE).ok());
        let endpoint = endpoint
            .filter(|endpoint| !endpoint.is_empty())
            .ok_or_else(|| missing("it is not said which server", "give --endpoint, or --policies to need none"))?;
        let key = variable(KEY_VARIABLE)
            .ok_or_else(|| missing("there is no key for the server", "put the agent's key into ZENTINELLE_KEY"))?;
        let listener = listener()?;
        logging::start(&Log::default(), console.is_colored());
        runtime.block_on(local::relay(listener, &endpoint, &args.provider, &key))
    };
    served.map(|()| Exit::Success).map_err(CommandError::from)
}

/// The policies' text, and the configuration of the pipeline that stands alone.
fn prepared(args: &Args, policies: &Path, listen: SocketAddr) -> Result<(String, Config), CommandError> {
    let provider = args.provider.as_str();
    let name = PROVIDER_KEYS.iter().find(|(known, _)| *known == provider).map(|(_, variable)| *variable);
    if name.is_none() {
        let known: Vec<&str> = PROVIDER_KEYS.iter().map(|(known, _)| *known).collect();
        let help = format!(
            "write {}; for another, give the address of what speaks as one of them with --base-url, \
             or run a server and name its upstream with --endpoint",
            known.join(", ")
        );
        return Err(missing(format!("`{provider}` is no provider that is known here"), &help));
    }
    let text = std::fs::read_to_string(policies)
        .map_err(|source| CommandError::Read { name: policies.display().to_string(), source })?;
    let mut config = Config { listen, ..Config::default() };
    config.throttle.enabled = false;
    config.data_dir = match &args.state {
        Some(state) => state.clone(),
        None => std::env::temp_dir().join(format!("zentinelle-proxy-{}", clock::new_id())),
    };
    let upstream = config.proxy.upstreams.entry(provider.to_owned()).or_default();
    upstream.api_key = name.and_then(variable).unwrap_or_default();
    if let Some(base_url) = &args.base_url {
        upstream.base_url.clone_from(base_url);
        // Whoever starts the command says where it calls.
        upstream.private = true;
    }
    Ok((text, config))
}

fn unusable(error: &local::LocalError, policies: &Path) -> CommandError {
    let help = match error {
        local::LocalError::Policies(_) => {
            format!("`zentinelle policy validate {}` shows the places", policies.display())
        }
        _ => "look at --provider and --base-url".to_owned(),
    };
    missing(error.to_string(), &help)
}

fn variable(name: &str) -> Option<Secret> {
    std::env::var(name).ok().filter(|text| !text.trim().is_empty()).map(|text| Secret::from(text.trim()))
}

fn missing(what: impl Into<String>, help: &str) -> CommandError {
    CommandError::Argument { message: what.into(), help: help.to_owned() }
}
