//! `GET /metrics`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::error::ApiError;
use crate::app::App;

/// Counters and histograms for Prometheus.
///
/// Holds no names of tenants, agents or users. Meant for the inner network: do not route it through a public proxy.
#[utoipa::path(
    get, path = "/metrics", operation_id = "metrics_metrics", tag = "operations",
    responses((status = 200, description = "In Prometheus' text format", body = String, content_type = "text/plain")),
    security(("public" = []))
)]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    if !app.config.telemetry.metrics {
        return Err(ApiError::NoRoute);
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, app.metrics.render(&app)).into_response())
}
