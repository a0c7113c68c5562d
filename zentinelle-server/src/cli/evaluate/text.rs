//! Decisions for people: a line each, wrapped to the terminal, and a sum at the end.

use serde_json::Value;
use zentinelle_core::engine::Refusal;
use zentinelle_core::{Decision, Effect, Obligation, Request};

use super::{Asked, Malformed, Tally};
use crate::cli::error::CommandError;
use crate::cli::output::{BAD, Console, GOOD, NOTICE, QUIET, STRONG, count, fitted, grouped, visible, wrapped};
use anstyle::Style;

/// Widths of the columns. Fixed, since the first line is written before the second is read.
const ID_WIDTH: usize = 24;
const SUBJECT_WIDTH: usize = 26;
/// Narrow terminals have shorter columns.
const NARROW: usize = 90;

/// Keys of the context under which the thing acted on is named, the most telling first.
const SUBJECTS: [&str; 5] = ["tool", "tool_name", "model", "secret", "server"];

/// What is written so far.
pub(super) struct Page {
    explain: bool,
}

/// What stands in one line.
struct Row<'r> {
    mark: &'static str,
    style: Style,
    id: String,
    subject: String,
    reason: String,
    policies: &'r str,
}

impl Page {
    pub(super) fn new(explain: bool) -> Self {
        Self { explain }
    }

    /// Writes the line of a decision, and its explanation if that is wanted.
    pub(super) fn decision(
        &mut self,
        number: usize,
        asked: &Asked,
        decision: &Decision,
        console: &mut Console,
    ) -> Result<(), CommandError> {
        let warned = decision.warnings().next().is_some();
        let (mark, style) = match (decision.is_permitted(), warned) {
            (false, _) => ("✗", BAD),
            (true, true) => ("!", NOTICE),
            (true, false) => ("✓", GOOD),
        };
        let (reason, policies) = if self.explain { Default::default() } else { (reason(decision), names(decision)) };
        row(
            &Row {
                mark,
                style,
                id: shown_id(asked.id.as_ref(), number),
                subject: subject(&asked.request),
                reason,
                policies: &policies,
            },
            console,
        )?;
        if self.explain {
            for line in decision.explain().to_string().lines() {
                let deeper = line.len() - line.trim_start().len();
                for (part, text) in wrapped(&visible(line.trim()), text_width(console, 4 + deeper)).iter().enumerate() {
                    let indent = 4 + deeper + if part > 0 { 3 } else { 0 };
                    console.line(format_args!("{:indent$}{text}", ""))?;
                }
            }
        }
        Ok(())
    }

    /// Writes the line that stands for a line nobody could read.
    pub(super) fn malformed(
        &mut self,
        number: usize,
        malformed: &Malformed,
        console: &mut Console,
    ) -> Result<(), CommandError> {
        let id = shown_id(malformed.id.as_ref(), number);
        let reason = malformed.reason();
        row(&Row { mark: "?", style: BAD, id, subject: "no request".to_owned(), reason, policies: "" }, console)
    }

    /// Writes the sum.
    pub(super) fn summary(&self, tally: &Tally, console: &mut Console) -> Result<(), CommandError> {
        let total = tally.total();
        if total > 0 {
            console.line("")?;
        }
        let mut parts = vec![
            console.paint(GOOD, format!("{} allowed", grouped(tally.allowed))).to_string(),
            console.paint(BAD, format!("{} denied", grouped(tally.denied))).to_string(),
            console.paint(NOTICE, format!("{} warned", grouped(tally.warned))).to_string(),
        ];
        if tally.malformed > 0 {
            parts.push(console.paint(BAD, format!("{} not readable", grouped(tally.malformed))).to_string());
        }
        let total = console.paint(STRONG, count(total, "request", "requests"));
        console.line(format_args!("{total}: {}", parts.join(", ")))
    }
}

