//! What a tenant chooses for itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{IfMatch, JsonBody};
use crate::service::settings::{self, Kept};
use crate::snapshot::TenantSettings;

/// A tenant's settings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingsView {
    /// Every setting, defaults filled in.
    settings: TenantSettings,
    /// Grows with every change that can change a decision; name it in `If-Match` to change safely.
    revision: i64,
    /// When the last such change was made.
    updated_at: String,
}

impl SettingsView {
    fn new(kept: Kept) -> Self {
        let Kept { settings, revision, updated_at } = kept;
        Self { settings, revision, updated_at: clock::iso(updated_at) }
    }
}

/// The tenant's settings.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/settings", tag = "tenants", operation_id = "get_settings",
    responses((status = 200, description = "The settings", body = SettingsView)),
    security(("operator_key" = ["settings:read"]))
)]
pub(crate) async fn get(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<SettingsView>, ApiError> {
    Ok(Json(SettingsView::new(settings::get(&app, &caller).await?)))
}

/// Changes the settings that are named; null brings a default back. In force from the reply on.
#[utoipa::path(
    patch, path = "/api/zentinelle/v1/settings", tag = "tenants", operation_id = "change_settings",
    request_body = TenantSettings,
    responses(
        (status = 200, description = "The settings", body = SettingsView),
        (status = 409, description = "Somebody else changed them first", body = ErrorBody),
        (status = "4XX", description = "A setting is unknown or wrong", body = ErrorBody),
    ),
    security(("operator_key" = ["settings:write"]))
)]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    IfMatch(revision): IfMatch,
    JsonBody(changes): JsonBody<Map<String, Value>>,
) -> Result<Json<SettingsView>, ApiError> {
    Ok(Json(SettingsView::new(settings::change(&app, &caller, revision, changes).await?)))
}
