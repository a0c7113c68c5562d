//! A policy as a request writes it, checked by the core.

use serde_json::{Map, Value, json};
use zentinelle_core::document::diagnostic::{Problem, Severity, SourceFile};
use zentinelle_core::engine::check_policy;
use zentinelle_core::ids::TenantId;
use zentinelle_core::policy_document::{self, WrittenPolicy};

use super::content;
use crate::app::App;
use crate::http::error::{ApiError, PolicyFault};
use crate::service::fields::{MOST_DESCRIPTION, MOST_NAME, has_nul};
use crate::store::entities::policy;
use crate::store::wire_name;

/// The greatest priority, either way. Numbers up to it are exact everywhere.
const MOST_PRIORITY: i64 = 1_000_000_000;
/// The longest id of a policy or scope. Unit: characters.
const MOST_ID: usize = 200;
/// Where one policy stands in the document that the core reads.
const AT: &str = "/policies/0";
/// Words that stand where an id could stand in a path.
const RESERVED: [&str; 7] = ["dry-run", "export", "import", "revision", "simulate", "types", "validate"];

/// What is wrong with something an author wrote.
pub(crate) type Faults = Vec<PolicyFault>;

/// Reads one policy out of a request.
pub(crate) fn read(value: Value, tenant: &TenantId) -> Result<WrittenPolicy, ApiError> {
    let faults = match faults_of(value, tenant) {
        Ok(written) => return Ok(written),
        Err(faults) => faults,
    };
    Err(ApiError::Policies(faults))
}

/// Reads a new policy out of a request. One that does not say how strictly it is enforced is
/// enforced as the tenant wants new policies to be.
pub(crate) async fn read_new(app: &App, tenant: &TenantId, mut value: Value) -> Result<WrittenPolicy, ApiError> {
    if value.get("enforcement").is_none_or(Value::is_null)
        && let Some(keys) = value.as_object_mut()
    {
        let settings = app.snapshots.get(tenant).await?.settings.default_enforcement;
        keys.insert("enforcement".to_owned(), wire_name(&settings).into());
    }
    read(value, tenant)
}

/// As [`read`], with the faults by themselves.
pub(crate) fn faults_of(mut value: Value, tenant: &TenantId) -> Result<WrittenPolicy, Faults> {
    let Some(keys) = value.as_object_mut() else {
        return Err(vec![fault("policy.wrong_type", "", "a policy is an object", None)]);
    };
    // What revisions and older clients call it.
    if let Some(policy_type) = keys.remove("policy_type").filter(|_| !keys.contains_key("type")) {
        keys.insert("type".to_owned(), policy_type);
    }
    // Null and absent are one.
    keys.retain(|_, value| !value.is_null());
    let text = json!({ "policies": [value] }).to_string();
    let (document, problems) = policy_document::read(&text);
    let mut faults: Faults = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(|problem| {
            let mut fault = of_problem(problem, None);
            fault.pointer = fault.pointer.strip_prefix(AT).unwrap_or(&fault.pointer).to_owned();
            fault
        })
        .collect();
    let written = document.policies().first().cloned();
    if let Some(written) = &written {
        faults.extend(own(written, tenant));
    }
    match written {
        Some(written) if faults.is_empty() => Ok(written),
        _ => Err(faults),
    }
}

/// Checks a policy that was read before.
pub(crate) fn check(written: &WrittenPolicy, tenant: &TenantId) -> Result<(), ApiError> {
    let errors = check_policy(&written.to_policy(tenant));
    let mut faults: Faults = errors
        .iter()
        .map(|error| fault(error.code().as_str(), error.pointer().as_str(), error.message(), error.help()))
        .collect();
    faults.extend(own(written, tenant));
    if faults.is_empty() { Ok(()) } else { Err(ApiError::Policies(faults)) }
}

