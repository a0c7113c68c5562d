//! The table `evaluation_policies`.
//!
//! What policies say where all of them are kept: once for the many decisions that say the same.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `evaluation_policies`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "evaluation_policies")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    /// A digest of the list.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) policies: Json,
    /// Every decision that refers to it was made at most an hour later.
    pub(crate) seen_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
