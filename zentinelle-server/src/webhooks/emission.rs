//! What webhooks are told of.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zentinelle_core::ids::TenantId;

use crate::recorder::record::{RaisedAlert, RaisedIncident};
use crate::store::entities::{approval, evaluation, incident};

/// An hour. Unit: microseconds.
const HOUR: i64 = 3_600_000_000;
/// A minute. Unit: microseconds.
const MINUTE: i64 = 60_000_000;

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A request was denied.
    PolicyViolation,
    /// An alert of what was found or counted was raised.
    ComplianceAlert,
    /// An incident was opened.
    IncidentCreated,
    /// Any other alert was raised.
    Alert,
    /// An agent was registered.
    AgentRegistered,
    /// A person is asked to approve a call.
    HumanApprovalRequired,
    /// A budget is nearly or wholly spent.
    CostThreshold,
    /// A rate limit refused.
    RateLimit,
    /// Somebody wants to see whether the webhook works.
    Test,
}

impl Event {
    /// Every kind a webhook can ask for.
    pub(crate) const ALL: [Self; 8] = [
        Self::PolicyViolation,
        Self::ComplianceAlert,
        Self::IncidentCreated,
        Self::Alert,
        Self::AgentRegistered,
        Self::HumanApprovalRequired,
        Self::CostThreshold,
        Self::RateLimit,
    ];

    /// The kind as bodies name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::PolicyViolation => "policy_violation",
            Self::ComplianceAlert => "compliance_alert",
            Self::IncidentCreated => "incident_created",
            Self::Alert => "alert",
            Self::AgentRegistered => "agent_registered",
            Self::HumanApprovalRequired => "human_approval_required",
            Self::CostThreshold => "cost_threshold",
            Self::RateLimit => "rate_limit",
            Self::Test => "test",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) struct Emission {
    /// To whom.
    pub(crate) tenant: TenantId,
    /// What tells it from others of its kind; the same id is the same event.
    pub(crate) id: String,
    /// Its kind.
    pub(crate) event: Event,
    /// How bad: info, low, medium, high or critical.
    pub(crate) severity: String,
    /// In a few words.
    pub(crate) title: String,
    /// The agent.
    pub(crate) agent_id: Option<String>,
    /// The user.
    pub(crate) user_id: Option<String>,
    /// What was attempted.
    pub(crate) action: Option<String>,
    /// When. Unit: microseconds since 1970.
    pub(crate) at: i64,
    /// The facts.
    pub(crate) data: Value,
}

impl Emission {
    /// What a decision is told as: nothing when it was permitted without a warning of a budget,
    /// or was only a question.
    pub(crate) fn of_evaluation(row: &evaluation::Model) -> Vec<Self> {
        if row.dry_run {
            return Vec::new();
        }
        let policies = row.policies.as_array().map(Vec::as_slice).unwrap_or_default();
        let failed = |policy: &&Value| policy.get("passed") == Some(&Value::Bool(false));
        let base = |event: Event, id: String, severity: &str, title: String, data: Value| Self {
            tenant: TenantId::new(row.tenant_id.clone()),
            id,
            event,
            severity: severity.to_owned(),
            title,
            agent_id: Some(row.agent_id.clone()),
            user_id: row.user_id.clone(),
            action: Some(row.action.clone()),
            at: row.occurred_at,
            data,
        };
        let mut told = Vec::new();
        if !row.allowed {
            let severity = worst(policies.iter().filter(failed).filter_map(|policy| text(policy, "severity")));
            let violated: Vec<Value> = policies.iter().filter(failed).map(told_of_policy).collect();
            let data = json!({ "evaluation_id": row.id, "code": row.code, "reason": row.reason,
                "resource": row.resource, "session_id": row.session_id, "risk_score": row.risk_score,
                "source": row.source, "policies": violated });
            let title = row.reason.clone().unwrap_or_else(|| format!("{} was denied", row.action));
            told.push(base(Event::PolicyViolation, row.id.clone(), severity, title, data));
        }
        for policy in policies {
            let (id, name) = (text(policy, "id").unwrap_or_default(), text(policy, "name").unwrap_or_default());
            let refused = failed(&policy);
            // Repeated warnings of one policy about one agent are one event an hour or minute: a
            // busy agent near its budget would otherwise send a notice for every call.
            let (event, window, severity) = match text(policy, "type") {
                Some("budget_limit") if refused => (Event::CostThreshold, HOUR, "high"),
                Some("budget_limit") if policy.get("warnings").and_then(Value::as_u64).unwrap_or(0) > 0 => {
                    (Event::CostThreshold, HOUR, "medium")
                }
                Some("rate_limit") if refused => (Event::RateLimit, MINUTE, "medium"),
                _ => continue,
            };
            let slot = row.occurred_at.div_euclid(window).saturating_mul(window);
            let key = format!("{id}:{}:{refused}:{slot}", row.agent_id);
            let message = text(policy, "message").map(str::to_owned);
            let title =
                message.unwrap_or_else(|| row.warnings.get(0).and_then(Value::as_str).unwrap_or(name).to_owned());
            let data = json!({ "evaluation_id": row.id, "policy": told_of_policy(policy), "refused": refused,
                "warnings": row.warnings });
            told.push(Self { at: slot, ..base(event, key, severity, title, data) });
        }
        told
    }

