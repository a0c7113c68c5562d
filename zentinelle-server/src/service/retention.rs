//! How long records are kept: what the `data_retention` policies say, and what came of it.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use zentinelle_core::ids::TenantId;

use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::{agent, policy};
use crate::store::{Store, StoreError, legal_holds, watermarks};

/// Where the last run left its facts.
pub(crate) const LAST_RUN: &str = "retention";

/// The kinds of records that are deleted, each with the policy's key for it.
const KEYS: [(&str, &str); 5] = [
    ("events", "event_retention_days"),
    ("evaluations", "evaluation_retention_days"),
    ("interactions", "interaction_retention_days"),
    ("scans", "scan_retention_days"),
    ("usage", "usage_retention_days"),
];

/// The kinds of records a legal hold may name.
pub(crate) const ENTITY_TYPES: [&str; 5] = ["events", "evaluations", "interactions", "scans", "usage"];

/// Whose records a policy speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// All of the tenant's.
    Everybody,
    /// Those of some agents.
    Agents(Vec<String>),
    /// Those of a user.
    User(String),
}

/// One policy's word on how long records are kept.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// The policy.
    pub(crate) policy: policy::Model,
    /// Whose records.
    pub(crate) whose: Whose,
    /// Whether users are forgotten with the events.
    pub(crate) auto_delete_user_data: bool,
}

impl Rule {
    /// For how many days records of a kind are kept; none when the policy does not say. A number
    /// below zero says nothing: it would delete what is yet to come.
    pub(crate) fn days_of(&self, entity_type: &str) -> Option<f64> {
        let (_, key) = KEYS.into_iter().find(|(known, _)| *known == entity_type)?;
        days(&self.policy, key)
    }
}

fn days(policy: &policy::Model, key: &str) -> Option<f64> {
    policy.config.get(key).and_then(Value::as_f64).filter(|days| days.is_finite() && *days >= 0.0)
}

/// The rules of a tenant: its enabled and enforced `data_retention` policies.
pub(crate) async fn rules(store: &Store, tenant: &TenantId) -> Result<Vec<Rule>, StoreError> {
    let mut rules = Vec::new();
    for policy in policies(store, tenant).await? {
        if policy.enforcement != "enforce" {
            continue; // only looked at, as other policies of that kind only warn
        }
        let whose = whose(store, tenant, &policy).await?;
        let auto_delete_user_data = flag(&policy, "auto_delete_user_data");
        rules.push(Rule { policy, whose, auto_delete_user_data });
    }
    Ok(rules)
}

async fn policies(store: &Store, tenant: &TenantId) -> Result<Vec<policy::Model>, StoreError> {
    let found = policy::Entity::find()
        .filter(policy::Column::TenantId.eq(tenant.as_str()))
        .filter(policy::Column::PolicyType.eq("data_retention"))
        .filter(policy::Column::Enabled.eq(true))
        .filter(policy::Column::Enforcement.ne("disabled"))
        .order_by_asc(policy::Column::CreatedAt)
        .order_by_asc(policy::Column::Id);
    Ok(found.all(store.db()).await?)
}

async fn whose(store: &Store, tenant: &TenantId, policy: &policy::Model) -> Result<Whose, StoreError> {
    let id = policy.scope_id.clone().unwrap_or_default();
    let column = match policy.scope_level.as_str() {
        "organization" => return Ok(Whose::Everybody),
        "endpoint" => return Ok(Whose::Agents(vec![id])),
        "user" => return Ok(Whose::User(id)),
        "sub_organization" => agent::Column::SubOrganizationId,
        "deployment" => agent::Column::DeploymentId,
        "group" => agent::Column::GroupId,
        other => {
            return Err(StoreError::Unreadable { what: "policy", why: format!("it has the scope `{other}`") });
        }
    };
    let agents = agent::Entity::find()
        .select_only()
        .column(agent::Column::AgentId)
        .filter(agent::Column::TenantId.eq(tenant.as_str()))
        .filter(column.eq(id))
        .into_tuple()
        .all(store.db())
        .await?;
    Ok(Whose::Agents(agents))
}

fn flag(policy: &policy::Model, key: &str) -> bool {
    policy.config.get(key).and_then(Value::as_bool).unwrap_or_default()
}

/// What a policy says of retention.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyRetention {
    /// The policy's id.
    policy_id: String,
    /// The policy's name.
    policy_name: String,
    /// `enforce`, or `audit` for one that deletes nothing.
    enforcement: String,
    /// How long events are kept. Unit: days.
    event_retention_days: Option<f64>,
    /// How long audit entries should be kept. They are kept longer: see `audit_log`. Unit: days.
    audit_log_retention_days: Option<f64>,
    /// How long evaluations are kept. Unit: days.
    evaluation_retention_days: Option<f64>,
    /// How long interactions are kept. Unit: days.
    interaction_retention_days: Option<f64>,
    /// How long content scans are kept. Unit: days.
    scan_retention_days: Option<f64>,
    /// How long records of usage are kept, once they are summed up by the hour. Unit: days.
    usage_retention_days: Option<f64>,
    /// Whether users are forgotten once events are too old.
    auto_delete_user_data: bool,
}

/// What is kept, what was deleted, and what is held.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetentionStatus {
    /// What each policy says.
    policies: Vec<PolicyRetention>,
    /// How many legal holds are in force.
    active_legal_holds: usize,
    /// When the rules were last enforced.
    last_run_at: Option<String>,
    /// What came of it: rows deleted and anonymized by kind.
    #[schema(value_type = Object)]
    last_run: Value,
    /// What happens to the audit log.
    audit_log: AuditLogRetention,
}

/// What happens to the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditLogRetention {
    /// Whether entries are deleted.
    deletes: bool,
    /// Why not.
    reason: &'static str,
}

/// The retention of the caller's tenant.
pub(crate) async fn status(app: &App, caller: &Caller) -> Result<RetentionStatus, ApiError> {
    let tenant = &caller.tenant;
    let policies = policies(&app.store, tenant).await?;
    let last = watermarks::get(app.store.db(), tenant, LAST_RUN).await?;
    Ok(RetentionStatus {
        policies: policies.iter().map(PolicyRetention::of).collect(),
        active_legal_holds: legal_holds::active(app.store.db(), tenant).await?.len(),
        last_run_at: last.as_ref().map(|mark| clock::iso(mark.reached_at)),
        last_run: last.map_or_else(|| Value::Object(serde_json::Map::new()), |mark| mark.detail),
        audit_log: AuditLogRetention {
            deletes: false,
            reason: "what remained of the audit chain could not be verified back to its beginning; \
                     export it, and keep the export as long as you need",
        },
    })
}

impl PolicyRetention {
    fn of(policy: &policy::Model) -> Self {
        Self {
            policy_id: policy.id.clone(),
            policy_name: policy.name.clone(),
            enforcement: policy.enforcement.clone(),
            event_retention_days: days(policy, "event_retention_days"),
            audit_log_retention_days: days(policy, "audit_log_retention_days"),
            evaluation_retention_days: days(policy, "evaluation_retention_days"),
            interaction_retention_days: days(policy, "interaction_retention_days"),
            scan_retention_days: days(policy, "scan_retention_days"),
            usage_retention_days: days(policy, "usage_retention_days"),
            auto_delete_user_data: flag(policy, "auto_delete_user_data"),
        }
    }
}
