//! Replies that are not streamed: read whole, judged, masked, and only then delivered.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use zentinelle_core::decision::Obligation;
use zentinelle_core::dialect::{Reply, ToolCall, rewrite};

use super::exchange::{Exchange, Facts};
use super::output::{self, Rules, is_noteworthy};
use super::refusal::Refusal;
use crate::clock;
use crate::recorder::record::Record;
use crate::service::decide::{self, Answered, Asked, Source};
use crate::snapshot::FailMode;

/// The action under which a tool that a model asks for is judged.
const TOOL_CALL: &str = "tool_call";

/// Judges a whole reply. The bytes that may be delivered, which are the provider's own unless
/// something in them is masked.
pub(super) async fn judge(exchange: &mut Exchange, body: Bytes) -> Result<Bytes, Refusal> {
    let facts = Arc::clone(exchange.facts());
    let reply = match Reply::decode(&facts.route, &body) {
        Ok(reply) => reply,
        Err(error) => return unreadable(exchange, body, &error.to_string()),
    };
    let tally = &mut exchange.tally;
    tally.usage = reply.usage;
    tally.complete = true;
    tally.tool_calls = reply.tool_calls.iter().map(kept).collect();
    for text in reply.reasoning.iter().chain(&reply.texts) {
        exchange.heard(&text.text);
    }
    for call in &reply.tool_calls {
        if let Err(reason) = judge_tool(&facts, call).await? {
            exchange.note("tool_calls", "denied");
            return Err(Refusal::forbidden("tool_denied", reason));
        }
    }
    exchange.note("tool_calls", reply.tool_calls.len());
    let rules = Rules::of(&facts.snapshot);
    if rules.is_empty() {
        exchange.note("output", "no policy speaks of it");
        return Ok(body);
    }
    let obligations = judge_output(&facts, &rules, reply.context(&facts.provider)).await;
    let obligations = obligations.inspect_err(|_| exchange.note("output", "denied"))?;
    let edits = reply.edits_for(&obligations);
    exchange.note("output", if edits.is_empty() { "scanned" } else { "masked" });
    if edits.is_empty() {
        return Ok(body);
    }
    let masked = rewrite(&body, &edits);
    masked.map(Bytes::from).map_err(|error| Refusal::bad_gateway(format!("the reply could not be masked: {error}")))
}

/// What becomes of a reply that cannot be read.
fn unreadable(exchange: &mut Exchange, body: Bytes, why: &str) -> Result<Bytes, Refusal> {
    match exchange.facts().snapshot.settings.proxy.unreadable_reply {
        FailMode::Permit => {
            exchange.note("output", "unreadable, delivered");
            Ok(body)
        }
        FailMode::Deny => {
            exchange.note("output", "unreadable, withheld");
            tracing::warn!(why, "a provider's reply cannot be read");
            let mut refusal = Refusal::bad_gateway("the provider's reply cannot be read, so it is not delivered");
            refusal.code = "unreadable_reply".into();
            Err(refusal)
        }
    }
}

/// A tool call as the record keeps it.
pub(super) fn kept(call: &ToolCall) -> Value {
    let arguments = serde_json::from_str(&call.arguments).unwrap_or_else(|_| Value::from(call.arguments.as_str()));
    json!({ "id": call.id, "name": call.name, "arguments": arguments })
}

/// Judges the output by the policies that speak of it, and says what must be done to it.
pub(super) async fn judge_output(
    facts: &Facts,
    rules: &Rules,
    mut context: Map<String, Value>,
) -> Result<Vec<Obligation>, Refusal> {
    let user = facts.user.as_deref();
    let decision = rules.judge(&facts.agent, user, context.clone());
    if !is_noteworthy(&decision) {
        return Ok(Vec::new());
    }
    complete(&mut context, facts);
    let recorded = record(facts, output::ACTION, context).await?;
    if decision.is_permitted() {
        return Ok(decision.obligations().cloned().collect());
    }
    let mut refusal = Refusal::denied("output_policy_denied", &recorded);
    if recorded.is_allowed() {
        // Judged by the policies on output alone it is denied, and that holds.
        refusal.message = decision.reason().unwrap_or("denied by policy").to_owned();
    }
    Err(refusal)
}

/// Judges one tool the model asks for. The inner failure is the reason of a denial.
pub(super) async fn judge_tool(facts: &Facts, call: &ToolCall) -> Result<Result<(), String>, Refusal> {
    let mut context = call.context(&facts.provider, facts.model.as_deref());
    complete(&mut context, facts);
    let decided = record(facts, TOOL_CALL, context).await?;
    if decided.is_allowed() {
        return Ok(Ok(()));
    }
    Ok(Err(Refusal::denied("tool_denied", &decided).message))
}

fn complete(context: &mut Map<String, Value>, facts: &Facts) {
    if let Some(session) = &facts.session {
        context.insert("session_id".to_owned(), Value::from(session.as_str()));
    }
    if let Some(approval) = &facts.approval {
        context.insert("approval_token".to_owned(), Value::from(approval.as_str()));
    }
    if let Some(id) = &facts.evaluation_id {
        context.insert("evaluation_id".to_owned(), Value::from(id.as_str()));
    }
}

/// Decides a part of a reply, with its record. It spends nothing: the call it belongs to was
/// counted, and a tool is counted when it is used.
async fn record(facts: &Facts, action: &str, context: Map<String, Value>) -> Result<Answered, Refusal> {
    let app = &facts.app;
    let asked = Asked {
        agent: Arc::clone(&facts.agent),
        user: facts.user.clone(),
        action: action.to_owned(),
        context,
        dry_run: false,
        source: Source::Proxy,
    };
    let decided = decide::answer(app, asked).await?;
    if let Some(reservation) = decided.reservation() {
        let tenant = &facts.snapshot.tenant;
        let now = clock::now();
        match app.ledger.release(tenant, reservation, now).await {
            Ok(settlement) => {
                if let Some(entry) = app.ledger.settled_entry(tenant, reservation, None, settlement, now) {
                    app.recorder.record(&[Record::Ledger { tenant_id: tenant.clone(), entry }])?;
                }
            }
            Err(error) => tracing::warn!(%tenant, %error, "what judging a reply reserved was not given back"),
        }
    }
    Ok(decided)
}
