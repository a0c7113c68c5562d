//! Prompt injection and jailbreaks, found by weighted signals.
//!
//! Applies to any text that reaches a model: what the user typed, what a tool or a document
//! returned, what a model said. No single word condemns a text. Each signal in `tables` is a
//! phrase with a weight for text from the user and another for text from elsewhere; the grammar
//! around a hit (`context`) lowers or raises it; the hits of a passage are combined (`score`).
//! It is deterministic and works without a model, so it can be read, argued with and tested; it
//! does not understand meaning, and an attack in wholly fresh words passes.
//!
//! Work is linear in the text. A regular expression is compiled on first use and run only when one
//! of its literals occurs, which the caller finds in one pass over the text.

mod bare;
mod context;
mod needs;
mod score;
mod shape;
mod signal;
mod tables;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::prefilter::Fired;
use super::{Category, Severity};
use crate::sorting;
use needs::Pieces;
use score::Evidence;
pub use signal::Topic;

/// Where a text comes from.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The person the agent works for.
    User,
    /// A tool, a document, a web page, a mail: anything a stranger may have written.
    Tool,
    /// A model's own output.
    Model,
}

/// How a view came about.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ViewKind {
    /// The text as received.
    Raw,
    /// With hidden characters removed and compatibility forms folded.
    Normalised,
    /// Decoded from base64, percent signs or the like inside the text. Hiding is itself suspicious.
    Decoded,
}

/// One reading of the text under judgement.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// How it came about.
    pub kind: ViewKind,
    /// The text.
    pub text: &'a str,
}

/// What the score means.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing, or too little.
    Clean,
    /// More likely an attack than not.
    Suspect,
    /// Hardly anything else.
    Malicious,
}

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Stable name of the signal, such as `override.prior_instructions`.
    pub kind: &'static str,
    /// What the signal speaks of.
    pub topic: Topic,
    /// Injection or jailbreak.
    pub category: Category,
    /// How grave.
    pub severity: Severity,
    /// The weight it had in its context: 0 to 1.
    pub confidence: f32,
    /// Which view it was found in.
    pub view: usize,
    /// Byte range in that view's text.
    pub span: core::ops::Range<usize>,
}

/// The judgement on one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// How likely the text is an attack: 0 to 1.
    pub score: f32,
    /// What the score means.
    pub verdict: Verdict,
    /// What was found, the strongest first.
    pub findings: Vec<Hit>,
}

/// The families a `prompt_injection` policy can select.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Families {
    /// Personas and framings that put safety out of force.
    pub jailbreak: bool,
    /// Orders to drop the instructions in force, new roles, prompt extraction.
    pub overriding: bool,
    /// Forged structure.
    pub delimiter: bool,
    /// Content that speaks to the model.
    pub indirect: bool,
}

impl Families {
    /// Every family.
    pub const ALL: Self = Self { jailbreak: true, overriding: true, delimiter: true, indirect: true };

    /// Whether signals of this topic count. Jailbreaks use overrides, so selecting them brings both.
    fn include(self, topic: Topic) -> bool {
        match topic {
            Topic::Override | Topic::Role | Topic::Extraction | Topic::Authority | Topic::Carrier => {
                self.overriding || self.jailbreak
            }
            Topic::Jailbreak | Topic::Refusal => self.jailbreak,
            Topic::Delimiter => self.delimiter,
            Topic::Indirect | Topic::Exfiltration | Topic::Hijack => self.indirect,
        }
    }
}

/// How little evidence is enough.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Only what is hardly anything else.
    Low,
    /// More likely an attack than not.
    Medium,
    /// A strong sign suffices.
    High,
    /// Any sign that is not everyday language suffices.
    Paranoid,
}

impl Sensitivity {
    /// The score from which a text is reported.
    #[must_use]
    pub fn threshold(self) -> f32 {
        match self {
            Self::Low => MALICIOUS,
            Self::Medium => SUSPECT,
            Self::High => 0.38,
            Self::Paranoid => 0.25,
        }
    }
}

/// The signals by number.
static SIGNALS: LazyLock<Vec<(Topic, &'static signal::Signal)>> = LazyLock::new(|| tables::signals().collect());

const SUSPECT: f32 = 0.5;
const MALICIOUS: f32 = 0.75;
/// Hits of one signal in one view that are looked at.
const HITS_PER_SIGNAL: usize = 128;
/// Hits of one view that are combined, the strongest first: scoring compares hits with each other.
const HITS_PER_VIEW: usize = 256;
/// Views that are looked at.
const VIEWS: usize = 16;
/// From this length on, in bytes, asking first what a pattern needs is cheaper than trying it.
const WORTH_ASKING: usize = 2048;
/// What a signal gains in a decoded view: nobody encodes an innocent order.
const DECODED: f32 = 1.3;
/// What a signal gains when it is nearly the whole text.
const WHOLE: f32 = 1.35;

/// For each signal, in the order of their numbers, the literals one of which a text must contain for
/// the signal to be tried. ASCII letter case is to be ignored when looking for them.
pub fn literals() -> impl Iterator<Item = &'static [&'static str]> {
    tables::signals().map(|(_, signal)| signal.literals)
}

