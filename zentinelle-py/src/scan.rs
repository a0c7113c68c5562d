//! Scanners: what in a text is secret, personal, or meant to harm. Places count characters, as
//! Python's slices do.

use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};
use serde::Serialize;
use serde_json::Value;
use zentinelle_core::scan::injection::Source;
use zentinelle_core::scan::stream::{self, MAX_HOLD_BACK};
use zentinelle_core::scan::{self, Category, Detectors};

use crate::error::{Class, Failure, raise};
use crate::request::LONG;

/// One thing found: what kind, how bad, and where. Never the text itself, so it may be logged.
#[pyclass(frozen, get_all, module = "zentinelle_agent")]
pub(crate) struct Finding {
    /// `secret`, `pii`, `phi`, `injection`, `jailbreak` or `profanity`.
    category: String,
    /// What was found, such as `email`.
    kind: &'static str,
    /// `low`, `medium`, `high` or `critical`.
    severity: String,
    /// How sure the detector is, 0 to 1.
    confidence: f32,
    /// The first character.
    start: usize,
    /// One past the last character.
    end: usize,
    /// The place in bytes of the text's UTF-8, first and one past the last.
    byte_span: (usize, usize),
}

#[pymethods]
impl Finding {
    fn __repr__(&self) -> String {
        format!("<Finding {} {} at {}:{}>", self.severity, self.kind, self.start, self.end)
    }
}

/// Whether a text attacks a model, and how.
#[pyclass(frozen, get_all, module = "zentinelle_agent")]
pub(crate) struct Judgement {
    /// How likely an attack is, 0 to 1.
    score: f32,
    /// `clean`, `suspect` or `malicious`.
    verdict: String,
    /// The signals, by place.
    findings: Vec<Py<Finding>>,
}

#[pymethods]
impl Judgement {
    /// True when the text is suspect or malicious.
    fn __bool__(&self) -> bool {
        self.verdict != "clean"
    }

    fn __repr__(&self) -> String {
        format!("<Judgement {} {:.2}>", self.verdict, self.score)
    }
}

/// Text that may go out, and what was found that begins in it.
#[pyclass(frozen, get_all, module = "zentinelle_agent")]
pub(crate) struct Release {
    /// The text, masked unless the scanner only observes.
    text: String,
    /// What was found; places count from the stream's first character.
    findings: Vec<Py<Finding>>,
}

#[pymethods]
impl Release {
    fn __repr__(&self) -> String {
        format!("<Release of {} characters, {} findings>", self.text.chars().count(), self.findings.len())
    }
}

/// A word of the core, as JSON writes it.
fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Turns places in bytes into places in characters, for ascending bytes.
struct Places<'t> {
    text: &'t str,
    byte: usize,
    character: usize,
    ascii: bool,
}

impl<'t> Places<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, byte: 0, character: 0, ascii: text.is_ascii() }
    }

    fn of(&mut self, byte: usize) -> usize {
        if self.ascii {
            return byte;
        }
        if byte < self.byte {
            (self.byte, self.character) = (0, 0);
        }
        let between = self.text.get(self.byte..byte).unwrap_or_default();
        self.character += between.chars().count();
        self.byte = byte;
        self.character
    }
}

fn finding(
    py: Python<'_>,
    found: &scan::Finding,
    places: &mut Places<'_>,
    base: (usize, usize),
) -> PyResult<Py<Finding>> {
    let (byte, character) = base;
    let (start, end) = (found.span.start, found.span.end);
    let at = |places: &mut Places<'_>, place: usize| character + places.of(place.saturating_sub(byte));
    Py::new(
        py,
        Finding {
            category: word(found.category),
            kind: found.kind,
            severity: word(found.severity),
            confidence: found.confidence,
            start: at(places, start),
            end: at(places, end),
            byte_span: (start, end),
        },
    )
}

fn all(py: Python<'_>, text: &str, found: &[scan::Finding]) -> PyResult<Vec<Py<Finding>>> {
    let mut places = Places::new(text);
    found.iter().map(|one| finding(py, one, &mut places, (0, 0))).collect()
}

/// The detectors a caller names, or all of them.
fn detectors(py: Python<'_>, categories: Option<Vec<String>>, disable: Vec<String>) -> PyResult<Detectors> {
    let unknown = |what: &str, name: &str, help: &'static str| {
        let message = format!("there is no {what} `{name}`");
        raise(
            py,
            Class::Request,
            &Failure { code: "value.unknown_value", message: &message, pointer: None, help: Some(help) },
        )
    };
    let mut detectors = match categories {
        None => Detectors::ALL,
        Some(names) => {
            let mut chosen = Vec::new();
            for name in &names {
                let known = Category::ALL.into_iter().find(|category| word(category) == *name);
                chosen.push(known.ok_or_else(|| {
                    unknown("category", name, "write `secret`, `pii`, `phi` or `profanity`; `judge` finds injection")
                })?);
            }
            Detectors::of(&chosen)
        }
    };
    for kind in &disable {
        if !detectors.disable(kind) {
            return Err(unknown("kind", kind, "`Scanner.kinds()` lists them"));
        }
    }
    Ok(detectors)
}

/// Finds and redacts secrets, personal data and profanity in whole texts, and judges prompt injection.
#[pyclass(frozen, module = "zentinelle_agent")]
pub(crate) struct Scanner(scan::Scanner);

