//! Policies as they are handed to an engine, and what is wrong with them.

use serde::Serialize;
use serde_json::Value;
use zentinelle_core::Policy;
use zentinelle_core::document::decode::decode_as;
use zentinelle_core::document::diagnostic::{Problem, Severity, SourceFile};
use zentinelle_core::document::json as strict;

use crate::utf16::Utf16;
use crate::{Class, Fault};

/// A problem of a text, for an editor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    severity: Severity,
    code: String,
    message: String,
    pointer: String,
    /// From one; columns in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
    /// Where in the text, as JavaScript counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

pub(crate) fn reports(text: &str, problems: &[Problem]) -> Vec<Report> {
    let file = SourceFile { name: "", text };
    let mut places = Utf16::new(text);
    let report = |problem: &Problem| {
        let span = problem.span.clone();
        let at = |offset: usize| file.line_column(offset);
        let (start, end) = (span.as_ref().map(|span| at(span.start)), span.as_ref().map(|span| at(span.end)));
        let utf16 = span.map(|span| places.range(&span));
        Report {
            severity: problem.severity,
            code: problem.code.to_string(),
            message: problem.message.clone(),
            pointer: problem.pointer.to_string(),
            line: start.map(|(line, _)| line),
            column: start.map(|(_, column)| column),
            end_line: end.map(|(line, _)| line),
            end_column: end.map(|(_, column)| column),
            start: utf16.as_ref().map(|range| range.start),
            end: utf16.map(|range| range.end),
            help: problem.help.clone(),
        }
    };
    problems.iter().map(report).collect()
}

/// The fault of a document with errors in it.
pub(crate) fn unusable(text: &str, problems: &[Problem]) -> Fault {
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    let Some(first) = errors.clone().next() else {
        return Fault::new(Class::Internal, "internal.no_reason", "the document is unusable without a reason");
    };
    let mut fault = Fault::problem(Class::Policy, first);
    fault.message = match errors.count() {
        1 => first.message.clone(),
        many => format!("{} (and {} more)", first.message, many - 1),
    };
    fault.problems = reports(text, problems);
    fault
}

/// Stored policies: a JSON list. One that does not say whose it is belongs to `tenant`.
pub(crate) fn stored(list: &str, tenant: &str) -> Result<Vec<Policy>, Fault> {
    let mut value = strict::parse(list).map_err(|problem| Fault::problem(Class::Policy, &problem))?;
    for policy in value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        policy.entry("tenant_id").or_insert_with(|| tenant.into());
        if let Some(id) = policy.get("id").cloned() {
            policy.entry("name").or_insert(id);
        }
    }
    decode_as::<Vec<Policy>>(&value, "a stored policy").strict().map_err(|errors| Fault::errors(Class::Policy, errors))
}
