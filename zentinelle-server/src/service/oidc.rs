//! Signing in at an OpenID Connect provider: authorisation code with PKCE.
//!
//! What the browser must bring back (state, nonce, verifier) travels in a short-lived sealed
//! cookie. A token is believed only if the provider's keys signed it, for this server and this
//! sign-in; people are matched by issuer and subject, and by e-mail address only where the provider
//! vouches for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl,
    Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq as _;
use tokio::sync::Mutex;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::TenantId;
use zeroize::Zeroizing;

use super::change::Change;
use super::sessions::{self, From};
use super::users;
use crate::app::App;
use crate::auth::{Caller, Role, SignedInBy};
use crate::clock;
use crate::config::{Config, RoleName};
use crate::http::error::ApiError;
use crate::sealing::SealContext;
use crate::store::entities::user;
use crate::store::{user_sessions, users as store};

/// Where the provider sends people back to.
pub(crate) const CALLBACK: &str = "/api/zentinelle/v1/auth/oidc/callback";
/// How long a sign-in may take. Unit: seconds.
pub(crate) const FLOW_SECONDS: u32 = 600;
/// How long what the provider says of itself is believed; keys rotate.
const BELIEVED: Duration = Duration::from_secs(600);
/// How long the provider may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer of a provider. Unit: bytes.
const MOST_BYTES: usize = 1 << 20;
/// Signatures that are believed: none that is made with a shared secret, and never none at all.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 8] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
];

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// What is known of the provider.
#[derive(Debug, Default)]
pub(crate) struct Provider(Mutex<Option<(Instant, Arc<CoreProviderMetadata>)>>);

/// A sign-in that went to the provider.
#[derive(Serialize, Deserialize)]
struct Flow {
    state: String,
    nonce: String,
    verifier: String,
    next: String,
    /// Unit: microseconds since 1970.
    begun_at: i64,
}

/// Why the provider did not answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("the answer is larger than {MOST_BYTES} bytes")]
    TooLarge,
}

fn refused(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::NotAllowed { code, message: message.into() }
}

/// A failure of the provider: told to the operator in the log, and to people without details.
fn failed(what: &str, error: &dyn std::error::Error) -> ApiError {
    let mut causes = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        causes = format!("{causes}: {cause}");
        source = cause.source();
    }
    tracing::error!(what, causes, "the identity provider failed");
    ApiError::Unavailable(format!("the identity provider could not be used: {what}; the server's log says why"))
}

async fn send(request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Failure> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).build()?;
    let mut answer = client.execute(reqwest::Request::try_from(request)?).await?;
    let mut response = Response::new(Vec::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    while let Some(chunk) = answer.chunk().await? {
        if response.body().len() + chunk.len() > MOST_BYTES {
            return Err(Failure::TooLarge);
        }
        response.body_mut().extend_from_slice(&chunk);
    }
    Ok(response)
}

impl Provider {
    /// What the provider says of itself, read again once it is old, or at once when `fresh`.
    async fn metadata(&self, config: &Config, fresh: bool) -> Result<Arc<CoreProviderMetadata>, ApiError> {
        let mut known = self.0.lock().await;
        if let Some((read_at, metadata)) = known.as_ref().filter(|_| !fresh)
            && read_at.elapsed() < BELIEVED
        {
            return Ok(Arc::clone(metadata));
        }
        let issuer = IssuerUrl::new(config.auth.oidc.issuer.clone()).map_err(|error| failed("its issuer", &error))?;
        let metadata = CoreProviderMetadata::discover_async(issuer, &send).await;
        let metadata = Arc::new(metadata.map_err(|error| failed("what it says of itself was not read", &error))?);
        *known = Some((Instant::now(), Arc::clone(&metadata)));
        Ok(metadata)
    }
}

fn client(config: &Config, metadata: &CoreProviderMetadata) -> Result<Client, ApiError> {
    let oidc = &config.auth.oidc;
    let secret = Some(oidc.client_secret.expose()).filter(|secret| !secret.is_empty());
    let back = RedirectUrl::new(format!("{}{CALLBACK}", config.auth.public_url.trim_end_matches('/')));
    let back = back.map_err(|error| failed("the address to come back to", &error))?;
    let secret = secret.map(|secret| ClientSecret::new(secret.to_owned()));
    let client = CoreClient::from_provider_metadata(metadata.clone(), ClientId::new(oidc.client_id.clone()), secret);
    Ok(client.set_redirect_uri(back))
}

