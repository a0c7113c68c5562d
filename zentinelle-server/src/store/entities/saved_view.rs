//! The table `saved_views`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `saved_views`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "saved_views")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) page: String,
    pub(crate) name: String,
    /// The query string.
    pub(crate) query: String,
    pub(crate) shared: bool,
    pub(crate) is_default: bool,
    pub(crate) owner: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
