//! The compiled policies of each tenant, in memory, swapped whole when they change.
//!
//! No decision waits for the database: once a tenant is known, a stale snapshot answers until
//! the newer one is compiled and takes its place.

mod registry;
mod said;
mod settings;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use moka::future::Cache;
use zentinelle_core::approval::KeyRing;
use zentinelle_core::ids::TenantId;
use zentinelle_core::{Decision, Engine, NoPolicy, PolicySet, Request};

pub(crate) use self::registry::Registry;
pub(crate) use self::said::{AllKept, PoliciesAnswered, PoliciesBrief, PoliciesSaid, Recorded, Said};
pub(crate) use self::settings::{
    ContentKeeping, FailMode, LeastSeverity, NotificationSettings, TenantSettings, UnknownModelPrice,
};
use crate::proxy::output::Rules;
use crate::store::{Store, StoreError, models, policies, tenants};

/// Everything a decision for one tenant needs.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The tenant.
    pub(crate) tenant: TenantId,
    /// Grows with every change; names the policy set in records.
    pub(crate) revision: i64,
    /// The compiled policies.
    pub(crate) engine: Engine,
    /// The models that the tenant denied in its registry, asked before the policies.
    pub(crate) registry: Option<Registry>,
    /// The tenant's settings.
    pub(crate) settings: TenantSettings,
    /// What its policies said so far.
    pub(crate) said: Said,
    /// The policies among them that speak of what models put out, once a reply was judged.
    pub(crate) output: OnceLock<Arc<Rules>>,
    /// What the tests of compliance packs come to under these policies, once somebody asked.
    pub(crate) pack_tests: OnceLock<PackTests>,
}

/// Of each pack: its tests of what must be denied, and whether each holds.
pub(crate) type PackTests = BTreeMap<&'static str, Vec<(String, bool)>>;

/// Makes the keys with which a tenant's approvals are verified.
pub(crate) type ApprovalKeys = Arc<dyn Fn(&TenantId) -> KeyRing + Send + Sync>;

impl Snapshot {
    /// The decision on a request that is about a model the tenant denied in its registry.
    pub(crate) fn refusal(&self, request: &Request) -> Option<Decision> {
        self.registry.as_ref()?.refusal(request)
    }
}

/// The snapshots of all tenants that were asked for.
#[derive(Clone)]
pub(crate) struct Snapshots {
    store: Store,
    approvals: ApprovalKeys,
    current: Cache<TenantId, Arc<Snapshot>>,
}

impl std::fmt::Debug for Snapshots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshots").field("tenants", &self.current.entry_count()).finish_non_exhaustive()
    }
}

impl Snapshots {
    /// No tenant is loaded yet.
    pub(crate) fn new(store: Store, approvals: ApprovalKeys) -> Self {
        Self { store, approvals, current: Cache::builder().max_capacity(10_000).build() }
    }

    /// The snapshot of a tenant; loaded once, however many ask at the same time.
    pub(crate) async fn get(&self, tenant: &TenantId) -> Result<Arc<Snapshot>, StoreError> {
        if let Some(snapshot) = self.current.get(tenant).await {
            return Ok(snapshot);
        }
        // What is seldom done stands apart, so that what is done for every request stays small.
        Box::pin(self.current.try_get_with_by_ref(tenant, self.load(tenant))).await.map_err(|error| {
            tracing::error!(%tenant, ?error, "the policies could not be loaded");
            StoreError::Unreadable { what: "policy set", why: error.to_string() }
        })
    }

    /// Swaps in a newer snapshot after a change, unless the present one is as new already.
    pub(crate) async fn refresh(&self, tenant: &TenantId) -> Result<(), StoreError> {
        if !self.current.contains_key(tenant) {
            return Ok(());
        }
        let newer = self.load(tenant).await?;
        self.current
            .entry_by_ref(tenant)
            .and_upsert_with(|present| {
                let present = present.map(moka::Entry::into_value);
                std::future::ready(match present {
                    Some(present) if present.revision > newer.revision => present,
                    _ => newer.clone(),
                })
            })
            .await;
        Ok(())
    }

    /// The revision of the snapshot in memory, if the tenant is loaded.
    pub(crate) async fn revision(&self, tenant: &TenantId) -> Option<i64> {
        self.current.get(tenant).await.map(|snapshot| snapshot.revision)
    }

    /// The tenants in memory whose snapshot is not the one the database names.
    pub(crate) async fn outdated(&self) -> Result<Vec<TenantId>, StoreError> {
        let known: Vec<(TenantId, i64)> =
            self.current.iter().map(|(tenant, snapshot)| ((*tenant).clone(), snapshot.revision)).collect();
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let revisions = tenants::revisions(self.store.db()).await?;
        let is_outdated = |(tenant, revision): &(TenantId, i64)| revisions.get(tenant.as_str()) != Some(revision);
        Ok(known.into_iter().filter(is_outdated).map(|(tenant, _)| tenant).collect())
    }

    /// Swaps in newer snapshots of every tenant in memory, after notices may have been missed.
    pub(crate) async fn refresh_all(&self) {
        let tenants: Vec<TenantId> = self.current.iter().map(|(tenant, _)| (*tenant).clone()).collect();
        for tenant in tenants {
            if let Err(error) = self.refresh(&tenant).await {
                tracing::error!(%tenant, ?error, "the policies could not be loaded again");
            }
        }
    }

    /// An engine as [`Snapshots::get`] would give it, over other policies: for asking what they
    /// would decide.
    pub(crate) fn engine(&self, tenant: &TenantId, set: PolicySet, settings: &TenantSettings) -> Engine {
        let no_policy = match settings.no_policy {
            FailMode::Deny => NoPolicy::Deny,
            FailMode::Permit => NoPolicy::Permit,
        };
        Engine::new(set).with_approvals((self.approvals)(tenant)).with_no_policy(no_policy)
    }

    async fn load(&self, tenant: &TenantId) -> Result<Arc<Snapshot>, StoreError> {
        // The revision first: a change in between makes the snapshot newer than it says, and the
        // notice of that change brings the next.
        let row = tenants::by_id(self.store.db(), tenant).await?.ok_or(StoreError::Missing { what: "tenant" })?;
        let settings: TenantSettings = serde_json::from_value(row.settings)
            .map_err(|error| StoreError::Unreadable { what: "tenant's settings", why: error.to_string() })?;
        let rows = policies::all(self.store.db(), tenant).await?;
        let policies = rows.into_iter().map(policies::to_core).collect::<Result<Vec<_>, _>>()?;
        let version = row.policy_revision.to_string();
        let denied = models::denied(self.store.db(), tenant).await?;
        let registry = Registry::new(tenant, &version, &denied);
        let set = PolicySet::compile(tenant.clone(), version, policies);
        let engine = self.engine(tenant, set, &settings);
        Ok(Arc::new(Snapshot {
            tenant: tenant.clone(),
            revision: row.policy_revision,
            engine,
            registry,
            settings,
            said: Said::default(),
            output: OnceLock::new(),
            pack_tests: OnceLock::new(),
        }))
    }
}
