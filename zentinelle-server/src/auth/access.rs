//! The one place where a caller is admitted to a route.
//!
//! A route says who may call it in its OpenAPI `security` attribute: `agent_key`,
//! `enrolment_key`, `operator_key` with a permission, or `public`. A route that says nothing is
//! closed to everybody.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use hashbrown::HashMap;
use zeroize::Zeroizing;

use super::caller::{Caller, Identity};
use super::cookie::Cookie;
use super::directory::AuthError;
use super::key::KeyKind;
use super::origin::{self, Strictness};
use super::permission::Permission;
use crate::app::App;
use crate::config::AuthMode;
use crate::graphql::transport;
use crate::http::error::ApiError;
use crate::http::throttle::{Bucket, Standing};
use crate::http::{client, request_id};
use crate::service::{sessions, tenants};
use zentinelle_core::ids::TenantId;

/// The header that carries a key.
pub(crate) const KEY_HEADER: &str = "x-zentinelle-key";
/// The header that carries an enrolment token.
pub(crate) const BOOTSTRAP_HEADER: &str = "x-zentinelle-bootstrap";
/// The header by which clients name the tenant they believe to call.
const TENANT_HEADER: &str = "x-zentinelle-org";

/// Who may call one route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Access {
    /// Anybody, without a key.
    pub(crate) public: bool,
    /// Anybody, known by a good key or not at all: the route itself asks who it is.
    pub(crate) optional: bool,
    /// Agents, and enrolment keys acting for an agent they enrolled.
    pub(crate) agent: bool,
    /// Enrolment keys and tokens.
    pub(crate) enrolment: bool,
    /// Agents that deregistered before, too.
    pub(crate) departed: bool,
    /// Operators who have the permission.
    pub(crate) operator: Option<Permission>,
    /// With which requests its requests are counted.
    pub(crate) bucket: Bucket,
}

/// Who may call which route.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccessTable(HashMap<String, Vec<(Method, Access)>>, Vec<Permission>);

impl AccessTable {
    /// Reads the table out of the OpenAPI document.
    pub(crate) fn read(document: &serde_json::Value) -> Self {
        let mut table = HashMap::new();
        for (path, item) in document.get("paths").and_then(|paths| paths.as_object()).into_iter().flatten() {
            let bucket = Bucket::of_route(path);
            let methods = item.as_object().into_iter().flatten().filter_map(|(method, operation)| {
                let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).ok()?;
                Some((method, Access { bucket, ..Access::read(operation.get("security")?) }))
            });
            table.insert(path.clone(), methods.collect());
        }
        Self(table, Vec::new())
    }

    /// The same table with the management API: one route that admits nobody by itself and asks
    /// for further permissions, field by field.
    pub(crate) fn with_management<'p>(mut self, path: &str, asked: impl IntoIterator<Item = &'p Permission>) -> Self {
        let access = Access { optional: true, bucket: Bucket::of_route(path), ..Access::default() };
        self.0.insert(path.to_owned(), [Method::GET, Method::POST].map(|method| (method, access.clone())).to_vec());
        self.1.extend(asked.into_iter().cloned());
        self
    }

    /// Who may call a route; nobody, when the route says nothing.
    pub(crate) fn get(&self, path: &str, method: &Method) -> Option<&Access> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.0.get(path)?.iter().find_map(|(known, access)| (known == method).then_some(access))
    }

    /// Whether some route asks for a permission. One that none asks for is a slip of the pen.
    pub(crate) fn knows(&self, permission: &Permission) -> bool {
        let routes = self.0.values().flatten().filter_map(|(_, access)| access.operator.as_ref());
        let mut asked = routes.chain(&self.1);
        asked.any(|known| known == permission)
    }

    /// Every permission that some route asks for.
    pub(crate) fn permissions(&self) -> Vec<Permission> {
        let asked = self.0.values().flatten().filter_map(|(_, access)| access.operator.clone());
        let mut asked: Vec<Permission> = asked.chain(self.1.iter().cloned()).collect();
        asked.sort_unstable();
        asked.dedup();
        asked
    }

    /// Every route.
    pub(crate) fn routes(&self) -> impl Iterator<Item = (&str, &Method)> {
        self.0.iter().flat_map(|(path, methods)| methods.iter().map(move |(method, _)| (path.as_str(), method)))
    }

    /// The methods of a route, as an `Allow` header lists them.
    pub(crate) fn methods(&self, path: &str) -> String {
        let methods = self.0.get(path).into_iter().flatten().map(|(method, _)| method.as_str());
        let mut methods: Vec<&str> = methods.collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        methods.sort_unstable();
        methods.join(", ")
    }

    /// Every route with who may call it.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Method, &Access)> {
        self.0
            .iter()
            .flat_map(|(path, methods)| methods.iter().map(move |(method, access)| (path.as_str(), method, access)))
    }
}

