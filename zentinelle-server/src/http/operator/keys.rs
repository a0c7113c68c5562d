//! Keys of operators, and those that enrol agents.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::policies::page;
use crate::app::App;
use crate::auth::key::{IssuedKey, KeyKind};
use crate::auth::{Caller, Permission, Role};
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathName, Query};
use crate::service::fields;
use crate::service::keys::{self, NewKey};
use crate::store::entities::api_key;
use crate::store::keys as store;

/// How many keys a page holds when nothing is said.
const PAGE: u64 = 100;
/// The largest page.
const LARGEST_PAGE: u64 = 1_000;
/// The kinds a key may have.
const KINDS: [&str; 4] = ["operator", "enrolment", "bootstrap", "agent"];

/// A key, without what opens anything.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyView {
    /// Its id. It stays the same when the key is rotated.
    id: String,
    /// What it is for: operator, enrolment, bootstrap or agent.
    kind: String,
    /// The part of its text that may be shown.
    public_id: String,
    /// Its name for people.
    label: String,
    /// Of an operator key.
    role: Option<String>,
    /// Of an operator key: the permissions it is narrowed to; empty for all of the role.
    #[schema(value_type = Vec<String>)]
    scopes: Value,
    /// Of an agent key.
    agent_id: Option<String>,
    /// Whether it can be used: active, expired, revoked or used_up.
    status: &'static str,
    /// How many agents it may enrol; none for any number.
    max_uses: Option<i64>,
    /// How many it enrolled.
    use_count: i64,
    /// When it was last used, give or take five minutes.
    last_used_at: Option<String>,
    /// When it ends.
    expires_at: Option<String>,
    /// When it was revoked.
    revoked_at: Option<String>,
    /// The key that took its place; it goes on beside that one until it expires.
    replaced_by: Option<String>,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: String,
}

impl KeyView {
    /// A row as it is shown.
    pub(crate) fn new(row: api_key::Model) -> Self {
        let now = clock::now_micros();
        let status = match &row {
            row if row.revoked_at.is_some() => "revoked",
            row if row.expires_at.is_some_and(|end| end <= now) => "expired",
            row if row.max_uses.is_some_and(|most| row.use_count >= most) => "used_up",
            _ => "active",
        };
        Self {
            id: row.id,
            kind: row.kind,
            public_id: row.public_id,
            label: row.label,
            role: row.role,
            scopes: row.scopes,
            agent_id: row.agent_id,
            status,
            max_uses: row.max_uses,
            use_count: row.use_count,
            last_used_at: clock::iso_or_none(row.last_used_at),
            expires_at: clock::iso_or_none(row.expires_at),
            revoked_at: clock::iso_or_none(row.revoked_at),
            replaced_by: row.replaced_by,
            created_by: row.created_by,
            created_at: clock::iso(row.created_at),
        }
    }
}

/// A key with its text, which is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct IssuedView {
    /// The whole key. It cannot be shown again.
    api_key: String,
    /// The key as it is listed.
    key: KeyView,
}

impl IssuedView {
    fn new((row, key): (api_key::Model, IssuedKey)) -> Self {
        Self { api_key: key.text.to_string(), key: KeyView::new(row) }
    }
}

/// Which keys to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeyQuery {
    /// Only of this kind: operator, enrolment, bootstrap or agent.
    kind: Option<String>,
    /// Only of this agent.
    agent_id: Option<String>,
    /// Only those that are neither revoked nor expired.
    #[serde(default)]
    active: bool,
    /// How many. Default: 100, at most 1000.
    limit: Option<u64>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// A page of keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyPage {
    /// How many there are in all.
    count: u64,
    /// This page.
    results: Vec<KeyView>,
    /// Where the next page begins; none on the last.
    next_cursor: Option<String>,
}

