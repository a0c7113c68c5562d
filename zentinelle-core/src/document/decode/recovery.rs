//! The loop that goes on after a fault until every fault is known.
//!
//! Each fault is written down and its place marked in an overlay; the next pass reads a
//! placeholder there. A placeholder that will not do is left out instead, and where that will not
//! do either, its parent is papered over as a whole. Marks only ever grow, so the loop ends.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Decoded;
use super::deserializer::{Again, MAX_PASSED_OVER, PassedOver, Path, Reader};
use super::fault::{Fault, Kind, Origin};
use super::placeholder::Shape;
use super::words::{self, Place};
use crate::error::{Pointer, PolicyError, codes};

/// Most passes over one value. Each finds at least one fault, and nobody mends more in one sitting.
const MAX_PASSES: usize = 200;

/// What to do in the next pass with a value and those below it.
#[derive(Default)]
pub(super) struct Overlay {
    pub(super) mark: Option<Mark>,
    /// The type that was asked for here, once a placeholder has seen it.
    pub(super) shape: RefCell<Option<Shape>>,
    pub(super) below: BTreeMap<String, Overlay>,
}

/// How a place is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// There is a value, but a placeholder is read in its stead.
    PaperedOver,
    /// There is no such key, but a placeholder is read as if there were.
    Missing,
    /// There is a key or an item, but it is left out.
    Absent,
}

impl Overlay {
    pub(super) fn get(&self, segment: &str) -> Option<&Self> {
        self.below.get(segment)
    }

    fn at(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |overlay, segment| overlay.get(segment))
    }

    fn mark(&mut self, path: &[String], mark: Mark) {
        let place = path.iter().fold(self, |overlay, segment| overlay.below.entry(segment.clone()).or_default());
        place.mark = Some(mark);
    }

    /// The outermost mark on the way to `path`, and how far down it is.
    fn first_mark(&self, path: &[String]) -> Option<(usize, Mark)> {
        let mut overlay = self;
        for depth in 0..=path.len() {
            if let Some(mark) = overlay.mark {
                return Some((depth, mark));
            }
            overlay = overlay.get(path.get(depth)?)?;
        }
        None
    }
}

/// A fault that will be reported once the passes are over and the expected types are known.
struct Finding {
    path: Vec<String>,
    origin: Origin,
    kind: Kind,
}

/// The state of the loop over one value.
pub(super) struct Recovery<'a> {
    value: &'a Value,
    subject: &'a str,
    overlay: Overlay,
    tolerant: Vec<&'static [&'static str]>,
    passed_over: RefCell<BTreeSet<PassedOver>>,
    findings: Vec<Finding>,
}

impl<'a> Recovery<'a> {
    pub(super) fn new(value: &'a Value, subject: &'a str) -> Self {
        Self {
            value,
            subject,
            overlay: Overlay::default(),
            tolerant: Vec::new(),
            passed_over: RefCell::default(),
            findings: Vec::new(),
        }
    }

    /// Reads the value again and again, `fault` being what the first pass met.
    pub(super) fn run<T: DeserializeOwned>(mut self, mut fault: Fault) -> Decoded<T> {
        for _ in 0..MAX_PASSES {
            if !self.absorb(fault) {
                return self.report(None, false);
            }
            match self.pass() {
                Ok(decoded) => return self.report(Some(decoded), false),
                Err(next) => fault = next,
            }
        }
        self.report(None, true)
    }

