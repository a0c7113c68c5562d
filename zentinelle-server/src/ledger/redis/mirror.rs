//! What this server has seen of the totals in Redis, so that it can tell a Redis that forgot.
//!
//! Whoever charged a total last knows its value, so all servers together know every total. Only
//! windows of an hour or longer are kept: a shorter one is over soon after.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use zentinelle_core::ledger::Window;
use zentinelle_core::ledger::shared::window::steps_of;

use crate::ledger::total::{Total, is_durable};

const SHARDS: usize = 16;
/// Most totals a shard keeps. The database, which follows behind, knows the rest.
const MAX_PER_SHARD: usize = 65_536;

/// The totals seen, by their keys.
#[derive(Debug)]
pub(super) struct Mirror {
    hasher: RandomState,
    shards: Vec<Mutex<Shard>>,
}

#[derive(Debug, Default)]
struct Shard {
    seen: HashMap<String, (Window, Total)>,
    /// Sweep again when the shard has grown to this size.
    sweep_at: usize,
}

impl Default for Mirror {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }
}

impl Mirror {
    /// Notes the state of a total after a charge. Answers may arrive in another order than Redis
    /// gave them, so the highest of a window stays.
    pub(super) fn note(&self, key: String, window: Window, state: Total, now: i64) {
        if !is_durable(window) {
            return;
        }
        let Some(mut shard) = self.shard(&key) else { return };
        if shard.seen.len() >= shard.sweep_at.clamp(1_024, MAX_PER_SHARD) {
            shard.seen.retain(|_, (window, total)| total.ends_at(*window) > now);
            shard.sweep_at = shard.seen.len() * 2;
        }
        let is_full = shard.seen.len() >= MAX_PER_SHARD;
        match shard.seen.entry(key) {
            Entry::Occupied(mut seen) => raise(&mut seen.get_mut().1, state, window, now),
            Entry::Vacant(place) if !is_full => {
                place.insert((window, state));
            }
            Entry::Vacant(_) => tracing::debug!("the mirror of the ledger is full"),
        }
    }

    /// Every total that still counts at `now`, in the order of the keys.
    pub(super) fn running(&self, now: i64) -> Vec<(String, Window, Total)> {
        let mut running = Vec::new();
        for shard in &self.shards {
            let shard = unpoisoned(shard);
            let still = shard.seen.iter().filter(|(_, (window, total))| total.ends_at(*window) > now);
            running.extend(still.map(|(key, (window, total))| (key.clone(), *window, total.clone())));
        }
        running.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        running
    }

    fn shard(&self, key: &str) -> Option<MutexGuard<'_, Shard>> {
        let hash = usize::try_from(self.hasher.hash_one(key) & 0xffff).unwrap_or(0);
        self.shards.get(hash % SHARDS).map(unpoisoned)
    }
}

/// Takes over what is newer or higher.
fn raise(seen: &mut Total, state: Total, window: Window, now: i64) {
    match (seen, state) {
        (Total::Open { start, end, used }, Total::Open { start: from, end: to, used: now_used }) => {
            if from > *start {
                (*start, *end, *used) = (from, to, now_used);
            } else if from == *start {
                *used = now_used.max(*used);
            }
        }
        (Total::Sliding { steps }, Total::Sliding { steps: new }) => {
            for (step, amount) in new {
                match steps.binary_search_by_key(&step, |(step, _)| *step) {
                    Ok(place) => {
                        if let Some((_, seen)) = steps.get_mut(place) {
                            *seen = amount.max(*seen);
                        }
                    }
                    Err(place) => steps.insert(place, (step, amount)),
                }
            }
            let oldest = steps_of(window).oldest(now);
            steps.retain(|(step, _)| *step >= oldest);
        }
        _ => {}
    }
}

fn unpoisoned<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
