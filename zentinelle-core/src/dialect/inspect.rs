//! Scanning a whole call or reply with the core's detectors, and masking what they find.

use super::call::Call;
use super::edit::{Edit, rewrite};
use super::facts::mask;
use super::json_spans;
use super::model::{Origin, Text};
use super::read::{At, every_text};
use super::reply::{Reply, ToolCall};
use crate::decision::MaskedSpan;
use crate::error::Pointer;
use crate::scan::{Finding, Scanner};

/// What was found in one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspected {
    /// Where in the body the text stands.
    pub pointer: Pointer,
    /// What was found; spans are bytes of the text.
    pub findings: Vec<Finding>,
}

/// What was found in a body, and the edits that mask all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspection {
    /// The texts that hold something.
    pub found: Vec<Inspected>,
    /// Masks what was found.
    pub edits: Vec<Edit>,
}

impl Inspection {
    /// Every finding, wherever it stands.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.found.iter().flat_map(|text| &text.findings)
    }

    fn text(&mut self, scanner: &Scanner, text: &Text) {
        let findings = scanner.scan(&text.text);
        if !findings.is_empty() {
            self.edits.push(Edit::text(text, &scanner.redact(&text.text, &findings)));
            self.found.push(Inspected { pointer: text.pointer.clone(), findings });
        }
    }
}

impl Call {
    /// Scans the texts of these origins.
    #[must_use]
    pub fn inspect(&self, scanner: &Scanner, origins: &[Origin]) -> Inspection {
        let mut inspection = Inspection::default();
        for (origin, text) in self.texts() {
            if origins.contains(&origin) {
                inspection.text(scanner, text);
            }
        }
        inspection
    }
}

impl Reply {
    /// Scans every text and thought, and the arguments of every tool call.
    #[must_use]
    pub fn inspect(&self, scanner: &Scanner) -> Inspection {
        let mut inspection = Inspection::default();
        for text in self.said() {
            inspection.text(scanner, text);
        }
        for call in &self.tool_calls {
            let (masked, findings) = masked_arguments(scanner, &call.arguments, call.freeform);
            if let Some(masked) = masked {
                inspection.edits.push(call.edit(&masked));
            }
            if !findings.is_empty() {
                inspection.found.push(Inspected { pointer: call.pointer.clone(), findings });
            }
        }
        if !inspection.edits.is_empty() {
            inspection.edits.extend(self.shadows.iter().cloned());
        }
        inspection
    }
}

impl ToolCall {
    /// Scans its arguments; the arguments with what was found masked, if anything was.
    #[must_use]
    pub fn inspect(&self, scanner: &Scanner) -> (Option<String>, Vec<Finding>) {
        masked_arguments(scanner, &self.arguments, self.freeform)
    }
}

/// Masks arguments text by text, so that they stay the JSON they are; what is no JSON is masked as
/// one text. Spans of findings are bytes of the text they were found in.
pub(super) fn masked_arguments(scanner: &Scanner, arguments: &str, freeform: bool) -> (Option<String>, Vec<Finding>) {
    let root = if freeform { None } else { json_spans::parse(arguments.as_bytes()).ok() };
    let Some(root) = root else {
        let findings = scanner.scan(arguments);
        let masked = (!findings.is_empty()).then(|| scanner.redact(arguments, &findings));
        return (masked, findings);
    };
    let mut texts = Vec::new();
    every_text(&root, &At::Root, &mut texts);
    let (mut edits, mut found) = (Vec::new(), Vec::new());
    for text in &texts {
        let findings = scanner.scan(&text.text);
        if !findings.is_empty() {
            edits.push(Edit::text(text, &scanner.redact(&text.text, &findings)));
            found.extend(findings);
        }
    }
    // A secret may also stand in the structure, such as a number or several short keys.
    let findings = scanner.scan(arguments);
    if edits.is_empty() && !findings.is_empty() {
        let spans: Vec<MaskedSpan> = findings
            .iter()
            .map(|finding| MaskedSpan {
                start: finding.span.start,
                end: finding.span.end,
                replacement: finding.marker().to_string().into(),
            })
            .collect();
        let masked = mask(arguments, &spans);
        // A mask in the structure may break it; a text is JSON whatever it says.
        let masked = if json_spans::parse(masked.as_bytes()).is_ok() {
            masked
        } else {
            serde_json::json!({ "redacted": masked }).to_string()
        };
        return (Some(masked), findings);
    }
    if edits.is_empty() {
        return (None, found);
    }
    let masked = rewrite(arguments.as_bytes(), &edits).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    (masked.or_else(|| Some("{}".to_owned())), found)
}
