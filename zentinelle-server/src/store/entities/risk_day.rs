//! The table `risk_days`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `risk_days`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "risk_days")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    /// The day's first instant, UTC.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) day_at: i64,
    pub(crate) open_count: i64,
    pub(crate) score_sum: i64,
    pub(crate) highest: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
