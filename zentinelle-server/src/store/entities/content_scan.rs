//! The table `content_scans`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `content_scans`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "content_scans")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) agent_id: String,
    pub(crate) user_id: Option<String>,
    pub(crate) content_type: String,
    pub(crate) content_digest: String,
    pub(crate) content_length: i64,
    /// One of: pending | scanning | completed | failed.
    pub(crate) status: String,
    pub(crate) scan_mode: String,
    pub(crate) action_taken: Option<String>,
    pub(crate) max_severity: Option<String>,
    pub(crate) violation_count: i64,
    pub(crate) was_blocked: bool,
    pub(crate) was_redacted: bool,
    pub(crate) scan_duration_us: Option<i64>,
    pub(crate) session_id: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) scanned_at: Option<i64>,
    pub(crate) created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
