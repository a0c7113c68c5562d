//! The table `gap_assignments`.
//!
//! Who closes a gap, and by when.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `gap_assignments`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "gap_assignments")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) framework_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) control_id: String,
    pub(crate) owner: String,
    /// The first instant of the day, in the organisation's time zone.
    pub(crate) due_at: Option<i64>,
    pub(crate) note: String,
    pub(crate) assigned_by: String,
    pub(crate) assigned_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