    /// What a newly opened incident is told as.
    pub(crate) fn of_incident(raised: &RaisedIncident) -> Self {
        Self {
            tenant: raised.tenant_id.clone(),
            id: raised.id.clone(),
            event: Event::IncidentCreated,
            severity: raised.severity.clone(),
            title: raised.title.clone(),
            agent_id: raised.agent_id.clone(),
            user_id: None,
            action: None,
            at: raised.at,
            data: json!({ "incident_id": raised.id, "title": raised.title, "description": raised.description,
                "incident_type": raised.incident_type, "status": "open", "source": raised.source,
                "source_ref": raised.source_ref, "policy_id": raised.policy_id }),
        }
    }

    /// What an incident that a person opened is told as.
    pub(crate) fn of_opened(row: &incident::Model) -> Self {
        Self::of_incident(&RaisedIncident {
            tenant_id: TenantId::new(row.tenant_id.clone()),
            id: row.id.clone(),
            dedup_key: String::new(),
            title: row.title.clone(),
            description: row.description.clone(),
            incident_type: row.incident_type.clone(),
            severity: row.severity.clone(),
            source: row.source.clone(),
            source_ref: row.source_ref.clone(),
            agent_id: row.agent_id.clone(),
            policy_id: row.policy_id.clone(),
            at: row.occurred_at,
        })
    }

    /// What a newly raised alert is told as.
    pub(crate) fn of_alert(raised: &RaisedAlert) -> Self {
        const OF_CONTENT: [&str; 9] = [
            "single_violation",
            "repeated_violations",
            "repeat_violations",
            "threshold_exceeded",
            "anomaly_detected",
            "critical_violation",
            "compliance_drift",
            "violation_spike",
            "policy_health",
        ];
        let of_content = OF_CONTENT.contains(&raised.alert_type.as_str());
        Self {
            tenant: raised.tenant_id.clone(),
            id: raised.id.clone(),
            event: if of_content { Event::ComplianceAlert } else { Event::Alert },
            severity: raised.severity.clone(),
            title: raised.title.clone(),
            agent_id: raised.agent_id.clone(),
            user_id: raised.user_id.clone(),
            action: None,
            at: raised.at,
            data: json!({ "alert_id": raised.id, "alert_type": raised.alert_type, "title": raised.title,
                "description": raised.description, "metadata": raised.metadata, "status": "open" }),
        }
    }

    /// What a request for approval is told as. The arguments of the call are not told.
    pub(crate) fn of_approval(row: &approval::Model) -> Self {
        Self {
            tenant: TenantId::new(row.tenant_id.clone()),
            id: row.id.clone(),
            event: Event::HumanApprovalRequired,
            severity: match row.risk_score {
                75.. => "high",
                40..=74 => "medium",
                _ => "low",
            }
            .to_owned(),
            title: format!("{} asks to be approved: {}", row.agent_id, row.reason),
            agent_id: Some(row.agent_id.clone()),
            user_id: row.user_id.clone(),
            action: Some(row.action.clone()),
            at: row.requested_at,
            data: json!({ "approval_id": row.id, "resource": row.resource, "reason": row.reason,
                "risk_score": row.risk_score, "expires_at": crate::clock::iso(row.expires_at) }),
        }
    }

    /// What the registration of an agent is told as.
    pub(crate) fn of_registration(tenant: &TenantId, agent_id: &str, name: &str, agent_type: &str, at: i64) -> Self {
        Self {
            tenant: tenant.clone(),
            id: format!("{agent_id}:{at}"),
            event: Event::AgentRegistered,
            severity: "info".to_owned(),
            title: format!("agent {agent_id} was registered"),
            agent_id: Some(agent_id.to_owned()),
            user_id: None,
            action: None,
            at,
            data: json!({ "agent_id": agent_id, "name": name, "agent_type": agent_type }),
        }
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

fn told_of_policy(policy: &Value) -> Value {
    let keys = ["id", "name", "type", "code", "message", "severity"];
    keys.into_iter().map(|key| (key.to_owned(), policy.get(key).cloned().unwrap_or_default())).collect()
}

/// The worst of some severities; medium when there are none.
fn worst<'s>(severities: impl Iterator<Item = &'s str>) -> &'static str {
    const ORDER: [&str; 5] = ["info", "low", "medium", "high", "critical"];
    let worst = severities.filter_map(|one| ORDER.iter().position(|known| *known == one)).max();
    worst.and_then(|at| ORDER.get(at)).copied().unwrap_or("medium")
}

/// An id that is the same for the same parts and sorts by time, as other ids do.
pub(crate) fn stable_id(at: i64, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let mut bits = [0; 10];
    bits.iter_mut().zip(digest.iter()).for_each(|(bit, byte)| *bit = *byte);
    let millis = u64::try_from(at.div_euclid(1_000)).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid().to_string()
}
