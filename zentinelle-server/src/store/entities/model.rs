//! The table `models`.
//!
//! Models a tenant knows, whether it approved them, and what they cost. Prices have effective dates; a
//! tenant's own row wins over the built-in table.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `models`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "models")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) display_name: String,
    pub(crate) model_type: String,
    pub(crate) risk_level: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) capabilities: Json,
    pub(crate) context_window: Option<i64>,
    /// One of: pending | approved | restricted | denied.
    pub(crate) approval: String,
    pub(crate) approval_note: String,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_at: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