/// Begins a sign-in. Returns where the browser goes, and the cookie it keeps until it is back.
pub(crate) async fn start(app: &App, next: Option<&str>) -> Result<(String, String), ApiError> {
    let metadata = app.sign_in.oidc.metadata(&app.config, false).await?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let client = client(&app.config, &metadata)?;
    let mut request =
        client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random);
    for scope in &app.config.auth.oidc.scopes {
        request = request.add_scope(Scope::new(scope.clone()));
    }
    let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
    let flow = Flow {
        state: state.secret().clone(),
        nonce: nonce.secret().clone(),
        verifier: verifier.secret().clone(),
        next: local(next),
        begun_at: clock::now_micros(),
    };
    let text = Zeroizing::new(serde_json::to_vec(&flow).map_err(|error| ApiError::Internal(error.to_string()))?);
    let sealed = app.keys.seal(&context(&tenant(app)), &text).map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok((url.to_string(), sealed))
}

fn tenant(app: &App) -> TenantId {
    TenantId::new(app.config.auth.oidc.tenant.as_str())
}

fn context(tenant: &TenantId) -> SealContext<'_> {
    SealContext { tenant, kind: "oidc_flow", name: "flow" }
}

/// A place within the portal; anything else leads to its front page.
fn local(next: Option<&str>) -> String {
    let sound = |next: &&str| {
        next.starts_with("/zentinelle/") && next.len() < 2_000 && !next.contains(['\\', '\r', '\n']) && next.is_ascii()
    };
    next.filter(sound).unwrap_or("/zentinelle/").to_owned()
}

/// What the provider sent the browser back with.
pub(crate) struct Returned {
    /// The code, if people were signed in there.
    pub(crate) code: Option<String>,
    /// What came back of the sign-in.
    pub(crate) state: Option<String>,
    /// Else why not.
    pub(crate) error: Option<String>,
}

/// Ends a sign-in. Returns the cookie's value, and where the browser goes.
pub(crate) async fn finish(
    app: &App,
    returned: Returned,
    flow: Option<&str>,
    from: &From,
) -> Result<(Zeroizing<String>, String), ApiError> {
    let sealed = flow.ok_or_else(|| {
        refused("oidc_no_flow", "this browser began no sign-in, or it took too long; begin again from the sign-in page")
    })?;
    let tenant = tenant(app);
    let opened = app.keys.open(&context(&tenant), sealed);
    let flow = opened.ok().and_then(|opened| serde_json::from_slice::<Flow>(opened.expose()).ok());
    let flow =
        flow.ok_or_else(|| refused("oidc_flow_forged", "the cookie of the sign-in is not one of this server"))?;
    if clock::now_micros() - flow.begun_at > i64::from(FLOW_SECONDS) * 1_000_000 {
        return Err(refused("oidc_flow_expired", "the sign-in took longer than ten minutes; begin again"));
    }
    let state = returned.state.unwrap_or_default();
    if !bool::from(state.as_bytes().ct_eq(flow.state.as_bytes())) {
        return Err(refused("oidc_state", "the answer belongs to another sign-in; begin again"));
    }
    if let Some(error) = returned.error {
        let error: String = error.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(200).collect();
        return Err(refused("oidc_refused", format!("the identity provider refused: {error}")));
    }
    let code = returned.code.ok_or_else(|| refused("oidc_no_code", "the identity provider sent no code"))?;
    let metadata = app.sign_in.oidc.metadata(&app.config, false).await?;
    let client = client(&app.config, &metadata)?;
    let exchange = client.exchange_code(AuthorizationCode::new(code));
    let exchange = exchange.map_err(|error| failed("it names no place to exchange codes", &error))?;
    let tokens = exchange.set_pkce_verifier(PkceCodeVerifier::new(flow.verifier)).request_async(&send).await;
    let tokens = tokens.map_err(|error| {
        failed("the code was not exchanged", &error);
        refused("oidc_exchange", "the identity provider did not take the code; begin again")
    })?;
    let token = tokens.id_token().ok_or_else(|| refused("oidc_no_token", "the identity provider sent no ID token"))?;
    let nonce = Nonce::new(flow.nonce);
    let claims = match verified(&client, token, &nonce) {
        Ok(claims) => claims,
        // The provider may have new keys.
        Err(_) => {
            let metadata = app.sign_in.oidc.metadata(&app.config, true).await?;
            let client = self::client(&app.config, &metadata)?;
            verified(&client, token, &nonce).map_err(|why| {
                tracing::warn!(why, address = from.address, "an ID token was refused");
                refused("oidc_token", format!("the identity provider's token was refused: {why}"))
            })?
        }
    };
    let token = admit(app, &tenant, &claims, from).await?;
    Ok((token, flow.next))
}

/// The claims of a token that the provider signed for this server and this sign-in.
fn verified(client: &Client, token: &CoreIdToken, nonce: &Nonce) -> Result<Map<String, Value>, String> {
    let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
    token.claims(&verifier, nonce).map_err(|error| error.to_string())?;
    // Verified just now, so that its own text may be read for the claims that have no name in the standard.
    let text = token.to_string();
    let payload = text.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    payload.and_then(|payload| serde_json::from_slice(&payload).ok()).ok_or_else(|| "it holds no claims".to_owned())
}

