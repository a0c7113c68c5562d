//! `models`: the register of models.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::resource::resource;
use crate::clock;
use crate::service::models::{self, ModelInput};
use crate::store::entities::model;

/// A model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegisteredModel)]
pub(crate) struct Model {
    /// Its id.
    id: String,
    /// Its vendor.
    provider: String,
    /// Its name with the vendor.
    model: String,
    /// Its name for people.
    display_name: String,
    /// What it makes.
    model_type: String,
    /// How much harm it can do.
    risk_level: String,
    /// What it can do.
    #[schema(value_type = Vec<String>)]
    capabilities: Value,
    /// How much it reads at once. Unit: tokens.
    context_window: Option<i64>,
    /// `pending`, `approved`, `restricted` or `denied`.
    approval: String,
    /// Why.
    approval_note: String,
    /// Who decided.
    decided_by: Option<String>,
    /// When.
    decided_at: Option<String>,
    /// When it was made.
    created_at: String,
    /// When it was changed last.
    updated_at: String,
}

impl From<model::Model> for Model {
    fn from(row: model::Model) -> Self {
        Self {
            id: row.id,
            provider: row.provider,
            model: row.model,
            display_name: row.display_name,
            model_type: row.model_type,
            risk_level: row.risk_level,
            capabilities: row.capabilities,
            context_window: row.context_window,
            approval: row.approval,
            approval_note: row.approval_note,
            decided_by: row.decided_by,
            decided_at: clock::iso_or_none(row.decided_at),
            created_at: clock::iso(row.created_at),
            updated_at: clock::iso(row.updated_at),
        }
    }
}

/// A page of models, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegisteredModels)]
pub(crate) struct Models {
    /// How many there are in all.
    count: u64,
    /// Where the next page begins.
    next_cursor: Option<String>,
    /// The page.
    results: Vec<Model>,
}

resource! {
    path: "/api/zentinelle/v1/models", tag: "models", operations: "model" / "models", noun: "a" "model",
    permissions: "models", service: models, shown: Model, page: Models, input: ModelInput,
}
