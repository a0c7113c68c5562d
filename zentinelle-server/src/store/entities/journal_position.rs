//! The table `journal_positions`.
//!
//! How far each server has drained its journal: written in the transaction of what it drained.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `journal_positions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "journal_positions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) node_id: String,
    pub(crate) segment: i64,
    pub(crate) byte_offset: i64,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
