//! The table `incidents`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `incidents`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "incidents")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) incident_type: String,
    /// One of: low | medium | high | critical.
    pub(crate) severity: String,
    /// One of: open | investigating | mitigating | resolved | closed.
    pub(crate) status: String,
    /// One of: policy_violation | manual | anomaly | alert.
    pub(crate) source: String,
    pub(crate) source_ref: Option<String>,
    /// An unresolved incident with the same key is counted up, not repeated.
    pub(crate) dedup_key: Option<String>,
    pub(crate) occurrence_count: i64,
    pub(crate) agent_id: Option<String>,
    pub(crate) policy_id: Option<String>,
    pub(crate) deployment_id: Option<String>,
    pub(crate) affected_user: String,
    pub(crate) affected_user_count: i64,
    pub(crate) assignee_id: Option<String>,
    pub(crate) reporter_id: String,
    pub(crate) root_cause: String,
    pub(crate) impact: String,
    pub(crate) resolution: String,
    pub(crate) lessons: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) tags: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) evidence: Json,
    pub(crate) occurred_at: i64,
    pub(crate) detected_at: i64,
    /// When the service level for the severity ends.
    pub(crate) due_at: i64,
    pub(crate) acknowledged_at: Option<i64>,
    pub(crate) resolved_at: Option<i64>,
    pub(crate) closed_at: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
