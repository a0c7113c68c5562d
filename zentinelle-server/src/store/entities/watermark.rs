//! The table `watermarks`.
//!
//! How far recurring work has come, for each tenant.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `watermarks`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "watermarks")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) name: String,
    pub(crate) reached_at: i64,
    /// Further facts of the last run.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) detail: Json,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
