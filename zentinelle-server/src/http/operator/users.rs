//! People, for who looks after them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

use super::policies::page;
use crate::app::App;
use crate::auth::{Caller, Role};
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathId, Query};
use crate::service::fields;
use crate::service::users::{self, NewUser, UserChange};
use crate::store::entities::user;
use crate::store::users as store;

/// How many people a page holds when nothing is said.
const PAGE: u64 = 100;
/// The largest page.
const LARGEST_PAGE: u64 = 1_000;

/// A person, without what lets them in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserView {
    /// Their id.
    id: String,
    /// Their e-mail address, by which they sign in.
    email: String,
    /// Their name.
    name: String,
    /// `admin`, `operator` or `viewer`.
    role: String,
    /// `local`, or `oidc` of who came from the identity provider.
    source: String,
    /// Whether they may not sign in.
    disabled: bool,
    /// Whether a one-time code is asked for.
    totp_enabled: bool,
    /// Whether the password is a temporary one.
    password_temporary: bool,
    /// Until when sign-ins wait, after too many failed.
    locked_until: Option<String>,
    /// When they last signed in.
    last_sign_in_at: Option<String>,
    /// Who made them.
    created_by: String,
    /// When.
    created_at: String,
    /// When they were last changed.
    updated_at: String,
}

impl UserView {
    /// A row as it is shown.
    pub(crate) fn new(row: user::Model) -> Self {
        let now = clock::now_micros();
        Self {
            id: row.id,
            email: row.email,
            name: row.name,
            role: row.role,
            source: row.source,
            disabled: row.disabled_at.is_some(),
            totp_enabled: row.totp_confirmed,
            password_temporary: row.password_temporary,
            locked_until: clock::iso_or_none(row.locked_until.filter(|until| *until > now)),
            last_sign_in_at: clock::iso_or_none(row.last_sign_in_at),
            created_by: row.created_by,
            created_at: clock::iso(row.created_at),
            updated_at: clock::iso(row.updated_at),
        }
    }
}

/// A person with a password that is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct IssuedUserView {
    /// The person.
    user: UserView,
    /// Good for seven days, and only for choosing another; none where the password was given.
    temporary_password: Option<String>,
}

impl IssuedUserView {
    fn new(row: user::Model, password: Option<Zeroizing<String>>) -> Self {
        Self { user: UserView::new(row), temporary_password: password.map(|password| password.to_string()) }
    }
}

/// Reads a role.
fn role(text: &str) -> Result<Role, ApiError> {
    Role::from_name(text).ok_or_else(|| ApiError::invalid("role", "expected admin, operator or viewer"))
}

/// Which people to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserQuery {
    /// Only those whose name or e-mail address holds this.
    search: Option<String>,
    /// Only of this role.
    role: Option<String>,
    /// Only those who may not sign in, or only those who may.
    disabled: Option<bool>,
    /// How many. Default: 100, at most 1000.
    limit: Option<u64>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// A page of people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserPage {
    /// How many there are in all.
    count: u64,
    /// This page.
    results: Vec<UserView>,
    /// Where the next page begins; none on the last.
    next_cursor: Option<String>,
}

/// Lists people.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/users", tag = "users", operation_id = "list_users", params(UserQuery),
    responses(
        (status = 200, description = "A page of people", body = UserPage),
        (status = "4XX", description = "The query is wrong", body = ErrorBody),
    ),
    security(("operator_key" = ["users:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<UserQuery>,
) -> Result<Json<UserPage>, ApiError> {
    for (field, text) in [("search", &query.search), ("cursor", &query.cursor)] {
        fields::optional(field, text.as_deref(), fields::MOST_NAME)?;
    }
    let limit = page(query.limit, PAGE, LARGEST_PAGE)?;
    let role = query.role.as_deref().map(role).transpose()?;
    let filter =
        store::Filter { search: query.search, role: role.map(|role| role.name().to_owned()), disabled: query.disabled };
    let count = store::count(app.store.db(), &caller.tenant, &filter).await?;
    let mut rows = store::list(app.store.db(), &caller.tenant, &filter, query.cursor.as_deref(), limit + 1).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = rows.last().filter(|_| more).map(|row| row.id.clone());
    Ok(Json(UserPage { count, results: rows.into_iter().map(UserView::new).collect(), next_cursor }))
}

/// A person to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateUserRequest {
    /// Their e-mail address, by which they sign in.
    email: String,
    /// Their name.
    name: String,
    /// `admin`, `operator` or `viewer`.
    role: String,
    /// Their password; without one a temporary one is made and shown.
    #[schema(format = Password)]
    password: Option<String>,
}

/// Makes a person.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/users", tag = "users", operation_id = "create_user",
    request_body = CreateUserRequest,
    responses(
        (status = 201, description = "The person", body = IssuedUserView),
        (status = "4XX", description = "The person cannot be made so", body = ErrorBody),
    ),
    security(("operator_key" = ["users:write"]))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<CreateUserRequest>,
) -> Result<(StatusCode, Json<IssuedUserView>), ApiError> {
    let password = request.password.map(Zeroizing::new);
    let new = NewUser { email: request.email, name: request.name, role: role(&request.role)? };
    let (row, temporary) = users::create(&app.store, &caller, new, password.as_deref().map(String::as_str)).await?;
    Ok((StatusCode::CREATED, Json(IssuedUserView::new(row, temporary))))
}

