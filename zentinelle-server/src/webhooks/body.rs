//! What a notice says: the event for programs, or a message for people in Slack.

use serde_json::{Value, json};

use super::emission::Emission;
use crate::clock;

/// The longest text of a Slack message. Unit: characters.
const MOST_SLACK: usize = 2_000;
/// The longest title of a Slack message. Unit: characters.
const MOST_TITLE: usize = 300;

/// The event as JSON. `payload` is `data` under the name n8n's trigger reads.
pub(super) fn json(emission: &Emission) -> String {
    json!({
        "id": emission.id,
        "event_type": emission.event.name(),
        "severity": emission.severity,
        "tenant_id": emission.tenant,
        "agent_id": emission.agent_id,
        "user_id": emission.user_id,
        "action": emission.action,
        "title": emission.title,
        "timestamp": clock::iso(emission.at),
        "data": emission.data,
        "payload": emission.data,
    })
    .to_string()
}

/// The event as a Slack message.
pub(super) fn slack(emission: &Emission) -> String {
    let mut lines = vec![format!("*Event:* {}", emission.event.name())];
    let named = [("Agent", &emission.agent_id), ("User", &emission.user_id), ("Action", &emission.action)];
    lines.extend(named.into_iter().filter_map(|(name, value)| Some(format!("*{name}:* {}", escaped(value.as_ref()?)))));
    for (key, name) in [("description", "What"), ("reason", "Reason"), ("code", "Code")] {
        if let Some(text) = emission.data.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()) {
            lines.push(format!("*{name}:* {}", escaped(text)));
        }
    }
    let title: String = escaped(&emission.title).chars().take(MOST_TITLE).collect();
    let title = format!("[{}] {title}", emission.severity.to_uppercase());
    let text: String = lines.join("\n").chars().take(MOST_SLACK).collect();
    json!({
        "text": title,
        "attachments": [{
            "color": colour(&emission.severity),
            "title": title,
            "text": text,
            "mrkdwn_in": ["text"],
            "footer": "Zentinelle",
            "ts": emission.at.div_euclid(1_000_000),
        }],
    })
    .to_string()
}

fn colour(severity: &str) -> &'static str {
    match severity {
        "critical" => "#dc2626",
        "high" => "#ea580c",
        "medium" => "#ca8a04",
        "low" => "#2563eb",
        _ => "#6b7280",
    }
}

/// A text without what Slack would read as a link, a mention or a channel.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
