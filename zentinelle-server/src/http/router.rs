//! Every route of the server.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use tower_http::normalize_path::NormalizePath;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::operator::{keys, policies, policy_documents, policy_tools, secrets, settings, tenants};
use super::{cors, docs, edge, health, metrics, native, openapi, sdk};
use crate::app::App;
use crate::auth::access;

/// Every route with its documentation; who may call which is part of it.
pub(crate) fn documented() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::Document::openapi())
        // Health
        .routes(routes!(health::health))
        .routes(routes!(health::sdk_health))
        .routes(routes!(health::native_health))
        .routes(routes!(health::ready))
        .routes(routes!(health::native_ready))
        // Operations
        .routes(routes!(metrics::metrics))
        .routes(routes!(docs::openapi))
        .routes(routes!(docs::page))
        .routes(routes!(docs::file))
        // Policies and what else decides
        .routes(routes!(policies::list, policies::create))
        .routes(routes!(policies::revision))
        .routes(routes!(policies::get, policies::replace, policies::update, policies::delete))
        .routes(routes!(policies::history))
        .routes(routes!(policies::diff))
        .routes(routes!(policies::restore))
        .routes(routes!(policy_tools::validate))
        .routes(routes!(policy_tools::dry_run))
        .routes(routes!(policy_tools::simulate))
        .routes(routes!(policy_tools::types))
        .routes(routes!(policy_tools::schema))
        .routes(routes!(policy_documents::import))
        .routes(routes!(policy_documents::export))
        .routes(routes!(policy_documents::list_packs))
        .routes(routes!(policy_documents::activate))
        // Keys, secrets, settings, tenants
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::get, keys::revoke))
        .routes(routes!(keys::rotate))
        .routes(routes!(secrets::list_secrets))
        .routes(routes!(secrets::get_secret, secrets::put_secret, secrets::delete_secret))
        .routes(routes!(secrets::list_provider_keys))
        .routes(routes!(secrets::get_provider_key, secrets::put_provider_key, secrets::delete_provider_key))
        .routes(routes!(settings::get, settings::change))
        .routes(routes!(tenants::list, tenants::create))
        // Agents, native family
        .routes(routes!(native::evaluate::evaluate))
        // Agents, SDK family
        .routes(routes!(sdk::evaluate::evaluate))
}

/// Every route, with its slash at the end cut off before it is looked for.
pub(crate) type Routes = NormalizePath<Router>;

/// The routes and their description.
pub(crate) fn parts() -> (Router<Arc<App>>, serde_json::Value) {
    let (routes, document) = documented().split_for_parts();
    (routes, serde_json::to_value(&document).unwrap_or_default())
}

/// The routes over a running server, with every layer around them.
pub(crate) fn served(routes: Router<Arc<App>>, app: Arc<App>) -> Routes {
    let limit = DefaultBodyLimit::max(app.config.limits.max_body_bytes);
    let routes = routes
        .method_not_allowed_fallback(|| async { ApiError::Method })
        .fallback(|| async { ApiError::NoRoute })
        .layer(from_fn_with_state(app.clone(), access::admit))
        .layer(limit)
        .layer(tower::util::option_layer(cors::layer(&app.config.cors)))
        .layer(from_fn_with_state(app.clone(), edge::serve))
        .with_state(app);
    NormalizePath::trim_trailing_slash(routes)
}