    fn pass<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        if self.overlay.mark.is_some() {
            return T::deserialize(Reader::made_up(Some(&self.overlay.shape)));
        }
        let again = Again {
            overlay: Some(&self.overlay),
            tolerant: &self.tolerant,
            passed_over: &self.passed_over,
            path: &Path::Root,
        };
        T::deserialize(Reader::again(self.value, again))
    }

    /// Takes note of a fault and of a way around it. False when there is none.
    fn absorb(&mut self, fault: Fault) -> bool {
        let (kind, path, origin) = fault.into_parts();
        if let Some((depth, mark)) = self.overlay.first_mark(&path) {
            return self.escalate(path.get(..depth).unwrap_or_default(), mark);
        }
        match kind {
            Kind::UnknownKey { key, known } => self.absorb_unknown_key(path, origin, key, known),
            Kind::Missing(key) if origin == Origin::Struct => {
                let place = below(&path, key);
                if self.overlay.at(&place).is_some_and(|overlay| overlay.mark.is_some()) {
                    return self.paper_over(&path);
                }
                self.overlay.mark(&place, Mark::Missing);
                self.find(place, Origin::Key, kind);
                true
            }
            Kind::Missing(key) => {
                let place = below(&path, key);
                if self.overlay.at(&place).is_none_or(|overlay| overlay.mark.is_none()) {
                    self.find(place, Origin::Key, kind);
                }
                self.paper_over(&path)
            }
            _ if origin == Origin::Key => {
                self.overlay.mark(&path, Mark::Absent);
                self.find(path, origin, kind);
                true
            }
            _ => {
                self.overlay.mark(&path, Mark::PaperedOver);
                self.find(path, origin, kind);
                true
            }
        }
    }

    fn absorb_unknown_key(
        &mut self,
        path: Vec<String>,
        origin: Origin,
        key: String,
        known: &'static [&'static str],
    ) -> bool {
        if origin == Origin::Key {
            if self.tolerant.contains(&known) {
                // The struct is read in a way that does not name its keys beforehand.
                let parent = pointer(path.get(..path.len().saturating_sub(1)).unwrap_or_default());
                self.overlay.mark(&path, Mark::Absent);
                self.passed_over.borrow_mut().insert((parent, key, known));
            } else {
                self.tolerant.push(known);
            }
            return true;
        }
        // The object was read into a buffer first, so all we know is that the key is somewhere below.
        match &*places_of_key(self.value, &path, &key) {
            [place] if self.overlay.first_mark(place).is_none() => {
                let parent = pointer(place.get(..place.len().saturating_sub(1)).unwrap_or_default());
                self.overlay.mark(place, Mark::Absent);
                // A later pass must go through the buffer without the key.
                self.passed_over.borrow_mut().insert((parent, key, known));
                true
            }
            _ => {
                self.overlay.mark(&path, Mark::PaperedOver);
                self.find(path, Origin::Value, Kind::UnknownKey { key, known });
                true
            }
        }
    }

    /// What was tried at `path` did not do; tries the next stronger thing.
    fn escalate(&mut self, path: &[String], mark: Mark) -> bool {
        let Some((_, parent)) = path.split_last() else {
            return false;
        };
        match mark {
            Mark::PaperedOver => {
                self.overlay.mark(path, Mark::Absent);
                true
            }
            Mark::Missing | Mark::Absent => self.paper_over(parent),
        }
    }

    fn paper_over(&mut self, path: &[String]) -> bool {
        match self.overlay.first_mark(path) {
            Some((depth, mark)) => self.escalate(path.get(..depth).unwrap_or_default(), mark),
            None => {
                self.overlay.mark(path, Mark::PaperedOver);
                true
            }
        }
    }

    fn find(&mut self, path: Vec<String>, origin: Origin, kind: Kind) {
        self.findings.push(Finding { path, origin, kind });
    }

    fn report<T>(self, decoded: Option<T>, gave_up: bool) -> Decoded<T> {
        let (errors, unknown_keys) = self.told(decoded.is_some(), gave_up);
        Decoded { value: decoded.filter(|_| errors.is_empty()), unknown_keys, errors }
    }

    /// The errors, and the unknown keys. The same code for whatever is read.
    #[inline(never)]
    fn told(&self, is_decoded: bool, gave_up: bool) -> (Vec<PolicyError>, Vec<PolicyError>) {
        let mut errors: Vec<PolicyError> = self.findings.iter().map(|finding| self.put_in_words(finding)).collect();
        if gave_up {
            let message = "there are more faults than are listed";
            errors.push(
                PolicyError::new(codes::INVALID_VALUE, Pointer::ROOT, message)
                    .with_help("mend the faults listed, then check again"),
            );
        }
        let mut unknown_keys: Vec<PolicyError> = self
            .passed_over
            .borrow()
            .iter()
            .take(MAX_PASSED_OVER)
            .map(|(parent, key, known)| words::unknown_key(parent.key(key), key, known, self.subject))
            .collect();
        if self.passed_over.borrow().len() > MAX_PASSED_OVER {
            let message = "there are more unknown keys than are listed";
            unknown_keys.push(PolicyError::new(codes::UNKNOWN_KEY, Pointer::ROOT, message));
        }
        if errors.is_empty() && !is_decoded {
            // INVARIANT: no value means at least one error, or a fault would pass in silence.
            errors.push(PolicyError::new(codes::INVALID_VALUE, Pointer::ROOT, "the value cannot be read"));
        }
        (errors, unknown_keys)
    }

    fn put_in_words(&self, finding: &Finding) -> PolicyError {
        let shape = self.overlay.at(&finding.path).and_then(|overlay| overlay.shape.borrow().clone());
        let place = Place {
            pointer: pointer(&finding.path),
            name: name(self.value, &finding.path),
            value: finding.path.iter().try_fold(self.value, |value, segment| child(value, segment)),
            is_key: finding.origin == Origin::Key,
        };
        words::put(&finding.kind, place, shape.as_ref(), self.subject)
    }
}

fn below(path: &[String], key: &str) -> Vec<String> {
    path.iter().cloned().chain([key.to_owned()]).collect()
}

fn pointer(path: &[String]) -> Pointer {
    path.iter().fold(Pointer::ROOT, |pointer, segment| pointer.key(segment))
}

fn child<'v>(value: &'v Value, segment: &str) -> Option<&'v Value> {
    match value {
        Value::Object(map) => map.get(segment),
        Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
        _ => None,
    }
}

/// The last key of the path with the list positions behind it, such as `rules[2]`.
fn name(value: &Value, path: &[String]) -> Option<String> {
    let mut name: Option<String> = None;
    let mut current = Some(value);
    for segment in path {
        name = match (current, name) {
            (Some(Value::Array(_)), name) => Some(format!("{}[{segment}]", name.unwrap_or_default())),
            _ => Some(segment.clone()),
        };
        current = current.and_then(|value| child(value, segment));
    }
    name
}

/// Every place below `path` where an object has the key `key`.
fn places_of_key(root: &Value, path: &[String], key: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let start = path.iter().try_fold(root, |value, segment| child(value, segment));
    let mut open: Vec<(Vec<String>, &Value)> = start.map(|value| (path.to_vec(), value)).into_iter().collect();
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Object(map) => {
                if map.contains_key(key) {
                    found.push(below(&path, key));
                }
                open.extend(map.iter().map(|(name, value)| (below(&path, name), value)));
            }
            Value::Array(items) => {
                open.extend(items.iter().enumerate().map(|(index, value)| (below(&path, &index.to_string()), value)));
            }
            _ => {}
        }
    }
    found
}
