//! The table `content_violations`.
//!
//! What a scan found. The matched text itself is never kept: a digest, and where it stood.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `content_violations`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "content_violations")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) scan_id: String,
    pub(crate) rule_id: Option<String>,
    pub(crate) agent_id: String,
    pub(crate) user_id: Option<String>,
    pub(crate) rule_type: String,
    pub(crate) severity: String,
    pub(crate) enforcement: String,
    pub(crate) category: String,
    pub(crate) confidence: f64,
    pub(crate) match_start: Option<i64>,
    pub(crate) match_end: Option<i64>,
    pub(crate) match_digest: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) was_blocked: bool,
    pub(crate) was_redacted: bool,
    pub(crate) created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
