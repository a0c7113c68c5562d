//! The table `notifications`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `notifications`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "notifications")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) severity: String,
    pub(crate) subject: String,
    pub(crate) message: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) metadata: Json,
    /// One of: unread | read.
    pub(crate) status: String,
    pub(crate) created_at: i64,
    pub(crate) read_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
