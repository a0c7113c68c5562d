//! The table `agents`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `agents`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "agents")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    /// The agent's own name for itself.
    pub(crate) agent_id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) agent_type: String,
    /// One of: provisioning | active | suspended | offline | terminated.
    pub(crate) status: String,
    /// One of: healthy | degraded | unhealthy | unknown.
    pub(crate) health: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) capabilities: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) metadata: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) config: Json,
    pub(crate) sub_organization_id: Option<String>,
    pub(crate) deployment_id: Option<String>,
    pub(crate) group_id: Option<String>,
    /// The key that enrolled it.
    pub(crate) enrolled_by: Option<String>,
    pub(crate) registered_at: i64,
    pub(crate) last_heartbeat_at: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
