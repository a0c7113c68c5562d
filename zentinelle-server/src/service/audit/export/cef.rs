//! The trail in ArcSight's Common Event Format, one line an entry.
//!
//! `CEF:0|vendor|product|version|class|name|severity|extension`: a pipe and a backslash are
//! escaped in the header, a backslash, an equals sign and line breaks in the extension.

use std::fmt::Write as _;
use std::net::IpAddr;

use serde_json::Value;
use zentinelle_core::audit::{AuditAction, AuditRecord, Entry, Outcome};

use super::super::kept::risk_of;
use crate::clock;
use crate::store::{StoreError, wire_name};

/// One entry as a line.
pub(super) fn write(entry: &Entry, out: &mut Vec<u8>) -> Result<(), StoreError> {
    let record = &entry.record;
    let action = wire_name(&record.action);
    let class = format!("{}:{action}", record.resource_type);
    let name = format!("{} {}", title(record.action), record.resource_type.replace('_', " "));
    let mut line = format!(
        "CEF:0|Zentinelle|Zentinelle|{}|{}|{}|{}|",
        header(env!("CARGO_PKG_VERSION")),
        header(&class),
        header(&name),
        severity(record),
    );
    let mut first = true;
    let mut put = |key: &str, value: &str| {
        if !value.is_empty() {
            let gap = if std::mem::take(&mut first) { "" } else { " " };
            let _ = write!(line, "{gap}{key}={}", extension(value));
        }
    };
    put("rt", &clock::micros(record.timestamp).div_euclid(1_000).to_string());
    put("externalId", &record.id);
    put("act", &action);
    put("outcome", &wire_name(&record.outcome));
    put("suser", record.ext_user_id.as_deref().unwrap_or_default());
    match record.ip_address.as_deref().and_then(|text| text.parse::<IpAddr>().ok()) {
        Some(IpAddr::V4(address)) => put("src", &address.to_string()),
        Some(IpAddr::V6(address)) => {
            put("c6a2Label", "Source IPv6 Address");
            put("c6a2", &address.to_string());
        }
        None => {}
    }
    put("requestClientApplication", record.user_agent.as_deref().unwrap_or_default());
    let labelled = [
        ("cs1", "Agent", record.agent_id.clone()),
        ("cs2", "Tenant", Some(record.tenant_id.clone())),
        ("cs3", "Resource", Some(resource(record))),
        ("cs4", "Entry Hash", Some(entry.entry_hash.to_string())),
        ("cs5", "Chain Hash", Some(entry.chain_hash.to_string())),
        ("cs6", "Key", record.api_key_prefix.clone()),
    ];
    for (key, label, value) in labelled {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            put(&format!("{key}Label"), label);
            put(key, &value);
        }
    }
    put("cn1Label", "Sequence");
    put("cn1", &entry.sequence.to_string());
    if let Some(risk) = risk_of(record) {
        put("cn2Label", "Risk Score");
        put("cn2", &risk.to_string());
    }
    let said = |key: &str| record.decision.get(key).and_then(Value::as_str).unwrap_or_default();
    put("reason", said("code"));
    put("msg", said("reason"));
    line.push('\n');
    out.extend_from_slice(line.as_bytes());
    Ok(())
}

fn resource(record: &AuditRecord) -> String {
    match record.resource_id.as_deref() {
        Some(id) => format!("{}/{id}", record.resource_type),
        None => record.resource_type.clone(),
    }
}

const fn title(action: AuditAction) -> &'static str {
    match action {
        AuditAction::Create => "Created",
        AuditAction::Update => "Changed",
        AuditAction::Delete => "Removed",
        AuditAction::Access => "Read",
        AuditAction::Login => "Signed in to",
        AuditAction::Logout => "Signed out of",
        AuditAction::RotateKey => "Replaced the key of",
        AuditAction::Suspend => "Suspended",
        AuditAction::Activate => "Put to use",
        AuditAction::Decide => "Decided",
        AuditAction::Approve => "Approved",
        AuditAction::Reject => "Refused",
        AuditAction::Export => "Exported",
        _ => "Touched",
    }
}

/// How bad, from 0 to 10: what was done, made worse by how it ended and by the risk.
fn severity(record: &AuditRecord) -> u8 {
    let by_action = match record.action {
        AuditAction::Access | AuditAction::Login | AuditAction::Logout | AuditAction::Decide => 2,
        AuditAction::Create | AuditAction::Update | AuditAction::Activate | AuditAction::Approve => 3,
        AuditAction::Reject | AuditAction::Export | AuditAction::RotateKey => 4,
        AuditAction::Delete | AuditAction::Suspend => 5,
        _ => 3,
    };
    let by_outcome = match record.outcome {
        Outcome::Success => 0,
        Outcome::Failure => 5,
        Outcome::Denied => 6,
    };
    let by_risk = match risk_of(record) {
        Some(75..) => 9,
        Some(50..) => 7,
        Some(25..) => 4,
        _ => 0,
    };
    by_action.max(by_outcome).max(by_risk)
}

fn header(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\r', '\n'], " ")
}

fn extension(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('=', "\\=").replace('\r', "\\r").replace('\n', "\\n");
    // Other ways to begin a line, or to hide one.
    text.replace(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'), " ")
}

#[cfg(test)]
mod tests {
    use zentinelle_core::audit::{AuditAction, AuditRecord, Chain, Outcome};

    use super::write;

    #[test]
    fn nothing_in_a_record_can_end_a_field_or_a_line() {
        let now = "2026-03-11T12:00:00Z".parse().expect("an instant");
        let mut record = AuditRecord::new("r|1", "t", now, AuditAction::Decide, "to|ol\\", Outcome::Denied);
        record.ext_user_id = Some("eve act=allow\nCEF:0|x|\\".to_owned());
        record.ip_address = Some("2001:db8::1".to_owned());
        record.decision = serde_json::json!({"code": "tool_permission.denied", "reason": "a=b|c", "risk_score": 80});
        let entry = Chain::genesis("t").append(record).expect("appended");
        let mut out = Vec::new();
        write(&entry, &mut out).expect("written");
        let line = String::from_utf8(out).expect("text");
        assert_eq!(line.matches('\n').count(), 1);
        let begin = format!(
            "CEF:0|Zentinelle|Zentinelle|{}|to\\|ol\\\\:decide|Decided to\\|ol\\\\|9|rt=1773230400000 externalId=r|1 act=decide outcome=denied suser=eve act\\=allow\\nCEF:0|x|\\\\ c6a2Label=",
            env!("CARGO_PKG_VERSION")
        );
        assert!(line.starts_with(&begin), "{line}");
        assert!(line.ends_with("cn2Label=Risk Score cn2=80 reason=tool_permission.denied msg=a\\=b|c\n"), "{line}");
    }
}
