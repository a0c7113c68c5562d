//! `output_filter`: stops personal data, secrets and configured patterns in output.
//!
//! Applies to requests that carry `output_text` or `output` (a text, or texts nested in lists
//! and objects), or the result of a scan done elsewhere under `scan_result`. A scan done
//! elsewhere adds to what is found here; it never switches the detectors off.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::texts::{Place, find_in};
use super::{Evaluator, Inquiry};
use crate::decision::{MaskedSpan, Notes, Obligation, Verdict, Violation};
use crate::error::{Code, PolicyError};
use crate::matching::text::visible;
use crate::matching::{Case, Pattern};
use crate::request::EvaluationError;
use crate::scan::{Category, Detectors, Finding, Scanner, Severity};

const SECRET: Code = Code::new("output_filter.secret");
const PII: Code = Code::new("output_filter.pii");
const PATTERN: Code = Code::new("output_filter.blocked_pattern");
const TOO_SEVERE: Code = Code::new("output_filter.too_severe");
const FOUND: Code = Code::new("output_filter.found");

/// Where the texts stand that a model or a tool puts out.
const TEXT_KEYS: [&str; 2] = ["output_text", "output"];

/// Configuration of an `output_filter` policy.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether personal and health data denies. Default: false.
    pub block_pii: bool,
    /// Whether secrets deny. Default: false.
    pub block_secrets: bool,
    /// Whether the host must mask personal and health data that does not deny. Default: false.
    pub mask_pii: bool,
    /// Whether the host must mask secrets that do not deny. Default: false.
    pub mask_secrets: bool,
    /// The most severe finding of a scan done elsewhere that passes. Default: any.
    pub max_severity: Option<Severity>,
    /// Regular expressions that must not occur, letter case counts. Default: none.
    pub blocked_patterns: Vec<String>,
    /// Names of secret detectors to leave out, such as `bearer_token`. Default: none.
    pub disabled_secret_patterns: Vec<String>,
}

/// See the module.
pub struct OutputFilter {
    config: Config,
    scanner: Scanner,
    patterns: Vec<Pattern>,
}

impl Evaluator for OutputFilter {
    type Config = Config;

    const CODES: &'static [Code] = &[SECRET, PII, PATTERN, TOO_SEVERE, FOUND];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let mut faults = Vec::new();
        let patterns = super::patterns("blocked_patterns", &config.blocked_patterns, Case::Sensitive, &mut faults);
        let mut categories = Vec::new();
        if config.block_secrets || config.mask_secrets {
            categories.push(Category::Secret);
        }
        if config.block_pii || config.mask_pii {
            categories.extend([Category::Pii, Category::Phi]);
        }
        let mut detectors = Detectors::of(&categories);
        for name in &config.disabled_secret_patterns {
            if !detectors.disable(name) {
                let key = "disabled_secret_patterns";
                let fault = PolicyError::invalid(key, format!("no secret detector is named `{name}`"));
                faults.push(fault.with_help("`zentinelle policy types` lists the detectors"));
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self { scanner: Scanner::new(detectors), patterns, config })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let context = &inquiry.request.context;
        let mut notes = Notes::none();
        let mut applies = false;
        if let Some(scan) = context.object("scan_result")? {
            applies = true;
            match scan.get("violations") {
                None | Some(Value::Null) => {}
                Some(Value::Array(violations)) => {
                    for violation in violations {
                        if let Some(violation) = self.judge_reported(violation, &mut notes)? {
                            return Ok(violation.into());
                        }
                    }
                }
                Some(other) => return Err(EvaluationError::wrong_type("scan_result", "a list of violations", other)),
            }
        }
        for key in TEXT_KEYS {
            let Some(output) = context.get(key) else { continue };
            applies = true;
            if !self.is_idle()
                && let Some(violation) = self.judge_output(key, output, &mut notes)?
            {
                return Ok(violation.into());
            }
        }
        Ok(if applies { Verdict::Satisfied(notes) } else { Verdict::NotApplicable })
    }
}

impl OutputFilter {
    fn is_idle(&self) -> bool {
        *self.scanner.detectors() == Detectors::NONE && self.patterns.is_empty()
    }

