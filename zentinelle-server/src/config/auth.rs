//! How people sign in.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::Secret;

/// How people sign in. Keys are good in every mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Auth {
    /// Default: `auto`.
    pub(crate) mode: AuthMode,
    /// Where browsers reach this server, such as `https://zentinelle.example.com`: scheme and host alone. Needed
    /// for `oidc`, and behind a proxy that ends TLS, so that cookies are marked as secure.
    pub(crate) public_url: String,
    /// The e-mail address of the administrator that is made at the first start.
    pub(crate) first_administrator: String,
    /// After how long without a request a session ends. Unit: seconds.
    pub(crate) idle_seconds: u32,
    /// After how long a session ends in any case. Unit: seconds.
    pub(crate) absolute_seconds: u32,
    /// The identity provider of mode `oidc`.
    pub(crate) oidc: Oidc,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            mode: AuthMode::Auto,
            public_url: String::new(),
            first_administrator: "admin@localhost".to_owned(),
            idle_seconds: 12 * 3_600,
            absolute_seconds: 7 * 86_400,
            oidc: Oidc::default(),
        }
    }
}

/// How people sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthMode {
    /// `oidc` where an issuer is given; `open` with `serve --demo` on this machine alone; else `local`.
    #[default]
    Auto,
    /// Not at all: keys only.
    Keys,
    /// With an e-mail address and a password.
    Local,
    /// With an OpenID Connect provider.
    Oidc,
    /// Everybody who reaches the server is an administrator. Only on a loopback address.
    Open,
}

/// An OpenID Connect provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Oidc {
    /// The issuer, exactly as the provider writes it: its `/.well-known/openid-configuration` is read.
    pub(crate) issuer: String,
    /// This server's name at the provider. The redirect address to enter there is
    /// `<public_url>/api/zentinelle/v1/auth/oidc/callback`.
    pub(crate) client_id: String,
    /// The secret of that name; empty for a public client.
    pub(crate) client_secret: Secret,
    /// What is asked for besides `openid`.
    pub(crate) scopes: Vec<String>,
    /// The claim that tells the role: a text or a list of texts.
    pub(crate) role_claim: String,
    /// Which value of that claim gives which role. The highest that fits counts.
    pub(crate) roles: BTreeMap<String, RoleName>,
    /// The role of people whose claim gives none; they are refused when it is empty.
    pub(crate) default_role: Option<RoleName>,
    /// The organisation people sign in to.
    pub(crate) tenant: String,
    /// Whether passwords are taken beside it.
    pub(crate) also_local: bool,
    /// What the button says.
    pub(crate) label: String,
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            client_secret: Secret::default(),
            scopes: vec!["email".to_owned(), "profile".to_owned()],
            role_claim: "role".to_owned(),
            roles: BTreeMap::new(),
            default_role: None,
            tenant: crate::service::tenants::STANDALONE.to_owned(),
            also_local: false,
            label: "Single sign-on".to_owned(),
        }
    }
}

/// A role, as it is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoleName {
    /// Sees, changes nothing.
    Viewer,
    /// The daily work.
    Operator,
    /// Everything, keys and people included.
    Admin,
}

impl Auth {
    /// The mode, once `auto` is decided.
    pub(crate) fn decided(&self) -> AuthMode {
        match self.mode {
            AuthMode::Auto if !self.oidc.issuer.is_empty() => AuthMode::Oidc,
            AuthMode::Auto => AuthMode::Local,
            chosen => chosen,
        }
    }

    /// Whether e-mail addresses and passwords are taken.
    pub(crate) fn takes_passwords(&self) -> bool {
        match self.decided() {
            AuthMode::Local | AuthMode::Open => true,
            AuthMode::Oidc => self.oidc.also_local,
            AuthMode::Keys | AuthMode::Auto => false,
        }
    }
}
