//! Faults as people and machines see them: with a line, a column and the text underlined.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::place::Place;
use crate::error::{Code, Pointer, PolicyError};
use crate::sorting;

/// Most characters of a line that are shown.
const MAX_SHOWN: usize = 160;
/// Characters shown before the fault when a line is trimmed.
const SHOWN_BEFORE: usize = 60;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The document cannot be used.
    Error,
    /// The document can be used, but probably does not do what its author wants.
    Warning,
}

/// Something wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// What is wrong, for people.
    pub message: String,
    /// Where in the value, if a value could be read.
    pub pointer: Pointer,
    /// Where in the text, in bytes.
    pub span: Option<Range<usize>>,
    /// What to do about it.
    pub help: Option<String>,
    /// How bad it is.
    pub severity: Severity,
}

impl Problem {
    /// An error at `span`.
    pub fn new(code: Code, span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            pointer: Pointer::ROOT,
            span: Some(span),
            help: None,
            severity: Severity::Error,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Makes it a warning.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Gives a fault its place in the text. `place` belongs to the value that the fault's pointer is relative to.
    #[must_use]
    pub fn from_policy_error(error: &PolicyError, place: &Place) -> Self {
        Self {
            code: error.code().clone(),
            message: error.message().to_owned(),
            pointer: error.pointer().clone(),
            span: Some(place.of_error(error)),
            help: error.help().map(str::to_owned),
            severity: Severity::Error,
        }
    }
}

/// Gives every fault its place in the text, see [`Problem::from_policy_error`].
#[must_use]
pub fn problems(errors: &[PolicyError], place: &Place) -> Vec<Problem> {
    errors.iter().map(|error| Problem::from_policy_error(error, place)).collect()
}

/// A text and what to call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile<'t> {
    /// What to call it, usually its path.
    pub name: &'t str,
    /// All of it.
    pub text: &'t str,
}

impl SourceFile<'_> {
    /// The line and column of a byte, both from one; columns count characters.
    #[must_use]
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = self.before(offset);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        (line, before.get(start..).unwrap_or_default().chars().filter(|letter| *letter != '\u{feff}').count() + 1)
    }

    /// The text up to `offset`, or up to the last full character before it.
    fn before(&self, offset: usize) -> &str {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        self.text.get(..end).unwrap_or_default()
    }

    /// The line that holds `span`, and the part of `span` in it relative to its start.
    fn first_line(&self, span: &Range<usize>) -> (&str, Range<usize>) {
        let before = self.before(span.start);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let rest = self.text.get(start..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let from = (before.len() - start).min(line.len());
        let to = (self.before(span.end).len().saturating_sub(start)).min(line.len()).max(from);
        (line, from..to)
    }
}

/// How to render.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether to use colours, that is, terminal escape sequences.
    pub color: bool,
}

/// Shows problems with the lines they are about, in the order of the text.
#[must_use]
pub fn render(problems: &[Problem], file: &SourceFile<'_>, style: Style) -> String {
    let renderer = if style.color { Renderer::styled().hyperlink(false) } else { Renderer::plain() };
    // Lines are trimmed here, so the renderer need not.
    let renderer = renderer.term_width(2 * MAX_SHOWN + 40);
    let mut out = String::new();
    for problem in in_order(problems) {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&render_one(problem, file, &renderer));
        out.push('\n');
    }
    out
}

fn render_one(problem: &Problem, file: &SourceFile<'_>, renderer: &Renderer) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let name = visible(file.name);
    let title = level.primary_title(visible(&problem.message)).id(problem.code.as_str());
    let mut group = Group::with_title(title);
    let shown;
    match &problem.span {
        Some(span) => {
            let (line, column) = file.line_column(span.start);
            let (text, part) = file.first_line(span);
            shown = trimmed(text, part);
            let snippet = Snippet::source(shown.0.as_str())
                .line_start(line)
                .annotation(AnnotationKind::Primary.span(shown.1.clone()));
            let shown_column = shown.0.get(..shown.1.start).unwrap_or_default().chars().count() + 1;
            group = if shown_column == column {
                group.element(snippet.path(name))
            } else {
                // The line is not shown as it is, so the renderer cannot tell the column.
                group.element(Origin::path(name).line(line).char_column(column)).element(snippet)
            };
        }
        None => group = group.element(Origin::path(name)),
    }
    let mut report = vec![group];
    if let Some(help) = &problem.help {
        report.push(Group::with_title(Level::HELP.secondary_title(visible(help))));
    }
    renderer.render(&report)
}