impl Access {
    fn read(security: &serde_json::Value) -> Self {
        let mut access = Self::default();
        for (scheme, scopes) in security.as_array().into_iter().flatten().filter_map(|one| one.as_object()).flatten() {
            match scheme.as_str() {
                "public" => access.public = true,
                "agent_key" => access.agent = true,
                "enrolment_key" => access.enrolment = true,
                "departed_agent_key" => access.departed = true,
                "operator_key" => {
                    access.operator = scopes.get(0).and_then(|scope| scope.as_str()).and_then(Permission::parse);
                }
                _ => {}
            }
        }
        access
    }

    /// Whether a caller may call the route.
    pub(crate) fn admits(&self, caller: &Caller) -> bool {
        if self.optional {
            return true;
        }
        match &caller.identity {
            Identity::Agent(_) => self.agent,
            // A token enrols and does nothing else.
            Identity::Enrolment => self.enrolment || (self.agent && caller.kind != KeyKind::Bootstrap),
            Identity::Operator { .. } => self.operator.as_ref().is_some_and(|permission| caller.may(permission)),
        }
    }
}

/// Admits a caller to a route, or answers why not.
pub(crate) async fn admit(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let (outcome, standing) = admission(&app, &mut request).await;
    let response = match outcome {
        Ok(()) => next.run(request).await,
        Err(error) if transport::is_asked(&request) => transport::refused(&error),
        Err(error) => error.into_response(),
    };
    match standing {
        Some(standing) => standing.mark(response),
        None => response,
    }
}

/// Whether a request goes on, and where its sender stands with its limit.
async fn admission(app: &App, request: &mut Request) -> (Result<(), ApiError>, Option<Standing>) {
    let client = |request: &Request| client::address(request, &app.config.trusted_proxies);
    let (credential, bucket) = match credential(app, request) {
        Ok(Some(credential)) => {
            let bucket = credential.access.bucket;
            (credential, bucket)
        }
        other => {
            let path = request.extensions().get::<MatchedPath>();
            let bucket = path.map_or(Bucket::Other, |path| Bucket::of_route(path.as_str()));
            let standing = app.throttle.address(bucket, client(request));
            if let Some(refusal) = standing.as_ref().and_then(Standing::refusal) {
                app.metrics.throttled(bucket);
                return (Err(refusal), standing);
            }
            if let Err(error) = &other {
                note_failure(app, error);
            }
            return (other.map(drop), standing);
        }
    };
    let key = match &credential.shown {
        Shown::Key(key) => key,
        Shown::Session(token) => {
            let mut caller = sessions::caller(app, token).await;
            if matches!(caller, Err(AuthError::SessionEnded)) && is_open(app, request.headers()) {
                caller = Ok(Caller::open(TenantId::new(tenants::STANDALONE)));
            }
            return person(app, request, &credential, caller).await;
        }
        Shown::Nothing => {
            let tenant = TenantId::new(tenants::STANDALONE);
            return person(app, request, &credential, Ok(Caller::open(tenant))).await;
        }
    };
    if let Some(retry_after) = app.throttle.blocked(|| client(request))
        && !app.directory.remembers(key)
    {
        app.metrics.key_refused("blocked");
        let message = "too many requests with a bad key came from this address".to_owned();
        return (Err(ApiError::Throttled { retry_after: retry_after.min(59), message }), None);
    }
    let caller = match app.directory.authenticate_for(key, credential.access.departed).await {
        Ok(caller) => caller,
        Err(error @ AuthError::Store(_)) => return (Err(error.into()), None),
        Err(error) => {
            let error = ApiError::from(error);
            note_failure(app, &error);
            let standing = app.throttle.failed(client(request));
            let refusal = standing.as_ref().and_then(Standing::refusal);
            return (Err(refusal.unwrap_or(error)), standing);
        }
    };
    request_id::belongs_to(&caller.tenant);
    let standing = app.throttle.caller(app, bucket, &caller).await;
    if let Some(refusal) = standing.as_ref().and_then(Standing::refusal) {
        app.metrics.throttled(bucket);
        return (Err(refusal), standing);
    }
    let admitted = credential.admits(&caller);
    request.extensions_mut().insert(caller);
    (admitted, standing)
}

