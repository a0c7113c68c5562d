//! Charging: batches become the arguments of one script, and its answer their outcomes.

use std::sync::Arc;

use hashbrown::HashMap;
use redis::RedisResult;
use zentinelle_core::ledger::{Batch, LedgerError, Mode, Outcome, Posting, Reading, Window};

use super::link::{Link, Shared};
use super::script::APPLY;
use super::state::{expiry, kind, unit_text, until};
use super::{cold, run};
use crate::ledger::entry::expires_at;
use crate::ledger::name::window_text;
use crate::ledger::total::{end_of, instant, start_of, steps_of};

/// Charges batches that have no reservations.
pub(super) async fn committed(shared: Arc<Shared>, batches: Vec<Batch>) -> Result<Vec<Outcome>, LedgerError> {
    let outcomes = all(&shared, &batches).await?.into_iter().collect::<Option<Vec<_>>>();
    outcomes.filter(|outcomes| outcomes.len() == batches.len()).ok_or_else(garbled)
}

/// Carries out batches, one after the other, in one step. None where a reservation is open already.
pub(super) async fn all(shared: &Shared, batches: &[Batch]) -> Result<Vec<Option<Outcome>>, LedgerError> {
    let answered = run(shared, |link| over(shared, link, batches)).await?;
    answered.ok_or_else(garbled)
}

/// Redis answered something else than it was asked.
pub(super) fn garbled() -> LedgerError {
    LedgerError::Unavailable("Redis answered for another batch".to_owned())
}

/// The keys of a call, each once.
struct Places {
    /// With the window of a total's.
    keys: Vec<(String, Option<Window>)>,
    known: HashMap<String, usize>,
}

impl Places {
    /// The place of a key as Lua counts.
    fn of(&mut self, key: String, window: Option<Window>) -> usize {
        if let Some(place) = self.known.get(&key) {
            return *place;
        }
        self.keys.push((key.clone(), window));
        self.known.insert(key, self.keys.len());
        self.keys.len()
    }

    fn key(&self, place: usize) -> &str {
        place.checked_sub(1).and_then(|index| self.keys.get(index)).map_or("", |(key, _)| key)
    }
}

async fn over(shared: &Shared, mut link: Link, batches: &[Batch]) -> RedisResult<Option<Vec<Option<Outcome>>>> {
    let keys = &shared.keys;
    let mut places = Places { keys: vec![(keys.epoch(), None)], known: HashMap::new() };
    let mut call = APPLY.prepare_invoke();
    call.arg(&*link.epoch);
    for batch in batches {
        let now = batch.now.as_microsecond();
        let totals: Vec<usize> = batch
            .postings
            .iter()
            .map(|one| places.of(keys.total(&one.counter, one.window), Some(one.window)))
            .collect();
        call.arg(if batch.mode == Mode::Commit { "commit" } else { "peek" }).arg(now);
        match batch.reservation.as_ref().zip(batch.postings.first()) {
            Some((id, first)) => {
                let expires = expires_at(now, shared.config.reservation_seconds);
                let text = format!("{expires} {now} {}", lines_text(batch, &totals, &places, now));
                call.arg(places.of(keys.reservation(&first.counter.tenant, id), None))
                    .arg(text)
                    .arg(until(expires, now));
            }
            None => {
                call.arg(0).arg("").arg(0);
            }
        }
        call.arg(batch.postings.len());
        for (posting, place) in batch.postings.iter().zip(&totals) {
            let (a, b) = match posting.window {
                Window::Sliding { .. } => {
                    let steps = steps_of(posting.window);
                    (steps.step(now), steps.oldest(now))
                }
                window => (start_of(window, now), end_of(window, now)),
            };
            call.arg(*place).arg(kind(posting.window)).arg(posting.amount);
            match posting.limit {
                Some(limit) => call.arg(limit),
                None => call.arg(""),
            };
            call.arg(a).arg(b).arg(expiry(posting.window, now));
        }
    }
    for (key, _) in &places.keys {
        call.key(key);
    }
    let answer: Vec<String> = call.invoke_async(&mut link.connection).await?;
    let mut answer = answer.into_iter();
    let mut outcomes = Vec::with_capacity(batches.len());
    for batch in batches {
        let now = batch.now.as_microsecond();
        let committed = match answer.next().as_deref() {
            Some("spent") => true,
            Some("seen") => false,
            Some("reserved") => {
                outcomes.push(None);
                continue;
            }
            _ => return Err(cold()),
        };
        let mut readings = Vec::with_capacity(batch.postings.len());
        for posting in &batch.postings {
            let read = answer.next().zip(answer.next());
            let Some(read) = read.and_then(|(used, resets)| reading(posting.window, &used, &resets, now)) else {
                return Ok(None);
            };
            readings.push(read);
        }
        outcomes.push(Some(Outcome { committed, readings }));
    }
    let now = batches.iter().map(|batch| batch.now.as_microsecond()).max().unwrap_or_default();
    for (key, window) in places.keys.into_iter().skip(1) {
        let Some(state) = answer.next() else { return Ok(None) };
        if let Some(window) = window.filter(|_| !state.is_empty()) {
            shared.note(key, window, &state, now);
        }
    }
    Ok(Some(outcomes))
}

/// What a reservation must know to be settled: for each total its key, its window, the unit, the
/// amount, and the step it was charged to where it slides. Numbers are texts, since they may be
/// larger than Lua reads from JSON.
fn lines_text(batch: &Batch, totals: &[usize], places: &Places, now: i64) -> String {
    let line = |(posting, place): (&Posting, &usize)| {
        let step = match posting.window {
            Window::Sliding { .. } => steps_of(posting.window).step(now).to_string(),
            Window::Fixed { .. } | Window::CalendarMonth => String::new(),
        };
        let unit = unit_text(posting.unit).to_owned();
        [places.key(*place).to_owned(), window_text(posting.window), unit, posting.amount.to_string(), step]
    };
    let lines: Vec<_> = batch.postings.iter().zip(totals).map(line).collect();
    serde_json::to_string(&lines).unwrap_or_default()
}

fn reading(window: Window, used: &str, resets: &str, now: i64) -> Option<Reading> {
    let resets_at = match (window, resets) {
        (Window::Sliding { .. }, "") => now,
        (Window::Sliding { .. }, step) => steps_of(window).leaves(step.parse().ok()?),
        (_, "") => end_of(window, now),
        (_, end) => end.parse().ok()?,
    };
    Some(Reading { used: used.parse().ok()?, resets_at: instant(resets_at) })
}
