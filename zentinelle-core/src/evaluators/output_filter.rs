//! `output_filter`: stops personal data, secrets and configured patterns in output.
//!
//! Applies to requests that carry `output_text` or `output` (a text, or texts nested in lists
//! and objects), or the result of a scan done elsewhere under `scan_result`. A scan done
//! elsewhere adds to what is found here; it never switches the detectors off.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::texts::find_in;
use super::{Evaluator, Inquiry};
use crate::decision::{Notes, Verdict, Violation};
use crate::error::{Code, PolicyError};
use crate::matching::text::visible;
use crate::matching::{Case, Pattern};
use crate::request::EvaluationError;
use crate::scan::{Category, Detectors, Scanner, Severity};

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
        if config.block_secrets {
            categories.push(Category::Secret);
        }
        if config.block_pii {
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
            if let Some(violation) = self.judge_output(key, output)? {
                return Ok(violation.into());
            }
        }
        Ok(if applies { Verdict::Satisfied(notes) } else { Verdict::NotApplicable })
    }
}

impl OutputFilter {
    fn is_idle(&self) -> bool {
        !self.config.block_pii && !self.config.block_secrets && self.patterns.is_empty()
    }

    fn judge_output(&self, key: &str, output: &Value) -> Result<Option<Violation>, EvaluationError> {
        if self.is_idle() {
            return Ok(None);
        }
        match output {
            Value::String(_) | Value::Array(_) | Value::Object(_) => Ok(find_in(output, &mut |text| self.judge(text))),
            other => Err(EvaluationError::wrong_type(key, "a text, or texts in lists and objects", other)),
        }
    }

    fn judge(&self, text: &str) -> Option<Violation> {
        for finding in self.scanner.scan(text) {
            let (code, pointer, what) = match finding.category {
                Category::Secret => (SECRET, "/config/block_secrets", "a secret"),
                _ => (PII, "/config/block_pii", "personal data"),
            };
            let message = format!("the output holds {what} ({})", finding.kind);
            return Some(Violation::new(code, pointer, message).with_severity(finding.severity));
        }
        if self.patterns.is_empty() {
            return None;
        }
        let shown = visible(text);
        let at = self.patterns.iter().position(|pattern| pattern.is_match(text) || pattern.is_match(&shown))?;
        let message = format!("the output matches item {} of `blocked_patterns`", at + 1);
        Some(Violation::new(PATTERN, "/config/blocked_patterns", message))
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

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated};

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
