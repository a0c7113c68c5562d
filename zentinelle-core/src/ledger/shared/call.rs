//! Calls of the scripts: batches and settlements become keys and arguments, answers become
//! outcomes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::keys::{Keys, expiry, kind, until};
use super::name::{parse_window, window_text};
use super::window::{end_of, instant, start_of, steps_of};
use crate::ids::{ReservationId, TenantId};
use crate::ledger::{Batch, Counter, Mode, Outcome, Posting, Reading, Settlement, Unit, Usage, Window};

/// One argument of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// An instant, a step, a time.
    Whole(i64),
    /// An amount or a number of things.
    Count(u64),
    /// A word or a text.
    Text(Cow<'static, str>),
}

impl fmt::Display for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(number) => number.fmt(f),
            Self::Count(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl From<&'static str> for Arg {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

/// An optional amount: none is an empty text.
fn optional(amount: Option<u64>) -> Arg {
    amount.map_or(Arg::Text(Cow::Borrowed("")), Arg::Count)
}

/// Why a script's answer is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The epoch is another, or there is none: the totals were lost.
    #[error("Redis lost its running totals")]
    Cold,
    /// It answers something else than it was asked.
    #[error("Redis answered for another batch")]
    Garbled,
}

/// The state of one total after a call that changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Its key.
    pub key: String,
    /// Its window.
    pub window: Window,
    /// What Redis holds, or for a window that slides, the steps that were changed.
    pub text: String,
}

/// What [`super::APPLY`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// One for each batch. None where its reservation was open already.
    pub outcomes: Vec<Option<Outcome>>,
    /// The totals that were changed.
    pub states: Vec<State>,
}

/// One call of [`super::APPLY`]: batches that are carried out one after the other, in one step.
#[derive(Clone, Debug)]
pub struct Applying {
    /// Each once; those of totals with their window.
    keys: Vec<(String, Option<Window>)>,
    args: Vec<Arg>,
}

/// Where the keys stand, as Lua counts: batches that come together mostly share theirs, so each is
/// put together once.
#[derive(Default)]
struct Places<'b> {
    totals: BTreeMap<(&'b Counter, Window), usize>,
    reservations: BTreeMap<(&'b TenantId, &'b ReservationId), usize>,
}

impl Applying {
    /// A call that carries out `batches` where the epoch is `epoch`.
    #[must_use]
    pub fn new(keys: &Keys, epoch: &str, batches: &[Batch], reservation_seconds: u32) -> Self {
        let mut call = Self { keys: vec![(keys.epoch(), None)], args: vec![Arg::from(epoch.to_owned())] };
        let mut places = Places::default();
        for batch in batches {
            call.add(keys, &mut places, batch, reservation_seconds);
        }
        call
    }

