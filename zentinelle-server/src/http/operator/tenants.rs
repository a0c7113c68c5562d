//! Organisations, for the operators of the installation.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::policies::page;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, Query};
use crate::service::fields;
use crate::service::tenants::{self, NewTenant};
use crate::store::entities::tenant;
use crate::store::tenants as store;

/// How many tenants a page holds when nothing is said.
const PAGE: u64 = 100;
/// The largest page.
const LARGEST_PAGE: u64 = 1_000;

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TenantView {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// active or suspended.
    status: String,
    /// Grows with every change that can change a decision.
    policy_revision: i64,
    /// When it was made.
    created_at: String,
}

impl TenantView {
    fn new(row: tenant::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            status: row.status,
            policy_revision: row.policy_revision,
            created_at: clock::iso(row.created_at),
        }
    }
}

/// Which tenants to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TenantQuery {
    /// How many. Default: 100, at most 1000.
    limit: Option<u64>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// A page of tenants.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TenantPage {
    /// How many there are in all.
    count: u64,
    /// This page, in the order of ids.
    results: Vec<TenantView>,
    /// Where the next page begins; none on the last.
    next_cursor: Option<String>,
}

/// Lists the tenants. Only for operators of the installation's own tenant.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/tenants", tag = "tenants", operation_id = "list_tenants", params(TenantQuery),
    responses(
        (status = 200, description = "A page of tenants", body = TenantPage),
        (status = "4XX", description = "The caller is not of the installation", body = ErrorBody),
    ),
    security(("operator_key" = ["tenants:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<TenantQuery>,
) -> Result<Json<TenantPage>, ApiError> {
    tenants::of_installation(&caller)?;
    fields::text("cursor", query.cursor.as_deref().unwrap_or_default(), fields::MOST_NAME)?;
    let limit = page(query.limit, PAGE, LARGEST_PAGE)?;
    let count = store::count(app.store.db()).await?;
    let mut rows = store::list(app.store.db(), query.cursor.as_deref(), limit + 1).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = rows.last().filter(|_| more).map(|row| row.id.clone());
    Ok(Json(TenantPage { count, results: rows.into_iter().map(TenantView::new).collect(), next_cursor }))
}

/// A tenant to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateTenantRequest {
    /// Its id: lower-case letters, digits and `-`. Made when left out.
    id: Option<String>,
    /// Its name.
    name: String,
    /// Whether the reply should hold the key of its first administrator. Default: false.
    #[serde(default)]
    admin_key: bool,
}

/// A tenant, and the key of its first administrator if that was wanted.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedTenant {
    /// The tenant.
    tenant: TenantView,
    /// The key. It cannot be shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
}

/// Makes a tenant. Only for operators of the installation's own tenant, on a server for many.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/tenants", tag = "tenants", operation_id = "create_tenant",
    request_body = CreateTenantRequest,
    responses(
        (status = 201, description = "The tenant", body = CreatedTenant),
        (status = 409, description = "The id is taken, or the server serves one organisation", body = ErrorBody),
        (status = "4XX", description = "The request is wrong", body = ErrorBody),
    ),
    security(("operator_key" = ["tenants:write"]))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<CreateTenantRequest>,
) -> Result<(StatusCode, Json<CreatedTenant>), ApiError> {
    let CreateTenantRequest { id, name, admin_key } = request;
    let (row, issued) = tenants::create(&app, &caller, NewTenant { id, name, admin_key }).await?;
    let api_key = issued.map(|issued| issued.key.text.to_string());
    Ok((StatusCode::CREATED, Json(CreatedTenant { tenant: TenantView::new(row), api_key })))
}
