//! `GET /api/zentinelle/v1/retention/status`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::app::App;
use crate::auth::Caller;
use crate::http::error::{ApiError, ErrorBody};
use crate::service::retention::{self, RetentionStatus};

/// Shows how long records are kept, and what was deleted last.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/retention/status", tag = "retention", operation_id = "retention_status",
    responses(
        (status = 200, description = "What the policies say and what came of it", body = RetentionStatus),
        (status = "4XX", description = "The key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["retention:read"]))
)]
pub(crate) async fn status(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<RetentionStatus>, ApiError> {
    Ok(Json(retention::status(&app, &caller).await?))
}
