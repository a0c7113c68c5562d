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
use super::{auth, authzen, cors, docs, edge, health, metrics, native, openapi, operator, sdk};
use crate::app::App;
use crate::auth::access;
use crate::{graphql, portal, proxy};

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
        .routes(routes!(operator::policies::list, operator::policies::create))
        .routes(routes!(operator::policies::revision))
        .routes(routes!(
            operator::policies::get,
            operator::policies::replace,
            operator::policies::update,
            operator::policies::delete
        ))
        .routes(routes!(operator::policies::history))
        .routes(routes!(operator::policies::diff))
        .routes(routes!(operator::policies::restore))
        .routes(routes!(operator::policy_tools::validate))
        .routes(routes!(operator::policy_tools::dry_run))
        .routes(routes!(operator::policy_tools::simulate))
        .routes(routes!(operator::policy_tools::types))
        .routes(routes!(operator::policy_tools::schema))
        .routes(routes!(operator::policy_documents::import))
        .routes(routes!(operator::policy_documents::export))
        .routes(routes!(operator::policy_documents::list_packs))
        .routes(routes!(operator::policy_documents::activate))
        // Keys, secrets, settings, tenants
        .routes(routes!(operator::keys::list, operator::keys::create))
        .routes(routes!(operator::keys::get, operator::keys::revoke))
        .routes(routes!(operator::keys::rotate))
        .routes(routes!(operator::secrets::list_secrets))
        .routes(routes!(operator::secrets::get_secret, operator::secrets::put_secret, operator::secrets::delete_secret))
        .routes(routes!(operator::secrets::list_provider_keys))
        .routes(routes!(
            operator::secrets::get_provider_key,
            operator::secrets::put_provider_key,
            operator::secrets::delete_provider_key
        ))
        .routes(routes!(operator::settings::get, operator::settings::change))
        .routes(routes!(operator::tenants::list, operator::tenants::create))
        // People
        .routes(routes!(auth::sign_in::options))
        .routes(routes!(auth::sign_in::login))
        .routes(routes!(auth::sign_in::logout))
        .routes(routes!(auth::oidc::start))
        .routes(routes!(auth::oidc::callback))
        .routes(routes!(auth::own::me))
        .routes(routes!(auth::own::change_password))
        .routes(routes!(auth::own::begin_totp))
        .routes(routes!(auth::own::confirm_totp))
        .routes(routes!(auth::own::renew_recovery_codes))
        .routes(routes!(auth::own::disable_totp))
        .routes(routes!(auth::own::list_sessions))
        .routes(routes!(auth::own::revoke_session))
        .routes(routes!(operator::users::list, operator::users::create))
        .routes(routes!(operator::users::get, operator::users::update, operator::users::delete))
        .routes(routes!(operator::users::reset))
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
        // Risks
        .routes(routes!(operator::risks::list, operator::risks::create))
        .routes(routes!(operator::risks::stats))
        .routes(routes!(operator::risks::matrix))
        .routes(routes!(operator::risks::trend))
        .routes(routes!(operator::risks::get, operator::risks::update, operator::risks::delete))
        .routes(routes!(operator::risks::review))
        // Compliance
        .routes(routes!(operator::compliance::frameworks))
        .routes(routes!(operator::compliance::framework, operator::compliance::choose))
        .routes(routes!(operator::compliance::gaps))
        .routes(routes!(operator::compliance::overview))
        .routes(routes!(operator::compliance::assess, operator::compliance::assessments))
        .routes(routes!(operator::compliance::findings))
        // Prompts, models and prices
        .routes(routes!(operator::system_prompts::list, operator::system_prompts::create))
        .routes(routes!(
            operator::system_prompts::get,
            operator::system_prompts::update,
            operator::system_prompts::delete
        ))
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
        .routes(routes!(authzen::search::resource))
        .routes(routes!(authzen::search::action))
        .routes(routes!(authzen::configuration))
        .routes(routes!(authzen::requests::submit))
        .routes(routes!(authzen::requests::status))
        .routes(routes!(authzen::requests::cancel))
        // Operations
        .routes(routes!(metrics::metrics))
        .routes(routes!(docs::openapi))
        .routes(routes!(docs::page))
        .routes(routes!(docs::file))
        // Agents, native family
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
        .merge(graphql::transport::routes())
        .method_not_allowed_fallback(|| async { ApiError::Method })
        .fallback(|| async { ApiError::NoRoute })
        .layer(from_fn_with_state(app.clone(), access::admit))
        .layer(limit)
        .layer(tower::util::option_layer(cors::layer(&app.config.cors)))
        .layer(from_fn_with_state(app.clone(), edge::serve))
        .with_state(app.clone())
        .merge(portal::routes(app.config.is_secure()))
        .merge(proxy::routes(app));
    NormalizePath::trim_trailing_slash(routes)
}
