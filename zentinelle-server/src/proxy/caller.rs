//! Who makes a model call: an agent, by its own key or by the enrolment key that enrolled it.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};

use super::credential::Presented;
use super::refusal::Refusal;
use crate::app::App;
use crate::auth::AgentFacts;
use crate::auth::directory::AuthError;
use crate::http::acting::acting_agent;
use crate::http::error::ApiError;
use crate::http::request_id;
use crate::http::throttle::{Bucket, Standing};
use std::net::IpAddr;

/// By which an enrolment key says for which agent it calls.
const AGENT_HEADER: &str = "x-zentinelle-agent";
/// The user the agent acts for.
const USER_HEADER: &str = "x-zentinelle-user";
/// The conversation.
const SESSION_HEADER: &str = "x-zentinelle-session";
/// The approval that a person gave.
const APPROVAL_HEADER: &str = "x-zentinelle-approval";
/// The longest of these. Unit: bytes.
const MOST: usize = 255;

/// Who calls, and for whom.
#[derive(Debug)]
pub(crate) struct Calling {
    /// The agent.
    pub(crate) agent: Arc<AgentFacts>,
    /// The user it names.
    pub(crate) user: Option<String>,
    /// The conversation it names.
    pub(crate) session: Option<String>,
    /// The approval it brings.
    pub(crate) approval: Option<String>,
}

/// Finds out who calls. A missing or wrong key never goes any further, whatever else fails.
pub(crate) async fn identify(
    app: &App,
    presented: &Presented,
    headers: &HeaderMap,
    address: impl Fn() -> IpAddr,
) -> Result<Calling, Refusal> {
    let Some(key) = &presented.ours else {
        app.metrics.key_refused("missing");
        let message = "send the agent's key as X-Zentinelle-Key, or as the API key of the SDK";
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, "missing_key", message));
    };
    if let Some(retry_after) = app.throttle.blocked(&address)
        && !app.directory.remembers(key)
    {
        app.metrics.key_refused("blocked");
        let message = "too many requests with a bad key came from this address".to_owned();
        return Err(ApiError::Throttled { retry_after: retry_after.min(59), message }.into());
    }
    let caller = match app.directory.authenticate(key).await {
        Ok(caller) => caller,
        Err(AuthError::Store(error)) => return Err(error.into()),
        Err(_) => {
            app.metrics.key_refused("invalid");
            let standing = app.throttle.failed(address());
            return Err(match standing.as_ref().and_then(Standing::refusal) {
                Some(refusal) => refusal.into(),
                None => Refusal::new(StatusCode::UNAUTHORIZED, "invalid_key", "the key is not valid"),
            });
        }
    };
    request_id::belongs_to(&caller.tenant);
    let standing = app.throttle.caller(app, Bucket::Evaluate, &caller).await;
    if let Some(refusal) = standing.as_ref().and_then(Standing::refusal) {
        app.metrics.throttled(Bucket::Evaluate);
        return Err(refusal.into());
    }
    let agent = acting_agent(app, &caller, text(headers, AGENT_HEADER)?).await?;
    let owned = |name| text(headers, name).map(|text| text.map(str::to_owned));
    let approval = headers.get(APPROVAL_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(Calling { agent, user: owned(USER_HEADER)?, session: owned(SESSION_HEADER)?, approval })
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Refusal> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value.to_str().ok().map(str::trim).filter(|text| text.len() <= MOST);
    let text =
        text.ok_or_else(|| Refusal::invalid("invalid_header", format!("`{name}` is no text of up to {MOST} bytes")))?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}
