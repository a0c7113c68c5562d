//! The table `findings`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `findings`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "findings")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) framework_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) control_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) found_at: i64,
    pub(crate) title: String,
    /// One of: medium | high.
    pub(crate) severity: String,
    /// One of: partial | not_met.
    pub(crate) control_status: String,
    pub(crate) why: String,
    pub(crate) seen_at: i64,
    pub(crate) resolved_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
