//! The table `behavioral_baselines`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `behavioral_baselines`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "behavioral_baselines")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) agent_id: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) baseline: Json,
    pub(crate) sample_size: i64,
    pub(crate) computed_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