/// Admits a person who came without a key.
async fn person(
    app: &App,
    request: &mut Request,
    credential: &Credential<'_>,
    caller: Result<Caller, AuthError>,
) -> (Result<(), ApiError>, Option<Standing>) {
    let caller = match caller {
        Ok(caller) => caller,
        Err(error @ AuthError::Store(_)) => return (Err(error.into()), None),
        Err(error) => {
            app.metrics.key_refused("session");
            let address = client::address(request, &app.config.trusted_proxies);
            let standing = app.throttle.address(Bucket::Portal, address);
            return (Err(standing.as_ref().and_then(Standing::refusal).unwrap_or(error.into())), standing);
        }
    };
    request_id::belongs_to(&caller.tenant);
    let standing = app.throttle.caller(app, Bucket::Portal, &caller).await;
    if let Some(refusal) = standing.as_ref().and_then(Standing::refusal) {
        app.metrics.throttled(Bucket::Portal);
        return (Err(refusal), standing);
    }
    let admitted = credential.admits(&caller);
    request.extensions_mut().insert(caller);
    (admitted, standing)
}

fn note_failure(app: &App, error: &ApiError) {
    match error {
        ApiError::Unauthenticated(AuthError::Missing) => app.metrics.key_refused("missing"),
        ApiError::Unauthenticated(AuthError::Malformed) => app.metrics.key_refused("malformed"),
        ApiError::Unauthenticated(AuthError::Invalid) => app.metrics.key_refused("invalid"),
        _ => {}
    }
}

/// What a request shows to be admitted.
struct Credential<'t> {
    access: &'t Access,
    shown: Shown,
    tenant: Option<String>,
}

/// Who a request says it comes from.
enum Shown {
    /// The bearer of a key.
    Key(Zeroizing<String>),
    /// Somebody who signed in.
    Session(Zeroizing<String>),
    /// Nobody, on a server that lets everybody in.
    Nothing,
}

/// Reads what a request shows; none when its route is public or does not exist.
fn credential<'t>(app: &'t App, request: &Request) -> Result<Option<Credential<'t>>, ApiError> {
    let table = &app.access;
    // A request that matches no route goes on to the answer that says so.
    let Some(path) = request.extensions().get::<MatchedPath>() else { return Ok(None) };
    if !table.0.contains_key(path.as_str()) {
        return Err(ApiError::NobodyMayCall);
    }
    let access = table.get(path.as_str(), request.method()).ok_or(ApiError::Method)?;
    if access.public {
        origin::check(&app.config, request.method(), request.headers(), Strictness::Anybody)?;
        return Ok(None);
    }
    let shown = match shown(app, request) {
        Err(ApiError::Unauthenticated(AuthError::Missing)) if access.optional => return Ok(None),
        shown => shown?,
    };
    let tenant = request.headers().get(TENANT_HEADER).map(|name| name.to_str().unwrap_or("?").to_owned());
    Ok(Some(Credential { access, shown, tenant: tenant.filter(|name| !name.is_empty()) }))
}

/// A key if there is one, else the cookie of a session, else nothing where that is enough. What
/// the browser adds by itself changes something only for a page of this server.
fn shown(app: &App, request: &Request) -> Result<Shown, ApiError> {
    let headers = request.headers();
    if let Some(key) = presented(headers) {
        return Ok(Shown::Key(Zeroizing::new(key.to_owned())));
    }
    let mode = app.config.auth.decided();
    let token = Cookie::Session.read(headers, app.config.is_secure()).filter(|_| mode != AuthMode::Keys);
    let shown = match token {
        Some(token) => Shown::Session(Zeroizing::new(token.to_owned())),
        None if is_open(app, headers) => Shown::Nothing,
        None => return Err(AuthError::Missing.into()),
    };
    origin::check(&app.config, request.method(), headers, Strictness::Browser)?;
    Ok(shown)
}

/// Whether a request needs to show nothing.
fn is_open(app: &App, headers: &HeaderMap) -> bool {
    app.config.auth.decided() == AuthMode::Open && origin::is_local(headers)
}

impl Credential<'_> {
    fn admits(&self, caller: &Caller) -> Result<(), ApiError> {
        if self.tenant.as_ref().is_some_and(|named| named != caller.tenant.as_str()) {
            return Err(ApiError::ForeignTenant);
        }
        if caller.kind == KeyKind::Bootstrap && !self.access.enrolment && !self.access.optional {
            return Err(AuthError::Invalid.into());
        }
        if !self.access.admits(caller) {
            return Err(ApiError::Forbidden { needed: self.access.operator.clone() });
        }
        Ok(())
    }
}

/// The key of a request, from the first header that has one.
pub(crate) fn presented(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let bearer = || {
        let (scheme, key) = text(header::AUTHORIZATION.as_str())?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    };
    text(KEY_HEADER)
        .filter(|key| !key.is_empty())
        .or_else(|| text(BOOTSTRAP_HEADER).filter(|key| !key.is_empty()))
        .or_else(bearer)
}
