//! The table `ledger_totals`.
//!
//! Running totals: the ledger itself where it is kept in SQL, else what the journals say of long windows.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `ledger_totals`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_totals")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) tenant_id: String,
    #[sea_orm(column_type = "Text")]
    pub(crate) counter: String,
    pub(crate) window_kind: String,
    pub(crate) used: i64,
    pub(crate) started_at: i64,
    pub(crate) ends_at: i64,
    #[sea_orm(column_type = "Text")]
    pub(crate) steps: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
