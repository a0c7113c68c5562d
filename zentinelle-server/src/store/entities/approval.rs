//! The table `approvals`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `approvals`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "approvals")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) agent_id: String,
    pub(crate) user_id: Option<String>,
    pub(crate) action: String,
    pub(crate) resource: Option<String>,
    pub(crate) purpose: String,
    /// Of the exact call; the token is good for no other.
    pub(crate) arguments_digest: String,
    /// What the approver sees.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) request: Json,
    /// What the policies ask for.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) remedies: Json,
    pub(crate) reason: String,
    pub(crate) risk_score: i64,
    /// One of: pending | approved | denied | expired | consumed | cancelled | merged.
    pub(crate) status: String,
    pub(crate) requested_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_at: Option<i64>,
    pub(crate) decision_note: String,
    /// The id inside the minted token.
    pub(crate) token_id: Option<String>,
    pub(crate) consumed_at: Option<i64>,
    /// The open request for the same call that this one became part of.
    pub(crate) merged_into: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
