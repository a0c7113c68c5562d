//! `/api/zentinelle/v1/legal-holds`: what must be kept, whatever its age.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::jobs::one_of;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathId, Query, lenient};
use crate::http::listing::page;
use crate::service::legal_holds::{self as service, Input};
use crate::store::entities::legal_hold;
use crate::store::legal_holds::{ACTIVE, EXPIRED, RELEASED, standing};

/// What an operator writes of a hold. In a change, what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct LegalHoldRequest {
    /// A name for people. Required for a new one.
    #[serde(deserialize_with = "lenient::text")]
    name: Option<String>,
    /// Why the data is held. Required for a new one.
    #[serde(deserialize_with = "lenient::text")]
    reason: Option<String>,
    /// Which kinds of records: events, evaluations, interactions, scans, usage; empty for all.
    entity_types: Option<Vec<String>>,
    /// Of which agents; empty for all.
    agent_ids: Option<Vec<String>>,
    /// Of which users; empty for all.
    user_ids: Option<Vec<String>>,
    /// Records from this instant on; empty for no beginning.
    data_from: Option<String>,
    /// Records until this instant; empty for no end.
    data_to: Option<String>,
    /// litigation, investigation, regulatory, audit or other. Default: other.
    hold_type: Option<String>,
    /// The number of the case.
    reference_number: Option<String>,
    /// From when on it holds. Default: now. Only of a new one.
    effective_at: Option<String>,
    /// Until when it holds; empty for until it is released.
    expires_at: Option<String>,
    /// Who answers for it.
    custodian_email: Option<String>,
    /// Whether those who are told want to know of access as well. Kept and shown; access is on the audit trail.
    notify_on_access: Option<bool>,
    /// Who is told by e-mail when it begins, changes or ends, where the server has a mail server.
    notification_emails: Option<Vec<String>>,
    /// Anything else.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
}

impl From<LegalHoldRequest> for Input {
    fn from(request: LegalHoldRequest) -> Self {
        Self {
            name: request.name,
            reason: request.reason,
            entity_types: request.entity_types,
            agent_ids: request.agent_ids,
            user_ids: request.user_ids,
            data_from: request.data_from,
            data_to: request.data_to,
            hold_type: request.hold_type,
            reference_number: request.reference_number,
            effective_at: request.effective_at,
            expires_at: request.expires_at,
            custodian_email: request.custodian_email,
            notify_on_access: request.notify_on_access,
            notification_emails: request.notification_emails,
            metadata: request.metadata,
        }
    }
}

/// A legal hold.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LegalHoldReply {
    /// Its id.
    id: String,
    /// A name for people.
    name: String,
    /// Why the data is held.
    reason: String,
    /// `active`, `released`, or `expired`: then it holds nothing any more.
    status: String,
    /// Which kinds of records; empty for all.
    #[schema(value_type = Vec<String>)]
    entity_types: Value,
    /// Of which agents; empty for all.
    #[schema(value_type = Vec<String>)]
    agent_ids: Value,
    /// Of which users; empty for all.
    #[schema(value_type = Vec<String>)]
    user_ids: Value,
    /// Records from this instant on.
    data_from: Option<String>,
    /// Records until this instant.
    data_to: Option<String>,
    /// Which kind of hold it is.
    hold_type: String,
    /// The number of the case.
    reference_number: String,
    /// From when on it holds.
    effective_at: String,
    /// Until when it holds.
    expires_at: Option<String>,
    /// Who answers for it.
    custodian_email: String,
    /// Whether those who are told want to know of access as well.
    notify_on_access: bool,
    /// Who is told when it begins, changes or ends.
    #[schema(value_type = Vec<String>)]
    notification_emails: Value,
    /// Anything else.
    #[schema(value_type = Object)]
    metadata: Value,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: String,
    /// Who released it.
    released_by: Option<String>,
    /// When it was released.
    released_at: Option<String>,
}

impl From<legal_hold::Model> for LegalHoldReply {
    fn from(row: legal_hold::Model) -> Self {
        let status = standing(&row, clock::now_micros()).to_owned();
        Self {
            id: row.id,
            name: row.name,
            reason: row.reason,
            status,
            hold_type: row.hold_type,
            reference_number: row.reference_number,
            effective_at: clock::iso(row.effective_at),
            expires_at: clock::iso_or_none(row.expires_at),
            custodian_email: row.custodian_email,
            notify_on_access: row.notify_on_access,
            notification_emails: row.notification_emails,
            metadata: row.metadata,
            entity_types: row.entity_types,
            agent_ids: row.agent_ids,
            user_ids: row.user_ids,
            data_from: clock::iso_or_none(row.data_from),
            data_to: clock::iso_or_none(row.data_to),
            created_by: row.created_by,
            created_at: clock::iso(row.created_at),
            released_by: row.released_by,
            released_at: clock::iso_or_none(row.released_at),
        }
    }
}

