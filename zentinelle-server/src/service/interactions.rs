//! What agents said and were answered: kept as the tenant wants content kept, metered, and
//! looked at by the content rules. Secrets are masked before a turn is kept, whatever the settings
//! say, and what the rules want redacted is kept redacted.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::content_rules::{self, ContentType, RuleSet, ScanMode};
use super::fields;
use super::metering::{self, Spent};
use super::prices::{self, Usage};
use super::scan::{self, Content};
use crate::app::App;
use crate::auth::AgentFacts;
use crate::clock;
use crate::http::error::ApiError;
use crate::recorder::content;
use crate::recorder::record::Record;
use crate::store::entities::{interaction, usage_record};
use zentinelle_core::ids::UserId;
use zentinelle_core::scan::{Category, Detectors, Scanner};
use zentinelle_core::scope::ScopeChain;

/// One turn of a conversation, checked.
#[derive(Debug)]
pub(crate) struct Turn {
    /// Whose it is.
    pub(crate) agent: Arc<AgentFacts>,
    /// The user the agent acted for.
    pub(crate) user: Option<String>,
    /// Which kind of turn.
    pub(crate) interaction_type: String,
    /// The conversation.
    pub(crate) session_id: Option<String>,
    /// The request.
    pub(crate) request_id: Option<String>,
    /// The vendor of the model.
    pub(crate) provider: Option<String>,
    /// The model.
    pub(crate) model: Option<String>,
    /// What was asked.
    pub(crate) input: String,
    /// What was answered.
    pub(crate) output: String,
    /// The system prompt.
    pub(crate) system_prompt: String,
    /// The tool calls.
    pub(crate) tool_calls: Vec<Value>,
    /// What was used, where the agent says.
    pub(crate) usage: ReportedUsage,
    /// How long the model took. Unit: milliseconds.
    pub(crate) latency_ms: Option<i64>,
    /// What the agent thinks it cost. Unit: millionths of a US dollar.
    pub(crate) usd_micros: Option<i64>,
    /// The decision that permitted it, which charged an estimate.
    pub(crate) evaluation_id: Option<String>,
    /// When it happened. Unit: microseconds.
    pub(crate) occurred_at: i64,
}

/// Tokens as an agent reports them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ReportedUsage {
    /// Read in full.
    pub(crate) input: Option<i64>,
    /// Read from a cache.
    pub(crate) cached_input: i64,
    /// Put into a cache.
    pub(crate) cache_write: i64,
    /// Written, reasoning included.
    pub(crate) output: Option<i64>,
    /// The reasoning in what was written.
    pub(crate) reasoning: i64,
}

/// What the proxy knows of a turn because it saw it: nothing is estimated from texts, and what was
/// spent is on the ledger already.
#[derive(Debug)]
pub(crate) struct Seen {
    /// What was used.
    pub(crate) usage: Usage,
    /// What it cost. Unit: millionths of a US dollar.
    pub(crate) usd_micros: i64,
    /// Whether usage or price had to be guessed.
    pub(crate) estimated: bool,
    /// `permit` or `deny`.
    pub(crate) decision: &'static str,
    /// What was looked at, how it ended, and how long it took.
    pub(crate) classification: Value,
}

/// Keeps a turn, and returns its id when it is safe.
pub(crate) async fn log(app: &App, turn: Turn) -> Result<String, ApiError> {
    let (id, records) = written(app, turn, None).await?;
    app.recorder.record_durably(&records).await?;
    Ok(id)
}

/// Keeps a turn, and does not wait for the disk.
pub(crate) async fn log_behind(app: &App, turn: Turn) -> Result<(), ApiError> {
    let (_, records) = written(app, turn, None).await?;
    app.recorder.record(&records)
}

/// The records of a turn that the proxy saw, for it to keep with those of what the turn cost.
pub(crate) async fn seen(app: &App, turn: Turn, seen: Seen) -> Result<Vec<Record>, ApiError> {
    written(app, turn, Some(seen)).await.map(|(_, records)| records)
}

