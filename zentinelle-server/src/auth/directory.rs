//! From a presented key to a caller, without a query in the common case.
//!
//! What the database knows of keys and agents is kept in memory and dropped when a change
//! notice arrives; a short life bounds what a lost notice could do.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use zentinelle_core::agent::AgentStatus;
use zentinelle_core::ids::{AgentId, TenantId};

use super::caller::{AgentFacts, Caller, Identity};
use super::key::{KeyHasher, KeyKind, PresentedKey, from_hex};
use super::legacy::LegacyTokens;
use super::permission::{Permission, Role};
use crate::clock;
use crate::store::entities::api_key;
use crate::store::{Store, StoreError, agents, keys, tenants};

/// How long a key or agent is believed without asking again.
const BELIEVED_FOR: Duration = Duration::from_secs(10);

/// How often the use of a key is noted. Unit: microseconds.
const NOTED_EVERY: i64 = 5 * 60 * 1_000_000;

/// Why a key was not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthError {
    /// No key was sent.
    #[error("no key was sent")]
    Missing,
    /// The key has not the form of one.
    #[error("the key has not the form of a key")]
    Malformed,
    /// The key is unknown, expired or revoked, or its agent may not act.
    #[error("the key is not valid")]
    Invalid,
    /// The session of a cookie has ended.
    #[error("the session has ended; sign in again")]
    SessionEnded,
    /// A sign-in failed. Nothing is said of which part was wrong.
    #[error("the e-mail address, the password or the code is wrong")]
    Credentials,
    /// The database could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A key's row, ready for comparing.
#[derive(Debug)]
struct KnownKey {
    tenant: TenantId,
    id: Arc<str>,
    public_id: Arc<str>,
    kind: KeyKind,
    hash: [u8; 32],
    expires_at: Option<i64>,
    revoked: bool,
    agent_id: Option<AgentId>,
    operator: Option<(Role, Arc<[Permission]>, Arc<str>)>,
    /// When its use was last noted. Unit: microseconds since 1970.
    noted_at: AtomicI64,
}

/// Finds callers by their keys.
#[derive(Debug)]
pub(crate) struct Directory {
    store: Store,
    hasher: KeyHasher,
    legacy: LegacyTokens,
    keys: Cache<String, Option<Arc<KnownKey>>>,
    agents: Cache<(TenantId, AgentId), Option<Arc<AgentFacts>>>,
    /// Counts invalidations, so that an answer read before one is not kept after it.
    generation: AtomicU64,
}

impl Directory {
    /// A directory over a database.
    pub(crate) fn new(store: Store, hasher: KeyHasher) -> Self {
        Self {
            store,
            hasher,
            legacy: LegacyTokens::default(),
            keys: Cache::builder().max_capacity(100_000).time_to_live(BELIEVED_FOR).build(),
            agents: Cache::builder().max_capacity(100_000).time_to_live(BELIEVED_FOR).build(),
            generation: AtomicU64::new(0),
        }
    }

    /// The same directory, also accepting derived enrolment tokens.
    pub(crate) fn with_legacy_tokens(mut self, legacy: LegacyTokens) -> Self {
        self.legacy = legacy;
        self
    }

    /// For issuing keys.
    pub(crate) fn hasher(&self) -> &KeyHasher {
        &self.hasher
    }

    /// Checks a key and says whose it is.
    pub(crate) async fn authenticate(&self, text: &str) -> Result<Caller, AuthError> {
        let (known, facts) = self.recognised(text).await?;
        let Some(known) = known else { return Box::pin(self.legacy_caller(text)).await };
        if known.revoked || facts.as_ref().is_some_and(|facts| !facts.may_call()) {
            return Err(AuthError::Invalid);
        }
        self.note_use(&known, clock::now_micros());
        Self::caller(&known, facts)
    }

    /// As [`Directory::authenticate`], and on a route for departed agents knows a deregistered
    /// one by the key it had, so that deregistering twice is no fault.
    pub(crate) async fn authenticate_for(&self, text: &str, departed: bool) -> Result<Caller, AuthError> {
        if departed
            && let (Some(known), Some(facts)) = self.recognised(text).await?
            && facts.agent.status == AgentStatus::Terminated
        {
            return Self::caller(&known, Some(facts));
        }
        self.authenticate(text).await
    }

    /// The row of a key that compares equal and has not ended, with the agent it stands for.
    /// Whether the two are still good for anything is for the caller to check.
    async fn recognised(&self, text: &str) -> Result<(Option<Arc<KnownKey>>, Option<Arc<AgentFacts>>), AuthError> {
        let key = PresentedKey::parse(text).ok_or(AuthError::Malformed)?;
        let Some(known) = self.known_key(key.public_id()).await? else { return Ok((None, None)) };
        let expired = known.expires_at.is_some_and(|end| end <= clock::now_micros());
        if !self.hasher.matches(&key, &known.hash) || known.kind != key.kind() || expired {
            return Err(AuthError::Invalid);
        }
        let facts = match &known.agent_id {
            Some(agent_id) if known.kind == KeyKind::Agent => self.agent(&known.tenant, agent_id).await?,
            _ => None,
        };
        Ok((Some(known), facts))
    }

