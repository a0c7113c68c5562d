//! Every route of the server.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::{MOST_BODY_BYTES, health, native, openapi, operator, request_id, sdk};
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
        // Agents, native family
        .routes(routes!(native::evaluate::evaluate))
        // Content
        .routes(routes!(native::scan::scan))
        .routes(routes!(native::scan::scan_async))
        .routes(routes!(native::scan::get))
        .routes(routes!(native::interaction::log))
        // Agents, SDK family
        .routes(routes!(sdk::evaluate::evaluate))
        // Background work
        .routes(routes!(operator::jobs::list))
        .routes(routes!(operator::jobs::retry))
        .routes(routes!(operator::jobs::schedules))
        // Webhooks
        .routes(routes!(operator::webhooks::list, operator::webhooks::create))
        .routes(routes!(operator::webhooks::get, operator::webhooks::update, operator::webhooks::delete))
        .routes(routes!(operator::webhooks::test))
        .routes(routes!(operator::webhooks::deliveries))
        .routes(routes!(operator::webhooks::resend))
        // Retention
        .routes(routes!(operator::retention::status))
        .routes(routes!(operator::legal_holds::list, operator::legal_holds::create))
        .routes(routes!(operator::legal_holds::get, operator::legal_holds::update, operator::legal_holds::delete))
        .routes(routes!(operator::legal_holds::release))
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