/// A page of legal holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LegalHoldPage {
    /// How many there are in all.
    count: u64,
    /// The holds, newest first.
    results: Vec<LegalHoldReply>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// Which holds.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct LegalHoldQuery {
    /// `active`, `released` or `expired`.
    status: Option<String>,
    /// How many. Default: 50, at most 500.
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists legal holds.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/legal-holds", tag = "retention", operation_id = "list_legal_holds",
    params(LegalHoldQuery),
    responses(
        (status = 200, description = "A page of holds", body = LegalHoldPage),
        (status = "4XX", description = "The query is wrong, or the key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["retention:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<LegalHoldQuery>,
) -> Result<Json<LegalHoldPage>, ApiError> {
    let status = one_of("status", query.status.as_deref(), &[ACTIVE, RELEASED, EXPIRED])?;
    let page = page(query.limit, None, query.cursor.as_deref(), 50, 500)?;
    let found = service::list(&app, &caller, status, &page).await?.map(LegalHoldReply::from);
    Ok(Json(LegalHoldPage { count: found.total, results: found.rows, next_cursor: found.next }))
}

/// Makes a legal hold, in force at once.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/legal-holds", tag = "retention", operation_id = "create_legal_hold",
    request_body = LegalHoldRequest,
    responses(
        (status = 201, description = "The hold", body = LegalHoldReply),
        (status = "4XX", description = "The hold is not valid, or the key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["retention:write"]))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<LegalHoldRequest>,
) -> Result<(StatusCode, Json<LegalHoldReply>), ApiError> {
    let row = service::create(&app, &caller, request.into()).await?;
    Ok((StatusCode::CREATED, Json(row.into())))
}

/// Shows a legal hold.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/legal-holds/{id}", tag = "retention", operation_id = "get_legal_hold",
    params(("id" = String, Path, description = "The hold")),
    responses(
        (status = 200, description = "The hold", body = LegalHoldReply),
        (status = "4XX", description = "There is no such hold, or the key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["retention:read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<LegalHoldReply>, ApiError> {
    Ok(Json(service::get(&app, &caller, &id).await?.into()))
}

/// Changes a legal hold that is in force.
#[utoipa::path(
    patch, path = "/api/zentinelle/v1/legal-holds/{id}", tag = "retention", operation_id = "update_legal_hold",
    params(("id" = String, Path, description = "The hold")), request_body = LegalHoldRequest,
    responses(
        (status = 200, description = "The hold", body = LegalHoldReply),
        (status = 409, description = "The hold was released", body = ErrorBody),
        (status = "4XX", description = "There is no such hold, the change is not valid, or the key may not",
            body = ErrorBody),
    ),
    security(("operator_key" = ["retention:write"]))
)]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    JsonBody(request): JsonBody<LegalHoldRequest>,
) -> Result<Json<LegalHoldReply>, ApiError> {
    Ok(Json(service::update(&app, &caller, &id, request.into()).await?.into()))
}

/// Releases a legal hold.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/legal-holds/{id}/release", tag = "retention",
    operation_id = "release_legal_hold", params(("id" = String, Path, description = "The hold")),
    responses(
        (status = 200, description = "The hold, released", body = LegalHoldReply),
        (status = 409, description = "The hold was released before", body = ErrorBody),
        (status = "4XX", description = "There is no such hold, or the key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["retention:write"]))
)]
pub(crate) async fn release(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<LegalHoldReply>, ApiError> {
    Ok(Json(service::release(&app, &caller, &id).await?.into()))
}

/// Removes a legal hold that was released.
#[utoipa::path(
    delete, path = "/api/zentinelle/v1/legal-holds/{id}", tag = "retention", operation_id = "delete_legal_hold",
    params(("id" = String, Path, description = "The hold")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 409, description = "The hold is in force", body = ErrorBody),
        (status = "4XX", description = "There is no such hold, or the key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["retention:write"]))
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<StatusCode, ApiError> {
    service::delete(&app, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
