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
use super::{cors, docs, edge, health, metrics, native, openapi, operator, sdk};
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
        // Agents, native family
        .routes(routes!(native::evaluate::evaluate))
        .routes(routes!(native::agents::register))
        .routes(routes!(native::agents::deregister))
        .routes(routes!(native::agents::config))
        .routes(routes!(native::agents::own_secrets))
        .routes(routes!(native::agents::secrets))
        .routes(routes!(native::agents::heartbeat))
        .routes(routes!(native::events::events))
        .routes(routes!(native::standing::effective_policy))
        .routes(routes!(native::standing::effective_policy_of_user))
        .routes(routes!(native::standing::prompts))
        .routes(routes!(native::standing::prompt))
        // Agents, SDK family
        .routes(routes!(sdk::evaluate::evaluate))
        .routes(routes!(sdk::agents::register))
        .routes(routes!(sdk::agents::config))
        .routes(routes!(sdk::agents::secrets))
        .routes(routes!(sdk::agents::events))
        .routes(routes!(sdk::agents::heartbeat))
        .routes(routes!(sdk::csharp::register))
        .routes(routes!(sdk::csharp::config))
        .routes(routes!(sdk::csharp::secrets))
        // Operators: agents and their groups
        .routes(routes!(operator::agents::list, operator::agents::create))
        .routes(routes!(operator::agents::get, operator::agents::edit, operator::agents::delete))
        .routes(routes!(operator::agents::suspend))
        .routes(routes!(operator::agents::activate))
        .routes(routes!(operator::agents::rotate_key))
        .routes(routes!(operator::agents::sessions))
        .routes(routes!(operator::agent_groups::list, operator::agent_groups::create))
        .routes(routes!(operator::agent_groups::get, operator::agent_groups::edit, operator::agent_groups::delete))
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
