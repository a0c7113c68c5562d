//! The agent inside `zentinelle serve`: it decides by the server's policies as they are at that
//! moment, spends in its ledger, and leaves the same records as every other door.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use zentinelle_core::ids::{AgentId, TenantId};
use zentinelle_core::zentinel::Identity;

use super::{Agent, Decider, Doors, Manner, OpenError};
use crate::app::App;

/// Begins to listen where the configuration says so, until told to stop. Nothing where it does not.
pub(crate) async fn start(app: &Arc<App>, stop: CancellationToken) -> Result<Option<JoinHandle<()>>, OpenError> {
    let config = &app.config.zentinel;
    if config.socket.is_none() && config.grpc.is_none() {
        return Ok(None);
    }
    let doors = Doors::open(config.socket.as_deref(), config.grpc)?;
    let (tenant, agent) = (TenantId::new(config.tenant.as_str()), AgentId::new(config.agent.as_str()));
    match app.directory.agent(&tenant, &agent).await {
        Ok(Some(facts)) if facts.may_call() => {}
        Ok(_) => tracing::warn!(
            %tenant, %agent,
            "the Zentinel proxy's requests are refused: register this agent, or name another as `zentinel.agent`"
        ),
        Err(error) => tracing::error!(?error, "the agent of the Zentinel proxy could not be looked up"),
    }
    let named = |header: &str| (!header.is_empty()).then(|| header.to_owned());
    let manner = Manner {
        name: config.name.clone(),
        identity: Identity {
            agent: Arc::new(zentinelle_core::Agent::new(tenant, agent)),
            agent_header: named(&config.agent_header),
            user_header: named(&config.user_header),
        },
        fail_open: config.fail_open,
        strict_ids: config.strict_ids,
    };
    let socket = config.socket.as_ref().map(|path| path.display().to_string());
    tracing::info!(socket, grpc = doors.grpc().map(|address| address.to_string()), "listening for the Zentinel proxy");
    let agent = Agent::new(manner, Decider::Server(Arc::clone(app)));
    Ok(Some(tokio::spawn(doors.serve(agent, stop))))
}
