//! The table `decision_hours`.

#![allow(dead_code, reason = "rows are written by one statement and read by another")]

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `decision_hours`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "decision_hours")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) dimension: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hour_at: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) name: String,
    pub(crate) decisions: i64,
    pub(crate) denied: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
