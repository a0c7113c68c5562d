//! `zentinelle policy test`: the tests that policy documents carry.

use serde::Serialize;
use zentinelle_core::ids::TenantId;
use zentinelle_core::policy_document::{PolicyTest, TestOutcome};
use zentinelle_core::wire::DecisionDocument;
use zentinelle_core::{Decision, NoPolicy};

use crate::cli::error::CommandError;
use crate::cli::output::{BAD, Console, GOOD, QUIET, STRONG, count, grouped, visible, wrapped};
use crate::cli::policies::{Engines, Policies, PolicyFile};
use crate::cli::{Format, approval_keys, input};
use crate::exit::Exit;

/// Run the tests that policy documents carry.
///
/// Each document is tested by itself. Ends with code 1 if a test fails or there is none.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Policy documents with `tests:`; `-` reads the standard input.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// How to write the results.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The tenant of requests that name none.
    #[arg(long, value_name = "ID", default_value = "local")]
    tenant: String,
    /// Accept approvals signed with this key. The file holds `ed25519:` or `hmac-sha256:` and base64.
    #[arg(long = "approval-key", value_name = "ID=FILE")]
    approval_keys: Vec<String>,
    /// Let documents without tests pass.
    #[arg(long)]
    allow_empty: bool,
}

/// The answer of `--format json`.
#[derive(Default, Serialize)]
struct Answer {
    passed: usize,
    failed: usize,
    tests: Vec<TestAnswer>,
}

#[derive(Serialize)]
struct TestAnswer {
    file: String,
    name: String,
    passed: bool,
    expected: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
    /// Why the request itself cannot be used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Box<DecisionDocument>>,
    #[serde(skip)]
    explanation: String,
}

/// Runs the tests.
pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    let approvals = approval_keys::read(&args.approval_keys)?;
    let mut answer = Answer::default();
    let mut untested = Vec::new();
    for path in &args.files {
        let policies = Policies::of_files(vec![PolicyFile::read(path)?], "tested", console)?;
        let tests = policies.document().tests.clone();
        let mut engines = Engines::new(policies, approvals.clone(), NoPolicy::Deny);
        let name = input::shown_name(path);
        if tests.is_empty() {
            untested.push(name);
        } else if args.format == Format::Text {
            console.line(console.paint(STRONG, name))?;
        }
        for test in &tests {
            let tenant = tenant_of(test, &args.tenant);
            let result = TestAnswer::new(name, test, test.run(engines.of(&tenant), &tenant));
            if result.passed {
                answer.passed += 1;
            } else {
                answer.failed += 1;
            }
            if args.format == Format::Text {
                show(&result, console)?;
                console.flush()?;
            }
            answer.tests.push(result);
        }
    }
    match args.format {
        Format::Json => console.json(&answer)?,
        Format::Text if answer.tests.is_empty() => {}
        Format::Text => {
            let total = count(answer.tests.len(), "test", "tests");
            let passed = console.paint(GOOD, format!("{} passed", grouped(answer.passed)));
            let failed = console.paint(BAD, format!("{} failed", grouped(answer.failed)));
            console.line(format_args!("\n{}: {passed}, {failed}", console.paint(STRONG, total)))?;
        }
    }
    let empty = !untested.is_empty() && !args.allow_empty;
    if empty {
        console.flush()?;
        console.error(&CommandError::NoTests { names: untested.join(", ") });
    }
    Ok(Exit::negative_if(answer.failed > 0 || empty))
}

/// The tenant that a test's request names, else the one of the arguments.
fn tenant_of(test: &PolicyTest, otherwise: &str) -> TenantId {
    let agent = test.request.agent.as_ref().and_then(|agent| match agent {
        zentinelle_core::wire::AgentDocument::Facts(facts) => facts.get("tenant_id")?.as_str(),
        zentinelle_core::wire::AgentDocument::Id(_) => None,
    });
    let named = agent.or(test.request.tenant_id.as_ref().map(TenantId::as_str));
    TenantId::new(named.unwrap_or(otherwise))
}

impl TestAnswer {
    fn new(file: &str, test: &PolicyTest, outcome: TestOutcome) -> Self {
        let mut answer = Self {
            file: file.to_owned(),
            name: test.name.clone(),
            passed: false,
            expected: test.expect.to_string(),
            found: None,
            faults: Vec::new(),
            decision: None,
            explanation: String::new(),
        };
        match outcome {
            TestOutcome::Passed => answer.passed = true,
            TestOutcome::Unusable(faults) => {
                let told = |fault: &zentinelle_core::PolicyError| {
                    let help = fault.help().map(|help| format!(" ({help})")).unwrap_or_default();
                    format!("{} at `/request{}`{help}", fault.message(), fault.pointer())
                };
                answer.faults = faults.iter().map(told).collect();
            }
            TestOutcome::Failed { decision, request } => {
                answer.found = Some(found(&decision));
                answer.explanation = decision.explain().to_string();
                answer.decision = Some(Box::new(DecisionDocument::new(&decision, &request)));
            }
        }
        answer
    }
}

fn found(decision: &Decision) -> String {
    match decision.primary() {
        Some(violation) => format!("{} [{}]", decision.effect().name(), violation.code),
        None => decision.effect().name().to_owned(),
    }
}

fn show(result: &TestAnswer, console: &mut Console) -> Result<(), CommandError> {
    let mark = if result.passed { console.paint(GOOD, "✓") } else { console.paint(BAD, "✗") };
    console.line(format_args!("  {mark} {}", visible(&result.name)))?;
    for fault in &result.faults {
        console.line(format_args!("      the request cannot be used: {}", visible(fault)))?;
    }
    if let Some(found) = &result.found {
        console.line(format_args!("      expected {}", result.expected))?;
        console.line(format_args!("      found    {found}"))?;
        for line in result.explanation.lines().skip(1) {
            let line = visible(line);
            let width = console.width().map(|width| width.saturating_sub(8).max(20));
            for part in wrapped(&line, width) {
                console.line(format_args!("      {}", console.paint(QUIET, part)))?;
            }
        }
    }
    Ok(())
}