fn row(row: &Row<'_>, console: &mut Console) -> Result<(), CommandError> {
    let narrow = console.width().is_some_and(|width| width < NARROW);
    let (id_width, subject_width) = if narrow { (8, 20) } else { (ID_WIDTH, SUBJECT_WIDTH) };
    let id = fitted(&visible(&row.id), id_width);
    let subject = fitted(&visible(&row.subject), subject_width);
    let mark = console.paint(row.style, row.mark);
    let id = console.paint(QUIET, id);
    let mut told = visible(&row.reason).into_owned();
    if !row.policies.is_empty() {
        // Blanks in it do not break, so that the name is found at a glance.
        told += &format!(" [{}]", visible(row.policies).replace(' ', "\u{a0}"));
    }
    if told.is_empty() {
        return console.line(format_args!("{mark} {id} {}", subject.trim_end()));
    }
    let indent = 2 + id_width + 1 + subject_width + 2;
    let style = if row.style == GOOD { QUIET } else { Style::new() };
    for (part, text) in wrapped(&told, text_width(console, indent)).iter().enumerate() {
        let text = console.paint(style, text.replace('\u{a0}', " "));
        if part == 0 {
            console.line(format_args!("{mark} {id} {subject}  {text}"))?;
        } else {
            console.line(format_args!("{:indent$}{text}", ""))?;
        }
    }
    Ok(())
}

/// The columns left for text behind an indent.
fn text_width(console: &Console, indent: usize) -> Option<usize> {
    console.width().map(|width| width.saturating_sub(indent).max(20))
}

/// The author's id, or else the number of the line.
fn shown_id(id: Option<&Value>, number: usize) -> String {
    match id {
        Some(Value::String(id)) => id.clone(),
        Some(other) => other.to_string(),
        None => format!("line {number}"),
    }
}

/// The action and what it is done to.
pub(crate) fn subject(request: &Request) -> String {
    let action = request.action.name();
    let named = request
        .action
        .tool()
        .is_none()
        .then(|| SUBJECTS.iter().find_map(|key| request.context.get(key).and_then(Value::as_str)))
        .flatten();
    named.map_or_else(|| action.to_owned(), |named| format!("{action} {named}"))
}

/// Why: the denial, else the warnings.
fn reason(decision: &Decision) -> String {
    if decision.is_permitted() {
        let warnings = decision.warnings().map(|(_, warning)| warning.message);
        let told = warnings.chain(decision.obligations().filter_map(owed)).collect::<Vec<_>>().join("; ");
        return if decision.effect() == Effect::NoPolicy { "no policy applies".to_owned() } else { told };
    }
    let mut told = match decision.primary() {
        Some(violation) => violation.message.clone(),
        None => "no policy applies to this agent and user".to_owned(),
    };
    let more = decision.determining().count().saturating_sub(1);
    if more > 0 {
        told += &format!(" (and {})", count(more, "more reason", "more reasons"));
    }
    if decision.requestable().is_some() {
        told += "; a person may approve it";
    }
    if decision.is_dry_run() {
        told.insert_str(0, "would be denied: ");
    }
    told
}

/// What the host must do to the call or its result, where a reader should know.
fn owed(obligation: &Obligation) -> Option<String> {
    match obligation {
        Obligation::Mask { spans, .. } => Some(format!("with {} masked", count(spans.len(), "part", "parts"))),
        Obligation::CapRows { max_rows, .. } => Some(format!("with at most {max_rows} rows")),
        Obligation::AskHuman { question } => Some(question.clone()),
        Obligation::Log { .. } | Obligation::MaxTokens { .. } => None,
    }
}

/// The policies that speak in the reason.
fn names(decision: &Decision) -> String {
    let mut names: Vec<&str> = if decision.is_permitted() {
        decision.warnings().filter_map(|(policy, _)| policy).map(|policy| policy.name.as_str()).collect()
    } else if let Some(Refusal::Engine(violation)) = decision.refusal() {
        vec![violation.code.as_str()]
    } else {
        decision.determining().map(|(policy, _)| policy.name.as_str()).collect()
    };
    names.dedup();
    names.join(", ")
}