/// A turn's id and the records of it.
async fn written(app: &App, turn: Turn, seen: Option<Seen>) -> Result<(String, Vec<Record>), ApiError> {
    let tenant = turn.agent.agent.tenant_id.clone();
    let snapshot = app.snapshots.get(&tenant).await?;
    let settings = &snapshot.settings;
    let id = clock::new_id();
    let (usage, estimated_tokens) = match &seen {
        Some(seen) => (seen.usage, seen.estimated),
        None => tokens(&turn),
    };
    let metered = turn.model.is_some() || turn.provider.is_some() || turn.usd_micros.is_some();
    let mut records = Vec::new();
    let cost = match &seen {
        Some(seen) => Some((seen.usd_micros, !seen.estimated)),
        None if metered => Some(cost(app, &turn, &usage).await?),
        None => None,
    };
    let mut scan_id = None;
    let mut redacted = [None, None];
    let texts = [(&turn.input, ContentType::UserInput), (&turn.output, ContentType::AiOutput)];
    let rules = content_rules::compiled(app, &tenant).await?;
    for ((text, content_type), redacted) in texts.into_iter().zip(&mut redacted) {
        if let Some(mut outcome) = scanned(app, &rules, &turn, text, content_type).await? {
            *redacted = outcome.scanned.redacted.take();
            scan_id = scan_id.or_else(|| Some(outcome.scan.id.clone()));
            records.extend(outcome.into_records());
        }
    }
    let [redacted_input, redacted_output] = redacted;
    if let Some((usd_micros, known)) = cost {
        let evaluation_id = turn.evaluation_id.as_deref();
        let spent = Spent { agent: &turn.agent, user: turn.user.as_deref(), usd_micros, evaluation_id };
        if seen.is_none() {
            records.extend(metering::spend(app, spent).await?);
        }
        records.push(Record::Usage(Box::new(usage_record::Model {
            tenant_id: tenant.as_str().to_owned(),
            id: id.clone(),
            agent_id: turn.agent.agent.agent_id.as_str().to_owned(),
            user_id: turn.user.clone(),
            provider: turn.provider.clone().unwrap_or_default(),
            model: turn.model.clone().unwrap_or_default(),
            input_tokens: number(usage.input),
            cached_input_tokens: number(usage.cached_input),
            cache_write_tokens: number(usage.cache_write.saturating_add(usage.cache_write_hour)),
            output_tokens: number(usage.output),
            reasoning_tokens: turn.usage.reasoning,
            usd_micros,
            estimated: estimated_tokens || !known,
            source: if seen.is_some() { "proxy" } else { "interaction" }.to_owned(),
            occurred_at: turn.occurred_at,
        })));
    }
    let masker = Scanner::new(Detectors::of(&[Category::Secret]));
    let text = |text: &str| fields::keepable(content::kept_text(&masked(&masker, text), settings));
    let tool_calls = turn.tool_calls.into_iter().map(|call| match masked_value(&masker, call) {
        Value::Object(call) => fields::keepable_value(content::kept(&call, settings)),
        other => Value::from(fields::keepable(content::kept_text(&other.to_string(), settings))),
    });
    records.push(Record::Interaction(Box::new(interaction::Model {
        tenant_id: tenant.as_str().to_owned(),
        id: id.clone(),
        agent_id: turn.agent.agent.agent_id.as_str().to_owned(),
        user_id: Some(turn.user.unwrap_or_else(|| scan::ANONYMOUS.to_owned())),
        interaction_type: turn.interaction_type,
        session_id: turn.session_id,
        request_id: turn.request_id,
        provider: turn.provider,
        model: turn.model,
        input_content: text(redacted_input.as_deref().unwrap_or(&turn.input)),
        output_content: text(redacted_output.as_deref().unwrap_or(&turn.output)),
        system_prompt: text(&turn.system_prompt),
        prompt_digest: super::system_prompts::usage::digest(&turn.system_prompt),
        tool_calls: tool_calls.collect(),
        decision: seen.as_ref().map(|seen| seen.decision.to_owned()),
        classification: seen.map_or_else(|| json!({}), |seen| seen.classification),
        input_tokens: turn.usage.input,
        output_tokens: turn.usage.output,
        usd_micros: cost.map(|(usd_micros, _)| usd_micros),
        latency_ms: turn.latency_ms,
        scan_id,
        occurred_at: turn.occurred_at,
        created_at: clock::now_micros(),
    })));
    Ok((id, records))
}

