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
        .routes(routes!(operator::violations::list))
        .routes(routes!(operator::violations::export))
        .routes(routes!(operator::content_rules::list, operator::content_rules::create))
        .routes(routes!(operator::content_rules::get, operator::content_rules::update, operator::content_rules::delete))
        // What people look after
        .routes(routes!(operator::alerts::list))
        .routes(routes!(operator::alerts::get))
        .routes(routes!(operator::alerts::acknowledge))
        .routes(routes!(operator::alerts::resolve))
        .routes(routes!(operator::alert_rules::list, operator::alert_rules::create))
        .routes(routes!(operator::alert_rules::get, operator::alert_rules::update, operator::alert_rules::delete))
        .routes(routes!(operator::incidents::list, operator::incidents::create))
        .routes(routes!(operator::incidents::get, operator::incidents::update))
        .routes(routes!(operator::incidents::comments, operator::incidents::comment))
        .routes(routes!(operator::notifications::list))
        .routes(routes!(operator::notifications::read))
        // Prompts, models and prices
        .routes(routes!(operator::system_prompts::list, operator::system_prompts::create))
        .routes(routes!(operator::system_prompts::get, operator::system_prompts::update, operator::system_prompts::delete))
        .routes(routes!(operator::system_prompts::versions))
        .routes(routes!(operator::system_prompts::restore))
        .routes(routes!(operator::system_prompts::diff))
        .routes(routes!(operator::models::list, operator::models::create))
        .routes(routes!(operator::models::get, operator::models::update, operator::models::delete))
        .routes(routes!(operator::prices::list, operator::prices::put))
        .routes(routes!(operator::prices::delete))
        // Usage, exports and reports
        .routes(routes!(operator::usage::get))
        .routes(routes!(operator::usage::summary))
        .routes(routes!(operator::exports::summary))
        .routes(routes!(operator::exports::compliance))
        .routes(routes!(operator::reports::list, operator::reports::create))
        .routes(routes!(operator::reports::get))
        .routes(routes!(operator::reports::download))
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
