//! Something read from the database and kept in memory for each tenant until it changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::future::Cache;
use zentinelle_core::ids::TenantId;

use crate::store::StoreError;

/// After how long a replica that heard of no change reads again.
const MOST_AGE: Duration = Duration::from_secs(30);

/// One value a tenant.
pub(crate) struct PerTenant<T> {
    values: Cache<(TenantId, u64), Arc<T>>,
    /// Counts changes. It is part of the key, so that what was read before a change cannot take
    /// the place of what was changed.
    epoch: AtomicU64,
}

impl<T> std::fmt::Debug for PerTenant<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PerTenant").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl<T: Send + Sync + 'static> PerTenant<T> {
    /// Nothing is known yet.
    pub(crate) fn new() -> Self {
        let values = Cache::builder().max_capacity(10_000).time_to_live(MOST_AGE).build();
        Self { values, epoch: AtomicU64::new(0) }
    }

    /// The value of a tenant; read once, however many ask at the same time.
    pub(crate) async fn get<F>(&self, tenant: &TenantId, load: impl FnOnce() -> F) -> Result<Arc<T>, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let key = (tenant.clone(), self.epoch.load(Ordering::Acquire));
        if let Some(value) = self.values.get(&key).await {
            return Ok(value);
        }
        // What is seldom done stands apart, so that what is done for every request stays small.
        let read = async { load().await.map(Arc::new) };
        Box::pin(self.values.try_get_with(key, read)).await.map_err(|error| {
            tracing::error!(%tenant, ?error, "what is kept in memory could not be read");
            match &*error {
                StoreError::Database(inner) if error.is_unavailable() => {
                    StoreError::Database(sea_orm::DbErr::Conn(sea_orm::RuntimeErr::Internal(inner.to_string())))
                }
                other => StoreError::Unreadable { what: "tenant's data", why: other.to_string() },
            }
        })
    }

    /// Forgets everything after a change. Call it once the change is committed.
    pub(crate) fn changed(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.values.invalidate_all();
    }
}