/// Judges a text, given in one or several views. `fired` tells which signals have a
/// literal in any of the views.
pub fn judge(views: &[View<'_>], source: Source, fired: &Fired) -> Report {
    judge_families(views, source, Families::ALL, fired)
}

/// As [`judge`], with only some families.
pub fn judge_families(views: &[View<'_>], source: Source, families: Families, fired: &Fired) -> Report {
    let mut best = 0.0_f32;
    let mut all: Vec<Evidence> = Vec::new();
    for (number, view) in views.iter().enumerate().take(VIEWS) {
        let mut hits = gather(number, view, source, families, fired);
        sorting::sort_by(&mut hits, |a, b| b.weight.total_cmp(&a.weight).then(a.start.cmp(&b.start)));
        hits.truncate(HITS_PER_VIEW);
        sorting::sort_by_key(&mut hits, |hit| (hit.start, hit.signal));
        let mut score = score::passage_score(&hits);
        if source != Source::User && !hits.iter().any(|hit| hit.weight >= score::ANCHOR) {
            score = score.min(score::UNANCHORED);
        }
        best = best.max(score);
        all.append(&mut hits);
    }
    sorting::sort_by(&mut all, |a, b| {
        b.weight.total_cmp(&a.weight).then(a.view.cmp(&b.view)).then(a.start.cmp(&b.start))
    });
    Report { score: best, verdict: verdict(best), findings: all.iter().map(finding).collect() }
}

/// What a `prompt_injection` policy asks: the strongest finding, when the text is one to report.
///
/// Besides the weighted judgement it reports *bare* phrases: a text that is little more than one of
/// the phrases the policy names ("enter developer mode") is refused even where the same words in a
/// longer text would not be.
pub fn detect(
    views: &[View<'_>],
    source: Source,
    families: Families,
    sensitivity: Sensitivity,
    fired: &Fired,
) -> Option<Hit> {
    let report = judge_families(views, source, families, fired);
    if report.score >= sensitivity.threshold()
        && let Some(hit) = report.findings.into_iter().next()
    {
        return Some(hit);
    }
    bare::find(views, source, families, sensitivity)
}

fn gather(number: usize, view: &View<'_>, source: Source, families: Families, fired: &Fired) -> Vec<Evidence> {
    let mut hits = Vec::new();
    let mut pieces = None;
    let size = view.text.trim().len().max(1);
    let fired = fired.rules().filter_map(|index| Some((index, SIGNALS.get(index)?)));
    for (index, (topic, signal)) in fired.map(|(index, (topic, signal))| (index, (*topic, *signal))) {
        if !families.include(topic) {
            continue;
        }
        if view.text.len() >= WORTH_ASKING
            && !signal.needs.may_be_met(pieces.get_or_insert_with(|| Pieces::of(view.text)))
        {
            continue;
        }
        let Some(regex) = signal.regex.as_ref() else { continue };
        let base = match source {
            Source::User => signal.user,
            Source::Tool => signal.foreign,
            Source::Model => signal.user.min(signal.foreign),
        };
        for found in regex.find_iter(view.text).take(HITS_PER_SIGNAL) {
            let mut weight = base * context::factor(view.text, found.start(), found.end(), signal.reading, topic);
            if view.kind == ViewKind::Decoded {
                weight *= DECODED;
            }
            if found.len().saturating_mul(10) >= size.saturating_mul(7) {
                weight *= WHOLE;
            }
            hits.push(Evidence {
                signal: index,
                kind: signal.kind,
                topic,
                weight: weight.min(0.97),
                view: number,
                start: found.start(),
                end: found.end(),
            });
        }
    }
    shape::gather(number, view.text, source, families, &mut hits);
    hits
}

fn verdict(score: f32) -> Verdict {
    if score >= MALICIOUS {
        Verdict::Malicious
    } else if score >= SUSPECT {
        Verdict::Suspect
    } else {
        Verdict::Clean
    }
}

fn finding(hit: &Evidence) -> Hit {
    let severity = if hit.weight >= MALICIOUS {
        Severity::High
    } else if hit.weight >= 0.4 {
        Severity::Medium
    } else {
        Severity::Low
    };
    Hit {
        kind: hit.kind,
        topic: hit.topic,
        category: if matches!(hit.topic, Topic::Jailbreak | Topic::Refusal) {
            Category::Jailbreak
        } else {
            Category::Injection
        },
        severity,
        confidence: hit.weight,
        view: hit.view,
        span: hit.start..hit.end,
    }
}
