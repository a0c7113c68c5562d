//! The table `user_sessions`.
//!
//! Where people are signed in. Of the cookie only a keyed hash is kept.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `user_sessions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "user_sessions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) user_id: String,
    /// Lower-case hexadecimal.
    pub(crate) token_hash: String,
    /// One of: local | oidc.
    pub(crate) signed_in_by: String,
    pub(crate) created_at: i64,
    pub(crate) last_seen_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) revoked_at: Option<i64>,
    pub(crate) ip_address: String,
    pub(crate) user_agent: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
