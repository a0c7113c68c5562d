//! Judging one event, and what the host is to do about it.

use jiff::Timestamp;
use serde_json::{Map, Value};
use zentinelle_core::Violation;
use zentinelle_core::decision::Obligation;
use zentinelle_core::engine::{Decision, Engine};
use zentinelle_core::policy::Policy;
use zentinelle_core::request::Request;

use super::answer::Answer;
use super::event::{Event, What};
use super::failure::Failure;
use super::mask::mask;
use super::request::request;
use super::state::{FileLedger, Uncounted};
use super::withhold::withhold;
use crate::args::{HookArgs, Host};

/// Most reasons told; a model reads them.
const MAX_REASONS: usize = 3;

/// Ways of working in which the host asks nobody, so a question would be an open door.
const ASKS_NOBODY: [&str; 2] = ["bypassPermissions", "dontAsk"];

/// Inputs by which tools that return rows are told how many.
const ROW_LIMITS: [&str; 4] = ["max_rows", "row_limit", "maxRows", "limit"];

/// A decision, and the answer it leads to.
pub(crate) struct Decided {
    pub(crate) request: Request,
    pub(crate) decision: Decision,
    pub(crate) answer: Answer,
}

/// Judges one event. Calls and model calls are counted; what follows a call is not.
pub(crate) fn decide(args: &HookArgs, engine: &Engine, event: &Event, now: Timestamp) -> Result<Decided, Failure> {
    let request = request(args, event, now);
    let decision = match &event.what {
        What::Call(_) | What::Model(_) => {
            let ledger = FileLedger::new(args.state.as_deref());
            let decision = engine.decide(&request, &ledger);
            if let Some(failure) = ledger.into_failure() {
                return Err(failure);
            }
            decision
        }
        What::Result { .. } | What::Prompt(_) => engine.decide(&request, &Uncounted),
    };
    let answer = if decision.is_permitted() {
        match question(event, &decision) {
            Some(question) => ask(args, event, question),
            None => proceed(event, &decision)?,
        }
    } else {
        refuse(args, engine, event, &request, &decision)
    };
    Ok(Decided { request, decision, answer })
}

fn refuse(args: &HookArgs, engine: &Engine, event: &Event, request: &Request, decision: &Decision) -> Answer {
    let reason = reason(decision);
    match &event.what {
        What::Result { output, .. } => {
            let output = withhold(engine, request, output, decision);
            Answer::Withhold { reason, output }
        }
        What::Call(_) if decision.requestable().is_some() => ask(args, event, reason),
        What::Call(_) | What::Prompt(_) | What::Model(_) => Answer::Deny { reason },
    }
}

/// Asks the user, where the host can ask and the session lets it; else denies.
fn ask(args: &HookArgs, event: &Event, reason: String) -> Answer {
    let mode = event.permission_mode.as_deref().unwrap_or_default();
    match args.host {
        Host::ClaudeCode if !ASKS_NOBODY.contains(&mode) => Answer::Ask { reason },
        Host::ClaudeCode => {
            Answer::Deny { reason: format!("{reason} This session (`{mode}`) asks nobody, so it is denied.") }
        }
        Host::GeminiCli => Answer::Deny { reason },
    }
}

/// What a person must be asked before a call that is otherwise permitted.
fn question(event: &Event, decision: &Decision) -> Option<String> {
    let What::Call(_) = &event.what else { return None };
    decision.obligations().find_map(|obligation| match obligation {
        Obligation::AskHuman { question } => Some(question.clone()),
        _ => None,
    })
}

/// Why not, and what would help, in a form that a model can act on and a person can check.
fn reason(decision: &Decision) -> String {
    let mut told: Vec<String> = decision.determining().take(MAX_REASONS).map(|(p, v)| one(p, v, decision)).collect();
    if told.is_empty() {
        told.push(match decision.primary() {
            Some(violation) => format!("{} [{}].", violation.message, violation.code),
            None => "no policy applies to this agent, and what nobody allowed is not allowed \
                     [no_policy]. A person can add a policy, or pass `--no-policy permit`."
                .to_owned(),
        });
    }
    told.join(" ")
}

fn one(policy: &Policy, violation: &Violation, decision: &Decision) -> String {
    let help = if violation.remedy.is_some() {
        "A person has to approve this call.".to_owned()
    } else if violation.pointer.as_str().starts_with("/context") {
        "Make the call in a form that can be judged.".to_owned()
    } else if let Some(at) = decision.retry_at() {
        format!("Wait until {}.", at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    } else {
        let key = violation.pointer.as_str().trim_start_matches('/').replace('/', ".");
        format!(
            "Do not look for a way around it: find another way to the goal, or tell the user, who can change \
             `{key}` of policy `{}`.",
            policy.id
        )
    };
    format!("policy `{}`: {} [{}]. {help}", policy.name, violation.message, violation.code)
}

/// What the obligations of a permitted event come to: masks, a smaller number of rows where the
/// tool takes one, else a note to the model.
fn proceed(event: &Event, decision: &Decision) -> Result<Answer, Failure> {
    let mut notes = Vec::new();
    let (mut updated_input, mut updated_output) = (None, None);
    match &event.what {
        What::Call(call) => {
            if let Some(Value::Object(input)) = mask(decision, &Value::Object(call.input.clone()))? {
                updated_input = Some(input);
            }
        }
        What::Result { output, .. } => updated_output = mask(decision, output)?,
        What::Prompt(_) | What::Model(_) => {}
    }
    for obligation in decision.obligations() {
        match (obligation, &event.what) {
            (Obligation::CapRows { max_rows, .. }, What::Call(call)) => {
                match cap(updated_input.as_ref().unwrap_or(&call.input), *max_rows) {
                    Capped::Already => {}
                    Capped::To(input) => updated_input = Some(input),
                    Capped::Unable => notes.push(format!("Return at most {max_rows} rows from this call.")),
                }
            }
            (Obligation::AskHuman { question }, _) => notes.push(question.clone()),
            _ => {}
        }
    }
    let note = (!notes.is_empty()).then(|| notes.join(" "));
    Ok(Answer::Proceed { note, updated_input, updated_output })
}

enum Capped {
    Already,
    To(Map<String, Value>),
    Unable,
}

fn cap(input: &Map<String, Value>, max_rows: u64) -> Capped {
    let stated = ROW_LIMITS.iter().find_map(|key| Some((*key, input.get(*key)?.as_u64()?)));
    match stated {
        Some((_, rows)) if rows <= max_rows => Capped::Already,
        Some((key, _)) => {
            let mut input = input.clone();
            input.insert(key.to_owned(), max_rows.into());
            Capped::To(input)
        }
        None => Capped::Unable,
    }
}
