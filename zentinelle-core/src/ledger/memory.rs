//! The ledger of a single process: sharded, bounded, exact.
//!
//! A batch locks only the shards its counters live in, in ascending order so that two
//! batches cannot wait for each other. Totals whose window is over are dropped; when every
//! place is taken by a total that still runs, new counters are refused rather than
//! forgotten, which denies the request.

use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};
use jiff::Timestamp;
use smallvec::SmallVec;

use self::total::Total;
use super::{Batch, Counter, Ledger, LedgerError, Mode, Outcome, Settlement, Unit, Usage, Window};
use crate::ids::ReservationId;

mod snapshot;
mod total;

pub use self::snapshot::{RestoreError, Snapshot};

const SHARDS: usize = 64;

/// How large a [`MemoryLedger`] may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLedgerConfig {
    /// The most running totals kept at once. Default: 1,000,000.
    pub max_counters: usize,
    /// The most open reservations kept at once. Default: 100,000.
    pub max_reservations: usize,
    /// How long a reservation stays open for settlement. Unit: seconds. Default: 3,600.
    pub reservation_seconds: u32,
    /// Seeds the hash of counter names. Choose it at random where callers choose names, such
    /// as session ids, so that they cannot aim at one shard. Default: 0.
    pub hash_seed: u64,
}

impl Default for MemoryLedgerConfig {
    fn default() -> Self {
        Self { max_counters: 1_000_000, max_reservations: 100_000, reservation_seconds: 3_600, hash_seed: 0 }
    }
}

/// Keeps running totals in memory. Shared between threads by reference.
#[derive(Debug)]
pub struct MemoryLedger {
    config: MemoryLedgerConfig,
    hasher: FixedState,
    shards: Box<[Mutex<Shard>]>,
    reservations: Mutex<Reservations>,
}

#[derive(Debug, Default)]
struct Shard {
    totals: HashTable<Kept>,
    /// Sweep again when the shard has grown to this size.
    sweep_at: usize,
}

/// One total under its name.
#[derive(Debug)]
struct Kept {
    hash: u64,
    counter: Counter,
    window: Window,
    total: Total,
}

/// A counter's name with its hash, which is worked out once for all look-ups of a batch.
#[derive(Clone, Copy)]
struct Key<'k> {
    hash: u64,
    counter: &'k Counter,
    window: Window,
}

impl Key<'_> {
    /// The shard the counter lives in. Bits from the middle of the hash: the table within the
    /// shard uses those at both ends.
    fn place(self) -> usize {
        usize::try_from(self.hash >> 40 & 0xffff).unwrap_or(0) % SHARDS
    }

    fn names(self, kept: &Kept) -> bool {
        self.hash == kept.hash && self.window == kept.window && self.counter == &kept.counter
    }
}

impl Shard {
    fn total(&self, key: Key<'_>) -> Option<&Total> {
        self.totals.find(key.hash, |kept| key.names(kept)).map(|kept| &kept.total)
    }

    fn total_mut(&mut self, key: Key<'_>) -> Option<&mut Total> {
        self.totals.find_mut(key.hash, |kept| key.names(kept)).map(|kept| &mut kept.total)
    }

    /// A new total under `key`, which must not be there yet.
    fn open(&mut self, key: Key<'_>) -> &mut Total {
        let Key { hash, counter, window } = key;
        let kept = Kept { hash, counter: counter.clone(), window, total: Total::new(window) };
        &mut self.totals.insert_unique(hash, kept, |kept| kept.hash).into_mut().total
    }
}

#[derive(Debug, Default)]
struct Reservations {
    open: HashMap<ReservationId, Reservation, FixedState>,
    sweep_at: usize,
}

#[derive(Debug)]
struct Reservation {
    expires_at: Timestamp,
    charged_at: Timestamp,
    lines: SmallVec<[Line; 2]>,
}

#[derive(Debug)]
struct Line {
    counter: Counter,
    window: Window,
    unit: Unit,
    amount: u64,
    /// When it was charged, and not before its window began: who asked first may be charged second.
    charged_at: Timestamp,
}

impl Default for MemoryLedger {
    fn default() -> Self {
        Self::new(MemoryLedgerConfig::default())
    }
}

