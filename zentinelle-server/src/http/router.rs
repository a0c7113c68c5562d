//! Every route of the server.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::operator::{keys, policies, policy_documents, policy_tools, secrets, settings, tenants};
use super::{MOST_BODY_BYTES, authzen, health, native, openapi, request_id, sdk};
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
        // Audit trail
        .routes(routes!(native::audit::verify))
        .routes(routes!(native::audit::entries))
        .routes(routes!(native::audit::export))
        .routes(routes!(native::audit::receipt))
        .routes(routes!(native::audit::key))
        // Approvals
        .routes(routes!(native::approvals::list, native::approvals::ask))
        .routes(routes!(native::approvals::show))
        .routes(routes!(native::approvals::approve))
        .routes(routes!(native::approvals::deny))
        .routes(routes!(native::approvals::cancel))
        // AuthZEN
        .routes(routes!(authzen::evaluation))
        .routes(routes!(authzen::evaluations))
        .routes(routes!(authzen::configuration))
        .routes(routes!(authzen::requests::submit))
        .routes(routes!(authzen::requests::status))
        .routes(routes!(authzen::requests::cancel))
        // Agents, SDK family
        .routes(routes!(sdk::evaluate::evaluate))
}

/// The routes over a running server, with every layer around them.
pub(crate) fn served(routes: Router<Arc<App>>, app: Arc<App>) -> Router {
    routes
        .method_not_allowed_fallback(|| async { ApiError::Method })
        .fallback(|| async { ApiError::NoRoute })
        .layer(from_fn_with_state(app.clone(), access::admit))
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
        .layer(from_fn(request_id::identify))
        .with_state(app)
}
