//! The table `api_keys`.
//!
//! Credentials of every kind. `public_id` is the part of a key that may be shown and finds its row;
//! `secret_hash` is a keyed hash of the whole key.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `api_keys`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    /// One of: agent | enrolment | bootstrap | operator.
    pub(crate) kind: String,
    pub(crate) public_id: String,
    /// Lower-case hexadecimal.
    pub(crate) secret_hash: String,
    pub(crate) label: String,
    /// Of an operator key: admin | operator | viewer.
    pub(crate) role: Option<String>,
    /// Of an operator key: permissions, empty for all of the role.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) scopes: Json,
    /// Of an agent key: agents.agent_id.
    pub(crate) agent_id: Option<String>,
    /// Of an enrolment key: none for any number.
    pub(crate) max_uses: Option<i64>,
    pub(crate) use_count: i64,
    pub(crate) expires_at: Option<i64>,
    pub(crate) revoked_at: Option<i64>,
    pub(crate) replaced_by: Option<String>,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) last_used_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
