//! Policies one by one: list, make, change, delete, and what they once were.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{IfMatch, JsonBody, PathName, Query};
use crate::service::fields;
use crate::service::policies::{self, diff, draft};
use crate::store::entities::{policy, policy_revision};
use crate::store::policies as store;
use crate::store::{StoreError, tenants};

/// How many policies a page holds when nothing is said.
const PAGE: u64 = 100;
/// The largest page.
const LARGEST_PAGE: u64 = 1_000;
/// How many revisions a page holds when nothing is said.
const HISTORY_PAGE: u64 = 50;
/// The longest text to look for, and the longest summary of a change. Unit: characters.
const MOST_TEXT: usize = 500;

/// A policy.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PolicyView {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// What it is for.
    description: String,
    /// Its kind.
    #[serde(rename = "type")]
    policy_type: String,
    /// Where it applies.
    scope: ScopeView,
    /// Which policy of a type wins: higher beats lower.
    priority: i64,
    /// What a violation does: enforce, audit or disabled.
    enforcement: String,
    /// Whether a narrower policy can take its place: replace or floor.
    inheritance: String,
    /// Whether it takes part.
    enabled: bool,
    /// Its configuration.
    #[schema(value_type = Object)]
    config: Value,
    /// Counts its changes; also in `ETag`.
    version: i64,
    /// Who keeps it: api, document, pack or demo.
    source: String,
    /// Who made it.
    created_by: String,
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

/// Where a policy applies.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PolicyScope)]
pub(crate) struct ScopeView {
    /// The level: organization, sub_organization, deployment, group, endpoint or user.
    #[serde(rename = "type")]
    level: String,
    /// Who is meant; none for the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

impl PolicyView {
    /// A row as it is shown.
    pub(crate) fn new(row: policy::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            description: row.description,
            policy_type: row.policy_type,
            scope: ScopeView { level: row.scope_level, id: row.scope_id },
            priority: row.priority,
            enforcement: row.enforcement,
            inheritance: row.inheritance,
            enabled: row.enabled,
            config: row.config,
            version: row.version,
            source: row.source,
            created_by: row.created_by,
            created_at: clock::iso(row.created_at),
            updated_at: clock::iso(row.updated_at),
        }
    }
}

/// A policy with its version as `ETag`.
type Tagged = ([(HeaderName, String); 1], Json<PolicyView>);

fn tagged(row: policy::Model) -> Tagged {
    ([(header::ETAG, format!("\"{}\"", row.version))], Json(PolicyView::new(row)))
}

/// Which policies to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PolicyQuery {
    /// Only of this type.
    #[serde(rename = "type")]
    pub(crate) policy_type: Option<String>,
    /// Only of this scope: a level, or a level and an id as `user:alice`.
    pub(crate) scope: Option<String>,
    /// Only those that take part, or do not.
    pub(crate) enabled: Option<bool>,
    /// Only of this enforcement.
    pub(crate) enforcement: Option<String>,
    /// Only kept by: api, document, pack or demo.
    pub(crate) source: Option<String>,
    /// Only whose name or description holds this.
    pub(crate) q: Option<String>,
    /// How many. Default: 100, at most 1000.
    limit: Option<u64>,
    /// Where the page before ended.
    cursor: Option<String>,
}