/// Lists keys.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/keys", tag = "keys", operation_id = "list_keys", params(KeyQuery),
    responses(
        (status = 200, description = "A page of keys", body = KeyPage),
        (status = "4XX", description = "The query is wrong", body = ErrorBody),
    ),
    security(("operator_key" = ["keys:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<KeyQuery>,
) -> Result<Json<KeyPage>, ApiError> {
    if query.kind.as_deref().is_some_and(|kind| !KINDS.contains(&kind)) {
        return Err(ApiError::invalid("kind", format!("expected one of {}", KINDS.join(", "))));
    }
    for (field, text) in [("agent_id", &query.agent_id), ("cursor", &query.cursor)] {
        fields::text(field, text.as_deref().unwrap_or_default(), fields::MOST_NAME)?;
    }
    let limit = page(query.limit, PAGE, LARGEST_PAGE)?;
    let filter =
        store::Filter { kind: query.kind, agent_id: query.agent_id, usable_at: query.active.then(clock::now_micros) };
    let count = store::count(app.store.db(), &caller.tenant, &filter).await?;
    let mut rows = store::list(app.store.db(), &caller.tenant, &filter, query.cursor.as_deref(), limit + 1).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = rows.last().filter(|_| more).map(|row| row.id.clone());
    Ok(Json(KeyPage { count, results: rows.into_iter().map(KeyView::new).collect(), next_cursor }))
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateKeyRequest {
    /// What it is for: operator, enrolment (acts for the agents it enrols) or bootstrap (only enrols).
    kind: String,
    /// A name for people.
    label: String,
    /// Of an operator key: admin, operator or viewer.
    role: Option<String>,
    /// Of an operator key: the permissions it is narrowed to, such as `policies:read`.
    scopes: Option<Vec<String>>,
    /// For how long it is good, such as `24h` or `30d`, or a number of seconds.
    #[schema(value_type = Option<String>)]
    expires_in: Option<Value>,
    /// How many agents it may enrol.
    max_uses: Option<i64>,
    /// The same as `max_uses` of 1.
    #[serde(default)]
    single_use: bool,
}

impl CreateKeyRequest {
    fn read(self) -> Result<NewKey, ApiError> {
        let kind = KeyKind::from_name(&self.kind)
            .ok_or_else(|| ApiError::invalid("kind", "expected operator, enrolment or bootstrap"))?;
        let role = |name: String| {
            Role::from_name(&name).ok_or_else(|| ApiError::invalid("role", "expected admin, operator or viewer"))
        };
        let scope = |text: String| {
            Permission::parse(&text)
                .ok_or_else(|| ApiError::invalid("scopes", "a scope is a resource and a verb, such as `policies:read`"))
        };
        let max_uses = match (self.single_use, self.max_uses) {
            (true, None | Some(1)) => Some(1),
            (true, Some(_)) => return Err(ApiError::invalid("max_uses", "contradicts `single_use`")),
            (false, uses) => uses,
        };
        let expires_in = match self.expires_in {
            None | Some(Value::Null) => None,
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::String(text)) => Some(text),
            Some(_) => return Err(ApiError::invalid("expires_in", "expected a span such as `24h`")),
        };
        let seconds = expires_in.map(|text| fields::seconds("expires_in", &text)).transpose()?;
        Ok(NewKey {
            role: self.role.map(role).transpose()?,
            scopes: self.scopes.unwrap_or_default().into_iter().map(scope).collect::<Result<_, _>>()?,
            max_uses,
            expires_at: seconds.map(|seconds| clock::now_micros().saturating_add(seconds * 1_000_000)),
            ..NewKey::new(kind, self.label)
        })
    }
}

/// Makes a key. Its text is in the reply and nowhere else.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/keys", tag = "keys", operation_id = "create_key",
    request_body = CreateKeyRequest,
    responses(
        (status = 201, description = "The key with its text", body = IssuedView),
        (status = "4XX", description = "The key cannot be made so", body = ErrorBody),
    ),
    security(("operator_key" = ["keys:write"]))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<CreateKeyRequest>,
) -> Result<(StatusCode, Json<IssuedView>), ApiError> {
    let made = keys::create(&app, &caller, request.read()?).await?;
    Ok((StatusCode::CREATED, Json(IssuedView::new(made))))
}

/// One key.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/keys/{id}", tag = "keys", operation_id = "get_key",
    params(("id" = String, Path, description = "The key's id")),
    responses(
        (status = 200, description = "The key", body = KeyView),
        (status = "4XX", description = "There is none", body = ErrorBody),
    ),
    security(("operator_key" = ["keys:read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
) -> Result<Json<KeyView>, ApiError> {
    let row = store::by_id(app.store.db(), &caller.tenant, &id).await?;
    Ok(Json(KeyView::new(row.ok_or(ApiError::NotFound { what: "key" })?)))
}

/// How to rotate a key.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RotateRequest {
    /// For how long the old text is good beside the new one. Default: 0, at most 30 days. Unit: seconds.
    overlap_seconds: u32,
}

/// Gives a key a new text. The id stays, and with it the agents an enrolment key enrolled.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/keys/{id}/rotate", tag = "keys", operation_id = "rotate_key",
    params(("id" = String, Path, description = "The key's id")), request_body = RotateRequest,
    responses(
        (status = 200, description = "The key with its new text", body = IssuedView),
        (status = 409, description = "The key has ended", body = ErrorBody),
        (status = "4XX", description = "There is none", body = ErrorBody),
    ),
    security(("operator_key" = ["keys:write"]))
)]
pub(crate) async fn rotate(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
    JsonBody(request): JsonBody<RotateRequest>,
) -> Result<Json<IssuedView>, ApiError> {
    Ok(Json(IssuedView::new(keys::rotate(&app, &caller, &id, request.overlap_seconds).await?)))
}

/// Revokes a key. It opens nothing from the moment of the reply on.
#[utoipa::path(
    delete, path = "/api/zentinelle/v1/keys/{id}", tag = "keys", operation_id = "revoke_key",
    params(("id" = String, Path, description = "The key's id")),
    responses(
        (status = 204, description = "It is revoked"),
        (status = "4XX", description = "There is none", body = ErrorBody),
    ),
    security(("operator_key" = ["keys:write"]))
)]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
) -> Result<StatusCode, ApiError> {
    keys::revoke(&app, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
