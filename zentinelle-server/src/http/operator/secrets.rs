//! Secrets that agents fetch, and keys of model providers, for those who keep them.
//!
//! `GET secrets` and `GET secrets/{agent_id}` are the agents' own, so what operators manage stands
//! under `managed-secrets`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

use super::policies::page;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathName, Query};
use crate::service::secrets::{self, Kind, NewSecret};
use crate::store::entities::secret;
use crate::store::secrets as store;

/// How many secrets a page holds when nothing is said.
const PAGE: u64 = 100;
/// The largest page.
const LARGEST_PAGE: u64 = 1_000;

/// A secret as far as it may be shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretView {
    /// Its name; of a provider key the provider.
    name: String,
    /// Its last four characters; none of a short one.
    last_four: String,
    /// For whom: the level.
    scope: String,
    /// For whom: who of the level.
    scope_id: Option<String>,
    /// Whether it is handed out.
    active: bool,
    /// Who kept it first.
    created_by: String,
    /// When.
    created_at: String,
    /// When it was last replaced.
    updated_at: String,
    /// When it was last handed out, as far as that is kept.
    last_used_at: Option<String>,
}

impl SecretView {
    fn new(row: secret::Model) -> Self {
        Self {
            name: row.name,
            last_four: row.last_four,
            scope: row.scope_level,
            scope_id: row.scope_id,
            active: row.active,
            created_by: row.created_by,
            created_at: clock::iso(row.created_at),
            updated_at: clock::iso(row.updated_at),
            last_used_at: clock::iso_or_none(row.last_used_at),
        }
    }
}

/// Which secrets to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SecretQuery {
    /// How many. Default: 100, at most 1000.
    limit: Option<u64>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// A page of secrets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretPage {
    /// How many there are in all.
    count: u64,
    /// This page, in the order of names.
    results: Vec<SecretView>,
    /// Where the next page begins; none on the last.
    next_cursor: Option<String>,
}

/// A secret to be kept.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read by hand so that no error repeats it")]
pub(crate) struct PutSecretRequest {
    /// The secret: a text, or for agents an object of texts that they fetch under these names.
    #[schema(value_type = Object)]
    value: Value,
    /// For whom: `organization`, or a level and an id as `endpoint:builder`. Default: organization.
    scope: Option<String>,
    /// Whether it is handed out. Default: true.
    active: Option<bool>,
}

/// Reads a body without ever repeating what stands in it.
fn read(kind: Kind, body: Value) -> Result<NewSecret, ApiError> {
    let Value::Object(mut body) = body else {
        return Err(ApiError::invalid("body", "expected an object with `value`"));
    };
    let value = match body.remove("value") {
        Some(Value::String(value)) => Zeroizing::new(value),
        Some(Value::Object(texts))
            if kind == Kind::Bundle && !texts.is_empty() && texts.values().all(Value::is_string) =>
        {
            Zeroizing::new(Value::Object(texts).to_string())
        }
        _ => return Err(ApiError::invalid("value", "expected a text")),
    };
    let scope = match body.remove("scope") {
        None | Some(Value::Null) => None,
        Some(Value::String(scope)) => Some(scope),
        Some(_) => return Err(ApiError::invalid("scope", "expected a text")),
    };
    let active = match body.remove("active") {
        None | Some(Value::Null) => true,
        Some(Value::Bool(active)) => active,
        Some(_) => return Err(ApiError::invalid("active", "expected true or false")),
    };
    if !body.is_empty() {
        return Err(ApiError::invalid("body", "knows only `value`, `scope` and `active`"));
    }
    Ok(NewSecret { value, scope, active })
}

async fn listed(app: &App, caller: &Caller, kind: Kind, query: SecretQuery) -> Result<Json<SecretPage>, ApiError> {
    let limit = page(query.limit, PAGE, LARGEST_PAGE)?;
    let cursor = query.cursor.as_deref();
    cursor.map_or(Ok(()), secrets::check_name)?;
    let db = app.store.db();
    let count = store::count(db, &caller.tenant, kind.name()).await?;
    let mut rows = store::list(db, &caller.tenant, kind.name(), cursor, limit + 1).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = rows.last().filter(|_| more).map(|row| row.name.clone());
    Ok(Json(SecretPage { count, results: rows.into_iter().map(SecretView::new).collect(), next_cursor }))
}

async fn shown(app: &App, caller: &Caller, kind: Kind, name: &str) -> Result<Json<SecretView>, ApiError> {
    let row = store::by_name(app.store.db(), &caller.tenant, kind.name(), name).await?;
    Ok(Json(SecretView::new(row.ok_or(kind.missing())?)))
}

async fn kept(
    app: &App,
    caller: &Caller,
    kind: Kind,
    name: &str,
    body: Value,
) -> Result<(StatusCode, Json<SecretView>), ApiError> {
    let (row, is_new) = secrets::put(app, caller, kind, name, read(kind, body)?).await?;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(SecretView::new(row))))
}

