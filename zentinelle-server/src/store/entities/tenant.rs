//! The table `tenants`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `tenants`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "tenants")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) name: String,
    /// One of: active | suspended.
    pub(crate) status: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) settings: Json,
    /// Grows with every change that can change a decision.
    pub(crate) policy_revision: i64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