/// A line as it may be shown: trimmed around `part`, control characters made visible.
fn trimmed(line: &str, part: Range<usize>) -> (String, Range<usize>) {
    let before = line.get(..part.start).unwrap_or_default();
    let skipped = match before.chars().count().checked_sub(SHOWN_BEFORE) {
        Some(skipped) if line.chars().count() > MAX_SHOWN => skipped,
        _ => 0,
    };
    let mut shown = String::new();
    if skipped > 0 {
        shown.push('…');
    }
    let mut range = None::<Range<usize>>;
    let mut left = MAX_SHOWN;
    for (offset, letter) in line.char_indices().skip(skipped) {
        if left == 0 {
            shown.push('…');
            break;
        }
        left -= 1;
        let start = shown.len();
        push_visible(&mut shown, letter);
        if offset >= part.start && offset < part.end.max(part.start + 1) {
            range = Some(range.map_or(start, |range| range.start)..shown.len());
        }
    }
    let end = shown.len();
    (shown, range.unwrap_or(end..end))
}

/// Text without anything that a terminal would act on or hide.
fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(|letter| !is_hidden(letter) && letter != '\n' && letter != '\t') {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    text.chars().for_each(|letter| push_visible(&mut shown, letter));
    Cow::Owned(shown)
}

fn push_visible(shown: &mut String, letter: char) {
    match letter {
        '\t' => shown.push_str("  "),
        letter if is_hidden(letter) => shown.extend(letter.escape_unicode()),
        letter => shown.push(letter),
    }
}

/// Control characters, and those that turn or hide the text around them.
fn is_hidden(letter: char) -> bool {
    letter.is_control() && letter != '\t'
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The problems in the order of the text; those without a place come first.
fn in_order(problems: &[Problem]) -> Vec<&Problem> {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorting::sort_by(&mut sorted, |one, other| compare(one, other));
    sorted
}

fn compare(one: &Problem, other: &Problem) -> Ordering {
    let place = |problem: &Problem| problem.span.as_ref().map(|span| (span.start, span.end));
    place(one)
        .cmp(&place(other))
        .then_with(|| one.code.cmp(&other.code))
        .then_with(|| one.pointer.cmp(&other.pointer))
        .then_with(|| one.message.cmp(&other.message))
}

/// A problem for machines. Lines and columns count from one, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// What the text is called, usually its path.
    pub file: String,
    /// How bad it is.
    pub severity: Severity,
    /// The stable code.
    pub code: Code,
    /// What is wrong, for people.
    pub message: String,
    /// Where in the value.
    pub pointer: Pointer,
    /// First line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// First column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// Last line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_line: Option<usize>,
    /// The column behind the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_column: Option<usize>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// The problems for machines, in the order of the text.
#[must_use]
pub fn reports(problems: &[Problem], file: &SourceFile<'_>) -> Vec<Report> {
    let report = |problem: &Problem| {
        let start = problem.span.as_ref().map(|span| file.line_column(span.start));
        let end = problem.span.as_ref().map(|span| file.line_column(span.end));
        Report {
            file: file.name.to_owned(),
            severity: problem.severity,
            code: problem.code.clone(),
            message: problem.message.clone(),
            pointer: problem.pointer.clone(),
            line: start.map(|(line, _)| line),
            column: start.map(|(_, column)| column),
            end_line: end.map(|(line, _)| line),
            end_column: end.map(|(_, column)| column),
            help: problem.help.clone(),
        }
    };
    in_order(problems).into_iter().map(report).collect()
}

#[cfg(test)]
mod tests;
