//! The table `jobs`.
//!
//! Background work. A job is enqueued in the transaction of the change that asks for it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `jobs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub(crate) struct Model {
    /// None for work of the whole installation.
    pub(crate) tenant_id: Option<String>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) kind: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) payload: Json,
    /// A second job with the key is not enqueued.
    pub(crate) unique_key: Option<String>,
    /// One of: queued | running | done | dead.
    pub(crate) status: String,
    pub(crate) attempts: i64,
    pub(crate) max_attempts: i64,
    pub(crate) run_at: i64,
    pub(crate) leased_by: Option<String>,
    pub(crate) lease_until_at: Option<i64>,
    pub(crate) last_error: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) finished_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