/// One person.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/users/{id}", tag = "users", operation_id = "get_user",
    params(("id" = String, Path, description = "The person's id")),
    responses(
        (status = 200, description = "The person", body = UserView),
        (status = "4XX", description = "There is none", body = ErrorBody),
    ),
    security(("operator_key" = ["users:read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<UserView>, ApiError> {
    let row = store::by_id(app.store.db(), &caller.tenant, &id).await?;
    Ok(Json(UserView::new(row.ok_or(ApiError::NotFound { what: "user" })?)))
}

/// What to change of a person; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UpdateUserRequest {
    /// Their name.
    name: Option<String>,
    /// `admin`, `operator` or `viewer`. Another one ends their sessions.
    role: Option<String>,
    /// Whether they may not sign in. True ends their sessions.
    disabled: Option<bool>,
}

/// Changes a person.
#[utoipa::path(
    patch, path = "/api/zentinelle/v1/users/{id}", tag = "users", operation_id = "update_user",
    params(("id" = String, Path, description = "The person's id")), request_body = UpdateUserRequest,
    responses(
        (status = 200, description = "The person as they are now", body = UserView),
        (status = 409, description = "The last administrator stays one", body = ErrorBody),
        (status = "4XX", description = "There is none, or the change makes no sense", body = ErrorBody),
    ),
    security(("operator_key" = ["users:write"]))
)]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    JsonBody(request): JsonBody<UpdateUserRequest>,
) -> Result<Json<UserView>, ApiError> {
    let role = request.role.as_deref().map(role).transpose()?;
    let change = UserChange { name: request.name, role, disabled: request.disabled };
    let row = users::update(&app.store, &caller, &id, change).await?;
    app.person_changed(&caller.tenant, &id).await;
    Ok(Json(UserView::new(row)))
}

/// Takes a person away. What they did stays on the audit trail.
#[utoipa::path(
    delete, path = "/api/zentinelle/v1/users/{id}", tag = "users", operation_id = "delete_user",
    params(("id" = String, Path, description = "The person's id")),
    responses(
        (status = 204, description = "They are gone"),
        (status = 409, description = "The last administrator stays", body = ErrorBody),
        (status = "4XX", description = "There is none", body = ErrorBody),
    ),
    security(("operator_key" = ["users:write"]))
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<StatusCode, ApiError> {
    users::delete(&app.store, &caller, &id).await?;
    app.person_changed(&caller.tenant, &id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// How to reset a password.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ResetRequest {
    /// Also turn one-time codes off, for somebody who lost the device.
    totp: bool,
}

/// Gives a person a temporary password, and ends their sessions.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/users/{id}/reset", tag = "users", operation_id = "reset_password",
    params(("id" = String, Path, description = "The person's id")), request_body = ResetRequest,
    responses(
        (status = 200, description = "The person, with the password", body = IssuedUserView),
        (status = "4XX", description = "There is none", body = ErrorBody),
    ),
    security(("operator_key" = ["users:write"]))
)]
pub(crate) async fn reset(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    JsonBody(request): JsonBody<ResetRequest>,
) -> Result<Json<IssuedUserView>, ApiError> {
    let (row, password) = users::reset(&app.store, &caller, &id, request.totp).await?;
    app.person_changed(&caller.tenant, &id).await;
    Ok(Json(IssuedUserView::new(row, Some(password))))
}
