//! The tool calls of a stream, joined from their pieces.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::super::reply::ToolCall;
use super::super::stream::{TextDelta, ToolKey};
use crate::error::Pointer;

/// Where a piece of a call's arguments stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) frame: u64,
    pub(super) range: Range<usize>,
    /// Whether it is the whole of them.
    pub(super) whole: bool,
}

#[derive(Debug)]
struct Record {
    /// Its number among all calls of the stream; frames wait for this.
    number: u64,
    id: Option<String>,
    name: String,
    by_provider: bool,
    freeform: bool,
    /// The arguments joined so far.
    joined: String,
    /// The arguments as they were said whole.
    whole: Option<String>,
    pieces: Vec<Place>,
    stage: Stage,
    /// The arguments with what was found in them masked.
    masked: Option<String>,
    /// What the arguments were replaced by.
    replaced: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    /// Complete, and not judged.
    Asked,
    Settled,
}

/// What a piece turned out to be.
pub(super) enum Said {
    /// More of the arguments. `first`: the call began with it, under this number.
    Added { first: Option<u64> },
    /// The arguments of a judged call once more, and what they were replaced by.
    Again { replaced: Option<String> },
    /// Other arguments than were judged: a call of its own, under this number.
    Other { first: u64 },
}

/// A judged call that may leave.
pub(super) struct Settled {
    /// Its number.
    pub(super) first: u64,
    /// Where its arguments stand.
    pub(super) pieces: Vec<Place>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Tools {
    /// Every call of a place, oldest first: a place may be used again.
    calls: BTreeMap<ToolKey, Vec<Record>>,
    begun: u64,
    /// How many bytes of arguments are remembered, for comparing what is said once more.
    bytes: usize,
}

impl Tools {
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many calls have begun.
    pub(super) const fn begun(&self) -> u64 {
        self.begun
    }

    /// A call begins; gives its number.
    pub(super) fn start(
        &mut self,
        key: ToolKey,
        id: Option<String>,
        name: String,
        by_provider: bool,
        freeform: bool,
    ) -> u64 {
        let number = self.begun;
        self.begun += 1;
        self.bytes = self.bytes.saturating_add(std::mem::size_of::<Record>());
        self.calls.entry(key).or_default().push(Record {
            number,
            id,
            name,
            by_provider,
            freeform,
            joined: String::new(),
            whole: None,
            pieces: Vec::new(),
            stage: Stage::Open,
            masked: None,
            replaced: None,
        });
        number
    }

    fn last(&mut self, key: ToolKey) -> Option<&mut Record> {
        self.calls.get_mut(&key)?.last_mut()
    }

    fn asked(&mut self, key: ToolKey) -> Option<&mut Record> {
        self.calls.get_mut(&key)?.iter_mut().find(|record| record.stage == Stage::Asked)
    }

    /// The name once more, or more of it: SDKs join the pieces of a name.
    pub(super) fn name(&mut self, key: ToolKey, name: &str) {
        if let Some(record) = self.last(key).filter(|record| record.stage == Stage::Open && record.name != name) {
            record.name.push_str(name);
        }
    }

    pub(super) fn joined(&mut self, key: ToolKey, arguments: String) {
        if let Some(record) = self.last(key) {
            record.joined = arguments;
        }
    }

    /// Takes a piece of arguments.
    pub(super) fn piece(&mut self, key: ToolKey, frame: u64, piece: &TextDelta, whole: bool) -> Said {
        let place = Place { frame, range: piece.range.clone(), whole };
        let known = self.last(key).map(|record| record.stage);
        let again = known.filter(|stage| *stage != Stage::Open).is_some();
        if again && whole {
            let Some(record) = self.last(key) else { return Said::Again { replaced: None } };
            if same(&record.joined, &piece.text, record.freeform) {
                if record.stage == Stage::Asked {
                    record.pieces.push(place);
                }
                return Said::Again { replaced: record.replaced.clone() };
            }
            let (id, name, by_provider) = (record.id.clone(), record.name.clone(), record.by_provider);
            let freeform = record.freeform;
            let first = self.start(key, id, name, by_provider, freeform);
            self.add(key, piece, place);
            return Said::Other { first };
        }
        // Pieces without a beginning are those of a call without a name.
        let first = (known.is_none() || again).then(|| self.start(key, None, String::new(), false, false));
        self.add(key, piece, place);
        Said::Added { first }
    }

    fn add(&mut self, key: ToolKey, piece: &TextDelta, place: Place) {
        self.bytes = self.bytes.saturating_add(piece.text.len());
        let Some(record) = self.last(key) else { return };
        if place.whole {
            record.whole = Some(piece.text.clone());
        } else {
            record.joined.push_str(&piece.text);
        }
        record.pieces.push(place);
    }

    /// A call is complete; gives it to be judged. None: it has been already, or is unknown.
    pub(super) fn end(&mut self, key: ToolKey) -> Option<ToolCall> {
        let record = self.last(key).filter(|record| record.stage == Stage::Open)?;
        record.stage = Stage::Asked;
        if let Some(whole) = record.whole.take() {
            if record.joined.is_empty() {
                record.joined = whole;
            } else if !same(&record.joined, &whole, record.freeform) {
                // Nobody knows which of the two a client goes by: they are judged as the text they
                // make together, which is no JSON.
                record.joined = format!("{} {whole}", record.joined);
            }
        }
        Some(ToolCall {
            index: usize::try_from(record.number).unwrap_or(usize::MAX),
            id: record.id.clone(),
            name: record.name.clone(),
            arguments: record.joined.clone(),
            freeform: record.freeform,
            by_provider: record.by_provider,
            pointer: Pointer::ROOT,
            range: 0..0,
            quoted: true,
        })
    }

    /// Remembers the masked arguments of a call that waits to be judged.
    pub(super) fn mask(&mut self, key: ToolKey, masked: Option<String>) {
        if let Some(record) = self.last(key) {
            record.masked = masked;
        }
    }

    pub(super) fn masked(&mut self, key: ToolKey) -> Option<String> {
        self.asked(key)?.masked.take()
    }

    /// A call has been judged and may leave.
    pub(super) fn settle(&mut self, key: ToolKey, replaced: Option<String>) -> Option<Settled> {
        let record = self.asked(key)?;
        record.stage = Stage::Settled;
        record.replaced = replaced;
        Some(Settled { first: record.number, pieces: std::mem::take(&mut record.pieces) })
    }

    /// The calls that have begun and not ended.
    pub(super) fn open(&self) -> Vec<ToolKey> {
        let open = |records: &Vec<Record>| records.last().is_some_and(|record| record.stage == Stage::Open);
        self.calls.iter().filter(|(_, records)| open(records)).map(|(key, _)| *key).collect()
    }
}

/// Whether two writings of arguments say the same.
fn same(one: &str, other: &str, freeform: bool) -> bool {
    if one == other || freeform {
        return one == other;
    }
    let value = |text: &str| {
        if text.trim().is_empty() { Ok(Value::Object(serde_json::Map::new())) } else { serde_json::from_str(text) }
    };
    matches!((value(one), value(other)), (Ok(one), Ok(other)) if one == other)
}
