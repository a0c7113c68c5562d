//! The table `assessments`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `assessments`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "assessments")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    /// One of: manual | scheduled.
    pub(crate) assessment_type: String,
    /// Of each enabled framework: its edition, and how many controls stand how.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) frameworks: Json,
    /// Percent.
    pub(crate) score: i64,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