    fn add<'b>(&mut self, keys: &Keys, places: &mut Places<'b>, batch: &'b Batch, reservation_seconds: u32) {
        let now = batch.now.as_microsecond();
        let place = |one: &'b Posting| {
            let known = places.totals.entry((&one.counter, one.window));
            *known.or_insert_with(|| self.put(keys.total(&one.counter, one.window), Some(one.window)))
        };
        let totals: Vec<usize> = batch.postings.iter().map(place).collect();
        self.args.push(if batch.mode == Mode::Commit { "commit" } else { "peek" }.into());
        self.args.push(Arg::Whole(now));
        match batch.reservation.as_ref().zip(batch.postings.first()) {
            Some((id, first)) => {
                let expires = now.saturating_add(i64::from(reservation_seconds) * 1_000_000);
                let text = format!("{expires} {now} {}", self.lines_text(batch, &totals, now));
                let tenant = &first.counter.tenant;
                let known = places.reservations.entry((tenant, id));
                let place = *known.or_insert_with(|| self.put(keys.reservation(tenant, id), None));
                self.args.extend([count(place), text.into(), Arg::Whole(until(expires, now))]);
            }
            None => self.args.extend([Arg::Count(0), "".into(), Arg::Count(0)]),
        }
        self.args.push(count(totals.len()));
        for (posting, place) in batch.postings.iter().zip(totals) {
            let (a, b) = match posting.window {
                Window::Sliding { .. } => {
                    let steps = steps_of(posting.window);
                    (steps.step(now), steps.oldest(now))
                }
                window => (start_of(window, now), end_of(window, now)),
            };
            self.args.extend([
                count(place),
                kind(posting.window).into(),
                Arg::Count(posting.amount),
                optional(posting.limit),
                Arg::Whole(a),
                Arg::Whole(b),
                Arg::Whole(expiry(posting.window, now)),
            ]);
        }
    }

    /// Adds a key, and answers its place.
    fn put(&mut self, key: String, window: Option<Window>) -> usize {
        self.keys.push((key, window));
        self.keys.len()
    }

    /// What a reservation must know to be settled: for each total its key, its window, the unit,
    /// the amount, and the step it was charged to where it slides. Numbers are texts, since they
    /// may be larger than Lua reads from JSON.
    fn lines_text(&self, batch: &Batch, totals: &[usize], now: i64) -> String {
        let line = |(posting, place): (&Posting, &usize)| {
            let step = match posting.window {
                Window::Sliding { .. } => steps_of(posting.window).step(now).to_string(),
                Window::Fixed { .. } | Window::CalendarMonth => String::new(),
            };
            let key = place.checked_sub(1).and_then(|index| self.keys.get(index)).map_or("", |(key, _)| key);
            let unit = unit_text(posting.unit).to_owned();
            [key.to_owned(), window_text(posting.window), unit, posting.amount.to_string(), step]
        };
        let lines: Vec<_> = batch.postings.iter().zip(totals).map(line).collect();
        serde_json::to_string(&lines).unwrap_or_default()
    }

    /// The keys.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.keys.iter().map(|(key, _)| key.as_str())
    }

    /// The arguments.
    #[must_use]
    pub fn args(&self) -> &[Arg] {
        &self.args
    }

    /// Reads what the script answered to `batches`, those that the call was made of.
    pub fn read<T: AsRef<str>>(
        self,
        batches: &[Batch],
        answer: impl IntoIterator<Item = T>,
    ) -> Result<Applied, Unanswered> {
        let mut answer = answer.into_iter();
        let mut outcomes = Vec::with_capacity(batches.len());
        for batch in batches {
            let now = batch.now.as_microsecond();
            let committed = match answer.next().as_ref().map(AsRef::as_ref) {
                Some("spent") => true,
                Some("seen") => false,
                Some("reserved") => {
                    outcomes.push(None);
                    continue;
                }
                _ => return Err(Unanswered::Cold),
            };
            let mut readings = Vec::with_capacity(batch.postings.len());
            for posting in &batch.postings {
                let read = answer.next().zip(answer.next());
                let read = read.and_then(|(used, resets)| reading(posting.window, used.as_ref(), resets.as_ref(), now));
                readings.push(read.ok_or(Unanswered::Garbled)?);
            }
            outcomes.push(Some(Outcome { committed, readings }));
        }
        let mut states = Vec::new();
        for (key, window) in self.keys.into_iter().skip(1) {
            let text = answer.next().ok_or(Unanswered::Garbled)?;
            let text = text.as_ref();
            if let Some(window) = window.filter(|_| !text.is_empty()) {
                states.push(State { key, window, text: text.to_owned() });
            }
        }
        Ok(Applied { outcomes, states })
    }
}

/// One call of [`super::SETTLE`].
#[derive(Clone, Debug)]
pub struct Settling {
    /// The keys.
    pub keys: [String; 2],
    /// The arguments.
    pub args: Vec<Arg>,
}

