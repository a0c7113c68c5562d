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
use super::directory::AuthError;
use super::permission::Permission;
use crate::app::App;
use crate::http::error::ApiError;

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
    /// Agents, and enrolment keys acting for an agent they enrolled.
    pub(crate) agent: bool,
    /// Enrolment keys and tokens.
    pub(crate) enrolment: bool,
    /// Operators who have the permission.
    pub(crate) operator: Option<Permission>,
}

/// Who may call which route.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccessTable(HashMap<String, Vec<(Method, Access)>>);

impl AccessTable {
    /// Reads the table out of the OpenAPI document.
    pub(crate) fn read(document: &serde_json::Value) -> Self {
        let mut table = HashMap::new();
        for (path, item) in document.get("paths").and_then(|paths| paths.as_object()).into_iter().flatten() {
            let methods = item.as_object().into_iter().flatten().filter_map(|(method, operation)| {
                let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).ok()?;
                Some((method, Access::read(operation.get("security")?)))
            });
            table.insert(path.clone(), methods.collect());
        }
        Self(table)
    }

    /// Who may call a route; nobody, when the route says nothing.
    pub(crate) fn get(&self, path: &str, method: &Method) -> Option<&Access> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.0.get(path)?.iter().find_map(|(known, access)| (known == method).then_some(access))
    }

    /// Whether some route asks for a permission. One that none asks for is a slip of the pen.
    pub(crate) fn knows(&self, permission: &Permission) -> bool {
        let mut asked = self.0.values().flatten().filter_map(|(_, access)| access.operator.as_ref());
        asked.any(|known| known == permission)
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
        match &caller.identity {
            Identity::Agent(_) => self.agent,
            Identity::Enrolment => self.agent || self.enrolment,
            Identity::Operator { .. } => self.operator.as_ref().is_some_and(|permission| caller.may(permission)),
        }
    }
}

/// Admits a caller to a route, or answers why not.
pub(crate) async fn admit(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let credential = match credential(&app.access, &request) {
        Ok(credential) => credential,
        Err(error) => return error.into_response(),
    };
    if let Some(credential) = credential {
        match credential.admitted(&app).await {
            Ok(caller) => request.extensions_mut().insert(caller),
            Err(error) => return error.into_response(),
        };
    }
    next.run(request).await
}

/// What a request shows to be admitted.
struct Credential<'t> {
    access: &'t Access,
    key: Zeroizing<String>,
    tenant: Option<String>,
}

/// Reads what a request shows; none when its route is public or does not exist.
fn credential<'t>(table: &'t AccessTable, request: &Request) -> Result<Option<Credential<'t>>, ApiError> {
    // A request that matches no route goes on to the answer that says so.
    let Some(path) = request.extensions().get::<MatchedPath>() else { return Ok(None) };
    if !table.0.contains_key(path.as_str()) {
        return Err(ApiError::NobodyMayCall);
    }
    let access = table.get(path.as_str(), request.method()).ok_or(ApiError::Method)?;
    if access.public {
        return Ok(None);
    }
    let key = presented(request.headers()).ok_or(AuthError::Missing)?;
    let tenant = request.headers().get(TENANT_HEADER).map(|name| name.to_str().unwrap_or("?").to_owned());
    Ok(Some(Credential { access, key: Zeroizing::new(key.to_owned()), tenant: tenant.filter(|name| !name.is_empty()) }))
}

impl Credential<'_> {
    async fn admitted(self, app: &App) -> Result<Caller, ApiError> {
        let caller = app.directory.authenticate(&self.key).await?;
        if self.tenant.is_some_and(|named| named != caller.tenant.as_str()) {
            return Err(ApiError::ForeignTenant);
        }
        if !self.access.admits(&caller) {
            return Err(ApiError::Forbidden { needed: self.access.operator.clone() });
        }
        Ok(caller)
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