    /// Whoever enrols with a derived token. The token has no row, so nothing counts its uses.
    async fn legacy_caller(&self, text: &str) -> Result<Caller, AuthError> {
        let tenant = self.legacy.tenant(text).ok_or(AuthError::Invalid)?;
        let row = tenants::by_id(self.store.db(), &tenant).await?.ok_or(AuthError::Invalid)?;
        if row.status != "active" {
            return Err(AuthError::Invalid);
        }
        let (key_id, public_id) = (Arc::from(""), Arc::from("legacy"));
        Ok(Caller {
            tenant,
            key_id,
            public_id,
            kind: KeyKind::Bootstrap,
            identity: Identity::Enrolment,
            signed_in: None,
        })
    }

    /// A key's bearer.
    fn caller(known: &KnownKey, facts: Option<Arc<AgentFacts>>) -> Result<Caller, AuthError> {
        let identity = match known.kind {
            KeyKind::Enrolment | KeyKind::Bootstrap => Identity::Enrolment,
            KeyKind::Operator => {
                let (role, scopes, name) = known.operator.clone().ok_or(AuthError::Invalid)?;
                Identity::Operator { role, scopes, name }
            }
            KeyKind::Agent => Identity::Agent(facts.ok_or(AuthError::Invalid)?),
        };
        Ok(Caller {
            tenant: known.tenant.clone(),
            key_id: known.id.clone(),
            public_id: known.public_id.clone(),
            kind: known.kind,
            identity,
            signed_in: None,
        })
    }

    /// Whether a key is known to be good without asking the database.
    pub(crate) fn remembers(&self, text: &str) -> bool {
        let Some(key) = PresentedKey::parse(text) else { return false };
        self.keys
            .get(key.public_id())
            .flatten()
            .is_some_and(|known| !known.revoked && self.hasher.matches(&key, &known.hash))
    }

    /// Notes that a key was used, behind the answer and not at every use.
    fn note_use(&self, known: &KnownKey, now: i64) {
        let noted_at = known.noted_at.load(Ordering::Relaxed);
        if now.saturating_sub(noted_at) < NOTED_EVERY {
            return;
        }
        let mine = known.noted_at.compare_exchange(noted_at, now, Ordering::Relaxed, Ordering::Relaxed);
        if mine.is_err() {
            return; // another request notes it
        }
        let (store, tenant, public_id) = (self.store.clone(), known.tenant.clone(), known.public_id.clone());
        tokio::spawn(async move {
            if let Err(error) = keys::note_use(&store, &tenant, &public_id, now).await {
                tracing::debug!(?error, "the use of a key was not noted");
            }
        });
    }

    /// An agent of a tenant by its id, if it exists.
    pub(crate) async fn agent(&self, tenant: &TenantId, id: &AgentId) -> Result<Option<Arc<AgentFacts>>, StoreError> {
        let name = (tenant.clone(), id.clone());
        if let Some(facts) = self.agents.get(&name) {
            return Ok(facts);
        }
        let generation = self.generation.load(Ordering::Acquire);
        let facts = Box::pin(agents::facts(&self.store, tenant, id)).await?.map(Arc::new);
        if self.generation.load(Ordering::Acquire) == generation {
            self.agents.insert(name, facts.clone());
        }
        Ok(facts)
    }

    async fn known_key(&self, public_id: &str) -> Result<Option<Arc<KnownKey>>, StoreError> {
        if let Some(known) = self.keys.get(public_id) {
            return Ok(known);
        }
        let generation = self.generation.load(Ordering::Acquire);
        let row = Box::pin(keys::by_public_id(&self.store, public_id)).await?;
        let known = row.and_then(KnownKey::read).map(Arc::new);
        if self.generation.load(Ordering::Acquire) == generation {
            self.keys.insert(public_id.to_owned(), known.clone());
        }
        Ok(known)
    }

    /// Forgets a key that was changed.
    pub(crate) fn forget_key(&self, public_id: &str) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.keys.invalidate(public_id);
    }

    /// Forgets a key that was revoked, unless that is known already.
    pub(crate) fn forget_if_good(&self, public_id: &str) {
        if self.keys.get(public_id).flatten().is_some_and(|known| !known.revoked) {
            self.forget_key(public_id);
        }
    }

    /// Forgets an agent that was changed.
    pub(crate) fn forget_agent(&self, tenant: &TenantId, id: &AgentId) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.agents.invalidate(&(tenant.clone(), id.clone()));
    }

    /// Forgets everything, after notices may have been missed.
    pub(crate) fn forget_all(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.keys.invalidate_all();
        self.agents.invalidate_all();
    }
}

impl KnownKey {
    /// A row as a key; none when the row makes no sense, which then opens nothing.
    fn read(row: api_key::Model) -> Option<Self> {
        let kind = KeyKind::from_name(&row.kind)?;
        let operator = match kind {
            KeyKind::Operator => {
                let scopes = row.scopes.as_array()?.iter().map(|scope| Permission::parse(scope.as_str()?));
                let scopes: Option<Arc<[Permission]>> = scopes.collect();
                Some((Role::from_name(row.role.as_deref()?)?, scopes?, Arc::from(row.label)))
            }
            KeyKind::Agent | KeyKind::Enrolment | KeyKind::Bootstrap => None,
        };
        Some(Self {
            tenant: TenantId::new(row.tenant_id),
            // A key that was rotated acts as its successor for the rest of its time, so that the
            // agents it enrolled stay the same.
            id: row.replaced_by.unwrap_or(row.id).into(),
            public_id: row.public_id.into(),
            kind,
            hash: from_hex(&row.secret_hash)?,
            expires_at: row.expires_at,
            revoked: row.revoked_at.is_some(),
            agent_id: row.agent_id.map(AgentId::new),
            operator,
            noted_at: AtomicI64::new(row.last_used_at.unwrap_or_default()),
        })
    }
}
