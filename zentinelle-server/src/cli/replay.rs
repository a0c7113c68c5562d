//! `zentinelle replay`: what other policies would have decided about recorded requests.

mod comparison;
mod record;
mod text;

use indicatif::{ProgressBar, ProgressStyle};
use zentinelle_core::MemoryLedger;

use super::error::CommandError;
use super::evaluate::WithoutPolicy;
use super::input::{self, Lines};
use super::output::Console;
use super::policies::{Engines, Policies};
use super::requests::Caller;
use super::{Format, approval_keys};
use crate::exit::Exit;
use comparison::{Before, Comparison};
use record::Record;

/// Show what other policies would have decided about recorded requests.
///
/// A line of FILE is a request, an event, or an earlier decision that also names its `action`.
/// Requests are replayed in the order of their times, and rate limits and budgets count from zero,
/// apart for each side. Without --baseline the candidate is compared with what was recorded; a
/// request without a recorded answer counts as permitted, since it happened.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The candidate: policy documents, YAML or JSON.
    #[arg(long, short, value_name = "FILE", required = true, num_args = 1..)]
    policies: Vec<String>,
    /// Compare with these policies instead of with what was recorded.
    #[arg(long, short, value_name = "FILE", num_args = 1..)]
    baseline: Vec<String>,
    /// What was recorded, as JSON lines; `-` reads the standard input.
    #[arg(long, short, value_name = "FILE")]
    requests: String,
    /// How to write the result.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    caller: Caller,
    /// The answer where no policy applies at all.
    #[arg(long, value_enum, default_value_t, value_name = "ANSWER")]
    no_policy: WithoutPolicy,
    /// Accept approvals signed with this key. The file holds `ed25519:` or `hmac-sha256:` and base64.
    #[arg(long = "approval-key", value_name = "ID=FILE")]
    approval_keys: Vec<String>,
    /// How many changed requests to show of each kind.
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    samples: usize,
    /// End with code 1 if an answer changes.
    #[arg(long)]
    exit_code: bool,
}

/// Most unreadable lines that are shown one by one.
const MAX_SHOWN: usize = 10;

/// Replays every request.
pub(crate) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    let paths = args.policies.iter().chain(&args.baseline).chain([&args.requests]);
    if paths.filter(|path| *path == input::STANDARD_INPUT).count() > 1 {
        return Err(CommandError::StandardInputTwice);
    }
    let approvals = approval_keys::read(&args.approval_keys)?;
    let no_policy = args.no_policy.into();
    let engines = |paths: &[String]| -> Result<Engines, CommandError> {
        Ok(Engines::new(Policies::read(paths, "replayed", console)?, approvals.clone(), no_policy))
    };
    let mut candidate = engines(&args.policies)?;
    let mut baseline = if args.baseline.is_empty() { None } else { Some(engines(&args.baseline)?) };
    let (records, unreadable) = read(args, console)?;

    let (candidate_ledger, baseline_ledger) = (MemoryLedger::default(), MemoryLedger::default());
    let mut comparison = Comparison::new(args.samples, baseline.is_some(), unreadable);
    // Draws nothing unless standard error is a terminal.
    let bar = ProgressBar::new(records.len() as u64).with_style(
        ProgressStyle::with_template("replaying {bar:30} {human_pos}/{human_len} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    for record in &records {
        let tenant = &record.request.agent.tenant_id;
        let before = match &mut baseline {
            Some(baseline) => Before::decided(&baseline.of(tenant).decide(&record.request, &baseline_ledger)),
            None => Before::recorded(record.permitted),
        };
        let after = candidate.of(tenant).decide(&record.request, &candidate_ledger);
        comparison.add(record, &before, &after);
        bar.inc(1);
    }
    bar.finish_and_clear();

    match args.format {
        Format::Json => console.json(&comparison)?,
        Format::Text => text::show(&comparison, console)?,
    }
    Ok(if unreadable > 0 { Exit::Unusable } else { Exit::negative_if(args.exit_code && comparison.changes() > 0) })
}

/// Reads what was recorded, in the order of time, and counts the lines that cannot be read.
fn read(args: &Args, console: &Console) -> Result<(Vec<Record>, usize), CommandError> {
    let name = input::shown_name(&args.requests);
    let mut lines = Lines::open(&args.requests)?;
    let mut defaults = args.caller.defaults();
    let (mut records, mut unreadable) = (Vec::new(), 0);
    while let Some((number, line)) = lines.next()? {
        match record::read(number, &line, &defaults) {
            Ok(record) => {
                // A request without a time happened when the one before it did.
                defaults.now = record.request.now;
                records.push(record);
            }
            Err(malformed) => {
                unreadable += 1;
                if unreadable <= MAX_SHOWN {
                    console.complaint(&format!("{name}:{number}: {}", malformed.reason()), malformed.help());
                }
            }
        }
    }
    if unreadable > MAX_SHOWN {
        console.complaint(&format!("{name}: {} more lines cannot be read", unreadable - MAX_SHOWN), None);
    }
    // Stable: what happened in one instant keeps its order.
    records.sort_by_key(|record| record.request.now);
    Ok((records, unreadable))
}
