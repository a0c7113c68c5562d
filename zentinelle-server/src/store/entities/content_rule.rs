//! The table `content_rules`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `content_rules`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "content_rules")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) rule_type: String,
    pub(crate) scope_level: String,
    pub(crate) scope_id: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) config: Json,
    /// One of: info | low | medium | high | critical.
    pub(crate) severity: String,
    /// One of: block | warn | log_only | redact | require_approval.
    pub(crate) enforcement: String,
    /// One of: realtime | async | both.
    pub(crate) scan_mode: String,
    pub(crate) scan_input: bool,
    pub(crate) scan_output: bool,
    pub(crate) scan_context: bool,
    pub(crate) priority: i64,
    pub(crate) enabled: bool,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
