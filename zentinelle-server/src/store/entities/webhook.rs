//! The table `webhooks`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `webhooks`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "webhooks")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) sealed_secret: Option<String>,
    /// Empty for all.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) event_types: Json,
    /// Empty for all.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) severities: Json,
    /// One of: json | slack.
    pub(crate) format: String,
    pub(crate) enabled: bool,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
