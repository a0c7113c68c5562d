//! The table `ledger_reservations`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `ledger_reservations`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_reservations")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    #[sea_orm(column_type = "Text")]
    pub(crate) reservation: String,
    #[sea_orm(column_type = "Text")]
    pub(crate) lines: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub(crate) settled: Option<String>,
    pub(crate) charged_at: i64,
    pub(crate) expires_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
