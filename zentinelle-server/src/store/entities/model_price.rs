//! The table `model_prices`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `model_prices`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "model_prices")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) provider: String,
    pub(crate) model: String,
    /// For a million tokens.
    pub(crate) input_usd_micros: i64,
    pub(crate) cached_input_usd_micros: Option<i64>,
    pub(crate) cache_write_usd_micros: Option<i64>,
    pub(crate) output_usd_micros: i64,
    pub(crate) effective_at: i64,
    pub(crate) source: String,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