/// Lists the secrets that agents fetch.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/managed-secrets", tag = "secrets", operation_id = "list_secrets",
    params(SecretQuery),
    responses(
        (status = 200, description = "A page of secrets, without their values", body = SecretPage),
        (status = "4XX", description = "The query is wrong", body = ErrorBody),
    ),
    security(("operator_key" = ["secrets:read"]))
)]
pub(crate) async fn list_secrets(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<SecretQuery>,
) -> Result<Json<SecretPage>, ApiError> {
    listed(&app, &caller, Kind::Bundle, query).await
}

/// One secret, without its value.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/managed-secrets/{name}", tag = "secrets", operation_id = "get_secret",
    params(("name" = String, Path, description = "The secret's name")),
    responses(
        (status = 200, description = "The secret, without its value", body = SecretView),
        (status = "4XX", description = "There is none", body = ErrorBody),
    ),
    security(("operator_key" = ["secrets:read"]))
)]
pub(crate) async fn get_secret(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(name): PathName,
) -> Result<Json<SecretView>, ApiError> {
    shown(&app, &caller, Kind::Bundle, &name).await
}

/// Keeps a secret, in the place of an earlier one of the name.
#[utoipa::path(
    put, path = "/api/zentinelle/v1/managed-secrets/{name}", tag = "secrets", operation_id = "put_secret",
    params(("name" = String, Path, description = "The secret's name")), request_body = PutSecretRequest,
    responses(
        (status = 200, description = "It was replaced", body = SecretView),
        (status = 201, description = "It is new", body = SecretView),
        (status = "4XX", description = "The request is wrong", body = ErrorBody),
    ),
    security(("operator_key" = ["secrets:write"]))
)]
pub(crate) async fn put_secret(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(name): PathName,
    JsonBody(body): JsonBody<Value>,
) -> Result<(StatusCode, Json<SecretView>), ApiError> {
    kept(&app, &caller, Kind::Bundle, &name, body).await
}

/// Takes a secret away.
#[utoipa::path(
    delete, path = "/api/zentinelle/v1/managed-secrets/{name}", tag = "secrets", operation_id = "delete_secret",
    params(("name" = String, Path, description = "The secret's name")),
    responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", description = "There is none", body = ErrorBody),
    ),
    security(("operator_key" = ["secrets:write"]))
)]
pub(crate) async fn delete_secret(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(name): PathName,
) -> Result<StatusCode, ApiError> {
    secrets::delete(&app, &caller, Kind::Bundle, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the keys of model providers.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/provider-keys", tag = "secrets", operation_id = "list_provider_keys",
    params(SecretQuery),
    responses(
        (status = 200, description = "A page of keys, of each at most four characters", body = SecretPage),
        (status = "4XX", description = "The query is wrong", body = ErrorBody),
    ),
    security(("operator_key" = ["secrets:read"]))
)]
pub(crate) async fn list_provider_keys(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<SecretQuery>,
) -> Result<Json<SecretPage>, ApiError> {
    listed(&app, &caller, Kind::Provider, query).await
}

/// The key of one provider, of which at most four characters are shown.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/provider-keys/{provider}", tag = "secrets", operation_id = "get_provider_key",
    params(("provider" = String, Path, description = "The provider, such as `openai`")),
    responses(
        (status = 200, description = "The key as far as it may be shown", body = SecretView),
        (status = "4XX", description = "There is none", body = ErrorBody),
    ),
    security(("operator_key" = ["secrets:read"]))
)]
pub(crate) async fn get_provider_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(provider): PathName,
) -> Result<Json<SecretView>, ApiError> {
    shown(&app, &caller, Kind::Provider, &provider).await
}

/// Keeps the key of a provider, in the place of an earlier one.
#[utoipa::path(
    put, path = "/api/zentinelle/v1/provider-keys/{provider}", tag = "secrets", operation_id = "put_provider_key",
    params(("provider" = String, Path, description = "The provider, such as `openai`")),
    request_body = PutSecretRequest,
    responses(
        (status = 200, description = "It was replaced", body = SecretView),
        (status = 201, description = "It is new", body = SecretView),
        (status = "4XX", description = "The request is wrong", body = ErrorBody),
    ),
    security(("operator_key" = ["secrets:write"]))
)]
pub(crate) async fn put_provider_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(provider): PathName,
    JsonBody(body): JsonBody<Value>,
) -> Result<(StatusCode, Json<SecretView>), ApiError> {
    kept(&app, &caller, Kind::Provider, &provider, body).await
}

/// Takes the key of a provider away.
#[utoipa::path(
    delete, path = "/api/zentinelle/v1/provider-keys/{provider}", tag = "secrets",
    operation_id = "delete_provider_key",
    params(("provider" = String, Path, description = "The provider, such as `openai`")),
    responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", description = "There is none", body = ErrorBody),
    ),
    security(("operator_key" = ["secrets:write"]))
)]
pub(crate) async fn delete_provider_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(provider): PathName,
) -> Result<StatusCode, ApiError> {
    secrets::delete(&app, &caller, Kind::Provider, &provider).await?;
    Ok(StatusCode::NO_CONTENT)
}