/// What the core allows and the server does not.
pub(crate) fn own(written: &WrittenPolicy, tenant: &TenantId) -> Faults {
    let mut faults = Vec::new();
    let mut bounded = |key: &str, text: &str, most: usize| {
        if text.chars().count() > most {
            faults.push(fault("policy.out_of_range", key, format!("longer than {most} characters"), None));
        }
        if text.contains('\0') {
            faults.push(fault("policy.invalid_value", key, "holds a NUL character", None));
        }
    };
    let policy = written.to_policy(tenant);
    bounded("/name", &policy.name, MOST_NAME);
    bounded("/description", &policy.description, MOST_DESCRIPTION);
    bounded("/scope/id", policy.scope.id().unwrap_or_default(), MOST_ID);
    let id = written.id.as_ref().map(|id| id.as_str()).unwrap_or_default();
    bounded("/id", id, MOST_ID);
    if RESERVED.contains(&id) || id.contains('/') || id.chars().any(char::is_control) {
        let help = Some("use letters, digits and dashes");
        faults.push(fault("policy.invalid_value", "/id", format!("`{}` cannot be an id", id.escape_debug()), help));
    }
    if policy.name.trim().is_empty() {
        faults.push(fault("policy.missing_key", "/name", "the policy has no name", Some("say what it is for")));
    }
    if !(-MOST_PRIORITY..=MOST_PRIORITY).contains(&policy.priority) {
        let message = format!("`priority` is {}, outside {} to {MOST_PRIORITY}", policy.priority, -MOST_PRIORITY);
        faults.push(fault("policy.out_of_range", "/priority", message, None));
    }
    if has_nul(&policy.config) {
        faults.push(fault("policy.invalid_value", "/config", "holds a NUL character", None));
    }
    if written.tenant_id.as_ref().is_some_and(|named| named != tenant) {
        let message = "the policy names another tenant than the key's";
        faults.push(fault("policy.invalid_value", "/tenant_id", message, Some("leave `tenant_id` out")));
    }
    faults
}

/// A fault with its place.
pub(crate) fn fault(code: &str, pointer: &str, message: impl Into<String>, help: Option<&str>) -> PolicyFault {
    let (code, pointer, help) = (code.to_owned(), pointer.to_owned(), help.map(str::to_owned));
    PolicyFault { code, message: message.into(), pointer, line: None, column: None, help }
}

/// A problem of a document as a fault; with the text, line and column are told.
pub(crate) fn of_problem(problem: &Problem, text: Option<&str>) -> PolicyFault {
    let mut fault = fault(problem.code.as_str(), problem.pointer.as_str(), &*problem.message, problem.help.as_deref());
    if let (Some(text), Some(span)) = (text, &problem.span) {
        let (line, column) = SourceFile { name: "", text }.line_column(span.start);
        (fault.line, fault.column) = (Some(line), Some(column));
    }
    fault
}

/// A stored policy as its author would write it.
pub(crate) fn of_row(row: &policy::Model) -> Map<String, Value> {
    let mut written = content(row);
    written.remove("source");
    if let Some(policy_type) = written.remove("policy_type") {
        written.insert("type".to_owned(), policy_type);
    }
    written
}

/// A revision's snapshot as its author would write it.
pub(crate) fn of_snapshot(snapshot: &Value) -> Result<WrittenPolicy, ApiError> {
    let mut keys = snapshot.as_object().cloned().unwrap_or_default();
    for key in ["source", "version", "deleted"] {
        keys.remove(key);
    }
    if let Some(policy_type) = keys.remove("policy_type") {
        keys.insert("type".to_owned(), policy_type);
    }
    serde_json::from_value(Value::Object(keys)).map_err(|error| {
        crate::store::StoreError::Unreadable { what: "policy revision", why: error.to_string() }.into()
    })
}

#[cfg(test)]
mod tests {
    use super::faults_of;
    use serde_json::json;

    #[test]
    fn faults_have_a_code_a_place_and_a_way_out() {
        let tenant = "acme".into();
        let faults = |value| faults_of(value, &tenant).expect_err("faulty");
        let found = faults(json!({"name": "n", "type": "tool_permission", "config": {"denied_tool": ["shell"]}}));
        assert_eq!((found[0].code.as_str(), found[0].pointer.as_str()), ("policy.unknown_key", "/config/denied_tool"));
        assert!(found[0].help.as_deref().is_some_and(|help| help.contains("denied_tools")), "{found:?}");
        for (body, pointer) in [
            (json!({"name": "n", "type": "tool_permissions"}), "/type"),
            (json!({"name": "n".repeat(256), "type": "tool_permission"}), "/name"),
            (json!({"name": " ", "type": "tool_permission"}), "/name"),
            (json!({"name": "a\0", "type": "tool_permission"}), "/name"),
            (json!({"name": "n", "type": "ai_guardrail", "config": {"blocked_topics": ["a\0"]}}), "/config"),
            (json!({"name": "n", "type": "tool_permission", "tenant_id": "other"}), "/tenant_id"),
            (json!({"name": "n", "type": "tool_permission", "id": "export"}), "/id"),
            (json!({"name": "n", "type": "tool_permission", "priority": 10_000_000_000_i64}), "/priority"),
            (json!({"name": "n", "type": "tool_permission", "scope": {"type": "user"}}), "/scope"),
            (json!({"name": "n", "type": "tool_permission", "priorty": 1}), "/priorty"),
            (json!([]), ""),
        ] {
            let found = faults(body.clone());
            assert!(found.iter().any(|fault| fault.pointer == pointer), "{body}: {found:?}");
        }
    }
}
