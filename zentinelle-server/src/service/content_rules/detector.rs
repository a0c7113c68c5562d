//! What one rule finds in one text.

use std::ops::Range;

use zentinelle_core::matching::Pattern;
use zentinelle_core::scan::injection::{Families, Sensitivity, Source};
use zentinelle_core::scan::{Category, Finding, Reading, Scanner};

use super::ContentType;

/// Occurrences of one pattern that are told apart; what follows the last counts as one more.
const MOST_OCCURRENCES: usize = 200;

/// Finds what a rule is about.
#[derive(Debug)]
pub(super) enum Detector {
    /// The core's detectors that point at a place, and patterns of the rule's own.
    Places {
        /// The detectors.
        scanner: Scanner,
        /// The patterns.
        own: Vec<Pattern>,
    },
    /// The rule's own patterns, what they are called, and how sure they are.
    Own(Vec<Pattern>, &'static str, f32),
    /// A judgement on the whole text.
    Attack {
        /// Injection or jailbreak.
        category: Category,
        /// Which signals count.
        families: Families,
        /// How little evidence is enough.
        sensitivity: Sensitivity,
        /// Patterns of the rule's own.
        own: Vec<Pattern>,
    },
    /// More tokens than this.
    Tokens(u64),
    /// A cost above this. Unit: millionths of a US dollar.
    Cost(u64),
    /// Finds nothing.
    Nothing,
    /// The stored rule cannot be read: everything violates it, so that it fails closed.
    Unreadable,
}

/// The text under judgement and what was said about it.
#[derive(Debug)]
pub(super) struct Subject<'t> {
    /// The text.
    pub(super) text: &'t str,
    /// The same with what hides in it, read once for all rules.
    pub(super) reading: Reading<'t>,
    /// What it is.
    pub(super) content_type: ContentType,
    /// Its tokens as the agent counted them.
    pub(super) tokens: Option<u64>,
    /// Its cost as the agent estimates it. Unit: millionths of a US dollar.
    pub(super) usd_micros: Option<u64>,
}

/// One thing a rule found. Holds places and names, never the matched text.
#[derive(Debug)]
pub(super) struct Hit {
    /// What, such as `aws_access_key`.
    pub(super) kind: &'static str,
    /// How sure the detector is, from 0 to 1.
    pub(super) confidence: f32,
    /// Where; none when it is about the whole text.
    pub(super) span: Option<Range<usize>>,
}

impl Detector {
    /// What the rule finds. `everything` asks for every sign of an attack and not just the strongest.
    pub(super) fn find(&self, subject: &Subject<'_>, everything: bool) -> Vec<Hit> {
        let text = subject.text;
        match self {
            Self::Places { scanner, own } => {
                let mut hits: Vec<Hit> = scanner.scan(text).into_iter().map(Hit::placed).collect();
                hits.extend(occurrences(own, subject, "custom_pattern", 1.0));
                hits
            }
            Self::Own(own, name, confidence) => occurrences(own, subject, name, *confidence),
            Self::Attack { category, families, sensitivity, own } => {
                let mut hits = attacks(subject, *category, *families, *sensitivity, everything);
                hits.extend(occurrences(own, subject, "custom_signature", 0.9));
                hits
            }
            Self::Tokens(limit) => {
                let counted = u64::try_from(text.chars().count() / 4).unwrap_or(u64::MAX);
                let tokens = subject.tokens.unwrap_or_default().max(counted);
                Hit::whole("token_limit", tokens > *limit)
            }
            Self::Cost(limit) => Hit::whole("cost_threshold", subject.usd_micros.is_some_and(|cost| cost > *limit)),
            Self::Nothing => Vec::new(),
            Self::Unreadable => Hit::whole("unreadable_rule", true),
        }
    }
}

impl Hit {
    fn placed(finding: Finding) -> Self {
        Self { kind: finding.kind, confidence: finding.confidence, span: Some(finding.span) }
    }

    fn whole(kind: &'static str, hit: bool) -> Vec<Self> {
        if hit { vec![Self { kind, confidence: 1.0, span: None }] } else { Vec::new() }
    }
}

fn attacks(
    subject: &Subject<'_>,
    category: Category,
    families: Families,
    sensitivity: Sensitivity,
    everything: bool,
) -> Vec<Hit> {
    let source = match subject.content_type {
        ContentType::UserInput => Source::User,
        ContentType::AiOutput | ContentType::ToolCall => Source::Model,
        ContentType::Context | ContentType::FileUpload => Source::Tool,
    };
    // Forged structure in a user's own words counts only when asked to be strict.
    let strict = source != Source::User || sensitivity >= Sensitivity::High;
    let families =
        Families { delimiter: families.delimiter && strict, indirect: families.indirect && strict, ..families };
    let Some(strongest) = subject.reading.detect(source, families, sensitivity) else { return Vec::new() };
    if strongest.category == category && !everything {
        return vec![Hit::placed(strongest)];
    }
    let mut signs: Vec<Finding> =
        subject.reading.judge(source).findings.into_iter().filter(|sign| sign.category == category).collect();
    if !everything {
        signs.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        signs.truncate(1);
    }
    if signs.is_empty() && strongest.category == category {
        signs.push(strongest);
    }
    signs.into_iter().map(Hit::placed).collect()
}

/// Where patterns occur, in the text or in what it shows to a reader.
fn occurrences(patterns: &[Pattern], subject: &Subject<'_>, kind: &'static str, confidence: f32) -> Vec<Hit> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for pattern in patterns {
        spans.extend(bounded(pattern, subject.text));
        if let Some(view) = subject.reading.views().normalised() {
            let shown = bounded(pattern, view.text()).into_iter().map(|span| view.original_span(span));
            spans.extend(
                shown.map(|span| {
                    subject.text.floor_char_boundary(span.start)..subject.text.ceil_char_boundary(span.end)
                }),
            );
        }
    }
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    spans.dedup_by(|next, kept| next.end <= kept.end);
    spans.into_iter().map(|span| Hit { kind, confidence, span: Some(span) }).collect()
}

fn bounded(pattern: &Pattern, text: &str) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = pattern.find_all(text).take(MOST_OCCURRENCES + 1).collect();
    if spans.len() > MOST_OCCURRENCES
        && let Some(last) = spans.last_mut()
    {
        last.end = text.len();
    }
    spans
}
