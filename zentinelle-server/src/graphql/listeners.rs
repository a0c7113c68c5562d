//! How many subscriptions each caller has open: each of them asks the database again and again.

use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use zentinelle_core::ids::TenantId;

use crate::auth::Caller;
use crate::http::error::ApiError;

/// How long a caller who has too many should wait. Unit: seconds.
const RETRY_AFTER: u32 = 10;

type Open = Arc<Mutex<HashMap<(TenantId, Arc<str>), u32>>>;

/// The open subscriptions of all callers of this server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listeners(Open);

/// One open subscription; it is over when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    open: Open,
    caller: (TenantId, Arc<str>),
}

impl Listeners {
    /// A place for one subscription more, unless the caller has the most there may be.
    pub(crate) fn place(&self, caller: &Caller, most: u32) -> Result<Place, ApiError> {
        let caller = (caller.tenant.clone(), caller.public_id.clone());
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(caller.clone()).or_default();
        if *count >= most {
            let message = format!("{count} subscriptions are open already, the most one caller may have");
            return Err(ApiError::Throttled { retry_after: RETRY_AFTER, message });
        }
        *count += 1;
        Ok(Place { open: Arc::clone(&self.0), caller })
    }
}

#[cfg(test)]
impl Listeners {
    /// How many subscriptions there are.
    pub(crate) fn count(&self) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.caller) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.caller);
            }
        }
    }
}
