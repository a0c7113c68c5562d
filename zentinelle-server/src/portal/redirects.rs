//! The routes of the portal that this one takes the place of, and the front door.

use axum::Router;
use axum::extract::RawQuery;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

/// Where each route leads. What stands below one leads to the same page, unless it is named.
const PAGES: [(&str, &str); 29] = [
    ("/dashboard", ""),
    ("/login", "sign-in/"),
    ("/agents", "agents/"),
    ("/agents/groups", "agent-groups/"),
    ("/policies", "policies/"),
    ("/monitoring", "monitoring/"),
    ("/events", "monitoring/"),
    ("/content-rules", "monitoring/?tab=scanner"),
    ("/observability/anomalies", "monitoring/?tab=anomalies"),
    ("/observability", "monitoring/"),
    ("/alerts", "monitoring/?tab=alerts"),
    ("/approvals", "approvals/"),
    ("/compliance", "compliance/"),
    ("/frameworks", "compliance/"),
    ("/gaps", "compliance/"),
    ("/reports", "compliance/?tab=reports"),
    ("/risks", "risk/"),
    ("/risk", "risk/"),
    ("/incidents", "risk/?tab=incidents"),
    ("/system-prompts", "prompts/"),
    ("/prompts", "prompts/"),
    ("/agent-groups", "agent-groups/"),
    ("/audit-logs", "audit-logs/"),
    ("/notifications", "notifications/"),
    ("/settings", "settings/"),
    ("/settings/api-keys", "settings/?tab=keys"),
    ("/settings/llm-providers", "settings/?tab=providers"),
    ("/retention", "settings/?tab=retention"),
    ("/settings/retention", "settings/?tab=retention"),
];

/// A route for each of them.
pub(super) fn routes() -> Router {
    let mut routes = Router::new().route("/", get(|RawQuery(query)| lead("", query)));
    for (from, to) in PAGES {
        let leads = move |RawQuery(query): RawQuery| lead(to, query);
        routes = routes.route(from, get(leads)).route(&format!("{from}/{{*below}}"), get(leads));
    }
    routes
}

/// Not for ever: browsers would remember it over later releases.
async fn lead(to: &str, query: Option<String>) -> Response {
    let query = query.filter(|query| !query.is_empty());
    let place = match query {
        Some(query) if to.contains('?') => format!("/zentinelle/{to}&{query}"),
        Some(query) => format!("/zentinelle/{to}?{query}"),
        None => format!("/zentinelle/{to}"),
    };
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, place)]).into_response()
}
