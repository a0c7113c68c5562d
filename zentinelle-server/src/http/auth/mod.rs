//! Signing in and out, and what people do for themselves: `/api/zentinelle/v1/auth`.

pub(crate) mod oidc;
pub(crate) mod own;
pub(crate) mod sign_in;

#[cfg(test)]
mod tests;

use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Caller, Identity};

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeView {
    /// Their id; of a key the key's.
    id: String,
    /// Their name, for people.
    name: String,
    /// Their e-mail address; none of a key.
    email: Option<String>,
    /// `admin`, `operator` or `viewer`.
    role: &'static str,
    /// What they may do, of what any route asks for.
    permissions: Vec<String>,
    /// The organisation they belong to.
    tenant_id: String,
    /// `local`, `oidc`, `key`, or `open` on a server that lets everybody in.
    signed_in_by: &'static str,
    /// The session, of a person.
    session_id: Option<String>,
}

impl MeView {
    /// A caller who is admitted.
    pub(crate) fn new(app: &App, caller: &Caller) -> Self {
        let (role, name) = match &caller.identity {
            Identity::Operator { role, name, .. } => (role.name(), name.to_string()),
            Identity::Agent(_) | Identity::Enrolment => ("", caller.actor()),
        };
        let permissions = app.access.permissions().into_iter().filter(|permission| caller.may(permission));
        let signed_in = caller.signed_in.as_deref();
        let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Self {
            id: signed_in.map_or_else(|| caller.key_id.to_string(), |signed_in| signed_in.user_id.clone()),
            name: signed_in.map_or(name, |signed_in| signed_in.name.clone()),
            email: signed_in.and_then(|signed_in| signed_in.email.clone()),
            role,
            permissions: permissions.map(|permission| permission.to_string()).collect(),
            tenant_id: caller.tenant.as_str().to_owned(),
            signed_in_by: caller.signed_in_by().name(),
            session_id: signed_in.and_then(|signed_in| filled(&signed_in.session_id)),
        }
    }
}