/// The role that the claims give.
fn role_of(config: &Config, claims: &Map<String, Value>) -> Option<Role> {
    let oidc = &config.auth.oidc;
    let said = match claims.get(&oidc.role_claim) {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let given = said.iter().filter_map(|name| oidc.roles.get(*name)).max().or(oidc.default_role.as_ref())?;
    Some(match given {
        RoleName::Viewer => Role::Viewer,
        RoleName::Operator => Role::Operator,
        RoleName::Admin => Role::Admin,
    })
}

/// Signs the person of the claims in; who comes for the first time is made.
async fn admit(
    app: &App,
    tenant: &TenantId,
    claims: &Map<String, Value>,
    from: &From,
) -> Result<Zeroizing<String>, ApiError> {
    let text = |key: &str| claims.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let subject = text("sub").ok_or_else(|| refused("oidc_token", "the token names nobody"))?;
    let subject = format!("{} {subject}", app.config.auth.oidc.issuer);
    let Some(role) = role_of(&app.config, claims) else {
        let claim = &app.config.auth.oidc.role_claim;
        let message = format!("the identity provider gives you no role here (claim `{claim}`); ask an administrator");
        return Err(refused("oidc_no_role", message));
    };
    let acting = Caller::local(tenant.clone());
    let txn = app.store.begin().await?;
    let known = store::by_subject(&txn, tenant, &subject).await?;
    let row = match known {
        Some(row) => row,
        None => {
            let email = text("email").ok_or_else(|| {
                refused("oidc_no_email", "the identity provider tells no e-mail address; ask it for the scope `email`")
            })?;
            let vouched = claims.get("email_verified").is_some_and(|said| said == true || said == "true");
            if !vouched {
                let message = "the identity provider does not vouch for your e-mail address; confirm it there first";
                return Err(refused("oidc_email_unverified", message));
            }
            let email = users::email("email", email)?;
            match store::by_email(&txn, tenant, &email).await? {
                Some(row) if row.oidc_subject.is_some() => {
                    let message = "somebody else at the identity provider has this e-mail address here already";
                    return Err(refused("oidc_email_taken", message));
                }
                Some(row) => user::Model { oidc_subject: Some(subject), ..row },
                None => {
                    let name = text("name").unwrap_or(&email).chars().take(255).collect();
                    let made = users::blank(&acting, email, name, role);
                    let made = user::Model { source: "oidc".to_owned(), oidc_subject: Some(subject), ..made };
                    users::insert(&txn, &acting, &made).await?;
                    made
                }
            }
        }
    };
    if row.disabled_at.is_some() {
        return Err(refused("user_disabled", "your account is disabled; ask an administrator"));
    }
    let changed = user::Model { role: role.name().to_owned(), updated_at: clock::now_micros(), ..row.clone() };
    if changed.role != row.role {
        user_sessions::end_all(&txn, tenant, &row.id, None, changed.updated_at).await?;
        let change = Change {
            caller: &acting,
            action: AuditAction::Update,
            resource_type: "user",
            resource_id: &row.id,
            resource_name: &row.email,
            changes: json!({ "role": [row.role, changed.role], "by": "identity provider" }),
        };
        change.record(&txn).await?;
    }
    store::put(&txn, changed.clone()).await?;
    let token = sessions::begin(&txn, app, &changed, SignedInBy::Oidc, from).await?;
    txn.commit().await?;
    app.person_changed(tenant, &changed.id).await;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{local, role_of};
    use crate::auth::Role;
    use crate::config::{Config, RoleName};

    #[test]
    fn the_highest_role_that_a_claim_gives_counts_and_unknown_words_give_none() {
        let mut config = Config::default();
        config.auth.oidc.role_claim = "groups".to_owned();
        config.auth.oidc.roles = [("risk".to_owned(), RoleName::Operator), ("boss".to_owned(), RoleName::Admin)].into();
        let role = |config: &Config, claims: serde_json::Value| role_of(config, claims.as_object().expect("claims"));
        assert_eq!(role(&config, json!({ "groups": ["risk", "boss", "x"] })), Some(Role::Admin));
        assert_eq!(role(&config, json!({ "groups": "risk" })), Some(Role::Operator));
        assert_eq!(role(&config, json!({ "groups": ["admin"], "role": "boss" })), None);
        config.auth.oidc.default_role = Some(RoleName::Viewer);
        assert_eq!(role(&config, json!({})), Some(Role::Viewer));
    }

    #[test]
    fn nobody_is_sent_anywhere_else_after_signing_in() {
        assert_eq!(local(Some("/zentinelle/agents/?id=1")), "/zentinelle/agents/?id=1");
        for next in ["https://evil.example", "//evil.example", "/zentinelle", "/zentinelle/\\evil", "/api/x"] {
            assert_eq!(local(Some(next)), "/zentinelle/");
        }
    }
}
