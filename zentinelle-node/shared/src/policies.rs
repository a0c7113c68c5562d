//! Editing policies: problems with their places, differences, tests.

use serde::Serialize;
use zentinelle_core::document::diagnostic::{self, Problem, Severity, SourceFile};
use zentinelle_core::ids::{PolicyId, TenantId};
use zentinelle_core::policy_document::diff::{self as differences, Change, PolicyChange};
use zentinelle_core::policy_document::{self, TestOutcome};
use zentinelle_core::wire::DecisionDocument;
use zentinelle_core::{PolicyType, Scope};

use crate::stored::{Report, reports, unusable};
use crate::{Class, Engine, Fault, KeyRing, Ledger, json, options};

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

fn render(text: &str, problems: &[Problem], name: &str) -> String {
    diagnostic::render(problems, &SourceFile { name, text }, diagnostic::Style::default())
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
