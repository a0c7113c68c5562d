//! The table `evaluations`.
//!
//! One row for each decision that was asked for.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `evaluations`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "evaluations")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) agent_id: String,
    pub(crate) user_id: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) action: String,
    /// The tool or model it was about.
    pub(crate) resource: Option<String>,
    /// One of: permit | deny | no_policy.
    pub(crate) effect: String,
    pub(crate) allowed: bool,
    pub(crate) dry_run: bool,
    pub(crate) code: Option<String>,
    pub(crate) reason: Option<String>,
    /// What each policy said; where all were kept, the id of their row in `evaluation_policies`.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) policies: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) warnings: Json,
    /// The facts it was decided on, as the tenant keeps content.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) context: Json,
    pub(crate) risk_score: i64,
    pub(crate) policy_set_version: String,
    /// One of: native | sdk | authzen | proxy | zentinel | hook.
    pub(crate) source: String,
    pub(crate) duration_us: i64,
    pub(crate) occurred_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
