//! Events that say somebody should look.

use std::time::Duration;

use moka::sync::Cache;
use serde_json::{Value, json};

use super::Kept;
use crate::clock;
use crate::recorder::content;
use crate::recorder::record::{RaisedAlert, Record};
use crate::snapshot::TenantSettings;

/// The most of a message that becomes a description. Unit: characters.
const MOST_DESCRIPTION: usize = 2_000;

/// Events that raised an alert of late: one that is sent again does not count it up.
#[derive(Debug)]
pub(super) struct RecentAlerts(Cache<String, ()>);

impl Default for RecentAlerts {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(600)).build())
    }
}

impl RecentAlerts {
    /// Remembers events by their digests.
    pub(super) fn note(&self, digests: Vec<String>) {
        for digest in digests {
            self.0.insert(digest, ());
        }
    }
}

/// The alerts a batch raises, each with the digest of its event.
pub(super) fn records(recent: &RecentAlerts, events: &[Kept], settings: &TenantSettings) -> Vec<(String, Record)> {
    let raising = events.iter().filter(|kept| {
        (kept.event.category == "alert" || kept.event.event_type == "policy_violation")
            && !recent.0.contains_key(&kept.digest)
    });
    raising.map(|kept| (kept.digest.clone(), Record::Alert(Box::new(alert(kept, settings))))).collect()
}

fn alert(kept: &Kept, settings: &TenantSettings) -> RaisedAlert {
    let (agent, event) = (&kept.agent.agent, &kept.event);
    let said = |key: &str| event.payload.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let policy = said("policy").or_else(|| said("policy_name")).or_else(|| said("policy_id"));
    let what = match policy {
        Some(policy) => format!("{}:{policy}", event.event_type),
        None => event.event_type.clone(),
    };
    let message = said("reason").or_else(|| said("message")).or_else(|| said("error")).unwrap_or_default();
    RaisedAlert {
        tenant_id: agent.tenant_id.clone(),
        id: clock::new_id(),
        dedup_key: format!("event:{what}:{}", agent.agent_id),
        alert_type: event.event_type.clone(),
        severity: severity(said("severity"), &event.event_type).to_owned(),
        title: format!("{} reported by {}", event.event_type, agent.agent_id),
        description: content::kept_text(message, settings).chars().take(MOST_DESCRIPTION).collect(),
        agent_id: Some(agent.agent_id.as_str().to_owned()),
        user_id: event.user_id.clone(),
        metadata: json!({ "source": "event", "event_digest": kept.digest, "policy": policy }),
        at: event.occurred_at,
    }
}

/// The severity the event states, else the usual one of its type.
fn severity(stated: Option<&str>, event_type: &str) -> &'static str {
    let stated = stated.map(str::to_ascii_lowercase);
    let known = ["info", "low", "medium", "high", "critical"];
    if let Some(severity) = stated.and_then(|stated| known.into_iter().find(|known| *known == stated)) {
        return severity;
    }
    match event_type {
        "security_threat" => "critical",
        "policy_violation" | "budget_exceeded" => "high",
        _ => "medium",
    }
}

#[cfg(test)]
mod tests {
    use super::severity;

    #[test]
    fn a_severity_nobody_knows_gives_way_to_the_usual_one() {
        assert_eq!(severity(Some("LOW"), "policy_violation"), "low");
        assert_eq!(severity(Some("dire"), "policy_violation"), "high");
        assert_eq!(severity(None, "error"), "medium");
    }
}
