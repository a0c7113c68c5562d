//! Signing in at an identity provider: there, and back.

use std::sync::Arc;

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::sign_in::origin_of;
use crate::app::App;
use crate::auth::cookie::Cookie;
use crate::config::AuthMode;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::Query;
use crate::service::oidc::{self, Returned};

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StartQuery {
    /// A path within the portal.
    next: Option<String>,
}

fn is_on(app: &App) -> Result<(), ApiError> {
    if app.config.auth.decided() == AuthMode::Oidc {
        return Ok(());
    }
    let message = "no identity provider is configured; set `auth.oidc`".to_owned();
    Err(ApiError::NotAllowed { code: "oidc_off", message })
}

/// Sends the browser to the identity provider.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/auth/oidc/start", tag = "auth", operation_id = "oidc_start", params(StartQuery),
    responses(
        (status = 303, description = "To the identity provider"),
        (status = 403, description = "No identity provider is configured", body = ErrorBody),
    ),
    security(("public" = []))
)]
pub(crate) async fn start(State(app): State<Arc<App>>, Query(query): Query<StartQuery>) -> Result<Response, ApiError> {
    is_on(&app)?;
    let (place, flow) = oidc::start(&app, query.next.as_deref()).await?;
    let cookie = Cookie::Flow.set(app.config.is_secure(), &flow, oidc::FLOW_SECONDS);
    let headers = AppendHeaders([(header::SET_COOKIE, cookie)]);
    Ok((StatusCode::SEE_OTHER, headers, [(header::LOCATION, place)]).into_response())
}

/// What the provider sends back.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallbackQuery {
    /// The code.
    code: Option<String>,
    /// What came back of the sign-in.
    state: Option<String>,
    /// Why there is no code.
    error: Option<String>,
    /// The same, for people.
    error_description: Option<String>,
}

/// Ends the sign-in: checks what the provider says, and sets the session's cookie.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/auth/oidc/callback", tag = "auth", operation_id = "oidc_callback",
    params(CallbackQuery),
    responses(
        (status = 303, description = "To the portal; the cookie is set"),
        (status = 403, description = "What came back is not believed, and why", body = ErrorBody),
    ),
    security(("public" = []))
)]
pub(crate) async fn callback(
    State(app): State<Arc<App>>,
    Query(query): Query<CallbackQuery>,
    request: Parts,
) -> Result<Response, ApiError> {
    is_on(&app)?;
    let secure = app.config.is_secure();
    let from = origin_of(&app, &request);
    let error = query.error_description.or(query.error);
    let returned = Returned { code: query.code, state: query.state, error };
    let outcome = oidc::finish(&app, returned, Cookie::Flow.read(&request.headers, secure), &from).await;
    // A sign-in is good for one try.
    let clear = (header::SET_COOKIE, Cookie::Flow.clear(secure));
    Ok(match outcome {
        Ok((token, place)) => {
            let cookie = Cookie::Session.set(secure, &token, app.config.auth.absolute_seconds);
            let headers = AppendHeaders([clear, (header::SET_COOKIE, cookie)]);
            (StatusCode::SEE_OTHER, headers, [(header::LOCATION, place)]).into_response()
        }
        Err(error) => (AppendHeaders([clear]), error.into_response()).into_response(),
    })
}
