//! The rules of a tenant, compiled, and what they say of one text.
//!
//! Of the rules that take part in a scan, one counts for each type: that of the narrowest scope,
//! and of the highest priority within it.

use std::collections::BTreeMap;

use zentinelle_core::scan::{Category, Detectors, Finding, Reading, Scanner};
use zentinelle_core::scope::{ScopeChain, ScopeLevel};

use super::config::{self, RuleType};
use super::detector::{Detector, Hit, Subject};
use super::{ContentType, Enforcement, ScanMode, Severity, named};
use crate::store::entities::content_rule;

/// The most violations that one scan lists; all are counted.
const MOST_LISTED: usize = 500;

/// Rules ready to be asked.
#[derive(Debug)]
pub(crate) struct RuleSet {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    /// None for the rules that watch while a tenant has none of its own.
    id: Option<String>,
    rule_type: RuleType,
    level: ScopeLevel,
    scope_id: Option<String>,
    severity: Severity,
    enforcement: Enforcement,
    mode: ScanMode,
    input: bool,
    output: bool,
    context: bool,
    detector: Detector,
}

/// What is asked of the rules.
#[derive(Debug)]
pub(crate) struct Question<'q> {
    /// Who acts for whom.
    pub(crate) chain: ScopeChain<'q>,
    /// The text.
    pub(crate) text: &'q str,
    /// What it is.
    pub(crate) content_type: ContentType,
    /// Whether the agent waits for the answer.
    pub(crate) mode: ScanMode,
    /// Its tokens as the agent counted them.
    pub(crate) tokens: Option<u64>,
    /// Its cost as the agent estimates it. Unit: millionths of a US dollar.
    pub(crate) usd_micros: Option<u64>,
}

/// What becomes of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScanAction {
    /// Go on.
    #[default]
    Allow,
    /// Do not.
    Block,
    /// Go on with care.
    Warn,
    /// Go on with the redacted text.
    Redact,
}

/// What was found in a text. The text itself is not part of it, but for the redacted form.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    /// What becomes of the text.
    pub(crate) action: ScanAction,
    /// The first of what was found, by place.
    pub(crate) violations: Vec<Violation>,
    /// How much was found.
    pub(crate) count: usize,
    /// The worst of it.
    pub(crate) worst: Option<Severity>,
    /// The text with what rules want redacted replaced by markers; none when there is no such
    /// thing or the text is blocked.
    pub(crate) redacted: Option<String>,
}

/// One thing that was found.
#[derive(Debug)]
pub(crate) struct Violation {
    /// The rule; none for the rules that watch by default.
    pub(crate) rule_id: Option<String>,
    /// What it looks for.
    pub(crate) rule_type: RuleType,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// What it does.
    pub(crate) enforcement: Enforcement,
    /// What exactly was found.
    pub(crate) category: &'static str,
    /// How sure the detector is, from 0 to 1.
    pub(crate) confidence: f64,
    /// Where it stands, in bytes of the text; none when it is about the whole.
    pub(crate) span: Option<std::ops::Range<usize>>,
}

impl RuleSet {
    /// Compiles the enabled rules. A tenant that never made a rule gets some that only watch.
    pub(crate) fn compile(rows: Vec<content_rule::Model>) -> Self {
        if rows.is_empty() {
            return Self { rules: watching() };
        }
        let mut rows: Vec<content_rule::Model> = rows.into_iter().filter(|row| row.enabled).collect();
        rows.sort_by(|a, b| b.priority.cmp(&a.priority).then_with(|| a.id.cmp(&b.id)));
        Self { rules: rows.into_iter().map(Rule::compile).collect() }
    }

    /// Whether any rule would look at such a text.
    pub(crate) fn looks_at(&self, chain: &ScopeChain<'_>, content_type: ContentType, mode: ScanMode) -> bool {
        !self.effective(chain, content_type, mode).is_empty()
    }

    fn effective(
        &self,
        chain: &ScopeChain<'_>,
        content_type: ContentType,
        mode: ScanMode,
    ) -> BTreeMap<RuleType, &Rule> {
        let mut effective: BTreeMap<RuleType, &Rule> = BTreeMap::new();
        let taking_part = self.rules.iter().filter(|rule| rule.reads(content_type) && rule.runs_in(mode));
        for rule in taking_part.filter(|rule| rule.covers(chain)) {
            let present = effective.entry(rule.rule_type).or_insert(rule);
            // Rules come by priority, so an equal level leaves the one that is there.
            if rule.level > present.level {
                *present = rule;
            }
        }
        effective
    }

