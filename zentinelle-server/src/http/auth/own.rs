//! What people do for themselves: who they are, their password, one-time codes, and sessions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

use super::MeView;
use crate::app::App;
use crate::auth::{Caller, Permission};
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathId, Query};
use crate::service::{sessions, users};
use crate::store::entities::user_session;

/// Who asks: a person, or whoever has the key.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/auth/me", tag = "auth", operation_id = "me",
    responses((status = 200, description = "Who asks", body = MeView)),
    security(("operator_key" = ["me:read"]))
)]
pub(crate) async fn me(State(app): State<Arc<App>>, caller: Caller) -> Json<MeView> {
    Json(MeView::new(&app, &caller))
}

/// A change of one's own password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordRequest {
    /// The password of now.
    #[schema(format = Password)]
    current: String,
    /// The one from now on.
    #[schema(format = Password)]
    new: String,
}

/// Changes one's own password, and ends one's other sessions.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/auth/password", tag = "auth", operation_id = "change_password",
    request_body = PasswordRequest,
    responses(
        (status = 204, description = "Changed"),
        (status = "4XX", description = "The password of now is wrong, or the new one is weak", body = ErrorBody),
    ),
    security(("operator_key" = ["me:write"]))
)]
pub(crate) async fn change_password(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<PasswordRequest>,
) -> Result<StatusCode, ApiError> {
    let (current, new) = (Zeroizing::new(request.current), Zeroizing::new(request.new));
    users::change_password(&app, &caller, &current, &new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A secret for one-time codes.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotpReply {
    /// The secret as an `otpauth://` address, for a picture that the app reads. Shown once.
    uri: String,
}

/// Begins one-time codes: gives a secret, which counts once a code was confirmed.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/auth/totp", tag = "auth", operation_id = "begin_totp",
    responses(
        (status = 200, description = "The secret", body = TotpReply),
        (status = 409, description = "They are on already", body = ErrorBody),
    ),
    security(("operator_key" = ["me:write"]))
)]
pub(crate) async fn begin_totp(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<TotpReply>, ApiError> {
    let uri = users::begin_totp(&app, &caller).await?;
    Ok(Json(TotpReply { uri: uri.to_string() }))
}

/// A one-time code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeRequest {
    /// What the app shows.
    code: String,
}

/// What signs in once each in the place of a one-time code.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// The codes. Shown once.
    recovery_codes: Vec<String>,
}

impl RecoveryCodes {
    fn new(codes: &[Zeroizing<String>]) -> Self {
        Self { recovery_codes: codes.iter().map(|code| code.to_string()).collect() }
    }
}

/// Turns one-time codes on. Answers recovery codes for the day the device is lost.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/auth/totp/confirm", tag = "auth", operation_id = "confirm_totp",
    request_body = CodeRequest,
    responses(
        (status = 200, description = "A code is asked for from now on", body = RecoveryCodes),
        (status = "4XX", description = "The code is wrong, or nothing was begun", body = ErrorBody),
    ),
    security(("operator_key" = ["me:write"]))
)]
pub(crate) async fn confirm_totp(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<CodeRequest>,
) -> Result<Json<RecoveryCodes>, ApiError> {
    Ok(Json(RecoveryCodes::new(&users::set_totp(&app, &caller, &request.code, true).await?)))
}

/// Gives new recovery codes in the place of the old ones.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/auth/totp/recovery-codes", tag = "auth", operation_id = "renew_recovery_codes",
    request_body = CodeRequest,
    responses(
        (status = 200, description = "The new codes", body = RecoveryCodes),
        (status = "4XX", description = "The code is wrong, or one-time codes are off", body = ErrorBody),
    ),
    security(("operator_key" = ["me:write"]))
)]
pub(crate) async fn renew_recovery_codes(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<CodeRequest>,
) -> Result<Json<RecoveryCodes>, ApiError> {
    Ok(Json(RecoveryCodes::new(&users::renew_recovery_codes(&app, &caller, &request.code).await?)))
}

/// Turns one-time codes off.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/auth/totp/disable", tag = "auth", operation_id = "disable_totp",
    request_body = CodeRequest,
    responses(
        (status = 204, description = "No code is asked for any more"),
        (status = "4XX", description = "The code is wrong, or they are off", body = ErrorBody),
    ),
    security(("operator_key" = ["me:write"]))
)]
pub(crate) async fn disable_totp(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<CodeRequest>,
) -> Result<StatusCode, ApiError> {
    users::set_totp(&app, &caller, &request.code, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where somebody is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Its id.
    id: String,
    /// Whose.
    user_id: String,
    /// Whether it is the one that asks.
    current: bool,
    /// `local` or `oidc`.
    signed_in_by: String,
    /// When it began.
    created_at: String,
    /// When it was last used, give or take a minute.
    last_seen_at: String,
    /// When it ends in any case.
    expires_at: String,
    /// From where it began.
    ip_address: String,
    /// What the browser called itself.
    user_agent: String,
}

impl SessionView {
    fn new(row: user_session::Model, caller: &Caller) -> Self {
        let current = caller.signed_in.as_ref().is_some_and(|signed_in| signed_in.session_id == row.id);
        Self {
            current,
            id: row.id,
            user_id: row.user_id,
            signed_in_by: row.signed_in_by,
            created_at: clock::iso(row.created_at),
            last_seen_at: clock::iso(row.last_seen_at),
            expires_at: clock::iso(row.expires_at),
            ip_address: row.ip_address,
            user_agent: row.user_agent,
        }
    }
}

/// Whose sessions to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionQuery {
    /// Everybody's. Needs `users:read`.
    #[serde(default)]
    all: bool,
}

/// Open sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionList {
    /// How many.
    count: usize,
    /// The newest first; at most 500.
    results: Vec<SessionView>,
}

/// Whether a caller looks after other people.
fn may_users(caller: &Caller, verb: &str) -> Result<(), ApiError> {
    let needed = Permission::parse(&format!("users:{verb}"));
    match &needed {
        Some(permission) if caller.may(permission) => Ok(()),
        _ => Err(ApiError::Forbidden { needed }),
    }
}

/// Lists where one is signed in, or, for who looks after people, where everybody is.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/auth/sessions", tag = "auth", operation_id = "list_sessions",
    params(SessionQuery),
    responses((status = 200, description = "Open sessions", body = SessionList)),
    security(("operator_key" = ["me:read"]))
)]
pub(crate) async fn list_sessions(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<SessionQuery>,
) -> Result<Json<SessionList>, ApiError> {
    let own = caller.signed_in.as_ref().map_or("", |signed_in| signed_in.user_id.as_str());
    if query.all {
        may_users(&caller, "read")?;
    }
    let rows = sessions::list(&app, &caller, (!query.all).then_some(own)).await?;
    let results: Vec<SessionView> = rows.into_iter().map(|row| SessionView::new(row, &caller)).collect();
    Ok(Json(SessionList { count: results.len(), results }))
}

/// Ends a session of one's own, or, for who looks after people, anybody's.
#[utoipa::path(
    delete, path = "/api/zentinelle/v1/auth/sessions/{id}", tag = "auth", operation_id = "revoke_session",
    params(("id" = String, Path, description = "The session's id")),
    responses(
        (status = 204, description = "It has ended"),
        (status = "4XX", description = "There is none", body = ErrorBody),
    ),
    security(("operator_key" = ["me:write"]))
)]
pub(crate) async fn revoke_session(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<StatusCode, ApiError> {
    sessions::revoke(&app, &caller, &id, may_users(&caller, "write").is_ok()).await?;
    Ok(StatusCode::NO_CONTENT)
}
