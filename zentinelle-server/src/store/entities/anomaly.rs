//! The table `anomalies`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `anomalies`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "anomalies")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    /// The day's first instant, UTC.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) day_at: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) agent_id: String,
    /// One of: calls | tokens | usd_micros.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) measure: String,
    pub(crate) id: String,
    /// One of: low | medium | high.
    pub(crate) severity: String,
    pub(crate) actual: i64,
    /// The mean of the seven days before.
    pub(crate) expected: f64,
    /// How many standard deviations above.
    pub(crate) sigma: f64,
    /// One of: open | acknowledged | dismissed.
    pub(crate) status: String,
    pub(crate) changed_by: Option<String>,
    pub(crate) changed_at: Option<i64>,
    pub(crate) found_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
