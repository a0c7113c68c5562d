//! The OpenAPI document: made from the code, served, and committed.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// What the document says of the whole service.
#[derive(OpenApi)]
#[openapi(
    info(title = "Zentinelle", description = "Decides whether an AI agent may do a thing, says why, meters what it spends, and keeps evidence."),
    modifiers(&Schemes),
    tags(
        (name = "agents", description = "What agents call."),
        (name = "sdk", description = "The same for the released client libraries."),
        (name = "audit", description = "The trail as evidence: verify it, find in it, export it."),
        (name = "approvals", description = "Calls that wait for a person."),
        (name = "authzen", description = "OpenID AuthZEN Authorization API 1.0."),
        (name = "policies", description = "What decides: policies, their history, documents, packs and trials."),
        (name = "keys", description = "Keys of operators, and those that enrol agents."),
        (name = "secrets", description = "Secrets agents fetch, and the keys of model providers. Sealed at rest, never shown."),
        (name = "tenants", description = "Organisations and their settings."),
        (name = "operations", description = "Health and readiness."),
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
        components
            .add_security_scheme("operator_key", key("An operator's key (`sk_platform_…`) with the named permission."));
    }
}
