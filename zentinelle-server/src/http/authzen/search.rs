//! Search of AuthZEN: which resources may this subject act upon, and which actions may it take?
//!
//! Every result is a decision that was asked for, so that asking again for it permits. What can
//! be found are the tools, models and actions this tenant knows by name; of users it keeps no
//! list, so there is no search for subjects.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::Evaluation;
use crate::app::App;
use crate::auth::Caller;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::JsonBody;
use crate::service::{decide, known};

/// The usual number of results of one page, and the most.
const RESULTS: (usize, usize) = (50, 100);
/// The most decisions one page takes.
const MOST_DECISIONS: usize = 400;

/// What is searched for: the question of an evaluation without that part.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct Search {
    /// As in an evaluation.
    #[schema(value_type = Option<Object>)]
    subject: Option<Map<String, Value>>,
    /// As in an evaluation; not needed in a search for actions.
    #[schema(value_type = Option<Object>)]
    action: Option<Map<String, Value>>,
    /// As in an evaluation; in a search for resources its `type` alone.
    #[schema(value_type = Option<Object>)]
    resource: Option<Map<String, Value>>,
    /// As in an evaluation.
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
    /// Which page is wanted.
    page: Option<Wanted>,
}

/// Which page of the results is wanted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = SearchPage)]
pub(crate) struct Wanted {
    /// The `next_token` of the page before.
    #[serde(alias = "next_token")]
    token: Option<String>,
    /// How many results at most. Default: 50, at most 100.
    limit: Option<usize>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Found<T> {
    /// Where the next page begins.
    page: Next,
    /// What is permitted.
    results: Vec<T>,
    /// Why there may be nothing.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    context: Map<String, Value>,
}

/// Where the next page begins.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchNext)]
pub(crate) struct Next {
    /// To be sent back with the same question; empty on the last page.
    next_token: String,
    /// How many results this page has.
    count: usize,
}

/// A resource the subject may act upon.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundResource {
    /// Its type.
    #[serde(rename = "type")]
    kind: String,
    /// Its id.
    id: String,
}

/// An action the subject may take.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundAction {
    /// Its name.
    name: String,
}

/// Finds the tools or models a subject may act upon.
#[utoipa::path(
    post, path = "/access/v1/search/resource", tag = "authzen", operation_id = "authzen_search_resource",
    request_body = Search,
    responses(
        (status = 200, description = "The resources, those alone that are permitted", body = Found<FoundResource>),
        (status = "4XX", description = "The search cannot be made", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn resource(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(search): JsonBody<Search>,
) -> Result<Json<Found<FoundResource>>, ApiError> {
    let resource = search.resource.clone().ok_or_else(|| ApiError::invalid("resource", "is missing"))?;
    let question = |id: &str| {
        let mut resource = resource.clone();
        resource.insert("id".to_owned(), id.into());
        search.question(search.action.clone(), Some(resource))
    };
    // Whatever is wrong with the question is wrong with each of its decisions.
    let asked = question("-").asked(&app, &caller).await?;
    let kind = resource.get("type").and_then(Value::as_str).unwrap_or_default();
    let (candidates, context) = match kind.to_ascii_lowercase().as_str() {
        "tool" => (known::tools(&app, &asked.agent).await?, Map::new()),
        "model" => (known::models(&app, &asked.agent).await?, Map::new()),
        _ => (BTreeSet::new(), reason("only resources of the types `tool` and `model` are known by name here")),
    };
    let (ids, next_token) = permitted(&app, &caller, candidates, search.page.as_ref(), question).await?;
    let results: Vec<_> = ids.into_iter().map(|id| FoundResource { kind: kind.to_owned(), id }).collect();
    Ok(Json(Found { page: Next { next_token, count: results.len() }, results, context }))
}

/// Finds the actions a subject may take on a resource.
#[utoipa::path(
    post, path = "/access/v1/search/action", tag = "authzen", operation_id = "authzen_search_action",
    request_body = Search,
    responses(
        (status = 200, description = "The actions, those alone that are permitted", body = Found<FoundAction>),
        (status = "4XX", description = "The search cannot be made", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn action(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(search): JsonBody<Search>,
) -> Result<Json<Found<FoundAction>>, ApiError> {
    let question = |name: &str| {
        let action = Map::from_iter([("name".to_owned(), Value::from(name))]);
        search.question(Some(action), search.resource.clone())
    };
    let asked = question("-").asked(&app, &caller).await?;
    let kind = search.resource.as_ref().and_then(|resource| resource.get("type")).and_then(Value::as_str);
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    let candidates = known::actions(&app, &asked.agent, &kind).await?;
    let (names, next_token) = permitted(&app, &caller, candidates, search.page.as_ref(), question).await?;
    let results: Vec<_> = names.into_iter().map(|name| FoundAction { name }).collect();
    Ok(Json(Found { page: Next { next_token, count: results.len() }, results, context: Map::new() }))
}

impl Search {
    fn question(&self, action: Option<Map<String, Value>>, resource: Option<Map<String, Value>>) -> Evaluation {
        Evaluation { subject: self.subject.clone(), action, resource, context: self.context.clone() }
    }
}

/// Those of the candidates that are permitted, and where to go on. Nothing is spent or recorded.
async fn permitted(
    app: &App,
    caller: &Caller,
    candidates: BTreeSet<String>,
    page: Option<&Wanted>,
    question: impl Fn(&str) -> Evaluation,
) -> Result<(Vec<String>, String), ApiError> {
    let limit = page.and_then(|page| page.limit).unwrap_or(RESULTS.0);
    if limit == 0 {
        return Err(ApiError::invalid("page.limit", "must be at least 1"));
    }
    let limit = limit.min(RESULTS.1);
    let after = page.and_then(|page| page.token.as_deref()).filter(|token| !token.is_empty()).map(read_token);
    let after = after.transpose()?;
    let mut rest = candidates.into_iter().filter(|name| after.as_ref().is_none_or(|after| name > after)).peekable();
    let (mut found, mut decided) = (Vec::new(), 0);
    while let Some(name) = rest.next() {
        let mut asked = question(&name).asked(app, caller).await?;
        asked.dry_run = true;
        decided += 1;
        // The document of a mere question always permits.
        let permitted = decide::judge(app, asked).await?.decision.is_permitted();
        let full = decided == MOST_DECISIONS || found.len() + usize::from(permitted) == limit;
        let token = (full && rest.peek().is_some()).then(|| URL_SAFE_NO_PAD.encode(&name));
        found.extend(permitted.then_some(name));
        if full {
            return Ok((found, token.unwrap_or_default()));
        }
    }
    Ok((found, String::new()))
}

fn read_token(token: &str) -> Result<String, ApiError> {
    let name = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| ApiError::invalid("page.token", "is none that a page gave as `next_token`"))
}

fn reason(text: &str) -> Map<String, Value> {
    json!({ "reason": text }).as_object().cloned().unwrap_or_default()
}