#[pymethods]
impl Scanner {
    #[new]
    #[pyo3(signature = (categories=None, *, disable=Vec::new()))]
    fn new(py: Python<'_>, categories: Option<Vec<String>>, disable: Vec<String>) -> PyResult<Self> {
        detectors(py, categories, disable).map(|detectors| Self(scan::Scanner::new(detectors)))
    }

    /// Everything found in `text`, by place.
    fn scan(&self, py: Python<'_>, text: &Bound<'_, PyString>) -> PyResult<Vec<Py<Finding>>> {
        let text = text.to_str()?;
        let found = long(py, text, |text| self.0.scan(text));
        all(py, text, &found)
    }

    /// `text` with everything found replaced by a marker, `[REDACTED:<kind>]`.
    fn redact(&self, py: Python<'_>, text: &Bound<'_, PyString>) -> PyResult<String> {
        let text = text.to_str()?;
        Ok(long(py, text, |text| self.0.redact(text, &self.0.scan(text))))
    }

    /// Whether `text` attacks a model. `source`: `user`, `tool` (anything a stranger may have
    /// written) or `model`.
    #[pyo3(signature = (text, *, source="user"))]
    fn judge(&self, py: Python<'_>, text: &Bound<'_, PyString>, source: &str) -> PyResult<Judgement> {
        let source: Source = serde_json::from_value(Value::from(source)).map_err(|_| {
            let failure = Failure {
                code: "value.unknown_value",
                message: "`source` is none of the known ones",
                pointer: None,
                help: Some("write `user`, `tool` or `model`"),
            };
            raise(py, Class::Request, &failure)
        })?;
        let text = text.to_str()?;
        let judged = long(py, text, |text| scan::judge(text, source));
        let findings = all(py, text, &judged.findings)?;
        Ok(Judgement { score: judged.score, verdict: word(judged.verdict), findings })
    }

    /// The names of every kind of secret and personal data, as `disable` takes them, sorted.
    #[staticmethod]
    fn kinds(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
        let mut kinds: Vec<&str> = scan::secret_kinds().into_iter().chain(scan::pii_kinds()).collect();
        kinds.sort_unstable();
        PyList::new(py, kinds)
    }
}

/// Does the work, without the interpreter lock where the text is long enough for that to pay.
fn long<T: Send>(py: Python<'_>, text: &str, work: impl Fn(&str) -> T + Send + Sync) -> T {
    match text.len() < LONG {
        true => work(text),
        false => py.detach(|| work(text)),
    }
}

/// A stream's scanner, and enough of its text to count characters.
struct Open {
    scanner: stream::StreamScanner,
    tail: String,
    /// Where the tail begins in the stream: bytes, characters.
    base: (usize, usize),
}

/// Scans one text that arrives in pieces, such as a model's answer. Finds what scanning the whole
/// text would find, and holds back no more than it must.
#[pyclass(frozen, module = "zentinelle_agent")]
pub(crate) struct StreamScanner(Mutex<Option<Open>>);

#[pymethods]
impl StreamScanner {
    #[new]
    #[pyo3(signature = (categories=None, *, disable=Vec::new(), mask=true))]
    fn new(py: Python<'_>, categories: Option<Vec<String>>, disable: Vec<String>, mask: bool) -> PyResult<Self> {
        let mode = if mask { stream::Mode::Mask } else { stream::Mode::Observe };
        let scanner = stream::StreamScanner::new(detectors(py, categories, disable)?, mode);
        Ok(Self(Mutex::new(Some(Open { scanner, tail: String::new(), base: (0, 0) }))))
    }

    /// Takes the next piece; gives back what may go out now.
    fn push(&self, py: Python<'_>, piece: &Bound<'_, PyString>) -> PyResult<Release> {
        let piece = piece.to_str()?;
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = held.as_mut().ok_or_else(finished)?;
        let release = open.scanner.push(piece);
        open.tail.push_str(piece);
        open.told(py, release)
    }

    /// The rest, at the stream's end.
    fn finish(&self, py: Python<'_>) -> PyResult<Release> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut open = taken.ok_or_else(finished)?;
        let scanner =
            std::mem::replace(&mut open.scanner, stream::StreamScanner::new(Detectors::NONE, stream::Mode::Observe));
        open.told(py, scanner.finish())
    }

    /// How much text is held back. Unit: bytes.
    #[getter]
    fn held_back(&self) -> usize {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().map_or(0, |open| open.scanner.held_back())
    }
}

fn finished() -> PyErr {
    PyValueError::new_err("the stream is finished; make a new scanner for the next one")
}

impl Open {
    fn told(&mut self, py: Python<'_>, release: stream::Release) -> PyResult<Release> {
        let mut places = Places::new(&self.tail);
        let told: PyResult<Vec<_>> =
            release.findings.iter().map(|one| finding(py, one, &mut places, self.base)).collect();
        // What could still begin a finding, or end one, lies within twice the most that is held back.
        if self.tail.len() > 4 * MAX_HOLD_BACK {
            let mut cut = self.tail.len() - 2 * MAX_HOLD_BACK;
            while !self.tail.is_char_boundary(cut) {
                cut -= 1;
            }
            let dropped: String = self.tail.drain(..cut).collect();
            self.base = (self.base.0 + cut, self.base.1 + dropped.chars().count());
        }
        Ok(Release { text: release.text, findings: told? })
    }
}
