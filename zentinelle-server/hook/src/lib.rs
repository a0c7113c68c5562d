//! Deciding hook events of coding agents, without a server.
//!
//! One call is one process: read the event, read the policies, decide, answer, exit. What must
//! outlive the call, the counters, is kept in a [`state`] file.
//!
//! Everything here fails closed. The hosts let a tool run when its hook exits with 1 or is
//! killed by a panic, so no path leads there: each failure is a [`Failure`], which blocks by
//! exit code 2 and says why on stderr.

mod answer;
mod args;
mod audit;
mod decide;
mod event;
mod failure;
mod mask;
mod policies;
mod request;
mod state;
mod withhold;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use jiff::Timestamp;

use self::answer::Answer;
pub use self::args::{HookArgs, Host, NoPolicyAnswer};
use self::event::Input;
use self::failure::Failure;

/// How a hook ended, as its exit code says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Decided: the answer, if there is one, stands on stdout. Code 0.
    Decided,
    /// No decision could be made, and the host must block. Code 2; never 1, which the hosts take
    /// for a fault of the hook and pass over.
    Blocked,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        Self::from(match ended {
            Ended::Decided => 0,
            Ended::Blocked => 2,
        })
    }
}

/// Decides the event on stdin. See [`HookArgs`].
#[must_use]
pub fn run(args: &HookArgs) -> Ended {
    // A panic's own message may quote what was being judged.
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = catch_unwind(AssertUnwindSafe(|| attempt(args)));
    let outcome = outcome.unwrap_or_else(|_| {
        Err(Failure::new("the hook stopped for a reason of its own").help("please report the event that caused it"))
    });
    match outcome {
        Ok(()) => Ended::Decided,
        Err(failure) if args.fail_open => {
            say(&format!("{failure}\nnot judged, and let through because of `--fail-open`"));
            Ended::Decided
        }
        Err(failure) => {
            say(&format!("{failure}\nblocked, because no decision could be made"));
            Ended::Blocked
        }
    }
}

fn attempt(args: &HookArgs) -> Result<(), Failure> {
    let input = Input::read(args.host, std::io::stdin().lock())?;
    let answer = match &input {
        Input::Judged(event) => {
            let engine = policies::load(args)?;
            let answer = decide::decide(args, &engine, event, Timestamp::now())?;
            if let Some(path) = &args.audit_log {
                audit::append(path, event, &answer)?;
            }
            answer.answer
        }
        // Nothing to judge. Blocking would keep the agent from stopping, not from acting.
        Input::Passive => Answer::Silent,
    };
    let Some(text) = answer::render(args, &input, &answer) else { return Ok(()) };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match &answer {
        Answer::Deny { reason } | Answer::Ask { reason } => Failure::new(reason.clone()),
        _ => Failure::new(format!("the answer could not be written: {error}")),
    })
}

/// Says something on stderr, where both hosts look for the reason of a blocked call. Control
/// characters are left out: the text may quote strangers, and stderr may be a terminal.
fn say(text: &str) {
    let clean: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    // With stderr closed there is nobody to tell; the exit code still blocks.
    let _ = writeln!(std::io::stderr().lock(), "zentinelle: {clean}");
}
