//! The table `interactions`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `interactions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "interactions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) agent_id: String,
    pub(crate) user_id: Option<String>,
    pub(crate) interaction_type: String,
    pub(crate) session_id: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) input_content: String,
    pub(crate) output_content: String,
    pub(crate) system_prompt: String,
    /// Of the whole system prompt, by which uses of a prompt of the library are counted.
    pub(crate) prompt_digest: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) tool_calls: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) classification: Json,
    pub(crate) input_tokens: Option<i64>,
    pub(crate) output_tokens: Option<i64>,
    pub(crate) usd_micros: Option<i64>,
    pub(crate) latency_ms: Option<i64>,
    pub(crate) decision: Option<String>,
    pub(crate) scan_id: Option<String>,
    pub(crate) occurred_at: i64,
    pub(crate) created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
