//! `zentinelle evaluate`: requests in, decisions out, one line each and in the same order.

mod text;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;
use zentinelle_core::wire::DecisionDocument;
use zentinelle_core::{Decision, MemoryLedger, NoPolicy};

use super::error::CommandError;
use super::input::{self, Lines};
use super::output::Console;
use super::policies::{Engines, Policies};
use super::requests::{self, Asked, Caller, Malformed};
use super::{Format, approval_keys};
use crate::exit::Exit;
use text::Page;
pub(crate) use text::subject;

/// Decide requests by policies.
///
/// Reads one JSON object a line, such as
/// `{"id": 1, "action": "tool_call", "context": {"tool": "shell"}}`; blank lines are passed over.
/// With `--format json` every request yields one line in the order of the input. A line that is no
/// request yields a denial with the code `request.malformed`, and the exit code is 2.
/// Rate limits and budgets count from zero in every run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Policy documents, YAML or JSON. Their policies act together, the later files' as the newer ones.
    #[arg(long, short, value_name = "FILE", required = true, num_args = 1..)]
    policies: Vec<String>,
    /// Requests as JSON lines; `-` reads the standard input.
    #[arg(long, short, value_name = "FILE")]
    requests: String,
    /// How to write decisions.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Show the path to each decision, and the smallest change that would flip it.
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    caller: Caller,
    /// The answer where no policy applies at all.
    #[arg(long, value_enum, default_value_t, value_name = "ANSWER")]
    no_policy: WithoutPolicy,
    /// Only ask: nothing is spent, and denials are reported but let the request pass.
    #[arg(long)]
    dry_run: bool,
    /// Accept approvals signed with this key. The file holds `ed25519:` or `hmac-sha256:` and base64.
    #[arg(long = "approval-key", value_name = "ID=FILE")]
    approval_keys: Vec<String>,
    /// End with code 1 if a request is denied.
    #[arg(long)]
    exit_code: bool,
}

/// The answer where no policy applies at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WithoutPolicy {
    /// What nobody allowed is not allowed.
    #[default]
    Deny,
    /// What nobody forbade is allowed.
    Permit,
}

impl From<WithoutPolicy> for NoPolicy {
    fn from(answer: WithoutPolicy) -> Self {
        match answer {
            WithoutPolicy::Deny => Self::Deny,
            WithoutPolicy::Permit => Self::Permit,
        }
    }
}

/// How often each answer was given.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    allowed: usize,
    denied: usize,
    warned: usize,
    malformed: usize,
}

/// One line of `--format json`.
#[derive(Serialize)]
struct JsonLine<'d> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'d Value>,
    #[serde(flatten)]
    decision: DecisionDocument,
    /// The number of a line that is no request.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// The decision in words, one sentence an item, with `--explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Vec<String>>,
}

/// Decides every request.
pub(crate) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    if args.requests == input::STANDARD_INPUT && args.policies.iter().any(|path| path == input::STANDARD_INPUT) {
        return Err(CommandError::StandardInputTwice);
    }
    let approvals = approval_keys::read(&args.approval_keys)?;
    let policies = Policies::read(&args.policies, "decided", console)?;
    let mut engines = Engines::new(policies, approvals, args.no_policy.into());
    let mut lines = Lines::open(&args.requests)?;
    let name = input::shown_name(&args.requests);
    let ledger = MemoryLedger::default();
    let mut defaults = args.caller.defaults();
    let mut page = Page::new(args.explain);
    let mut tally = Tally::default();
    loop {
        // Nobody should wait for an answer that is ready.
        if lines.may_block() {
            console.flush()?;
        }
        let Some((number, line)) = lines.next()? else { break };
        defaults.now = jiff::Timestamp::now();
        match requests::read(&line, &defaults) {
            Ok(mut asked) => {
                asked.request.dry_run |= args.dry_run;
                let decision = engines.of(&asked.request.agent.tenant_id).decide(&asked.request, &ledger);
                tally.count(&decision);
                match args.format {
                    Format::Json => console.json_line(&json_line(&asked, &decision, args.explain))?,
                    Format::Text => page.decision(number, &asked, &decision, console)?,
                }
            }
            Err(malformed) => {
                tally.malformed += 1;
                console.flush()?;
                console.complaint(&format!("{name}:{number}: {}", malformed.reason()), malformed.help());
                match args.format {
                    Format::Json => {
                        let decision = malformed.denial(&defaults, args.dry_run);
                        let id = malformed.id.as_ref();
                        console.json_line(&JsonLine { id, decision, line: Some(number), explanation: None })?;
                    }
                    Format::Text => page.malformed(number, &malformed, console)?,
                }
            }
        }
    }
    if args.format == Format::Text {
        page.summary(&tally, console)?;
    }
    if tally.total() == 0 {
        console.flush()?;
        console.warning(&format!("there is no request in {name}"), Some("write one JSON object a line"));
    }
    Ok(tally.exit(args.exit_code))
}

fn json_line<'a>(asked: &'a Asked, decision: &Decision, explain: bool) -> JsonLine<'a> {
    JsonLine {
        id: asked.id.as_ref(),
        decision: DecisionDocument::new(decision, &asked.request),
        line: None,
        explanation: explain
            .then(|| decision.explain().to_string().lines().map(|line| line.trim().to_owned()).collect()),
    }
}

impl Tally {
    fn count(&mut self, decision: &Decision) {
        if decision.is_permitted() {
            self.allowed += 1;
            self.warned += usize::from(decision.warnings().next().is_some());
        } else {
            self.denied += 1;
        }
    }

    fn total(&self) -> usize {
        self.allowed + self.denied + self.malformed
    }

    fn exit(&self, exit_code: bool) -> Exit {
        if self.malformed > 0 { Exit::Unusable } else { Exit::negative_if(exit_code && self.denied > 0) }
    }
}
