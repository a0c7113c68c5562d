//! Editing policies: problems with their places, differences, tests.

use serde::Serialize;
use serde_json::Value;
use zentinelle_core::document::decode::decode_as;
use zentinelle_core::document::diagnostic::{self, Problem, Severity, SourceFile};
use zentinelle_core::document::json as strict;
use zentinelle_core::ids::{PolicyId, TenantId};
use zentinelle_core::policy_document::diff::{self as differences, Change, PolicyChange};
use zentinelle_core::policy_document::{self, TestOutcome};
use zentinelle_core::wire::DecisionDocument;
use zentinelle_core::{Policy, PolicyType, Scope};

use crate::scanning::Utf16;
use crate::{Class, Engine, Fault, KeyRing, Ledger, json, options};

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

#[derive(Serialize)]
struct Validation {
    /// Whether the document can be used.
    usable: bool,
    problems: Vec<Report>,
    /// The problems as a terminal shows them.
    rendered: String,
    policies: Vec<Summary>,
    tests: usize,
}

/// What a policy of the document is, for lists.
#[derive(Serialize)]
struct Summary {
    id: PolicyId,
    name: String,
    #[serde(rename = "type")]
    policy_type: String,
    scope: Scope,
    whom: String,
}

fn reports(text: &str, problems: &[Problem]) -> Vec<Report> {
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

fn render(text: &str, problems: &[Problem], name: &str) -> String {
    diagnostic::render(problems, &SourceFile { name, text }, diagnostic::Style::default())
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

/// What is wrong with a policy document, with every place, and what it holds; as JSON.
///
/// # Errors
///
/// None in practice.
pub fn validate(text: &str, name: &str) -> Result<String, Fault> {
    let (document, problems) = policy_document::read(text);
    let nobody = TenantId::new("");
    let policies = document.policies().iter().map(|written| written.to_policy(&nobody)).map(|policy| Summary {
        whom: differences::whom(&policy.scope),
        id: policy.id,
        name: policy.name,
        policy_type: policy.policy_type,
        scope: policy.scope,
    });
    json(&Validation {
        usable: !problems.iter().any(|problem| problem.severity == Severity::Error),
        problems: reports(text, &problems),
        rendered: render(text, &problems, name),
        policies: policies.collect(),
        tests: document.tests.len(),
    })
}

#[derive(Serialize)]
struct Kind {
    name: &'static str,
    summary: &'static str,
    codes: Vec<&'static str>,
}

/// The types of policy, as a JSON list.
///
/// # Errors
///
/// None in practice.
pub fn policy_types() -> Result<String, Fault> {
    let kind = |kind: &PolicyType| Kind {
        name: kind.name(),
        summary: kind.summary(),
        codes: kind.codes().iter().map(|code| code.as_str()).collect(),
    };
    json(&PolicyType::ALL.iter().map(kind).collect::<Vec<_>>())
}

#[derive(Serialize)]
struct Difference<'c> {
    change: &'static str,
    id: &'c str,
    name: &'c str,
    #[serde(rename = "type")]
    policy_type: &'c str,
    scope: &'c Scope,
    whom: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    sentences: &'c [String],
    /// The change in words, over one or more lines.
    text: String,
}

/// What changes from one document to another, as a JSON list.
///
/// # Errors
///
/// A fault of class `policy` if either document has an error.
pub fn diff(before: &str, after: &str) -> Result<String, Fault> {
    let read = |text: &str| {
        let (document, problems) = policy_document::read(text);
        if problems.iter().any(|problem| problem.severity == Severity::Error) {
            return Err(unusable(text, &problems));
        }
        Ok(document)
    };
    let (before, after) = (read(before)?, read(after)?);
    let changes = differences::diff(&before, &after);
    json(&changes.iter().map(difference).collect::<Vec<_>>())
}

fn difference(change: &PolicyChange) -> Difference<'_> {
    let (kind, sentences) = match &change.what {
        Change::Added(_) => ("added", [].as_slice()),
        Change::Removed(_) => ("removed", [].as_slice()),
        Change::Changed(sentences) => ("changed", sentences.as_slice()),
    };
    Difference {
        change: kind,
        id: change.id.as_str(),
        name: &change.name,
        policy_type: &change.policy_type,
        scope: &change.scope,
        whom: differences::whom(&change.scope),
        sentences,
        text: change.to_string(),
    }
}

#[derive(Serialize)]
struct Outcome {
    name: String,
    passed: bool,
    expected: String,
    /// Why the request of the test is unusable.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
    /// What was decided instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TestOptions {
    tenant_id: String,
}

impl Default for TestOptions {
    fn default() -> Self {
        Self { tenant_id: "local".to_owned() }
    }
}

/// Runs the tests of a policy document; the outcomes as a JSON list.
///
/// # Errors
///
/// A fault of class `policy` if the document has an error.
pub fn test(text: &str, option_text: &str, keys: Option<&KeyRing>) -> Result<String, Fault> {
    let TestOptions { tenant_id } = options(option_text, "test options")?;
    let engine_options = json(&serde_json::json!({ "tenant_id": tenant_id }))?;
    let engine = Engine::from_text(text, &engine_options, &Ledger::new("{}")?, keys)?;
    let (document, _) = policy_document::read(text);
    let tenant = TenantId::new(tenant_id);
    let outcome = |test: &policy_document::PolicyTest| {
        let mut found = Outcome {
            name: test.name.clone(),
            passed: false,
            expected: test.expect.to_string(),
            fault: None,
            decision: None,
            explanation: None,
        };
        match test.run(engine.inner(), &tenant) {
            TestOutcome::Passed => found.passed = true,
            TestOutcome::Unusable(errors) => found.fault = Some(Fault::errors(Class::Request, errors)),
            TestOutcome::Failed { decision, request } => {
                found.explanation = Some(decision.explain().to_string());
                found.decision = Some(DecisionDocument::new(&decision, &request));
            }
        }
        found
    };
    json(&document.tests.iter().map(outcome).collect::<Vec<_>>())
}
