//! What model calls used, read from the events that say so.
//!
//! A call is priced by the same table as everywhere, and counts towards budgets. One wrapper of
//! the TypeScript client reports each call twice, as `model_usage` and as `model_request`; such a
//! pair is one call. An event that is sent again is counted once: the ledger knows the names of
//! those of the last hour, and the database those of before.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use moka::sync::Cache;
use serde_json::{Map, Value};
use zentinelle_core::ids::TenantId;

use super::Kept;
use crate::app::App;
use crate::http::error::ApiError;
use crate::http::listing;
use crate::recorder::record::Record;
use crate::service::metering::{self, Spent};
use crate::service::prices::{self, Usage};
use crate::store::entities::usage_record;
use crate::store::events;

/// The events that report usage by their type.
const TYPES: [&str; 4] = ["model_usage", "model_request", "ai_request", "llm:usage"];
/// How far apart the two reports of one call may be. Unit: microseconds.
const PAIRED_WITHIN: i64 = 10 * 1_000_000;
/// How many reports of alike calls are remembered at once.
const MOST_HALVES: usize = 64;
/// How many calls are charged at the same time, where the ledger is another process.
const AT_ONCE: usize = 16;
/// The longest name of a model or provider that is kept. Unit: characters.
const MOST_NAME: usize = 200;

/// Reports whose other half may still come.
#[derive(Debug)]
pub(super) struct Pairs(Cache<String, Arc<Mutex<Vec<Half>>>>);

/// One report that was counted.
#[derive(Debug)]
struct Half {
    is_usage: bool,
    at: i64,
    record: String,
    /// The event that turned out to be its other half.
    other: Option<String>,
}

impl Default for Pairs {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(20_000).time_to_live(Duration::from_secs(60)).build())
    }
}

impl Pairs {
    /// The record of the call whose other report this event is; none when it is the first. An
    /// event that is sent again gets the same answer.
    fn other_half(&self, event: &Kept, call: &usage_record::Model) -> Option<String> {
        let is_usage = event.event.event_type == "model_usage";
        if !is_usage && event.event.event_type != "model_request" {
            return None;
        }
        let (tokens, model) = ((call.input_tokens, call.output_tokens), &call.model);
        let key = format!("{}\0{}\0{model}\0{tokens:?}", call.tenant_id, call.agent_id);
        let halves = self.0.get_with(key, Arc::default);
        let mut halves = halves.lock().unwrap_or_else(PoisonError::into_inner);
        let near = |half: &Half| half.at.abs_diff(call.occurred_at) <= PAIRED_WITHIN.unsigned_abs();
        let matches = |half: &&mut Half| {
            half.is_usage != is_usage && near(half) && half.other.as_ref().is_none_or(|other| *other == event.digest)
        };
        if let Some(half) = halves.iter_mut().find(matches) {
            half.other = Some(event.digest.clone());
            return Some(half.record.clone());
        }
        if !halves.iter().any(|half| half.record == call.id) {
            if halves.len() >= MOST_HALVES {
                halves.remove(0);
            }
            halves.push(Half { is_usage, at: call.occurred_at, record: call.id.clone(), other: None });
        }
        None
    }
}

/// A call that events report.
struct Call<'e> {
    event: &'e Kept,
    row: usage_record::Model,
}

/// What must be kept of the calls the events report: a row for each, and what the ledger did.
pub(super) async fn records(app: &App, tenant: &TenantId, events: &[Kept]) -> Result<Vec<Record>, ApiError> {
    let mut calls: Vec<Call<'_>> = Vec::new();
    for event in events {
        let Some(row) = call(event) else { continue };
        let Some(first) = app.intake.pairs.other_half(event, &row) else {
            calls.push(Call { event, row });
            continue;
        };
        // Only one of the two reports tells the user, and maybe the cost.
        if let Some(Call { row: known, .. }) = calls.iter_mut().find(|known| known.row.id == first) {
            known.user_id = known.user_id.take().or(row.user_id);
            known.usd_micros = known.usd_micros.max(row.usd_micros);
        }
    }
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    let digests = calls.iter().map(|call| call.event.digest.as_str());
    let counted = events::known(app.store.db(), tenant, digests).await.unwrap_or_else(|error| {
        tracing::warn!(%tenant, ?error, "events cannot be looked up: only those of the last hour are known again");
        Default::default()
    });
    calls.retain(|call| !counted.contains(&call.event.digest));
    let metering: Vec<_> = calls.into_iter().map(|call| meter(app, tenant, call)).collect();
    let metered: Vec<_> = stream::iter(metering).buffered(AT_ONCE).try_collect().await?;
    Ok(metered.into_iter().flatten().collect())
}