impl MemoryLedger {
    /// An empty ledger.
    #[must_use]
    pub fn new(config: MemoryLedgerConfig) -> Self {
        Self {
            hasher: FixedState::with_seed(config.hash_seed),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            reservations: Mutex::default(),
            config,
        }
    }

    /// Adds to a total without asking for a limit: usage that happened elsewhere, such as the
    /// month's spend known from an older log.
    pub fn record(&self, counter: Counter, window: Window, amount: u64, at: Timestamp) -> Result<(), LedgerError> {
        let key = self.key(&counter, window);
        let mut shard = self.shard(key.place());
        if let Some(total) = shard.total_mut(key) {
            total.add(amount, at);
            return Ok(());
        }
        self.make_room(&mut shard, at)?;
        shard.open(key).add(amount, at);
        Ok(())
    }

    /// The total of a counter in its current window.
    #[must_use]
    pub fn used(&self, counter: &Counter, window: Window, now: Timestamp) -> u64 {
        let key = self.key(counter, window);
        self.shard(key.place()).total(key).map_or(0, |total| total.used(now))
    }

    /// How many totals are kept, ended ones that were not swept yet included.
    #[must_use]
    pub fn len(&self) -> usize {
        (0..SHARDS).map(|place| self.shard(place).totals.len()).sum()
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn key<'k>(&self, counter: &'k Counter, window: Window) -> Key<'k> {
        Key { hash: self.hasher.hash_one((counter, window)), counter, window }
    }

    #[expect(clippy::indexing_slicing, reason = "`place` is taken modulo the number of shards")]
    fn shard(&self, place: usize) -> MutexGuard<'_, Shard> {
        unpoisoned(self.shards[place % SHARDS].lock())
    }

    fn make_room(&self, shard: &mut Shard, now: Timestamp) -> Result<(), LedgerError> {
        let most = self.config.max_counters.div_ceil(SHARDS).max(1);
        if shard.totals.len() >= shard.sweep_at.max(64).min(most) {
            shard.totals.retain(|kept| !kept.total.is_over(now));
            shard.sweep_at = shard.totals.len() * 2;
        }
        if shard.totals.len() >= most {
            return Err(LedgerError::Full { limit: self.config.max_counters });
        }
        Ok(())
    }

    /// Takes a reservation out of the book, unless it is unknown or has expired.
    fn take(&self, id: &ReservationId, now: Timestamp) -> Option<Reservation> {
        let reservation = unpoisoned(self.reservations.lock()).open.remove(id)?;
        (reservation.expires_at > now).then_some(reservation)
    }

    fn open_reservation(
        &self,
        batch: &Batch,
        id: &ReservationId,
        charged_at: impl Fn(usize) -> Timestamp,
    ) -> Result<(), LedgerError> {
        let mut book = unpoisoned(self.reservations.lock());
        let now = batch.now;
        if book.open.len() >= book.sweep_at.max(1024).min(self.config.max_reservations) {
            book.open.retain(|_, reservation| reservation.expires_at > now);
            book.sweep_at = book.open.len() * 2;
        }
        if book.open.get(id).is_some_and(|open| open.expires_at > now) {
            return Err(LedgerError::ReservationExists(id.clone()));
        }
        if book.open.len() >= self.config.max_reservations {
            return Err(LedgerError::Full { limit: self.config.max_reservations });
        }
        let line = |(place, posting): (usize, &super::Posting)| Line {
            counter: posting.counter.clone(),
            window: posting.window,
            unit: posting.unit,
            amount: posting.amount,
            charged_at: charged_at(place),
        };
        let lifetime = jiff::SignedDuration::from_secs(self.config.reservation_seconds.into());
        let reservation = Reservation {
            expires_at: now.saturating_add(lifetime).unwrap_or(Timestamp::MAX),
            charged_at: now,
            lines: batch.postings.iter().enumerate().map(line).collect(),
        };
        book.open.insert(id.clone(), reservation);
        Ok(())
    }
}