impl PolicyQuery {
    /// The filter, once the words are known ones.
    pub(crate) fn filter(&self) -> Result<store::Filter, ApiError> {
        let known = |field: &str, word: &Option<String>, words: &[&str]| match word {
            Some(word) if !words.contains(&word.as_str()) => {
                Err(ApiError::invalid(field, format!("expected one of {}", words.join(", "))))
            }
            _ => Ok(()),
        };
        let types: Vec<&str> = zentinelle_core::PolicyType::ALL.iter().map(|kind| kind.name()).collect();
        known("type", &self.policy_type, &types)?;
        known("enforcement", &self.enforcement, &["enforce", "audit", "disabled"])?;
        known("source", &self.source, &["api", "document", "pack", "demo"])?;
        let (level, id) = match self.scope.as_deref().map(|scope| scope.split_once(':').unwrap_or((scope, ""))) {
            Some((level, id)) => (Some(level.to_owned()), Some(id.to_owned()).filter(|id| !id.is_empty())),
            None => (None, None),
        };
        let levels: Vec<&str> = zentinelle_core::scope::ScopeLevel::ALL.iter().map(|level| level.name()).collect();
        known("scope", &level, &levels)?;
        for (field, text) in [("q", &self.q), ("cursor", &self.cursor), ("scope", &id)] {
            fields::text(field, text.as_deref().unwrap_or_default(), MOST_TEXT)?;
        }
        Ok(store::Filter {
            policy_type: self.policy_type.clone(),
            scope_level: level,
            scope_id: id,
            enabled: self.enabled,
            enforcement: self.enforcement.clone(),
            source: self.source.clone(),
            text: self.q.clone().filter(|text| !text.is_empty()),
        })
    }
}

/// A size of page within its bounds.
pub(crate) fn page(limit: Option<u64>, default: u64, most: u64) -> Result<u64, ApiError> {
    match limit {
        Some(0) => Err(ApiError::invalid("limit", format!("expected 1 to {most}"))),
        limit => Ok(limit.unwrap_or(default).min(most)),
    }
}

/// A page of policies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyPage {
    /// How many there are in all.
    count: u64,
    /// This page, in the order of ids.
    results: Vec<PolicyView>,
    /// Where the next page begins; none on the last.
    next_cursor: Option<String>,
}

/// Lists policies.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/policies", tag = "policies", operation_id = "list_policies", params(PolicyQuery),
    responses(
        (status = 200, description = "A page of policies", body = PolicyPage),
        (status = "4XX", description = "The query is wrong", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<PolicyQuery>,
) -> Result<Json<PolicyPage>, ApiError> {
    let (filter, limit) = (query.filter()?, page(query.limit, PAGE, LARGEST_PAGE)?);
    let db = app.store.db();
    let count = store::count(db, &caller.tenant, &filter).await?;
    let mut rows = store::list(db, &caller.tenant, &filter, query.cursor.as_deref(), limit + 1).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = rows.last().filter(|_| more).map(|row| row.id.clone());
    Ok(Json(PolicyPage { count, results: rows.into_iter().map(PolicyView::new).collect(), next_cursor }))
}

/// What a body says beside the policy itself.
struct Envelope {
    version: Option<i64>,
    summary: String,
}

/// Takes the version and the summary out of a body; what is left is the policy.
fn opened(mut body: Map<String, Value>, header: Option<i64>) -> Result<(Map<String, Value>, Envelope), ApiError> {
    let version = match body.remove("version") {
        None | Some(Value::Null) => None,
        Some(version) => Some(version.as_i64().ok_or_else(|| ApiError::invalid("version", "expected a whole number"))?),
    };
    let summary = match body.remove("change_summary") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(summary)) => summary,
        Some(_) => return Err(ApiError::invalid("change_summary", "expected a text")),
    };
    fields::text("change_summary", &summary, MOST_TEXT)?;
    // A policy that was read is often sent back whole.
    for key in ["created_at", "updated_at", "created_by", "source"] {
        body.remove(key);
    }
    if let (Some(one), Some(other)) = (version, header)
        && one != other
    {
        return Err(ApiError::invalid("version", "`If-Match` names another version"));
    }
    Ok((body, Envelope { version: version.or(header), summary }))
}

