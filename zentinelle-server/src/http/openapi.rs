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
        (name = "content", description = "What content scans found, and the rules by which they look."),
        (name = "alerts", description = "What people should look at."),
        (name = "incidents", description = "What went wrong, and who mends it."),
        (name = "prompts", description = "System prompts and their versions."),
        (name = "models", description = "Models, whether they are approved, and what they cost."),
        (name = "usage", description = "What was used and spent, exports and reports."),
        (name = "webhooks", description = "Who is told what happened."),
        (name = "retention", description = "How long records are kept, and what must be kept."),
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
