//! Signing in with a password, signing out, and what a sign-in page must know before.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zentinelle_core::ids::TenantId;
use zeroize::Zeroizing;

use super::MeView;
use crate::app::App;
use crate::auth::cookie::Cookie;
use crate::config::AuthMode;
use crate::http::client;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::JsonBody;
use crate::service::sessions::{self, From};
use crate::service::sign_in::{self, Shown};
use crate::service::tenants;

/// What a sign-in page must know.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OptionsView {
    /// `keys`, `local`, `oidc` or `open`.
    mode: &'static str,
    /// Whether e-mail addresses and passwords are taken.
    password: bool,
    /// The identity provider, if there is one.
    oidc: Option<OidcView>,
    /// A sentence to be shown loudly, when everybody who reaches the server is an administrator.
    warning: Option<&'static str>,
}

/// An identity provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OidcView {
    /// What the button says.
    label: String,
    /// Where it leads.
    start: &'static str,
}

/// How people sign in here.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/auth/options", tag = "auth", operation_id = "auth_options",
    responses((status = 200, description = "How people sign in here", body = OptionsView)),
    security(("public" = []))
)]
pub(crate) async fn options(State(app): State<Arc<App>>) -> Json<OptionsView> {
    let auth = &app.config.auth;
    let mode = auth.decided();
    let oidc = (mode == AuthMode::Oidc)
        .then(|| OidcView { label: auth.oidc.label.clone(), start: "/api/zentinelle/v1/auth/oidc/start" });
    Json(OptionsView {
        mode: match mode {
            AuthMode::Keys => "keys",
            AuthMode::Local | AuthMode::Auto => "local",
            AuthMode::Oidc => "oidc",
            AuthMode::Open => "open",
        },
        password: auth.takes_passwords(),
        oidc,
        warning: (mode == AuthMode::Open).then_some("Open mode: everybody on this machine is an administrator."),
    })
}

/// What somebody shows to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    /// The e-mail address.
    #[serde(alias = "username")]
    email: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
    /// The code of the authenticator app, where one is asked for (`totp_required`).
    code: Option<String>,
    /// Instead of a temporary password (`password_change_required`).
    #[schema(format = Password)]
    new_password: Option<String>,
    /// The id of the organisation, on a server with several.
    organization: Option<String>,
}

/// Somebody who is signed in now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoginReply {
    /// Who.
    user: MeView,
}

/// Where a request comes from, as a session remembers it.
pub(super) fn origin_of(app: &App, request: &Parts) -> From {
    let text = |name| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let seen = request.extensions.get::<ConnectInfo<SocketAddr>>().map(|connected| connected.0.ip());
    From {
        address: client::address_of(seen, &request.headers, &app.config.trusted_proxies).to_string(),
        user_agent: text(header::USER_AGENT).to_owned(),
    }
}

/// Signs in with an e-mail address and a password, and sets the session's cookie.
///
/// `403 totp_required` asks for the same again with `code`, `403 password_change_required` for the
/// same with `new_password`. After five failures an account waits, longer each time: `429`.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/auth/login", tag = "auth", operation_id = "login",
    request_body = LoginRequest,
    responses(
        (status = 200, description = "Signed in; the cookie is set", body = LoginReply),
        (status = 401, description = "The e-mail address, the password or the code is wrong", body = ErrorBody),
        (status = 403, description = "A code or another password is asked for", body = ErrorBody),
    ),
    security(("public" = []))
)]
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    request: Parts,
    JsonBody(login): JsonBody<LoginRequest>,
) -> Result<Response, ApiError> {
    let from = origin_of(&app, &request);
    let before = Cookie::Session.read(&request.headers, app.config.is_secure()).map(str::to_owned);
    let shown = Shown {
        tenant: TenantId::new(login.organization.as_deref().unwrap_or(tenants::STANDALONE)),
        email: login.email,
        password: Zeroizing::new(login.password),
        code: login.code,
        new_password: login.new_password.map(Zeroizing::new),
    };
    let (token, caller) = sign_in::with_password(&app, shown, &from).await?;
    // The session of whoever sat here before does not go on beside the new one.
    if let Some(before) = before {
        sessions::sign_out(&app, &before).await?;
    }
    let secure = app.config.is_secure();
    let cookie = Cookie::Session.set(secure, &token, app.config.auth.absolute_seconds);
    Ok(([(header::SET_COOKIE, cookie)], Json(LoginReply { user: MeView::new(&app, &caller) })).into_response())
}

/// Somebody who is signed out now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogoutReply {
    /// Always true.
    success: bool,
    /// Where to end the session at the identity provider as well.
    provider_logout: Option<String>,
}

/// Ends the session and takes its cookie away. Without a session it does nothing.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/auth/logout", tag = "auth", operation_id = "logout",
    responses((status = 200, description = "Signed out", body = LogoutReply)),
    security(("public" = []))
)]
pub(crate) async fn logout(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let secure = app.config.is_secure();
    if let Some(token) = Cookie::Session.read(&headers, secure) {
        sessions::sign_out(&app, token).await?;
    }
    let reply = LogoutReply { success: true, provider_logout: None };
    Ok(([(header::SET_COOKIE, Cookie::Session.clear(secure))], Json(reply)).into_response())
}
