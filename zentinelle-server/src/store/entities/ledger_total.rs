//! The table `ledger_totals`.
//!
//! Running totals of long windows, and reservations that are still open.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `ledger_totals`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_totals")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) counter: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) window_kind: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) window_start_at: i64,
    pub(crate) used: i64,
    pub(crate) ends_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
