//! Whether a ledger answers, as it is reported.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// How a ledger stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It answers.
    #[default]
    Up,
    /// It answers, but lost what it knew, and learns it again from the servers.
    Recovering,
    /// It does not answer.
    Away,
}

/// How a ledger stands, and why if not well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// How it stands.
    pub(crate) standing: Standing,
    /// What went wrong last; none while it is up.
    pub(crate) why: Option<String>,
}

/// Where operations note how they went.
#[derive(Debug)]
pub(super) struct HealthBoard {
    /// Spares the lock on every operation that goes well.
    is_up: AtomicBool,
    health: Mutex<Health>,
}

impl Default for HealthBoard {
    fn default() -> Self {
        Self { is_up: AtomicBool::new(true), health: Mutex::default() }
    }
}

impl HealthBoard {
    pub(super) fn up(&self) {
        if !self.is_up.load(Ordering::Relaxed) {
            self.set(Standing::Up, None);
        }
    }

    pub(super) fn recovering(&self, why: &str) {
        self.set(Standing::Recovering, Some(why));
    }

    pub(super) fn away(&self, why: &str) {
        self.set(Standing::Away, Some(why));
    }

    pub(super) fn read(&self) -> Health {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, standing: Standing, why: Option<&str>) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if health.standing != standing {
            match why {
                None => tracing::info!("the ledger is up again"),
                Some(why) => tracing::warn!(?standing, why, "the ledger does not admit charges"),
            }
        }
        *health = Health { standing, why: why.map(str::to_owned) };
        self.is_up.store(standing == Standing::Up, Ordering::Relaxed);
    }
}
