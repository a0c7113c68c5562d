//! The table `webhook_deliveries`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `webhook_deliveries`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) webhook_id: String,
    pub(crate) event_type: String,
    pub(crate) body: String,
    /// One of: pending | delivered | failed | dead.
    pub(crate) status: String,
    pub(crate) attempts: i64,
    pub(crate) response_status: Option<i64>,
    pub(crate) last_error: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