/// A policy as its author writes it: `name` and `type` are needed. `config` has the keys of the type;
/// `scope` is a word such as `organization` or `user:alice`, or an object with `type` and `id`.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body, which the core reads")]
pub(crate) struct PolicyInput {
    /// The name.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// The kind of policy.
    #[schema(rename = "type")]
    policy_type: String,
    /// Where it applies. Default: organization.
    #[schema(value_type = Option<Object>)]
    scope: Option<Value>,
    /// Which policy of a type wins. Default: 0.
    priority: Option<i64>,
    /// enforce, audit or disabled. Default: enforce.
    enforcement: Option<String>,
    /// replace or floor. Default: replace.
    inheritance: Option<String>,
    /// Whether it takes part. Default: true.
    enabled: Option<bool>,
    /// The configuration. Default: empty.
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
    /// The version that is to be changed; another one in the database is a conflict.
    version: Option<i64>,
    /// Why it is changed, for the history.
    change_summary: Option<String>,
}

/// Makes a policy. It decides from the moment of the reply on.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/policies", tag = "policies", operation_id = "create_policy",
    request_body = PolicyInput,
    responses(
        (status = 201, description = "The policy", body = PolicyView),
        (status = "4XX", description = "The policy is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:write"]))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(body): JsonBody<Map<String, Value>>,
) -> Result<(StatusCode, Tagged), ApiError> {
    let (mut body, envelope) = opened(body, None)?;
    if body.remove("id").is_some_and(|id| !id.is_null()) {
        return Err(ApiError::invalid("id", "the server makes ids; an import keeps those of a document"));
    }
    let written = draft::read_new(&app, &caller.tenant, Value::Object(body)).await?;
    let row = policies::create(&app, &caller, &written, &envelope.summary).await?;
    Ok((StatusCode::CREATED, tagged(row)))
}

/// One policy.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/policies/{id}", tag = "policies", operation_id = "get_policy",
    params(("id" = String, Path, description = "The policy's id")),
    responses(
        (status = 200, description = "The policy", body = PolicyView),
        (status = "4XX", description = "There is none", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
) -> Result<Tagged, ApiError> {
    let row = store::by_id(app.store.db(), &caller.tenant, &id).await?;
    Ok(tagged(row.ok_or(ApiError::NotFound { what: "policy" })?))
}

/// Refuses a body whose id is not the path's.
fn same_id(body: &mut Map<String, Value>, id: &str) -> Result<(), ApiError> {
    match body.remove("id") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(named)) if named == id => Ok(()),
        Some(_) => Err(ApiError::invalid("id", "is not the id of the path; ids cannot be changed")),
    }
}

/// Replaces a policy: what is left out gets its default.
#[utoipa::path(
    put, path = "/api/zentinelle/v1/policies/{id}", tag = "policies", operation_id = "replace_policy",
    params(("id" = String, Path, description = "The policy's id")), request_body = PolicyInput,
    responses(
        (status = 200, description = "The policy", body = PolicyView),
        (status = 409, description = "Somebody else changed it first", body = ErrorBody),
        (status = "4XX", description = "The policy is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:write"]))
)]
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
    IfMatch(version): IfMatch,
    JsonBody(body): JsonBody<Map<String, Value>>,
) -> Result<Tagged, ApiError> {
    let (mut body, envelope) = opened(body, version)?;
    same_id(&mut body, &id)?;
    let written = draft::read(Value::Object(body), &caller.tenant)?;
    let row = policies::change(&app, &caller, &id, envelope.version, &envelope.summary, |_| Ok(written)).await?;
    Ok(tagged(row))
}

