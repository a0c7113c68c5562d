//! Agents that wait for a person's decision, each woken when its own request changes.

use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use tokio::sync::Notify;
use zentinelle_core::ids::TenantId;

type Name = (TenantId, String);

/// Who waits for what.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Arc<Mutex<HashMap<Name, Arc<Notify>>>>);

/// One who waits. Dropping it ends the waiting.
pub(super) struct Ticket {
    waiting: Arc<Mutex<HashMap<Name, Arc<Notify>>>>,
    name: Name,
    pub(super) notify: Arc<Notify>,
}

impl Waiting {
    /// Begins to wait for a change of a request.
    pub(super) fn begin(&self, tenant: &TenantId, id: &str) -> Ticket {
        let name = (tenant.clone(), id.to_owned());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let notify = all.entry(name.clone()).or_default().clone();
        Ticket { waiting: self.0.clone(), name, notify }
    }

    /// Wakes everybody who waits for a request.
    pub(crate) fn wake(&self, tenant: &TenantId, id: &str) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notify) = all.get(&(tenant.clone(), id.to_owned())) {
            notify.notify_waiters();
        }
    }

    /// Wakes everybody, after notices may have been missed.
    pub(crate) fn wake_all(&self) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().for_each(|notify| notify.notify_waiters());
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut all = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's own and this one: nobody else waits.
        if Arc::strong_count(&self.notify) <= 2 {
            all.remove(&self.name);
        }
    }
}
