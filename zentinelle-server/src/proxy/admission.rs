//! Deciding a model call before it is made: facts, worst case, reservation.

use std::sync::Arc;
use std::time::Instant;

use axum::http::StatusCode;
use serde_json::{Map, Number, Value, json};
use zentinelle_core::dialect::{Call, Part, ProviderKind, Role, Text};
use zentinelle_core::request::UsdMicros;

use super::caller::Calling;
use super::cost::{self, Worst};
use super::exchange::{Exchange, Facts};
use super::refusal::Refusal;
use super::target::Target;
use crate::app::App;
use crate::http::request_id;
use crate::service::decide::{self, Answered, Asked, Source};
use crate::snapshot::{FailMode, Snapshot};
use crate::telemetry::traces;

/// A call as it came, and who makes it.
#[derive(Debug)]
pub(crate) struct Asking<'a> {
    /// Where to.
    pub(crate) target: &'a Target,
    /// Who.
    pub(crate) calling: &'a Calling,
    /// The method.
    pub(crate) method: &'a str,
    /// The call, where its body can be read.
    pub(crate) call: Option<&'a Call>,
    /// When it came.
    pub(crate) began: Instant,
}

/// A call that may be made.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// The call under way.
    pub(crate) exchange: Exchange,
    /// What was decided.
    pub(crate) decided: Answered,
}

/// Why a call is not made, with the decision if there was one.
#[derive(Debug)]
pub(crate) struct Denied {
    /// What the caller is told.
    pub(crate) refusal: Refusal,
    /// The record of the decision.
    pub(crate) evaluation_id: Option<String>,
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, evaluation_id: None }
    }
}

/// The provider, as policies name it.
pub(crate) fn provider(target: &Target) -> &str {
    match target.upstream.kind {
        ProviderKind::OpenAi => "openai",
        ProviderKind::Anthropic => "anthropic",
        ProviderKind::Google => "google",
        ProviderKind::Vertex => "vertex",
        ProviderKind::Azure => "azure",
        ProviderKind::OpenAiCompatible | ProviderKind::AnthropicCompatible => &target.upstream.name,
    }
}

/// The model, as policies and prices name it: what stands behind an alias, and before a deployment.
pub(crate) fn model(target: &Target, call: Option<&Call>) -> Option<String> {
    let upstream = &target.upstream;
    let named = call.and_then(|call| call.model.as_deref()).or(target.route.model.as_deref())?;
    Some(match upstream.kind {
        ProviderKind::Azure => upstream.model_before(named).unwrap_or(named).to_owned(),
        _ => upstream.model_behind(named).unwrap_or(named).to_owned(),
    })
}

/// Decides a call and reserves what it can cost.
pub(crate) async fn admit(app: &Arc<App>, asking: &Asking<'_>) -> Result<Admitted, Denied> {
    let Asking { target, calling, call, .. } = *asking;
    let snapshot = app.snapshots.get(&calling.agent.agent.tenant_id).await.map_err(Refusal::from)?;
    let model = model(target, call);
    let (mut context, worst) = match considered(app, &snapshot, asking, model.as_deref()).await {
        Ok(considered) => considered,
        Err(refusal) => {
            // Refused before any policy was asked, and on record all the same.
            let mut exchange = Exchange::new(facts(app, asking, snapshot, model, Worst::default(), None));
            exchange.tally.ending = Some("refused");
            exchange.note("refused", &*refusal.code);
            return Err(refusal.into());
        }
    };
    complete(&mut context, asking, model.as_deref(), &worst);
    let action = match call {
        Some(_) => "llm:invoke".to_owned(),
        None => format!("llm:{}", target.route.operation.name()),
    };
    let asked = Asked {
        agent: Arc::clone(&calling.agent),
        user: user(asking),
        action,
        context,
        dry_run: false,
        source: Source::Proxy,
    };
    let decided = decide::answer(app, asked).await.map_err(Refusal::from)?;
    let mut exchange = Exchange::new(facts(app, asking, snapshot, model, worst, Some(&decided)));
    if decided.is_allowed() {
        return Ok(Admitted { exchange, decided });
    }
    exchange.tally.ending = Some("denied");
    Err(Denied { refusal: Refusal::denied("policy_denied", &decided), evaluation_id: Some(decided.id) })
}

/// What the call says, and the most it can use.
async fn considered(
    app: &App,
    snapshot: &Snapshot,
    asking: &Asking<'_>,
    model: Option<&str>,
) -> Result<(Map<String, Value>, Worst), Refusal> {
    check(snapshot, asking)?;
    let Some(call) = asking.call else { return Ok((Map::new(), Worst::default())) };
    // From above, by the rules of `dialect`: what is reserved must not be less than what will be used, and what
    // was used in truth is what the reply says. A vendor's own tokenizer would come nearer, for tens of megabytes.
    let estimate = call.estimate(None);
    let worst = cost::worst(app, snapshot, &asking.target.upstream, model, call, estimate.input).await?;
    Ok((call.context(provider(asking.target), &estimate), worst))
}

/// The user the agent acts for: as the header says, else as the body does.
fn user(asking: &Asking<'_>) -> Option<String> {
    asking.calling.user.clone().or_else(|| asking.call.and_then(|call| call.user_id.clone()))
}

