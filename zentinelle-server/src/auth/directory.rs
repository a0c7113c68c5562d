//! From a presented key to a caller, without a query in the common case.
//!
//! What the database knows of keys and agents is kept in memory and dropped when a change
//! notice arrives; a short life bounds what a lost notice could do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use zentinelle_core::ids::{AgentId, TenantId};

use super::caller::{AgentFacts, Caller, Identity};
use super::key::{KeyHasher, KeyKind, PresentedKey, from_hex};
use super::permission::{Permission, Role};
use crate::clock;
use crate::store::entities::api_key;
use crate::store::{Store, StoreError, agents, keys};

/// How long a key or agent is believed without asking again.
const BELIEVED_FOR: Duration = Duration::from_secs(10);

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
    agent_id: Option<AgentId>,
    operator: Option<(Role, Arc<[Permission]>, Arc<str>)>,
}

/// Finds callers by their keys.
#[derive(Debug)]
pub(crate) struct Directory {
    store: Store,
    hasher: KeyHasher,
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
            keys: Cache::builder().max_capacity(100_000).time_to_live(BELIEVED_FOR).build(),
            agents: Cache::builder().max_capacity(100_000).time_to_live(BELIEVED_FOR).build(),
            generation: AtomicU64::new(0),
        }
    }

    /// For issuing keys.
    pub(crate) fn hasher(&self) -> &KeyHasher {
        &self.hasher
    }

    /// Checks a key and says whose it is.
    pub(crate) async fn authenticate(&self, text: &str) -> Result<Caller, AuthError> {
        let key = PresentedKey::parse(text).ok_or(AuthError::Malformed)?;
        let known = self.known_key(key.public_id()).await?.ok_or(AuthError::Invalid)?;
        let expired = known.expires_at.is_some_and(|end| end <= clock::now_micros());
        if !self.hasher.matches(&key, &known.hash) || known.kind != key.kind() || expired {
            return Err(AuthError::Invalid);
        }
        let identity = match known.kind {
            KeyKind::Enrolment | KeyKind::Bootstrap => Identity::Enrolment,
            KeyKind::Operator => {
                let (role, scopes, name) = known.operator.clone().ok_or(AuthError::Invalid)?;
                Identity::Operator { role, scopes, name }
            }
            KeyKind::Agent => {
                let agent_id = known.agent_id.as_ref().ok_or(AuthError::Invalid)?;
                let facts = self.agent(&known.tenant, agent_id).await?.ok_or(AuthError::Invalid)?;
                Identity::Agent(facts)
            }
        };
        Ok(Caller {
            tenant: known.tenant.clone(),
            key_id: known.id.clone(),
            public_id: known.public_id.clone(),
            identity,
        })
    }

    /// An agent of a tenant by its id, if it exists.
    pub(crate) async fn agent(&self, tenant: &TenantId, id: &AgentId) -> Result<Option<Arc<AgentFacts>>, StoreError> {
        let name = (tenant.clone(), id.clone());
        if let Some(facts) = self.agents.get(&name) {
            return Ok(facts);
        }
        let generation = self.generation.load(Ordering::Acquire);
        let facts = agents::facts(&self.store, tenant, id).await?.map(Arc::new);
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
        let row = keys::by_public_id(&self.store, public_id).await?;
        let known = row.filter(|row| row.revoked_at.is_none()).and_then(KnownKey::read).map(Arc::new);
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
            agent_id: row.agent_id.map(AgentId::new),
            operator,
        })
    }
}
