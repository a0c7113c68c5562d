//! The table `reports`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `reports`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "reports")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) report_type: String,
    pub(crate) format: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) params: Json,
    /// One of: pending | generating | complete | failed.
    pub(crate) status: String,
    /// How far it is built; percent.
    pub(crate) progress: i64,
    pub(crate) content: Option<String>,
    pub(crate) error_message: String,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) completed_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
