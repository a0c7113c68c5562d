//! For which agent a request is made.

use std::sync::Arc;

use zentinelle_core::ids::AgentId;

use super::error::ApiError;
use crate::app::App;
use crate::auth::directory::AuthError;
use crate::auth::{AgentFacts, Caller, Identity};

/// As [`acting_agent`] for a path that names the agent; `what` is wanted of it.
pub(crate) async fn acting_agent_at(
    app: &App,
    caller: &Caller,
    named: &str,
    what: &str,
) -> Result<Arc<AgentFacts>, ApiError> {
    acting_agent(app, caller, Some(named)).await.map_err(|error| match error {
        ApiError::NotAllowed { code: code @ "agent_id_mismatch", .. } => {
            ApiError::NotAllowed { code, message: format!("Not authorized to access this endpoint {what}") }
        }
        other => other,
    })
}

/// The agent a caller acts as: its own when the key is an agent's, else the named one if the
/// caller's enrolment key enrolled it. An id that is absent or empty means the key's agent.
pub(crate) async fn acting_agent(app: &App, caller: &Caller, named: Option<&str>) -> Result<Arc<AgentFacts>, ApiError> {
    let named = named.filter(|id| !id.is_empty());
    match &caller.identity {
        Identity::Agent(facts) => match named {
            Some(id) if id != facts.agent.agent_id.as_str() => {
                Err(ApiError::NotAllowed { code: "agent_id_mismatch", message: "Agent ID mismatch".to_owned() })
            }
            _ => Ok(facts.clone()),
        },
        Identity::Enrolment => {
            let Some(id) = named else {
                let message = "an enrolment key must name the agent it acts for".to_owned();
                return Err(ApiError::NotAllowed { code: "agent_not_named", message });
            };
            let facts = app.directory.agent(&caller.tenant, &AgentId::new(id)).await?;
            let enrolled = |facts: &Arc<AgentFacts>| facts.enrolled_by.as_deref() == Some(&*caller.key_id);
            let facts = facts.filter(enrolled).ok_or(ApiError::NotFound { what: "agent enrolled by this key" })?;
            if facts.may_call() { Ok(facts) } else { Err(AuthError::Invalid.into()) }
        }
        Identity::Operator { .. } => Err(ApiError::Forbidden { needed: None }),
    }
}
