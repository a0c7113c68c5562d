//! Who decides the requests that the proxy's questions come to.

use std::sync::Arc;

use zentinelle_core::request::Request;
use zentinelle_core::{Decision, Engine, MemoryLedger};

use crate::app::App;
use crate::auth::AgentFacts;
use crate::http::error::ApiError;
use crate::service::decide::{self, Asked, Source};

/// Who decides.
#[derive(Debug)]
pub(crate) enum Decider {
    /// Policies from files, counters in memory.
    Local {
        /// The policies.
        engine: Box<Engine>,
        /// What was spent since the start.
        ledger: MemoryLedger,
    },
    /// What the server decides by: its policies as they are now, its ledger, its records.
    Server(Arc<App>),
}

/// A decision.
#[derive(Debug)]
pub(crate) struct Decided {
    /// It.
    pub(crate) decision: Decision,
    /// Its record, where there are records.
    pub(crate) evaluation_id: Option<String>,
}

/// Why there is no decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undecided {
    /// Nobody is registered under that name, or may not act.
    Unregistered,
    /// It could not be made, or not be recorded.
    Failed,
}

impl Decider {
    /// Policies from files, counters from zero.
    pub(crate) fn local(engine: Engine) -> Self {
        Self::Local { engine: Box::new(engine), ledger: MemoryLedger::default() }
    }

    /// Decides a request.
    pub(crate) async fn decide(&self, request: Request) -> Result<Decided, Undecided> {
        match self {
            Self::Local { engine, ledger } => {
                Ok(Decided { decision: engine.decide(&request, ledger), evaluation_id: None })
            }
            Self::Server(app) => by_server(app, request).await.map_err(|error| {
                if let Refused::Failed(error) = &error {
                    tracing::error!(?error, "a question of the proxy could not be decided");
                }
                match error {
                    Refused::Unregistered => Undecided::Unregistered,
                    Refused::Failed(_) => Undecided::Failed,
                }
            }),
        }
    }
}

enum Refused {
    Unregistered,
    Failed(Box<ApiError>),
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// Decides as if the agent had asked by itself. What is asked before a body comes is on record
/// only where it ends the request: what becomes of the others is decided with their body.
async fn by_server(app: &App, request: Request) -> Result<Decided, Refused> {
    let agent = app.directory.agent(&request.agent.tenant_id, &request.agent.agent_id).await.map_err(ApiError::from)?;
    let Some(agent) = agent.filter(|agent| agent.may_call()) else { return Err(Refused::Unregistered) };
    if request.dry_run {
        let decision = decide::judge(app, asked(&agent, &request, true)).await?.decision;
        if decision.is_permitted() {
            return Ok(Decided { decision, evaluation_id: None });
        }
    }
    let answered = decide::answer(app, asked(&agent, &request, false)).await?;
    Ok(Decided { decision: answered.decision, evaluation_id: Some(answered.id) })
}

fn asked(agent: &Arc<AgentFacts>, request: &Request, dry_run: bool) -> Asked {
    Asked {
        agent: Arc::clone(agent),
        user: request.user_id.as_ref().map(|user| user.as_str().to_owned()),
        action: request.action.name().to_owned(),
        context: request.context.to_map(),
        dry_run,
        source: Source::Zentinel,
    }
}