/// Prices a call and charges it.
async fn meter(app: &App, tenant: &TenantId, call: Call<'_>) -> Result<Vec<Record>, ApiError> {
    let Call { event, mut row } = call;
    let priced = prices::cost(app, tenant, &row.provider, &row.model, &usage(&row), row.occurred_at).await?;
    // An agent's own estimate counts where it is higher, so that none talks its spending down.
    row.usd_micros = row.usd_micros.max(priced.usd_micros);
    row.estimated |= !priced.known;
    let evaluation_id = event.event.payload.get("evaluation_id").and_then(Value::as_str).and_then(listing::canonical);
    let spent = Spent {
        agent: &event.agent,
        user: row.user_id.as_deref(),
        usd_micros: row.usd_micros,
        evaluation_id: evaluation_id.as_deref(),
    };
    let mut records = metering::spend_once(app, spent, &event.digest).await?;
    records.push(Record::Usage(Box::new(row)));
    Ok(records)
}

/// What a row says was used.
fn usage(row: &usage_record::Model) -> Usage {
    let tokens = |count: i64| u64::try_from(count).unwrap_or_default();
    Usage {
        input: tokens(row.input_tokens),
        cached_input: tokens(row.cached_input_tokens),
        cache_write: tokens(row.cache_write_tokens),
        cache_write_hour: 0, // events do not tell the two apart
        output: tokens(row.output_tokens),
    }
}

/// The call an event reports, if it reports one that used something.
fn call(event: &Kept) -> Option<usage_record::Model> {
    let payload = &event.event.payload;
    let within = |key: &str| payload.get(key).and_then(Value::as_object);
    let facts = match within("model_usage") {
        Some(usage) => usage,
        None if !TYPES.contains(&event.event.event_type.as_str()) => return None,
        None => within("usage").unwrap_or(payload),
    };
    let number = |names: &[&str]| names.iter().find_map(|name| tokens(facts.get(*name)?));
    let input = number(&["input_tokens", "prompt_tokens", "inputTokens", "promptTokens"]);
    let output = number(&["output_tokens", "completion_tokens", "outputTokens", "completionTokens"]);
    let total = number(&["total_tokens", "tokens", "totalTokens"]);
    // Where only the sum is told, it counts as input.
    let (input, output, guessed) = match (input, output, total) {
        (None, None, Some(total)) => (total, 0, true),
        (input, output, _) => (input.unwrap_or_default(), output.unwrap_or_default(), false),
    };
    // Anthropic counts what came from its cache beside the input, OpenAI within it.
    let beside = number(&["cache_read_input_tokens"]);
    let within = number(&["cached_input_tokens", "cached_tokens"]).unwrap_or_default().min(input);
    let (input, cached) = beside.map_or((input - within, within), |beside| (input, beside));
    let usd_micros = ["estimated_cost", "cost", "cost_usd", "estimated_cost_usd", "estimatedCost"]
        .iter()
        .find_map(|name| dollars(facts.get(*name)?))
        .unwrap_or_default();
    if input == 0 && cached == 0 && output == 0 && usd_micros == 0 {
        return None;
    }
    Some(usage_record::Model {
        tenant_id: event.agent.agent.tenant_id.as_str().to_owned(),
        // Named after the event: an event that is sent again is the same record.
        id: format!("ev-{}", event.digest),
        agent_id: event.agent.agent.agent_id.as_str().to_owned(),
        user_id: event.event.user_id.clone(),
        provider: name(&[facts, payload], &["provider", "ai_provider"]),
        model: name(&[facts, payload], &["model", "ai_model", "model_id"]),
        input_tokens: input,
        cached_input_tokens: cached,
        cache_write_tokens: number(&["cache_write_tokens", "cache_creation_input_tokens"]).unwrap_or_default(),
        output_tokens: output,
        reasoning_tokens: number(&["reasoning_tokens"]).unwrap_or_default(),
        usd_micros,
        estimated: guessed,
        source: "event".to_owned(),
        occurred_at: event.event.occurred_at,
    })
}

/// A count of tokens; what is no count, or less than none, is left out.
fn tokens(value: &Value) -> Option<i64> {
    let whole = value.as_i64().or_else(|| {
        let number = value.as_f64().filter(|number| number.is_finite() && number.abs() < 1e15)?;
        Some(number.round() as i64)
    });
    whole.filter(|count| (0..=1_000_000_000_000).contains(count))
}

/// An amount of dollars as millionths of one.
fn dollars(value: &Value) -> Option<i64> {
    let amount = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    let micros = (amount * 1e6).round();
    (micros > 0.0 && micros < 1e15).then_some(micros as i64)
}

fn name(places: &[&Map<String, Value>], keys: &[&str]) -> String {
    let found = places.iter().flat_map(|place| keys.iter().filter_map(|key| place.get(*key)?.as_str()));
    found.filter(|name| !name.is_empty()).map(|name| name.chars().take(MOST_NAME).collect()).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{dollars, tokens};

    #[test]
    fn amounts_that_make_no_sense_are_left_out() {
        assert_eq!(tokens(&json!(7)), Some(7));
        assert_eq!(tokens(&json!(7.0)), Some(7));
        for value in [json!(-1), json!("7"), json!(1e300), json!(null)] {
            assert_eq!(tokens(&value), None, "{value}");
        }
        assert_eq!(dollars(&json!(0.0125)), Some(12_500));
        assert_eq!(dollars(&json!("0.5")), Some(500_000));
        for value in [json!(-1), json!(0), json!("NaN"), json!(1e300)] {
            assert_eq!(dollars(&value), None, "{value}");
        }
    }
}