impl Settling {
    /// A call that replaces what was reserved by `usage`, or gives all of it back.
    #[must_use]
    pub fn new(
        keys: &Keys,
        epoch: &str,
        tenant: &TenantId,
        id: &ReservationId,
        usage: Option<&Usage>,
        now: i64,
    ) -> Self {
        let word = if usage.is_some() { "settle" } else { "release" };
        let mut args = vec![epoch.to_owned().into(), Arg::Whole(now), word.into()];
        let units = [Unit::Tokens, Unit::UsdMicros, Unit::Bytes];
        args.extend(units.map(|unit| optional(usage.and_then(|usage| usage.of(unit)))));
        Self { keys: [keys.epoch(), keys.reservation(tenant, id)], args }
    }

    /// Reads what the script answered.
    pub fn read(answer: impl IntoIterator<Item = String>) -> Result<(Settlement, Vec<State>), Unanswered> {
        let mut answer = answer.into_iter();
        let overran = match answer.next().as_deref() {
            Some("settled") => false,
            Some("overran") => true,
            Some("missing") => return Ok((Settlement::default(), Vec::new())),
            _ => return Err(Unanswered::Cold),
        };
        let mut states = Vec::new();
        while let (Some(key), Some(window), Some(text)) = (answer.next(), answer.next(), answer.next()) {
            if let Some(window) = parse_window(&window) {
                states.push(State { key, window, text });
            }
        }
        Ok((Settlement { found: true, overran }, states))
    }
}

fn count(number: usize) -> Arg {
    Arg::Count(number as u64)
}

/// The word scripts know a unit by.
const fn unit_text(unit: Unit) -> &'static str {
    match unit {
        Unit::Calls => "calls",
        Unit::Tokens => "tokens",
        Unit::UsdMicros => "usd_micros",
        Unit::Bytes => "bytes",
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Holder;

    fn batch() -> Batch {
        let counter = |meter: &'static str| Counter {
            tenant: "acme".into(),
            holder: Holder::Tenant,
            meter: meter.into(),
            subject: None,
        };
        let posting =
            |meter, window, limit| Posting { counter: counter(meter), window, amount: 2, unit: Unit::Calls, limit };
        Batch {
            postings: vec![
                posting("a", Window::Fixed { seconds: 60 }, Some(5)),
                posting("b", Window::Sliding { seconds: 3_600 }, None),
            ],
            now: instant(7_200_000_000),
            mode: Mode::Commit,
            reservation: Some("r".into()),
        }
    }

    fn texts(answer: &[&str]) -> Vec<String> {
        answer.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_key_that_two_batches_share_is_sent_once() {
        let call = Applying::new(&Keys::new("z"), "e1", &[batch(), batch()], 10);
        let keys: Vec<&str> = call.keys().collect();
        assert_eq!(keys.len(), 4, "{keys:?}");
        assert_eq!(keys[..2], ["z:ledger:epoch", "z:{t-acme}:total:fixed:60:acme:a:tenant"]);
        let args: Vec<String> = call.args().iter().map(Arg::to_string).collect();
        assert_eq!(args[..4], ["e1", "commit", "7200000000", "4"]);
        assert_eq!(args[6..14], ["2", "2", "open", "2", "5", "7200000000", "7260000000", "70000"]);
        assert_eq!(args[14..19], ["3", "sliding", "2", "", "120"]);
    }

    #[test]
    fn an_answer_of_another_epoch_or_another_shape_is_none() {
        let read = |answer: &[&str]| {
            let batches = [batch()];
            Applying::new(&Keys::new("z"), "e1", &batches, 10).read(&batches, texts(answer))
        };
        assert_eq!(read(&["cold"]), Err(Unanswered::Cold));
        assert_eq!(read(&["spent", "1"]), Err(Unanswered::Garbled));
        assert_eq!(read(&["spent", "1", "", "x", ""]), Err(Unanswered::Garbled));
        let applied = read(&["spent", "1", "9", "0", "", "7 9 3", "120=2", ""]).unwrap();
        let outcome = applied.outcomes[0].as_ref().unwrap();
        assert!(outcome.committed);
        assert_eq!(outcome.readings[0].resets_at, instant(9));
        assert_eq!(applied.states.len(), 2);
        assert_eq!(read(&["reserved", "", "", ""]).unwrap().outcomes, [None]);
    }
}
