//! The table `policy_revisions`.
//!
//! Append only, and kept when the policy is deleted.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `policy_revisions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "policy_revisions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) policy_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) version: i64,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) snapshot: Json,
    pub(crate) changed_by: String,
    pub(crate) change_summary: String,
    pub(crate) changed_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
