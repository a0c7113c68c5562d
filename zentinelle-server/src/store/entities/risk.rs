//! The table `risks`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `risks`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "risks")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    /// One of: security | privacy | compliance | operational | reputational | financial | ethical.
    pub(crate) category: String,
    /// One of: identified | assessed | mitigating | accepted | transferred | closed.
    pub(crate) status: String,
    pub(crate) severity: i64,
    pub(crate) likelihood: i64,
    pub(crate) impact: i64,
    /// 1 to 512.
    pub(crate) score: i64,
    /// What is left after mitigation.
    pub(crate) residual_severity: Option<i64>,
    pub(crate) residual_likelihood: Option<i64>,
    pub(crate) residual_impact: Option<i64>,
    pub(crate) mitigation_plan: String,
    /// One of: not_started | in_progress | completed | verified.
    pub(crate) mitigation_status: String,
    pub(crate) owner: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) tags: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) external_references: Json,
    pub(crate) identified_at: i64,
    pub(crate) last_reviewed_at: Option<i64>,
    pub(crate) last_reviewed_by: Option<String>,
    /// The first instant of the day, UTC.
    pub(crate) next_review_at: Option<i64>,
    pub(crate) closed_at: Option<i64>,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