fn facts(
    app: &Arc<App>,
    asking: &Asking<'_>,
    snapshot: Arc<Snapshot>,
    model: Option<String>,
    worst: Worst,
    decided: Option<&Answered>,
) -> Facts {
    let Asking { target, calling, call, .. } = *asking;
    Facts {
        app: Arc::clone(app),
        agent: Arc::clone(&calling.agent),
        user: user(asking),
        session: calling.session.clone(),
        approval: calling.approval.clone(),
        request_id: request_id::current(),
        upstream: Arc::clone(&target.upstream),
        provider: provider(target).to_owned(),
        model,
        route: target.route.clone(),
        evaluation_id: decided.map(|decided| decided.id.clone()),
        permitted: decided.is_some_and(Answered::is_allowed),
        reservation: decided.and_then(Answered::reservation).cloned(),
        worst,
        input: call.map(|call| last_words(call, &snapshot)).unwrap_or_default(),
        system: call.map(|call| joined(call.system.iter(), &snapshot)).unwrap_or_default(),
        began: asking.began,
        trace: traces::place(),
        snapshot,
    }
}

/// Refuses what nobody here can read, unless the tenant lets it pass.
fn check(snapshot: &Snapshot, asking: &Asking<'_>) -> Result<(), Refusal> {
    let settings = &snapshot.settings.proxy;
    let reads = matches!(asking.method, "GET" | "HEAD" | "OPTIONS");
    match asking.call {
        None if !reads && settings.unread == FailMode::Deny => {
            let kind = asking.target.route.operation.name();
            let message = format!(
                "requests of the kind `{kind}` cannot be read here: set `proxy.unread` to `permit` to let them pass unread"
            );
            Err(Refusal::new(StatusCode::FORBIDDEN, "unread", message))
        }
        Some(call) if settings.unseen_content == FailMode::Deny => match call.unseen.first() {
            None => Ok(()),
            Some(unseen) => {
                let message = format!("`{}` refers to content that nobody here has seen", unseen.key);
                Err(Refusal::new(StatusCode::FORBIDDEN, "unseen_content", message))
            }
        },
        _ => Ok(()),
    }
}

/// Adds the facts that only the server knows.
fn complete(context: &mut Map<String, Value>, asking: &Asking<'_>, model: Option<&str>, worst: &Worst) {
    let Asking { target, calling, call, .. } = asking;
    let mut put = |key: &str, value: Value| drop(context.insert(key.to_owned(), value));
    put("path", Value::from(format!("/{}", target.path)));
    put("method", Value::from(asking.method));
    put("upstream", Value::from(&*target.upstream.name));
    put("endpoint_kind", Value::from(target.route.operation.name()));
    put("endpoint_id", Value::from(calling.agent.agent.agent_id.as_str()));
    if let Some(session) = &calling.session {
        put("session_id", Value::from(session.as_str()));
    }
    if let Some(approval) = &calling.approval {
        put("approval_token", Value::from(approval.as_str()));
    }
    if let Some(model) = model {
        put("model", Value::from(model));
    }
    let Some(call) = call else { return };
    put("provider", Value::from(provider(target)));
    put("tokens", Value::from(worst.tokens()));
    put("estimated_cost_usd", usd(worst.usd_micros));
    let results = tool_results(call);
    if results > 0 {
        put("tool_call_count", json!(results));
    }
}

/// How many results of tools came since the model last spoke: the calls that were made in between.
fn tool_results(call: &Call) -> usize {
    let since = call.messages.iter().rev().take_while(|message| message.role != Role::Assistant);
    since.flat_map(|message| &message.parts).filter(|part| matches!(part, Part::ToolResult(_))).count()
}

/// Dollars as a number that reads back as the same millionths.
fn usd(micros: i64) -> Value {
    let micros = UsdMicros(u64::try_from(micros).unwrap_or_default());
    Number::from_f64(micros.0 as f64 / 1e6).map_or(Value::Null, Value::Number)
}

/// What was said last, for the record.
fn last_words(call: &Call, snapshot: &Snapshot) -> String {
    let Some(last) = call.messages.last() else { return String::new() };
    let mut texts = Vec::new();
    gather(&last.parts, &mut texts);
    joined(texts.into_iter(), snapshot)
}

fn gather<'c>(parts: &'c [Part], texts: &mut Vec<&'c Text>) {
    for part in parts {
        match part {
            Part::Text(text) => texts.push(text),
            Part::ToolResult(result) => gather(&result.parts, texts),
            Part::Document { texts: inner, .. } | Part::Unknown { texts: inner, .. } => texts.extend(inner),
            Part::Reasoning(_) | Part::ToolUse(_) | Part::Media(_) => {}
        }
    }
}

fn joined<'t>(texts: impl Iterator<Item = &'t Text>, snapshot: &Snapshot) -> String {
    use crate::snapshot::ContentKeeping::{Drop, Truncate};
    let most = match snapshot.settings.content {
        Drop => return String::new(),
        Truncate => (snapshot.settings.content_limit as usize).saturating_mul(4).min(1 << 20),
        _ => 1 << 20,
    };
    let mut all = String::new();
    for text in texts {
        if !all.is_empty() {
            all.push('\n');
        }
        let room = most.saturating_sub(all.len());
        let end = text.text.floor_char_boundary(room.min(text.text.len()));
        all.push_str(text.text.get(..end).unwrap_or_default());
        if all.len() >= most {
            break;
        }
    }
    all
}
