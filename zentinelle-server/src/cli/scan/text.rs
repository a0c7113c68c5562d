//! Findings for people. The text that was matched is never shown: it may be a secret.

use zentinelle_core::document::diagnostic::SourceFile;
use zentinelle_core::scan::{Category, Severity};

use super::judge::{Judgement, Verdict};
use crate::cli::error::CommandError;
use crate::cli::output::{BAD, Console, GOOD, NOTICE, QUIET, STRONG, columns, count, fitted};

pub(super) fn show(name: &str, text: &str, judgement: &Judgement, console: &mut Console) -> Result<(), CommandError> {
    let (style, verdict) = match judgement.verdict {
        Verdict::Clean => (GOOD, "no injection"),
        Verdict::Suspect => (NOTICE, "suspected injection"),
        Verdict::Malicious => (BAD, "injection"),
    };
    let score = console.paint(QUIET, format!("score {:.2}", judgement.score));
    let found = count(judgement.findings.len(), "finding", "findings");
    let title = console.paint(STRONG, name);
    console.line(format_args!("{title}: {}, {score}, {found}", console.paint(style, verdict)))?;
    let file = SourceFile { name, text };
    let place = |start: usize| {
        let (line, column) = file.line_column(start);
        format!("{line}:{column}")
    };
    let places: Vec<String> = judgement.findings.iter().map(|finding| place(finding.span.start)).collect();
    let place_width = places.iter().map(|place| columns(place)).max().unwrap_or_default();
    let kind_width = judgement.findings.iter().map(|finding| columns(finding.kind)).max().unwrap_or_default();
    for (finding, place) in judgement.findings.iter().zip(&places) {
        let style = match finding.severity {
            Severity::Critical | Severity::High => BAD,
            Severity::Medium => NOTICE,
            Severity::Low => QUIET,
        };
        let category = match finding.category {
            Category::Secret => "secret",
            Category::Pii => "personal data",
            Category::Phi => "health data",
            Category::Injection => "injection",
            Category::Jailbreak => "jailbreak",
            Category::Profanity => "profanity",
        };
        let severity = match finding.severity {
            Severity::Critical => "critical",
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
        };
        let sure = console.paint(QUIET, format!("{:.0} % sure", finding.confidence * 100.0));
        let kind = fitted(finding.kind, kind_width);
        let severity = console.paint(style, format!("{severity:<8}"));
        console.line(format_args!("  {place:<place_width$}  {severity}  {kind}  {category:<13}  {sure}"))?;
    }
    Ok(())
}
