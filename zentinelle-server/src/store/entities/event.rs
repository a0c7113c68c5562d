//! The table `events`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `events`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) agent_id: String,
    pub(crate) user_id: Option<String>,
    pub(crate) event_type: String,
    /// One of: telemetry | audit | alert | compliance.
    pub(crate) category: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) payload: Json,
    /// Of the client's id, or of the content: a second one is the same event.
    pub(crate) digest: String,
    pub(crate) batch_id: String,
    /// Kept when it could not be read.
    pub(crate) raw_timestamp: Option<String>,
    pub(crate) occurred_at: i64,
    pub(crate) received_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