/// A text without the secrets in it: no setting keeps those.
fn masked<'t>(masker: &Scanner, text: &'t str) -> Cow<'t, str> {
    let found = masker.scan(text);
    if found.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(masker.redact(text, &found)) }
}

/// The same for every text within a value, keys included.
fn masked_value(masker: &Scanner, value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked(masker, &text).into_owned()),
        Value::Array(items) => items.into_iter().map(|item| masked_value(masker, item)).collect(),
        Value::Object(object) => object
            .into_iter()
            .map(|(key, value)| (masked(masker, &key).into_owned(), masked_value(masker, value)))
            .collect(),
        other => other,
    }
}

fn number(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}

/// What was used, and whether any of it had to be estimated from the length of the texts.
fn tokens(turn: &Turn) -> (Usage, bool) {
    let estimate = |text: &str| u64::try_from(text.chars().count().div_ceil(4)).unwrap_or(u64::MAX);
    let reported = |tokens: Option<i64>| tokens.and_then(|tokens| u64::try_from(tokens).ok());
    let (input, output) = (reported(turn.usage.input), reported(turn.usage.output));
    let usage = Usage {
        input: input.unwrap_or_else(|| estimate(&turn.input).saturating_add(estimate(&turn.system_prompt))),
        cached_input: reported(Some(turn.usage.cached_input)).unwrap_or_default(),
        cache_write: reported(Some(turn.usage.cache_write)).unwrap_or_default(),
        cache_write_hour: 0,
        output: output.unwrap_or_else(|| estimate(&turn.output)),
    };
    (usage, input.is_none() || output.is_none())
}

/// What the turn cost, and whether that is known. The price table is asked first: an agent's own
/// estimate counts only where it is higher, or the model has no price, so that no agent can talk
/// its budget down.
async fn cost(app: &App, turn: &Turn, usage: &Usage) -> Result<(i64, bool), ApiError> {
    let (provider, model) = (turn.provider.as_deref().unwrap_or_default(), turn.model.as_deref().unwrap_or_default());
    let tenant = &turn.agent.agent.tenant_id;
    let cost = prices::cost(app, tenant, provider, model, usage, turn.occurred_at).await?;
    Ok((cost.usd_micros.max(turn.usd_micros.unwrap_or_default()), cost.known))
}

/// What the rules say of one of the texts; none when no rule looks at such texts.
async fn scanned(
    app: &App,
    rules: &Arc<RuleSet>,
    turn: &Turn,
    text: &str,
    content_type: ContentType,
) -> Result<Option<scan::Outcome>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    let agent = &turn.agent.agent;
    let user = turn.user.as_deref().and_then(UserId::non_empty);
    if !rules.looks_at(&ScopeChain::new(agent, user.as_ref()), content_type, ScanMode::Async) {
        return Ok(None);
    }
    let content = Content {
        agent: turn.agent.clone(),
        text: text.to_owned(),
        user: turn.user.clone(),
        content_type,
        session_id: turn.session_id.clone(),
        request_id: turn.request_id.clone(),
        tokens: None,
        usd_micros: None,
    };
    scan::run_by(app, Arc::clone(rules), content, ScanMode::Async, clock::new_id()).await.map(Some)
}