    /// Asks every rule that takes part. Takes time that grows with the text: call it where
    /// waiting is allowed when the text is long.
    pub(crate) fn scan(&self, question: &Question<'_>) -> Scanned {
        let rules = self.effective(&question.chain, question.content_type, question.mode);
        if rules.is_empty() {
            return Scanned::default();
        }
        let subject = Subject {
            text: question.text,
            reading: Reading::of(question.text),
            content_type: question.content_type,
            tokens: question.tokens,
            usd_micros: question.usd_micros,
        };
        let mut found: Vec<(&Rule, Hit)> = Vec::new();
        for rule in rules.into_values() {
            let hits = rule.detector.find(&subject, rule.enforcement == Enforcement::Redact);
            found.extend(hits.into_iter().map(|hit| (rule, hit)));
        }
        conclude(question.text, found)
    }
}

fn conclude(text: &str, mut found: Vec<(&Rule, Hit)>) -> Scanned {
    found.sort_by_key(|(rule, hit)| (hit.span.as_ref().map_or(0, |span| span.start), rule.rule_type));
    let any = |wanted: &[Enforcement]| found.iter().any(|(rule, _)| wanted.contains(&rule.enforcement));
    let action = if any(&[Enforcement::Block, Enforcement::RequireApproval]) {
        ScanAction::Block
    } else if any(&[Enforcement::Warn]) {
        ScanAction::Warn
    } else if any(&[Enforcement::Redact]) {
        ScanAction::Redact
    } else {
        ScanAction::Allow
    };
    let masked: Vec<Finding> = found
        .iter()
        .filter(|(rule, _)| rule.enforcement == Enforcement::Redact)
        .map(|(_, hit)| {
            let span = hit.span.clone().unwrap_or(0..text.len());
            Finding::new(Category::Secret, hit.kind, zentinelle_core::scan::Severity::Medium, hit.confidence, span)
        })
        .collect();
    let redacted = (action != ScanAction::Block && !masked.is_empty())
        .then(|| Scanner::new(Detectors::NONE).redact(text, &masked));
    let worst = found.iter().map(|(rule, _)| rule.severity).max();
    let count = found.len();
    let violations = found.into_iter().take(MOST_LISTED).map(|(rule, hit)| Violation {
        rule_id: rule.id.clone(),
        rule_type: rule.rule_type,
        severity: rule.severity,
        enforcement: rule.enforcement,
        category: hit.kind,
        confidence: (f64::from(hit.confidence.clamp(0.0, 1.0)) * 1000.0).round() / 1000.0,
        span: hit.span,
    });
    Scanned { action, violations: violations.collect(), count, worst, redacted }
}

impl Rule {
    fn compile(row: content_rule::Model) -> Self {
        let rule_type = named(&row.rule_type);
        let detector = rule_type.map(|rule_type| config::detector(rule_type, &row.config));
        let detector = match detector {
            Some(Ok(detector)) => detector,
            Some(Err(faults)) => {
                tracing::error!(rule = row.id, ?faults, "a stored content rule cannot be read");
                Detector::Unreadable
            }
            None => Detector::Unreadable,
        };
        let unreadable = matches!(detector, Detector::Unreadable);
        Self {
            rule_type: rule_type.unwrap_or(RuleType::PolicyViolation),
            level: named(&row.scope_level).unwrap_or(ScopeLevel::Organization),
            scope_id: row.scope_id,
            severity: named(&row.severity).unwrap_or(Severity::Critical),
            enforcement: named(&row.enforcement).unwrap_or(Enforcement::Block),
            mode: named(&row.scan_mode).unwrap_or_default(),
            input: row.scan_input || unreadable,
            output: row.scan_output,
            context: row.scan_context,
            id: Some(row.id),
            detector,
        }
    }

    fn reads(&self, content_type: ContentType) -> bool {
        match content_type {
            ContentType::UserInput | ContentType::FileUpload => self.input,
            ContentType::AiOutput => self.output,
            ContentType::Context => self.context,
            // A tool call is written by the model and made of what the user gave it.
            ContentType::ToolCall => self.input || self.output,
        }
    }

    fn runs_in(&self, mode: ScanMode) -> bool {
        self.mode == ScanMode::Both || mode == ScanMode::Both || self.mode == mode
    }

    fn covers(&self, chain: &ScopeChain<'_>) -> bool {
        match self.level {
            ScopeLevel::Organization => true,
            level => chain.id(level).is_some() && chain.id(level) == self.scope_id.as_deref(),
        }
    }
}

/// What is looked for until a tenant makes its first rule. Nothing is refused for it.
fn watching() -> Vec<Rule> {
    let rule = |rule_type, severity, output| {
        let detector = config::detector(rule_type, &serde_json::json!({})).unwrap_or(Detector::Nothing);
        Rule {
            id: None,
            rule_type,
            level: ScopeLevel::Organization,
            scope_id: None,
            severity,
            enforcement: Enforcement::LogOnly,
            mode: ScanMode::Both,
            input: true,
            output,
            context: true,
            detector,
        }
    };
    vec![
        rule(RuleType::SecretDetection, Severity::High, true),
        rule(RuleType::PiiDetection, Severity::Medium, true),
        rule(RuleType::PromptInjection, Severity::High, false),
        rule(RuleType::JailbreakAttempt, Severity::Medium, false),
    ]
}

#[cfg(test)]
mod tests;
