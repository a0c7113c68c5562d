//! Whether the server lives, and whether it can serve.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::ledger::health::Standing;

/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the server lives.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    status: &'static str,
}

/// Whether the server can serve.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ok` or `degraded`.
    status: &'static str,
    /// Each part: `ok`, `unavailable` or `stopping`.
    checks: BTreeMap<&'static str, &'static str>,
}

/// Answers as long as the process lives.
#[utoipa::path(
    get, path = "/health", operation_id = "health", tag = "operations",
    responses((status = 200, description = "The process lives", body = Health)), security(("public" = []))
)]
pub(crate) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The same for SDKs and n8n.
#[utoipa::path(
    get, path = "/api/v1/health", tag = "operations", operation_id = "sdk_health",
    responses((status = 200, description = "The process lives", body = Health)), security(("public" = []))
)]
pub(crate) async fn sdk_health() -> Json<Health> {
    health().await
}

/// The same below the native prefix.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/health", tag = "operations", operation_id = "native_health",
    responses((status = 200, description = "The process lives", body = Health)), security(("public" = []))
)]
pub(crate) async fn native_health() -> Json<Health> {
    health().await
}

/// Whether every part the server needs answers.
#[utoipa::path(
    get, path = "/ready", operation_id = "ready", tag = "operations",
    responses(
        (status = 200, description = "The server can serve", body = Readiness),
        (status = 503, description = "A part does not answer", body = Readiness),
    ),
    security(("public" = []))
)]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> (StatusCode, Json<Readiness>) {
    let database = matches!(tokio::time::timeout(PATIENCE, app.store.ping()).await, Ok(Ok(())));
    let stopping = app.stopping.load(Ordering::Relaxed);
    let word = |sound: bool| if sound { "ok" } else { "unavailable" };
    let checks = BTreeMap::from([
        ("database", word(database)),
        ("ledger", word(app.ledger.health().standing == Standing::Up)),
        ("journal", word(app.recorder.is_healthy())),
        ("server", if stopping { "stopping" } else { "ok" }),
    ]);
    let sound = checks.values().all(|check| *check == "ok");
    let status = if sound { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { status: if sound { "ok" } else { "degraded" }, checks }))
}

/// The same below the native prefix.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/ready", tag = "operations", operation_id = "native_ready",
    responses((status = 200, description = "The server can serve", body = Readiness)), security(("public" = []))
)]
pub(crate) async fn native_ready(state: State<Arc<App>>) -> (StatusCode, Json<Readiness>) {
    ready(state).await
}
