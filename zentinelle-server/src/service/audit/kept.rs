//! Decisions that a policy wants kept in the audit trail.
//!
//! An `audit_policy` says which facts to keep and whether personal data in them is masked.
//! Secrets are masked always, and what is too deep or too long is cut: nothing an agent sends may
//! make an entry that cannot be written or read.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use zentinelle_core::audit::{AuditAction, AuditRecord, Outcome};
use zentinelle_core::decision::Obligation;
use zentinelle_core::scan::{Category, Detectors, Scanner};
use zentinelle_core::wire;
use zentinelle_core::{Decision, Request};

use crate::clock;

/// The deepest nesting that is kept.
const MOST_DEPTH: usize = 20;
/// The most that is kept of one decision. Unit: bytes of text, roughly.
const MOST_BYTES: usize = 256 * 1024;
/// Facts that are the right to act and not facts to keep.
const NEVER: [&str; 2] = ["approval_token", "delegation_token"];

static SECRETS: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(Detectors::of(&[Category::Secret])));
static PERSONAL: LazyLock<Scanner> =
    LazyLock::new(|| Scanner::new(Detectors::of(&[Category::Secret, Category::Pii, Category::Phi])));

/// Where hosts put what a policy calls by one name.
fn keys_of(field: &str) -> Vec<&str> {
    match field {
        "prompt" => vec!["prompt", "messages", "input", "content", "system_prompt"],
        "response" => vec!["response", "output", "completion", "content"],
        "tool_call" => vec!["tool", "tool_name", "tool_args", "tool_input", "inputs", "input", "arguments"],
        field => vec![field],
    }
}

/// What the log obligations of a decision ask for together: the strictest of each.
#[derive(Default)]
struct Wanted<'d> {
    fields: Vec<&'d str>,
    mask_pii: bool,
    retention_days: Option<u64>,
}

impl<'d> Wanted<'d> {
    fn of(decision: &'d Decision) -> Option<Self> {
        let mut wanted: Option<Self> = None;
        for obligation in decision.obligations() {
            let Obligation::Log { fields, mask_pii, retention_days } = obligation else { continue };
            let wanted = wanted.get_or_insert_default();
            wanted.fields.extend(fields.iter().map(String::as_str));
            wanted.mask_pii |= mask_pii;
            wanted.retention_days = wanted.retention_days.max(*retention_days);
        }
        wanted
    }
}

/// The audit record of a decision; none when no policy wants it kept.
pub(crate) fn record(decision: &Decision, request: &Request, evaluation_id: &str) -> Option<AuditRecord> {
    let wanted = Wanted::of(decision).filter(|_| !decision.is_dry_run())?;
    let allowed = wire::is_allowed(decision);
    let outcome = if allowed { Outcome::Success } else { Outcome::Denied };
    let mut record = AuditRecord::new(
        clock::new_id(),
        request.agent.tenant_id.as_str(),
        request.now,
        AuditAction::Decide,
        "request",
        outcome,
    );
    record.agent_id = Some(request.agent.agent_id.as_str().to_owned());
    record.ext_user_id = request.user_id.as_ref().map(|user| user.as_str().to_owned());
    record.resource_id = Some(evaluation_id.to_owned());
    let mut keeper = Keeper { scanner: if wanted.mask_pii { &PERSONAL } else { &SECRETS }, left: MOST_BYTES };
    let text = |key: &str| request.context.get(key).and_then(Value::as_str);
    let name = text("tool").or_else(|| text("tool_name")).or_else(|| text("model"));
    record.resource_name = name.map(|name| keeper.text(name));
    let mut fields = Map::new();
    for key in wanted.fields.iter().flat_map(|field| keys_of(field)).filter(|key| !NEVER.contains(key)) {
        if let Some(value) = request.context.get(key).filter(|_| !fields.contains_key(key)) {
            fields.insert(key.to_owned(), keeper.keep(value, MOST_DEPTH));
        }
    }
    record.metadata = json!({
        "fields": fields, "masked": wanted.mask_pii, "retention_days": wanted.retention_days,
    });
    let determining: Vec<_> = decision.determining().map(|(policy, _)| policy.id.as_str()).collect();
    record.decision = json!({
        "evaluation_id": evaluation_id, "action": keeper.text(request.action.name()), "effect": decision.effect(),
        "allowed": allowed, "code": decision.primary().map(|violation| &violation.code), "determining": determining,
        "reason": wire::reason(decision).map(|reason| keeper.text(reason)),
        "risk_score": decision.risk().score, "policy_set_version": &**decision.policies().version(),
    });
    Some(record)
}

/// A context as an approver sees it: whole, but without secrets and without tokens.
pub(crate) fn shown(context: &Map<String, Value>) -> Value {
    let mut keeper = Keeper { scanner: &SECRETS, left: MOST_BYTES };
    let facts: Map<String, Value> =
        context.iter().filter(|(key, _)| !NEVER.contains(&key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect();
    keeper.keep(&Value::Object(facts), MOST_DEPTH)
}

/// A text as an approver sees it.
pub(crate) fn shown_text(text: &str) -> String {
    Keeper { scanner: &SECRETS, left: MOST_BYTES }.text(text)
}

/// The risk score in a record of a decision.
pub(super) fn risk_of(record: &AuditRecord) -> Option<u64> {
    record.decision.get("risk_score").and_then(Value::as_u64)
}

/// Masks and cuts values.
struct Keeper {
    scanner: &'static Scanner,
    left: usize,
}

impl Keeper {
    fn keep(&mut self, value: &Value, depth: usize) -> Value {
        if depth == 0 || self.left == 0 {
            return Value::from("…");
        }
        match value {
            Value::String(text) => Value::from(self.text(text)),
            Value::Array(items) => {
                let mut kept = Vec::new();
                for item in items {
                    if !self.spend(8) {
                        break;
                    }
                    kept.push(self.keep(item, depth - 1));
                }
                Value::Array(kept)
            }
            Value::Object(entries) => {
                let mut kept = Map::new();
                for (key, entry) in entries {
                    if !self.spend(8) {
                        break;
                    }
                    let key = self.text(key);
                    kept.insert(key, self.keep(entry, depth - 1));
                }
                Value::Object(kept)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn spend(&mut self, bytes: usize) -> bool {
        self.left = self.left.saturating_sub(bytes);
        self.left > 0
    }

    fn text(&mut self, text: &str) -> String {
        let findings = self.scanner.scan(text);
        let mut kept = if findings.is_empty() { text.to_owned() } else { self.scanner.redact(text, &findings) };
        if kept.contains('\0') {
            // PostgreSQL keeps no such character.
            kept = kept.replace('\0', "\u{fffd}");
        }
        if kept.len() > self.left {
            kept.truncate(kept.floor_char_boundary(self.left));
            kept.push('…');
        }
        self.left = self.left.saturating_sub(kept.len());
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::{Keeper, PERSONAL};
    use serde_json::{Value, json};

    #[test]
    fn what_is_kept_is_masked_and_bounded() {
        let mut keeper = Keeper { scanner: &PERSONAL, left: 200 };
        let kept = keeper.keep(&json!({"to": "write to bob@example.com", "n": 7}), 5);
        assert_eq!(kept["n"], 7);
        assert!(!kept.to_string().contains("bob@example.com"), "{kept}");
        let deep = (0..500).fold(Value::from(1), |inner, _| json!([inner]));
        assert!(keeper.keep(&deep, 5).to_string().len() < 60);
        assert!(keeper.keep(&json!("x".repeat(10_000)), 5).to_string().len() < 300);
    }
}
