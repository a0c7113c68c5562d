//! The kinds of background work. Adding one makes the compiler ask for its handler.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::backoff::Backoff;
use crate::notices::Recipient;

/// What a job does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub(crate) enum Work {
    /// Sends one notice to one webhook.
    DeliverWebhook {
        /// Which delivery.
        delivery_id: String,
    },
    /// Sends one message to one person by e-mail.
    SendEmail {
        /// Which message.
        notification_id: String,
        /// To whom.
        to: Recipient,
    },
    /// Sums up usage by the hour.
    RollUpUsage {},
    /// Learns what is usual for each agent.
    LearnBaselines {},
    /// Finds agents that no longer report.
    CheckAgents {},
    /// Compares what happened with the alert rules.
    CheckAlertRules {},
    /// Deletes what is older than it may be kept.
    EnforceRetention {},
    /// Says which keys end soon, or have ended.
    CheckKeys {},
    /// Signs the state of the audit chain.
    SignCheckpoint {},
    /// Closes approvals nobody decided in time.
    ExpireApprovals {},
    /// Looks at every control of the frameworks a tenant answers to.
    AssessCompliance {},
    /// Compares what agents used with what they used in the days before.
    FindAnomalies {},
    /// Builds a report somebody asked for.
    #[serde(rename = "report")]
    BuildReport {
        /// Which report.
        report_id: String,
    },
    /// Scans a content somebody queued; what it needs is the scanner's own affair.
    Scan(Value),
}

impl Work {
    /// Every kind, as rows name it.
    pub(crate) const NAMES: [&'static str; 14] = [
        "deliver_webhook",
        "send_email",
        "roll_up_usage",
        "learn_baselines",
        "check_agents",
        "check_alert_rules",
        "enforce_retention",
        "check_keys",
        "sign_checkpoint",
        "expire_approvals",
        "assess_compliance",
        "find_anomalies",
        "report",
        "scan",
    ];

    /// The kind, as rows name it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::DeliverWebhook { .. } => "deliver_webhook",
            Self::SendEmail { .. } => "send_email",
            Self::RollUpUsage {} => "roll_up_usage",
            Self::LearnBaselines {} => "learn_baselines",
            Self::CheckAgents {} => "check_agents",
            Self::CheckAlertRules {} => "check_alert_rules",
            Self::EnforceRetention {} => "enforce_retention",
            Self::CheckKeys {} => "check_keys",
            Self::SignCheckpoint {} => "sign_checkpoint",
            Self::ExpireApprovals {} => "expire_approvals",
            Self::AssessCompliance {} => "assess_compliance",
            Self::FindAnomalies {} => "find_anomalies",
            Self::BuildReport { .. } => "report",
            Self::Scan(_) => "scan",
        }
    }

    /// Reads a row's kind and payload; the error says what is wrong with them.
    pub(crate) fn read(kind: &str, payload: Value) -> Result<Self, String> {
        if !Self::NAMES.contains(&kind) {
            return Err(format!("this release knows no jobs of the kind `{kind}`"));
        }
        serde_json::from_value(json!({ "kind": kind, "payload": payload }))
            .map_err(|error| format!("the payload is not one of `{kind}`: {error}"))
    }

    /// How often it is tried.
    pub(crate) const fn max_attempts(&self) -> u32 {
        match self {
            Self::DeliverWebhook { .. } | Self::SendEmail { .. } => Backoff::DELIVERY.attempts(),
            Self::BuildReport { .. } => 3,
            _ => 5,
        }
    }

    /// How long to wait between tries.
    pub(super) const fn backoff(&self) -> Backoff {
        match self {
            Self::DeliverWebhook { .. } | Self::SendEmail { .. } => Backoff::DELIVERY,
            _ => Backoff::WORK,
        }
    }
}

/// A payload of a kind, to see that rows of the kind can be read.
pub(super) fn sample(kind: &str) -> Value {
    match kind {
        "deliver_webhook" => json!({ "delivery_id": "" }),
        "send_email" => json!({ "notification_id": "", "to": { "kind": "contact" } }),
        "report" => json!({ "report_id": "" }),
        _ => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::{Work, sample};

    #[test]
    fn every_kind_is_read_back_as_it_was_written() {
        for kind in Work::NAMES {
            let work = Work::read(kind, sample(kind)).expect(kind);
            assert_eq!(work.name(), kind);
            assert_eq!(work.payload(), sample(kind));
        }
        let unknown = Work::read("brew_coffee", serde_json::json!({})).expect_err("unknown");
        assert!(unknown.contains("`brew_coffee`"), "{unknown}");
        let wrong = Work::read("report", serde_json::json!({"report": 1})).expect_err("no id");
        assert!(wrong.contains("report_id"), "{wrong}");
    }
}
