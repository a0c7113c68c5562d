//! The table `schedules`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `schedules`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "schedules")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) name: String,
    pub(crate) last_run_at: Option<i64>,
    pub(crate) last_status: Option<String>,
    pub(crate) next_run_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
