//! The table `policies`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `policies`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "policies")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) policy_type: String,
    /// One of: organization | sub_organization | deployment | group | endpoint | user.
    pub(crate) scope_level: String,
    pub(crate) scope_id: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) config: Json,
    pub(crate) priority: i64,
    pub(crate) enabled: bool,
    /// One of: enforce | audit | disabled.
    pub(crate) enforcement: String,
    pub(crate) inheritance: String,
    pub(crate) version: i64,
    /// Who keeps it: api | document | demo.
    pub(crate) source: String,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
