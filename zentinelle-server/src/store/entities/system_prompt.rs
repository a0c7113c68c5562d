//! The table `system_prompts`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `system_prompts`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "system_prompts")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) slug: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) prompt_text: String,
    /// One of: system | persona | task | chain | few_shot | safety | format.
    pub(crate) prompt_type: String,
    /// One of: draft | active | archived.
    pub(crate) status: String,
    /// One of: organization | private | public.
    pub(crate) visibility: String,
    /// A slug; empty for none.
    pub(crate) category: String,
    /// Slugs.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) tags: Json,
    /// The prompt it was forked from.
    pub(crate) parent_id: Option<String>,
    /// What people read beside the text.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) details: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) applies_to: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) variables: Json,
    pub(crate) version: i64,
    /// Whether agents get it: only while it is active.
    pub(crate) enabled: bool,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
