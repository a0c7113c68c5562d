//! The table `risk_links`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `risk_links`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "risk_links")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) risk_id: String,
    /// One of: policy | agent | incident.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) kind: String,
    /// Of an agent: its own name for itself.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) target_id: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
