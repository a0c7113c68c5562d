//! One line of JSON per decision, for those who want to know afterwards.
//!
//! Identities, names and codes only: no arguments, no outputs, no prompts.

use std::io::Write;
use std::path::Path;

use serde_json::json;

use super::decide::Decided;
use super::event::{Event, What};
use super::failure::Failure;
use super::state::private;

/// Appends one line. A decision that cannot be written down is not given.
pub(crate) fn append(path: &Path, event: &Event, decided: &Decided) -> Result<(), Failure> {
    let (request, decision) = (&decided.request, &decided.decision);
    let tool = match &event.what {
        What::Call(call) | What::Result { call, .. } => Some(call.tool.as_str()),
        What::Prompt(_) | What::Model(_) => None,
    };
    let policies: Vec<&str> = decision.determining().map(|(policy, _)| policy.id.as_str()).collect();
    let warnings: Vec<String> = decision.warnings().map(|(_, warning)| warning.code.to_string()).collect();
    let line = json!({
        "at": request.now,
        "tenant_id": request.agent.tenant_id,
        "agent_id": request.agent.agent_id,
        "user_id": request.user_id,
        "session_id": event.session_id,
        "subagent_id": event.subagent_id,
        "event": event.name,
        "tool": tool,
        "tool_use_id": event.tool_use_id,
        "answer": decided.answer.name(),
        "effect": decision.effect(),
        "code": decision.primary().map(|violation| &violation.code),
        "policies": policies,
        "warnings": warnings,
        "risk_score": decision.risk().score,
    });
    // One write of one line: lines of calls that run at once do not mix.
    let write = || private().append(true).open(path)?.write_all(format!("{line}\n").as_bytes());
    write().map_err(|error| {
        Failure::new(format!("the audit log `{}` cannot be written: {error}", path.display()))
            .help("make it writable, or leave `--audit-log` out")
    })
}
