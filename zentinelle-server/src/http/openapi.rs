//! The OpenAPI document: made from the code, served, and committed.

use serde_json::{Map, Value, json};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// What the document says of the whole service.
#[derive(OpenApi)]
#[openapi(
    info(title = "Zentinelle", description = "Decides whether an AI agent may do a thing, says why, meters what it spends, and keeps evidence."),
    components(schemas(super::error::ErrorBody)),
    modifiers(&Schemes),
    tags(
        (name = "agents", description = "What agents call."),
        (name = "sdk", description = "The same for the released client libraries."),
        (name = "policies", description = "What decides: policies, their history, documents, packs and trials."),
        (name = "keys", description = "Keys of operators, and those that enrol agents."),
        (name = "auth", description = "Signing in and out, and what people do for themselves. Besides a key, every operator route takes the session's cookie."),
        (name = "users", description = "People who sign in."),
        (name = "secrets", description = "Secrets agents fetch, and the keys of model providers. Sealed at rest, never shown."),
        (name = "tenants", description = "Organisations and their settings."),
        (name = "content", description = "What content scans found, and the rules by which they look."),
        (name = "alerts", description = "What people should look at."),
        (name = "incidents", description = "What went wrong, and who mends it."),
        (name = "risks", description = "What may go wrong, how bad it would be, and what is done about it."),
        (name = "compliance", description = "Frameworks and their controls, with a status that follows from what is in force."),
        (name = "prompts", description = "System prompts and their versions."),
        (name = "models", description = "Models, whether they are approved, and what they cost."),
        (name = "usage", description = "What was used and spent, exports and reports."),
        (name = "audit", description = "The trail as evidence: verify it, find in it, export it."),
        (name = "approvals", description = "Calls that wait for a person."),
        (name = "authzen", description = "OpenID AuthZEN Authorization API 1.0."),
        (name = "webhooks", description = "Who is told what happened."),
        (name = "retention", description = "How long records are kept, and what must be kept."),
        (name = "operations", description = "Health and readiness."),
        (name = "operators", description = "What operators call."),
        (name = "operations", description = "Health, readiness, metrics and this description."),
    )
)]
pub(crate) struct Document;

/// The ways to prove who calls.
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let key = |text: &str| {
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("X-Zentinelle-Key", text)))
        };
        components
            .add_security_scheme("agent_key", key("An agent's key (`sk_agent_…`), or the enrolment key it came from."));
        components.add_security_scheme("enrolment_key", key("An enrolment key (`znt_…`) or token (`bt_…`)."));
        components.add_security_scheme("departed_agent_key", key("The key of an agent that deregistered before."));
        components
            .add_security_scheme("operator_key", key("An operator's key (`sk_platform_…`) with the named permission."));
    }
}

/// What may go wrong with any request, said once instead of at every route.
const FAILURES: [(&str, &str, Applies); 8] = [
    ("400", "The body, a path or a query value is not as described", Applies::WithInput),
    ("401", "No key, or one that is not good", Applies::WithKey),
    ("403", "The key may not do this", Applies::WithKey),
    ("413", "The body is too large", Applies::WithBody),
    ("415", "The body is not JSON", Applies::WithBody),
    ("429", "Too many requests; `Retry-After` says when to come back, in whole seconds", Applies::Always),
    ("500", "A fault of the server", Applies::Always),
    ("503", "A part the server needs does not answer, or the request took too long", Applies::Always),
];

/// Which operations may fail in a way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Applies {
    Always,
    WithInput,
    WithKey,
    WithBody,
}

/// Finishes the document that is made from the routes: every operation lists what may go wrong,
/// and routes for everybody say so in the way OpenAPI has for it.
pub(crate) fn complete(mut document: Value) -> Value {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut);
    for operation in operations.flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        let is_public = operation.get("security").is_some_and(|security| *security == json!([{ "public": [] }]));
        if is_public {
            operation.insert("security".to_owned(), json!([]));
        }
        let has_body = operation.contains_key("requestBody");
        let has_input = has_body || operation.contains_key("parameters");
        let Some(responses) = operation.entry("responses").or_insert_with(|| json!({})).as_object_mut() else {
            continue;
        };
        for (status, description, applies) in FAILURES {
            let applies = match applies {
                Applies::Always => true,
                Applies::WithInput => has_input,
                Applies::WithKey => !is_public,
                Applies::WithBody => has_body,
            };
            if applies && !responses.contains_key(status) {
                responses.insert(status.to_owned(), failure(description));
            }
        }
    }
    document
}

fn failure(description: &str) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/ErrorBody" });
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

/// The finished document as it is committed: indented, with a line break at its end.
pub(crate) fn text() -> String {
    let (_, document) = super::router::parts();
    serde_json::to_string_pretty(&complete(document)).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/openapi.json");

    #[test]
    fn the_committed_document_is_up_to_date() {
        let text = super::text();
        if std::env::var_os("ZENTINELLE_GENERATE").is_some() {
            std::fs::write(FILE, &text).expect("written");
        }
        let committed = std::fs::read_to_string(FILE).unwrap_or_default();
        assert!(committed == text, "docs/reference/openapi.json has drifted: run `make generate`");
    }

    #[test]
    fn every_operation_says_who_may_call_it_and_what_may_go_wrong() {
        let document: Value = serde_json::from_str(&super::text()).expect("JSON");
        let mut ids = std::collections::BTreeSet::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                let name = format!("{method} {path}");
                assert!(operation["security"].is_array(), "{name} says nobody may call it");
                assert!(operation["responses"]["429"].is_object(), "{name}");
                assert!(operation["summary"].is_string(), "{name} has no sentence");
                let id = operation["operationId"].as_str().expect("an id");
                assert!(ids.insert(id.to_owned()), "{name}: the id {id} is given twice");
            }
        }
    }
}
