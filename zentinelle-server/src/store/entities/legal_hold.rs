//! The table `legal_holds`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `legal_holds`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "legal_holds")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) reason: String,
    /// One of: active | released.
    pub(crate) status: String,
    /// Empty for all.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) entity_types: Json,
    /// Empty for all.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) agent_ids: Json,
    /// Empty for all.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) user_ids: Json,
    pub(crate) data_from: Option<i64>,
    pub(crate) data_to: Option<i64>,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) released_by: Option<String>,
    pub(crate) released_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
