//! The table `usage_records`.
//!
//! What model calls used, one row a call; rolled up by the hour.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `usage_records`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "usage_records")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) agent_id: String,
    pub(crate) user_id: Option<String>,
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) input_tokens: i64,
    pub(crate) cached_input_tokens: i64,
    pub(crate) cache_write_tokens: i64,
    pub(crate) output_tokens: i64,
    pub(crate) reasoning_tokens: i64,
    pub(crate) usd_micros: i64,
    pub(crate) estimated: bool,
    /// One of: event | interaction | proxy.
    pub(crate) source: String,
    pub(crate) occurred_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
