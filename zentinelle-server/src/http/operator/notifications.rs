//! `GET notifications`, `POST notifications/{id}/read`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{PathId, Query};
use crate::http::listing;
use crate::store::entities::notification;
use crate::store::{notifications as store, wire_name};

/// Whether somebody read it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NotificationStatus {
    /// Nobody did.
    Unread,
    /// Somebody did.
    Read,
}

/// Which notifications are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NotificationsQuery {
    /// Only those read, or not.
    #[param(inline)]
    status: Option<NotificationStatus>,
    /// How many. Default: 50, at most 500.
    limit: Option<u64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of notifications, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Notifications {
    /// How many there are in all.
    count: u64,
    /// Where the next page begins.
    next_cursor: Option<String>,
    /// The page.
    results: Vec<Notification>,
}

/// A message for the people of the tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Notification {
    /// Its id.
    id: String,
    /// What it is about.
    #[serde(rename = "type")]
    kind: String,
    /// How bad.
    severity: String,
    /// In a few words.
    subject: String,
    /// In full.
    message: String,
    /// Further facts.
    #[schema(value_type = Object)]
    metadata: Value,
    /// `unread` or `read`.
    status: String,
    /// When it was made.
    created_at: String,
    /// When it was read.
    read_at: Option<String>,
}

impl From<notification::Model> for Notification {
    fn from(row: notification::Model) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            severity: row.severity,
            subject: row.subject,
            message: row.message,
            metadata: row.metadata,
            status: row.status,
            created_at: clock::iso(row.created_at),
            read_at: clock::iso_or_none(row.read_at),
        }
    }
}

/// Messages for the people of the tenant.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/notifications", tag = "alerts", operation_id = "list_notifications",
    params(NotificationsQuery),
    responses(
        (status = 200, description = "A page of notifications", body = Notifications),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["notifications:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<NotificationsQuery>,
) -> Result<Json<Notifications>, ApiError> {
    let page = listing::page(query.limit, None, query.cursor.as_deref(), 50, 500)?;
    let status = query.status.as_ref().map(wire_name);
    let found = store::page(app.store.db(), &caller.tenant, status.as_deref(), &page).await?.map(Notification::from);
    Ok(Json(Notifications { count: found.total, next_cursor: found.next, results: found.rows }))
}

/// Marks a notification as read. Doing it again changes nothing.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/notifications/{id}/read", tag = "alerts", operation_id = "read_notification",
    params(("id" = String, Path, description = "The notification's id")),
    responses(
        (status = 200, description = "It is read", body = Notification),
        (status = "4XX", description = "There is no such notification", body = ErrorBody),
    ),
    security(("operator_key" = ["notifications:write"]))
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<Notification>, ApiError> {
    Ok(Json(store::read(app.store.db(), &caller.tenant, &id, clock::now_micros()).await?.into()))
}
