//! `zentinelle approvals`: deciding about calls that wait for a person, at a running server.

use clap::Subcommand;
use serde_json::{Value, json};

use super::Format;
use super::error::CommandError;
use super::output::{BAD, Console, GOOD, NOTICE, QUIET, STRONG, count, fitted, visible};
use super::remote::{Remote, ServerArgs};
use crate::exit::Exit;

/// Decide about calls that wait for a person, at a running server.
///
/// The key is taken from ZENTINELLE_KEY or from a file that nobody else may read.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(ListArgs),
    Show(ShowArgs),
    Approve(DecideArgs),
    Deny(DecideArgs),
}

/// List requests, newest first.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// pending, approved, denied, expired, consumed, cancelled, or `all`.
    #[arg(long, default_value = "pending")]
    status: String,
    /// Of this agent only.
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 50)]
    limit: u64,
    #[command(flatten)]
    server: ServerArgs,
    /// How to write the answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Show one request in full.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The request.
    id: String,
    #[command(flatten)]
    server: ServerArgs,
    /// How to write the answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Decide one request. It can be decided once.
#[derive(Debug, clap::Args)]
pub(crate) struct DecideArgs {
    /// The request.
    id: String,
    /// Why; kept in the audit trail.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
    /// How to write the answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs one of them.
pub(crate) fn run(command: &Command, console: &mut Console) -> Result<Exit, CommandError> {
    match command {
        Command::List(args) => list(args, console)?,
        Command::Show(args) => {
            let request = Remote::new(&args.server)?.get(&["approvals", &args.id], &[])?;
            written(&request, args.format, console)?;
        }
        Command::Approve(args) => decide(args, "approve", console)?,
        Command::Deny(args) => decide(args, "deny", console)?,
    }
    Ok(Exit::Success)
}

fn decide(args: &DecideArgs, verdict: &str, console: &mut Console) -> Result<(), CommandError> {
    let body = json!({ "note": args.note });
    let request = Remote::new(&args.server)?.post(&["approvals", &args.id, verdict], &body)?;
    written(&request, args.format, console)
}

fn list(args: &ListArgs, console: &mut Console) -> Result<(), CommandError> {
    let limit = args.limit.to_string();
    let mut query = vec![("limit", limit.as_str())];
    if args.status != "all" {
        query.push(("status", &args.status));
    }
    if let Some(agent) = &args.agent {
        query.push(("agent_id", agent));
    }
    let page = Remote::new(&args.server)?.get(&["approvals"], &query)?;
    if args.format == Format::Json {
        return console.json(&page);
    }
    let requests = page.get("approvals").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for request in requests {
        let text = |key: &str| visible(request.get(key).and_then(Value::as_str).unwrap_or("–")).into_owned();
        let status = fitted(&text("status"), 10);
        console.line(format_args!(
            "{}  {}  {}  {}  {}  {}",
            console.paint(STRONG, text("id")),
            console.paint(style_of(request), status),
            fitted(&text("risk_level"), 8),
            fitted(&text("agent_id"), 20),
            fitted(&format!("{} {}", text("action"), text("resource")), 32),
            console.paint(QUIET, text("expires_at")),
        ))?;
    }
    let more = if page.get("next_cursor").is_some_and(|next| !next.is_null()) { ", and there are more" } else { "" };
    console.line(format_args!("{}{more}", count(requests.len(), "request", "requests")))
}

fn style_of(request: &Value) -> anstyle::Style {
    match request.get("status").and_then(Value::as_str) {
        Some("pending") => NOTICE,
        Some("approved" | "consumed") => GOOD,
        Some("denied") => BAD,
        _ => QUIET,
    }
}

/// One request in full. What agents send is shown, never obeyed.
fn written(request: &Value, format: Format, console: &mut Console) -> Result<(), CommandError> {
    if format == Format::Json {
        return console.json(request);
    }
    let keys = [
        ("id", "request"),
        ("status", "status"),
        ("agent_id", "agent"),
        ("user_id", "for user"),
        ("action", "action"),
        ("resource", "resource"),
        ("reason", "stopped"),
        ("risk_level", "risk"),
        ("requested_at", "asked"),
        ("expires_at", "until"),
        ("decided_by", "decided by"),
        ("decided_at", "decided"),
        ("note", "note"),
        ("consumed_at", "used"),
        ("call_digest", "call digest"),
    ];
    for (key, name) in keys {
        let Some(text) = request.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()) else { continue };
        let style = if key == "status" { style_of(request) } else { anstyle::Style::new() };
        let name = console.paint(QUIET, format!("{name:<12}"));
        console.line(format_args!("{name} {}", console.paint(style, visible(text))))?;
    }
    if let Some(why) = request.pointer("/request/justification").and_then(Value::as_str) {
        console.line(format_args!("{} {}", console.paint(QUIET, format!("{:<12}", "wanted for")), visible(why)))?;
    }
    let facts = request.pointer("/request/context").and_then(Value::as_object);
    for (key, value) in facts.into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        console.line(format_args!("  {} {}", console.paint(STRONG, visible(key)), visible(&text)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
