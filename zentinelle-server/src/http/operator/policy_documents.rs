//! Policies as documents: import, export, and the packs that come with the server.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use zentinelle_core::policy::Enforcement;

use super::policies::{PolicyQuery, PolicyView};
use crate::app::App;
use crate::auth::Caller;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathName, Query};
use crate::service::packs::{self, Pack};
use crate::service::policies::Keeper;
use crate::service::policies::documents::{self, Action, Manner, Outcome};
use crate::store::policies as store;

/// Most policies one export holds.
const MOST_EXPORTED: u64 = 100_000;

/// Policies to bring in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportRequest {
    /// Policy documents, YAML or JSON, one or several in one text. A policy means the present one of
    /// its `id`, or without an `id` of its name.
    documents: String,
    /// Whether policies of an earlier import that this one lacks are deleted. Default: false.
    #[serde(default)]
    prune: bool,
    /// Only say what would happen. Default: false.
    #[serde(default)]
    dry_run: bool,
    /// Why, for the history.
    change_summary: Option<String>,
}

/// What was done.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ImportReply {
    /// Whether nothing was kept.
    dry_run: bool,
    /// How many are new.
    created: usize,
    /// How many were changed.
    updated: usize,
    /// How many were as they are.
    unchanged: usize,
    /// How many were deleted.
    deleted: usize,
    /// Each policy with what happened to it.
    results: Vec<ImportedPolicy>,
}

/// What happened to one policy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportedPolicy {
    /// What happened.
    action: Action,
    /// What was changed: fields only the new one has.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    added: Map<String, Value>,
    /// Fields only the old one had.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    removed: Map<String, Value>,
    /// Fields that differ, as `[old, new]`; of `config` what differs inside it.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    changed: Map<String, Value>,
    /// The policy.
    policy: PolicyView,
}

impl ImportReply {
    fn new(outcomes: Vec<Outcome>, dry_run: bool) -> Self {
        let mut reply = Self { dry_run, ..Self::default() };
        for Outcome { row, action, fields } in outcomes {
            *(match action {
                Action::Created => &mut reply.created,
                Action::Updated => &mut reply.updated,
                Action::Unchanged => &mut reply.unchanged,
                Action::Deleted => &mut reply.deleted,
            }) += 1;
            let (added, removed, changed) = (fields.added, fields.removed, fields.changed);
            reply.results.push(ImportedPolicy { action, added, removed, changed, policy: PolicyView::new(row) });
        }
        reply
    }
}

/// Brings policies in from documents: all of them or none.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/policies/import", tag = "policies", operation_id = "import_policies",
    request_body = ImportRequest,
    responses(
        (status = 200, description = "What was done", body = ImportReply),
        (status = "4XX", description = "Every fault of the documents, with line and column", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:write"]))
)]
pub(crate) async fn import(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<ImportRequest>,
) -> Result<Json<ImportReply>, ApiError> {
    let why = request.change_summary.unwrap_or_else(|| "imported from a document".to_owned());
    crate::service::fields::text("change_summary", &why, 500)?;
    let written = documents::read(&request.documents, &caller.tenant).map_err(ApiError::Policies)?;
    let manner = Manner { keeper: Keeper::Document, prune: request.prune, dry_run: request.dry_run };
    let outcomes = documents::apply(&app, &caller, &written, manner, &why).await?;
    Ok(Json(ImportReply::new(outcomes, request.dry_run)))
}

/// The tenant's policies as a document, which an import reads back as the same policies.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/policies/export", tag = "policies", operation_id = "export_policies",
    params(PolicyQuery),
    responses(
        (status = 200, description = "A YAML document", body = Object, content_type = "application/yaml"),
        (status = "4XX", description = "The query is wrong", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:read"]))
)]
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<PolicyQuery>,
) -> Result<([(HeaderName, &'static str); 2], String), ApiError> {
    let rows = store::list(app.store.db(), &caller.tenant, &query.filter()?, None, MOST_EXPORTED).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/yaml; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"policies.yaml\""),
    ];
    Ok((headers, documents::export(&rows)))
}

/// A compliance pack.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompliancePack)]
pub(crate) struct PackView {
    /// Its name in paths.
    name: &'static str,
    /// The framework.
    title: &'static str,
    /// The framework's edition.
    version: &'static str,
    /// What it is for.
    description: String,
    /// How many of its policies the tenant has, as the pack has them or changed.
    active: usize,
    /// Its policies.
    policies: Vec<PackPolicy>,
}

/// One policy of a pack.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompliancePackPolicy)]
pub(crate) struct PackPolicy {
    /// Its id once activated.
    id: String,
    /// Its name.
    name: String,
    /// Why it is in the pack.
    description: String,
    /// Its kind.
    #[serde(rename = "type")]
    policy_type: String,
    /// What a violation does.
    enforcement: String,
    /// Its priority.
    priority: i64,
    /// Its configuration.
    #[schema(value_type = Object)]
    config: Value,
}

/// Every pack.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompliancePacks)]
pub(crate) struct Packs {
    /// How many.
    count: usize,
    /// The packs.
    results: Vec<PackView>,
}

/// Lists the compliance packs with their policies.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/packs", tag = "policies", operation_id = "list_packs",
    responses((status = 200, description = "Every pack", body = Packs)),
    security(("operator_key" = ["policies:read"]))
)]
pub(crate) async fn list_packs(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Packs>, ApiError> {
    let present = store::all(app.store.db(), &caller.tenant).await?;
    let has = |id: &str| present.iter().any(|row| row.id == id);
    let view = |pack: &Pack| {
        let policies: Vec<PackPolicy> = pack
            .document()
            .for_tenant(&caller.tenant)
            .into_iter()
            .map(|policy| PackPolicy {
                id: policy.id.as_str().to_owned(),
                name: policy.name,
                description: policy.description,
                policy_type: policy.policy_type,
                enforcement: policy.enforcement.name().to_owned(),
                priority: policy.priority,
                config: policy.config,
            })
            .collect();
        let active = policies.iter().filter(|policy| has(&policy.id)).count();
        let (name, title, version, description) = (pack.name, pack.title, pack.version, pack.description());
        PackView { name, title, version, description, active, policies }
    };
    let results: Vec<PackView> = packs::ALL.iter().map(view).collect();
    Ok(Json(Packs { count: results.len(), results }))
}

/// How to put a pack to use.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ActivateRequest {
    /// One enforcement for all: enforce, audit or disabled. Default: each policy's own.
    #[schema(value_type = Option<String>)]
    enforcement: Option<Enforcement>,
    /// Only say what would happen. Default: false.
    dry_run: bool,
}

/// Puts a compliance pack to use: its policies become the tenant's own.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/packs/{name}/activate", tag = "policies", operation_id = "activate_pack",
    params(("name" = String, Path, description = "The pack's name")), request_body = ActivateRequest,
    responses(
        (status = 200, description = "What was done", body = ImportReply),
        (status = "4XX", description = "There is no such pack", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:write"]))
)]
pub(crate) async fn activate(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(name): PathName,
    JsonBody(request): JsonBody<ActivateRequest>,
) -> Result<Json<ImportReply>, ApiError> {
    let pack = packs::by_name(&name)?;
    let outcomes = packs::activate(&app, &caller, pack, request.enforcement, request.dry_run).await?;
    Ok(Json(ImportReply::new(outcomes, request.dry_run)))
}