impl Ledger for MemoryLedger {
    fn apply(&self, batch: &Batch) -> Result<Outcome, LedgerError> {
        let keys: SmallVec<[Key<'_>; 4]> =
            batch.postings.iter().map(|posting| self.key(&posting.counter, posting.window)).collect();
        let mut order: SmallVec<[usize; 4]> = SmallVec::new();
        for place in keys.iter().map(|key| key.place()) {
            // Each shard once, in order, so that two threads never wait for each other.
            if let Err(at) = order.binary_search(&place) {
                order.insert(at, place);
            }
        }
        let mut guards: SmallVec<[(usize, MutexGuard<'_, Shard>); 4]> =
            order.into_iter().map(|place| (place, self.shard(place))).collect();

        let mut readings = Vec::with_capacity(batch.postings.len());
        let mut all_fit = true;
        for (posting, key) in batch.postings.iter().zip(&keys) {
            let total = guards.iter().find(|(at, _)| *at == key.place()).and_then(|(_, shard)| shard.total(*key));
            let reading =
                total.map_or_else(|| Total::new(posting.window).read(batch.now), |total| total.read(batch.now));
            all_fit &= posting.fits(reading.used);
            readings.push(reading);
        }
        if batch.mode == Mode::Peek || !all_fit {
            return Ok(Outcome { committed: false, readings });
        }
        // Everything that can fail comes before the first amount is added.
        for key in &keys {
            if let Some(shard) = locked(&mut guards, key.place())
                && shard.total(*key).is_none()
            {
                self.make_room(shard, batch.now)?;
                shard.open(*key);
            }
        }
        if let Some(id) = &batch.reservation {
            let total = |place: usize| {
                let key = keys.get(place)?;
                guards.iter().find(|(at, _)| *at == key.place()).and_then(|(_, shard)| shard.total(*key))
            };
            let charged_at = |place| total(place).map_or(batch.now, |total| total.charges_at(batch.now));
            self.open_reservation(batch, id, charged_at)?;
        }
        for (posting, key) in batch.postings.iter().zip(&keys) {
            let Some(shard) = locked(&mut guards, key.place()) else { continue };
            if shard.total(*key).is_none() {
                // Making room for a later counter of the shard swept this one, which was still empty.
                shard.open(*key);
            }
            if let Some(total) = shard.total_mut(*key) {
                if batch.reservation.is_some() {
                    total.open(batch.now);
                }
                total.add(posting.amount, batch.now);
            }
        }
        Ok(Outcome { committed: true, readings })
    }

    fn settle(&self, reservation: &ReservationId, usage: &Usage, now: Timestamp) -> Result<Settlement, LedgerError> {
        let Some(open) = self.take(reservation, now) else { return Ok(Settlement::default()) };
        let mut overran = false;
        for line in &open.lines {
            let Some(actual) = usage.of(line.unit) else { continue };
            overran |= actual > line.amount;
            self.adjust(line, actual, now);
        }
        Ok(Settlement { found: true, overran })
    }

    fn release(&self, reservation: &ReservationId, now: Timestamp) -> Result<Settlement, LedgerError> {
        let Some(open) = self.take(reservation, now) else { return Ok(Settlement::default()) };
        for line in &open.lines {
            self.adjust(line, 0, now);
        }
        Ok(Settlement { found: true, overran: false })
    }
}

impl MemoryLedger {
    /// Replaces a reserved amount by the true one, if the window it was charged to still runs.
    fn adjust(&self, line: &Line, actual: u64, now: Timestamp) {
        let key = self.key(&line.counter, line.window);
        if let Some(total) = self.shard(key.place()).total_mut(key) {
            total.adjust(line.amount, actual, line.charged_at, now);
        }
    }
}

/// The shard at `place` among those a batch has locked.
fn locked<'g>(guards: &'g mut [(usize, MutexGuard<'_, Shard>)], place: usize) -> Option<&'g mut Shard> {
    guards.iter_mut().find(|(at, _)| *at == place).map(|(_, shard)| &mut **shard)
}

/// A thread that panicked while holding a lock left whole totals behind: every write is one
/// addition. Going on is safer than denying everything from then on.
fn unpoisoned<'l, T>(lock: Result<MutexGuard<'l, T>, PoisonError<MutexGuard<'l, T>>>) -> MutexGuard<'l, T> {
    lock.unwrap_or_else(PoisonError::into_inner)
}