/// Changes some of a policy: what is left out stays. A `config` that is given replaces the whole config.
#[utoipa::path(
    patch, path = "/api/zentinelle/v1/policies/{id}", tag = "policies", operation_id = "update_policy",
    params(("id" = String, Path, description = "The policy's id")), request_body = PolicyInput,
    responses(
        (status = 200, description = "The policy", body = PolicyView),
        (status = 409, description = "Somebody else changed it first", body = ErrorBody),
        (status = "4XX", description = "The policy is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:write"]))
)]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
    IfMatch(version): IfMatch,
    JsonBody(body): JsonBody<Map<String, Value>>,
) -> Result<Tagged, ApiError> {
    let (mut body, envelope) = opened(body, version)?;
    same_id(&mut body, &id)?;
    let change = |before: &policy::Model| {
        let mut written = draft::of_row(before);
        written.extend(body.into_iter().filter(|(_, value)| !value.is_null()));
        draft::read(Value::Object(written), &caller.tenant)
    };
    let row = policies::change(&app, &caller, &id, envelope.version, &envelope.summary, change).await?;
    Ok(tagged(row))
}

/// Deletes a policy. Its history can still be read, and it can be restored.
#[utoipa::path(
    delete, path = "/api/zentinelle/v1/policies/{id}", tag = "policies", operation_id = "delete_policy",
    params(("id" = String, Path, description = "The policy's id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 409, description = "Somebody else changed it first", body = ErrorBody),
        (status = "4XX", description = "There is none", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:write"]))
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
    IfMatch(version): IfMatch,
) -> Result<StatusCode, ApiError> {
    policies::delete(&app, &caller, &id, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which revisions to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// How many. Default: 50, at most 1000.
    limit: Option<u64>,
    /// How many of the newest to leave out.
    offset: Option<u32>,
    /// Where the page before ended.
    cursor: Option<i64>,
}

/// One version that a policy had.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyRevision)]
pub(crate) struct RevisionView {
    /// The policy's id and the version.
    id: String,
    /// The policy.
    policy_id: String,
    /// The version.
    version: i64,
    /// The whole policy as it was; with `deleted` when the version is its end.
    #[schema(value_type = Object)]
    snapshot: Value,
    /// Who changed it.
    changed_by: String,
    /// When.
    changed_at: String,
    /// Why, or what.
    change_summary: String,
}

impl RevisionView {
    fn new(row: policy_revision::Model) -> Self {
        Self {
            id: format!("{}:{}", row.policy_id, row.version),
            policy_id: row.policy_id,
            version: row.version,
            snapshot: row.snapshot,
            changed_by: row.changed_by,
            changed_at: clock::iso(row.changed_at),
            change_summary: row.change_summary,
        }
    }
}

/// A page of versions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyHistory)]
pub(crate) struct HistoryPage {
    /// How many there are in all.
    count: u64,
    /// This page, newest first.
    results: Vec<RevisionView>,
    /// Where the next page begins; none on the last.
    next_cursor: Option<i64>,
}

/// Every version a policy had, newest first, also after it was deleted.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/policies/{id}/history", tag = "policies", operation_id = "policy_history",
    params(("id" = String, Path, description = "The policy's id"), HistoryQuery),
    responses(
        (status = 200, description = "A page of versions", body = HistoryPage),
        (status = "4XX", description = "There never was such a policy", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:read"]))
)]
pub(crate) async fn history(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<HistoryPage>, ApiError> {
    let limit = page(query.limit, HISTORY_PAGE, LARGEST_PAGE)?;
    let db = app.store.db();
    let count = store::revision_count(db, &caller.tenant, &id).await?;
    // A policy that was not made through the server, such as the demo's, has no versions yet.
    if count == 0 && store::by_id(db, &caller.tenant, &id).await?.is_none() {
        return Err(ApiError::NotFound { what: "policy" });
    }
    let offset = u64::from(query.offset.unwrap_or_default());
    let mut rows = store::revisions(db, &caller.tenant, &id, query.cursor, offset, limit + 1).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = rows.last().filter(|_| more).map(|row| row.version);
    Ok(Json(HistoryPage { count, results: rows.into_iter().map(RevisionView::new).collect(), next_cursor }))
}

/// Which versions to compare.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DiffQuery {
    /// The earlier version.
    from: i64,
    /// The later version.
    to: i64,
}

/// What differs between two versions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyDiff)]
pub(crate) struct DiffView {
    /// The policy.
    policy_id: String,
    /// The earlier version.
    from_version: i64,
    /// The later version.
    to_version: i64,
    /// Fields only the later one has.
    #[schema(value_type = Object)]
    added: Map<String, Value>,
    /// Fields only the earlier one has.
    #[schema(value_type = Object)]
    removed: Map<String, Value>,
    /// Fields that differ, as `[old, new]`; of `config` what differs inside it, one level deep.
    #[schema(value_type = Object)]
    changed: Map<String, Value>,
}

/// What differs between two versions of a policy.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/policies/{id}/diff", tag = "policies", operation_id = "policy_diff",
    params(("id" = String, Path, description = "The policy's id"), DiffQuery),
    responses(
        (status = 200, description = "What differs", body = DiffView),
        (status = "4XX", description = "There is no such version", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:read"]))
)]
pub(crate) async fn diff(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
    Query(query): Query<DiffQuery>,
) -> Result<Json<DiffView>, ApiError> {
    let mut snapshots = Vec::with_capacity(2);
    for version in [query.from, query.to] {
        let row = store::revision(app.store.db(), &caller.tenant, &id, version).await?;
        let mut snapshot = row.ok_or(ApiError::NotFound { what: "version of this policy" })?.snapshot;
        // The versions are named beside; that they differ is no difference.
        if let Some(keys) = snapshot.as_object_mut() {
            keys.remove("version");
        }
        snapshots.push(snapshot.as_object().cloned().unwrap_or_default());
    }
    let (new, old) = (snapshots.pop().unwrap_or_default(), snapshots.pop().unwrap_or_default());
    let diff::Fields { added, removed, changed } = diff::fields(&old, &new);
    let (from_version, to_version) = (query.from, query.to);
    Ok(Json(DiffView { policy_id: id, from_version, to_version, added, removed, changed }))
}

/// Which version to restore.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestoreRequest {
    /// The version to go back to.
    version: i64,
}

/// Makes a policy what it was at an earlier version, as a new version. Brings deleted ones back.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/policies/{id}/restore", tag = "policies", operation_id = "restore_policy",
    params(("id" = String, Path, description = "The policy's id")), request_body = RestoreRequest,
    responses(
        (status = 200, description = "The policy as it now is", body = PolicyView),
        (status = 409, description = "Somebody else changed it first", body = ErrorBody),
        (status = "4XX", description = "There is no such version", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:write"]))
)]
pub(crate) async fn restore(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
    IfMatch(expected): IfMatch,
    JsonBody(request): JsonBody<RestoreRequest>,
) -> Result<Tagged, ApiError> {
    Ok(tagged(policies::restore(&app, &caller, &id, request.version, expected).await?))
}

/// How far the tenant's policies and settings have come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicySetRevision)]
pub(crate) struct Revision {
    /// Grows with every change that can change a decision.
    revision: i64,
    /// The revision this server decides by; the same, unless a change is on its way.
    deciding_revision: i64,
    /// How many policies there are.
    policies: u64,
    /// When the last change was made.
    updated_at: String,
}

/// How far the tenant's policies have come, and by which this server decides.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/policies/revision", tag = "policies", operation_id = "policy_revision",
    responses((status = 200, description = "The revision", body = Revision)),
    security(("operator_key" = ["policies:read"]))
)]
pub(crate) async fn revision(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Revision>, ApiError> {
    let tenant = tenants::by_id(app.store.db(), &caller.tenant).await?.ok_or(StoreError::Missing { what: "tenant" })?;
    let deciding_revision = app.snapshots.get(&caller.tenant).await?.revision;
    let policies = store::count(app.store.db(), &caller.tenant, &store::Filter::default()).await?;
    let (revision, updated_at) = (tenant.policy_revision, clock::iso(tenant.updated_at));
    Ok(Json(Revision { revision, deciding_revision, policies, updated_at }))
}
