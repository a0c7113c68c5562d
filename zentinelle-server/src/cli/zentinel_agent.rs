//! `zentinelle zentinel-agent`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;
use tokio_util::sync::CancellationToken;
use zentinelle_core::ids::TenantId;
use zentinelle_core::zentinel::Identity;
use zentinelle_core::{Agent, Engine};

use super::error::CommandError;
use super::evaluate::WithoutPolicy;
use super::output::Console;
use super::policies::Policies;
use crate::config::{Log, LogFormat};
use crate::exit::Exit;
use crate::server::told_to_stop;
use crate::telemetry::{VERSION, logging};
use crate::zentinel::{self, Decider, Doors, Manner};

/// Decide what passes through a Zentinel reverse proxy.
///
/// Listens on a Unix socket for version 2 of the proxy's agent protocol. Configure the proxy to
/// send `request_headers` and `request_body`, and `failure-mode "closed"`. Whatever cannot be
/// judged is refused. Rate limits and budgets count from zero at every start.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Policy documents, YAML or JSON. Their policies act together, the later files' as the newer ones.
    #[arg(long, short, value_name = "FILE", required = true, num_args = 1..)]
    policies: Vec<String>,
    /// The socket to listen on. Owner and group may connect; a stale one is replaced.
    #[arg(long, short, value_name = "PATH", default_value = "/tmp/zentinelle-agent.sock")]
    socket: PathBuf,
    /// Listen here as well, for gRPC. It is plain text: choose this machine or a protected network.
    #[arg(long, value_name = "ADDRESS")]
    grpc: Option<SocketAddr>,
    /// The name the proxy shows.
    #[arg(long, value_name = "NAME", default_value = "zentinelle")]
    name: String,
    /// The tenant whose policies apply.
    #[arg(long, value_name = "ID", default_value = "local")]
    tenant: String,
    /// The agent on whose behalf requests are made.
    #[arg(long, value_name = "ID", default_value = "zentinel")]
    agent: String,
    /// A header that names the agent instead. The proxy must set or strip it: clients could name anyone.
    #[arg(long, value_name = "NAME")]
    agent_header: Option<String>,
    /// A header that names the user. The proxy must set or strip it: clients could name anyone.
    #[arg(long, value_name = "NAME")]
    user_header: Option<String>,
    /// The answer where no policy applies at all.
    #[arg(long, value_enum, default_value_t, value_name = "ANSWER")]
    no_policy: WithoutPolicy,
    /// Let pass, with a mark in the proxy's audit log, what cannot be judged. Denials still hold.
    #[arg(long)]
    fail_open: bool,
    /// Refuse requests whose correlation id may be the client's own choice, which could mix two
    /// answers up. Without this the proxy, or what is before it, should overwrite `x-trace-id`,
    /// `x-correlation-id` and `x-request-id`.
    #[arg(long)]
    strict_ids: bool,
    /// One JSON object a line in the log.
    #[arg(long)]
    json_logs: bool,
    /// How much is logged.
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    log_level: Level,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Level {
    /// What failed.
    Error,
    /// And what is odd.
    Warn,
    /// And what begins and ends.
    #[default]
    Info,
    /// And every connection.
    Debug,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// Answers until told to stop.
pub(crate) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    let policies = Policies::read(&args.policies, "served", console)?;
    let format = if args.json_logs { LogFormat::Json } else { LogFormat::Text };
    logging::start(&Log { format, level: args.log_level.name().to_owned() }, console.is_colored());
    let tenant = TenantId::new(args.tenant.as_str());
    let engine = Engine::new(policies.set(&tenant)).with_no_policy(args.no_policy.into());
    let identity = Identity {
        agent: Arc::new(Agent::new(tenant, args.agent.as_str())),
        agent_header: args.agent_header.clone(),
        user_header: args.user_header.clone(),
    };
    let manner = Manner { name: args.name.clone(), identity, fail_open: args.fail_open, strict_ids: args.strict_ids };
    let runtime = tokio::runtime::Runtime::new().map_err(CommandError::Write)?;
    runtime.block_on(async {
        let help = "look at --socket and --grpc, then at the log above";
        let failed = |error: &dyn std::fmt::Display| CommandError::Server { why: error.to_string(), help };
        let doors = Doors::open(Some(&args.socket), args.grpc).map_err(|error| failed(&error))?;
        let grpc = doors.grpc().map(|address| address.to_string());
        tracing::info!(socket = %args.socket.display(), grpc, version = VERSION, "listening");
        let stop = CancellationToken::new();
        let told = stop.clone();
        tokio::spawn(async move {
            told_to_stop().await;
            tracing::info!("told to stop: answering what was asked");
            told.cancel();
        });
        doors.serve(zentinel::Agent::new(manner, Decider::local(engine)), stop).await;
        tracing::info!("stopped");
        Ok(Exit::Success)
    })
}
