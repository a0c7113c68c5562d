//! The table `secrets`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `secrets`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "secrets")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) name: String,
    /// One of: bundle | provider.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) kind: String,
    /// Key id, nonce and ciphertext.
    pub(crate) sealed: String,
    pub(crate) last_four: String,
    pub(crate) scope_level: String,
    pub(crate) scope_id: Option<String>,
    pub(crate) active: bool,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) last_used_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
