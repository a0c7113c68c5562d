//! What is written behind an answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zentinelle_core::ids::TenantId;

use crate::ledger::LedgerEntry;
use crate::store::entities::{
    approval, content_scan, content_violation, evaluation, evaluation_policy, event, interaction, notification,
    usage_record,
};

/// The kind of [`Record::Evaluation`].
pub(crate) const EVALUATION: &str = "evaluation";

/// One thing to be kept. Rows are complete when they are recorded: ids and instants included, so
/// that writing them twice changes nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "record", content = "row", rename_all = "snake_case")]
pub(crate) enum Record {
    /// A decision that was made.
    Evaluation(Box<evaluation::Model>),
    /// What policies say where all of them are kept, for the decisions that refer to it.
    PoliciesKept(Box<evaluation_policy::Model>),
    /// An event an agent reported.
    Event(Box<event::Model>),
    /// A conversation turn an agent reported or a proxy saw.
    Interaction(Box<interaction::Model>),
    /// What a model call used.
    Usage(Box<usage_record::Model>),
    /// A content scan and what it found.
    Scan {
        /// The scan.
        scan: Box<content_scan::Model>,
        /// What it found.
        violations: Vec<content_violation::Model>,
    },
    /// A person is asked to approve a call.
    ApprovalRequested(Box<approval::Model>),
    /// An approval was used.
    ApprovalConsumed {
        /// The tenant.
        tenant_id: TenantId,
        /// The approval.
        id: String,
        /// When.
        at: i64,
    },
    /// Something that should become, or count up, an incident.
    Incident(Box<RaisedIncident>),
    /// Something that should become, or count up, an alert.
    Alert(Box<RaisedAlert>),
    /// A message for the people of the tenant.
    Notification(Box<notification::Model>),
    /// An agent said that it lives.
    Heartbeat {
        /// The tenant.
        tenant_id: TenantId,
        /// The agent.
        agent_id: String,
        /// How it feels.
        health: String,
        /// When.
        at: i64,
    },
    /// What the ledger spent or settled, where it must survive a restart.
    Ledger {
        /// Whose.
        tenant_id: TenantId,
        /// The step.
        entry: LedgerEntry,
    },
    /// An entry for the audit chain.
    Audit(Box<zentinelle_core::audit::AuditRecord>),
}

/// What an incident is opened with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RaisedIncident {
    /// The tenant.
    pub(crate) tenant_id: TenantId,
    /// The id it gets when it is new.
    pub(crate) id: String,
    /// Incidents with the same key that are not resolved are one.
    pub(crate) dedup_key: String,
    /// In a few words.
    pub(crate) title: String,
    /// In full.
    pub(crate) description: String,
    /// What kind of incident.
    pub(crate) incident_type: String,
    /// How bad: low, medium, high or critical.
    pub(crate) severity: String,
    /// Where it comes from.
    pub(crate) source: String,
    /// The evaluation, event or alert it comes from.
    pub(crate) source_ref: Option<String>,
    /// The agent.
    pub(crate) agent_id: Option<String>,
    /// The policy.
    pub(crate) policy_id: Option<String>,
    /// When it happened.
    pub(crate) at: i64,
}

/// What an alert is opened with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RaisedAlert {
    /// The tenant.
    pub(crate) tenant_id: TenantId,
    /// The id it gets when it is new.
    pub(crate) id: String,
    /// Open alerts with the same key are one.
    pub(crate) dedup_key: String,
    /// What kind of alert.
    pub(crate) alert_type: String,
    /// How bad: info, low, medium, high or critical.
    pub(crate) severity: String,
    /// In a few words.
    pub(crate) title: String,
    /// In full.
    pub(crate) description: String,
    /// The agent.
    pub(crate) agent_id: Option<String>,
    /// The user.
    pub(crate) user_id: Option<String>,
    /// Further facts.
    pub(crate) metadata: Value,
    /// When it happened.
    pub(crate) at: i64,
}

impl Record {
    /// What kind of record it is, for logs.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Evaluation(_) => EVALUATION,
            Self::PoliciesKept(_) => "policies_kept",
            Self::Event(_) => "event",
            Self::Interaction(_) => "interaction",
            Self::Usage(_) => "usage",
            Self::Scan { .. } => "scan",
            Self::ApprovalRequested(_) => "approval_requested",
            Self::ApprovalConsumed { .. } => "approval_consumed",
            Self::Incident(_) => "incident",
            Self::Alert(_) => "alert",
            Self::Notification(_) => "notification",
            Self::Heartbeat { .. } => "heartbeat",
            Self::Ledger { .. } => "ledger",
            Self::Audit(_) => "audit",
        }
    }

    /// Whose record it is.
    pub(crate) fn tenant(&self) -> TenantId {
        TenantId::new(match self {
            Self::Evaluation(row) => row.tenant_id.as_str(),
            Self::PoliciesKept(row) => &row.tenant_id,
            Self::Event(row) => &row.tenant_id,
            Self::Interaction(row) => &row.tenant_id,
            Self::Usage(row) => &row.tenant_id,
            Self::Scan { scan, .. } => &scan.tenant_id,
            Self::ApprovalRequested(row) => &row.tenant_id,
            Self::Incident(raised) => raised.tenant_id.as_str(),
            Self::Alert(raised) => raised.tenant_id.as_str(),
            Self::Notification(row) => &row.tenant_id,
            Self::Heartbeat { tenant_id, .. }
            | Self::ApprovalConsumed { tenant_id, .. }
            | Self::Ledger { tenant_id, .. } => tenant_id.as_str(),
            Self::Audit(record) => &record.tenant_id,
        })
    }
}
