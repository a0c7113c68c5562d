//! The table `alerts`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `alerts`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "alerts")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) alert_type: String,
    pub(crate) severity: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) agent_id: Option<String>,
    pub(crate) user_id: Option<String>,
    /// An open alert with the same key is counted up, not repeated.
    pub(crate) dedup_key: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) metadata: Json,
    pub(crate) violation_count: i64,
    pub(crate) first_violation_at: Option<i64>,
    pub(crate) last_violation_at: Option<i64>,
    /// One of: open | acknowledged | investigating | resolved | false_positive.
    pub(crate) status: String,
    pub(crate) acknowledged_by: Option<String>,
    pub(crate) acknowledged_at: Option<i64>,
    pub(crate) resolved_by: Option<String>,
    pub(crate) resolved_at: Option<i64>,
    pub(crate) resolution_notes: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
