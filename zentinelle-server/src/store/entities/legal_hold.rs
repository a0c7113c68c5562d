//! The table `legal_holds`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `legal_holds`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "legal_holds")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) reason: String,
    /// One of: active | released.
    pub(crate) status: String,
    /// Empty for all.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) entity_types: Json,
    /// Empty for all.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) agent_ids: Json,
    /// Empty for all.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) user_ids: Json,
    pub(crate) data_from: Option<i64>,
    pub(crate) data_to: Option<i64>,
    /// One of: litigation | investigation | regulatory | audit | other.
    pub(crate) hold_type: String,
    pub(crate) reference_number: String,
    /// It holds from then on.
    pub(crate) effective_at: i64,
    /// And no longer than until then.
    pub(crate) expires_at: Option<i64>,
    pub(crate) custodian_email: String,
    pub(crate) notify_on_access: bool,
    /// Who is told when it begins, changes or ends.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) notification_emails: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) metadata: Json,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) released_by: Option<String>,
    pub(crate) released_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