    fn judge_output(
        &self,
        key: &'static str,
        output: &Value,
        notes: &mut Notes,
    ) -> Result<Option<Violation>, EvaluationError> {
        match output {
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                Err(EvaluationError::wrong_type(key, "a text, or texts in lists and objects", output))
            }
            texts => Ok(find_in(texts, &Place::Fact(key), &mut |text, place| self.judge(text, place, notes))),
        }
    }

    fn judge(&self, text: &str, place: &Place<'_>, notes: &mut Notes) -> Option<Violation> {
        let findings = self.scanner.scan(text);
        if let Some(finding) = findings.iter().find(|finding| self.blocks(finding)) {
            let (code, pointer, what) = match finding.category {
                Category::Secret => (SECRET, "/config/block_secrets", "a secret"),
                _ => (PII, "/config/block_pii", "personal data"),
            };
            let message = format!("the output holds {what} ({})", finding.kind);
            return Some(Violation::new(code, pointer, message).with_severity(finding.severity));
        }
        if let Some(at) = self.matched(text) {
            let message = format!("the output matches item {} of `blocked_patterns`", at + 1);
            return Some(Violation::new(PATTERN, "/config/blocked_patterns", message));
        }
        if !findings.is_empty() {
            notes.oblige(Obligation::Mask { pointer: place.pointer(), spans: masked(&findings) });
        }
        None
    }

    /// Which pattern occurs in a text, as it came or as a reader sees it.
    fn matched(&self, text: &str) -> Option<usize> {
        if self.patterns.is_empty() {
            return None;
        }
        let shown = visible(text);
        // A borrowed form is the text itself.
        let hidden = matches!(shown, Cow::Owned(_));
        self.patterns.iter().position(|pattern| pattern.is_match(text) || (hidden && pattern.is_match(&shown)))
    }

    fn blocks(&self, finding: &Finding) -> bool {
        match finding.category {
            Category::Secret => self.config.block_secrets,
            _ => self.config.block_pii,
        }
    }

    /// One violation that a scan done elsewhere reports.
    fn judge_reported(&self, reported: &Value, notes: &mut Notes) -> Result<Option<Violation>, EvaluationError> {
        let Value::Object(reported) = reported else {
            return Err(EvaluationError::wrong_type("scan_result", "objects as violations", reported));
        };
        let word = |key: &str| match reported.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(word)) => Ok(Some(word.trim().to_lowercase())),
            Some(other) => Err(EvaluationError::wrong_type("scan_result", "a text as type and severity", other)),
        };
        let kind = word("type")?;
        let severity = match word("severity")?.as_deref() {
            None | Some("low") => Severity::Low,
            Some("medium") => Severity::Medium,
            Some("high") => Severity::High,
            // An unknown word takes the strict side.
            Some(_) => Severity::Critical,
        };
        let violation = match kind.as_deref() {
            Some("pii" | "phi") if self.config.block_pii => (PII, "/config/block_pii", "personal data"),
            Some("secret") if self.config.block_secrets => (SECRET, "/config/block_secrets", "a secret"),
            _ if self.config.max_severity.is_some_and(|most| severity > most) => {
                (TOO_SEVERE, "/config/max_severity", "a finding above the allowed severity")
            }
            _ => {
                if severity > Severity::Low {
                    notes.warn(FOUND, "a scan of the output reports a finding");
                }
                return Ok(None);
            }
        };
        let (code, pointer, what) = violation;
        let message = format!("a scan of the output reports {what}");
        Ok(Some(Violation::new(code, pointer, message).with_severity(severity.max(Severity::Medium))))
    }
}

/// The parts to replace: overlapping findings share one, with the marker of the first.
fn masked(findings: &[Finding]) -> Vec<MaskedSpan> {
    let mut spans: Vec<MaskedSpan> = Vec::with_capacity(findings.len());
    for finding in findings {
        match spans.last_mut().filter(|last| finding.span.start < last.end) {
            Some(last) => last.end = last.end.max(finding.span.end),
            None => spans.push(MaskedSpan {
                start: finding.span.start,
                end: finding.span.end,
                replacement: finding.marker().to_string().into(),
            }),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated};
    use crate::decision::Obligation;

    #[test]
    fn what_is_masked_says_where_it_stands() {
        let context = r#"{ "output": { "to": ["see jo.doe@corp.test"] } }"#;
        let crate::Verdict::Satisfied(notes) = judge("output_filter", r#"{ "mask_pii": true }"#, context) else {
            panic!("masking does not deny");
        };
        let [Obligation::Mask { pointer, spans }] = notes.obligations() else { panic!("{notes:?}") };
        assert_eq!(pointer.as_str(), "/context/output/to/0");
        assert_eq!((spans[0].start, spans[0].end), (4, 20));
    }

    #[test]
    fn a_scan_done_elsewhere_does_not_switch_the_own_one_off() {
        let key = ["AKIA", "QWERTYUIOPASDFGH"].concat();
        let context = format!(r#"{{ "output_text": "id {key}", "scan_result": {{ "violations": [] }} }}"#);
        let verdict = judge("output_filter", r#"{ "block_secrets": true }"#, &context);
        assert_eq!(violated(&verdict), "output_filter.secret");
    }

    #[test]
    fn messages_name_the_kind_and_never_the_match() {
        let verdict = judge("output_filter", r#"{ "block_pii": true }"#, r#"{ "output": ["jo.doe@corp.test"] }"#);
        let crate::Verdict::Violated(violation) = &verdict else { panic!("{verdict:?}") };
        assert!(violation.message.contains("email") && !violation.message.contains("jo.doe"));
    }
}
