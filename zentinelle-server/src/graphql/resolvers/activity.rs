//! What agents did: events, and model and tool calls.

use serde::Deserialize;
use serde_json::{Value, json};

use super::shared::{display, own_id};
use crate::clock;
use crate::graphql::ask::{Ask, ById, Instant, Resolvers};
use crate::graphql::page::{self, PageArgs};
use crate::http::error::ApiError;
use crate::service::hold_access::{self, Access, Records};
use crate::service::prices::usd;
use crate::store::entities::{event, interaction, job};
use crate::store::{events as event_store, interactions as store, jobs, keyset};

pub(super) fn register(to: &mut Resolvers) {
    to.query("events", events);
    to.query("eventsPage", async |ask: Ask, args: PageArgs<event_store::Listed>| {
        let mut wanted = args.filter();
        own_id(&ask, &mut wanted.endpoint_id).await?;
        let select = wanted.select(ask.tenant());
        args.read(&ask, "events", select, event_store::SORTS, event::Column::Id, event_view).await
    });
    to.query("eventStream", stream);
    to.query("eventsByCorrelation", async |ask: Ask, args: Correlation| -> Result<Value, ApiError> {
        let wanted =
            event_store::Listed { correlation_id: Some(args.correlation_id), ..event_store::Listed::default() };
        let select = wanted.select(ask.tenant());
        let rows = page::list(&ask, select, event_store::SORTS, event::Column::Id, event_view).await?;
        Ok(rows.iter().rev().zip(1_i64..).map(|(event, sequence)| envelope(event, sequence)).collect())
    });
    to.query("deadLetterQueue", async |ask: Ask, args: Limit| -> Result<Value, ApiError> {
        let limit = page::size("limit", args.limit, 50)?;
        let rows = jobs::dead(ask.db(), ask.tenant(), limit).await?;
        Ok(rows.into_iter().map(dead_view).collect())
    });
    to.query("deadLetterQueueStats", async |ask: Ask, _: Value| -> Result<Value, ApiError> {
        let rows = jobs::dead(ask.db(), ask.tenant(), page::MOST_LIST).await?;
        let mut kinds: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
        for row in &rows {
            *kinds.entry(&row.kind).or_default() += 1;
        }
        let oldest = rows.iter().map(|row| row.created_at).min().map(clock::iso);
        let kinds: Vec<_> = kinds.into_iter().map(|(kind, count)| json!([kind, count.to_string()])).collect();
        Ok(json!({ "totalCount": rows.len(), "byCategory": kinds, "oldestEvent": oldest }))
    });
    to.query("interactionLogs", interactions);
    to.query("interactionsPage", async |ask: Ask, args: PageArgs<store::Listed>| {
        let mut wanted = args.filter();
        own_id(&ask, &mut wanted.endpoint_id).await?;
        let select = wanted.select(ask.tenant());
        args.read(&ask, "interactions", select, store::SORTS, interaction::Column::Id, view).await
    });
    to.query("interactionLog", async |ask: Ask, args: ById| -> Result<Option<Value>, ApiError> {
        let Some(row) = store::by_id(ask.db(), ask.tenant(), &args.id.0).await? else { return Ok(None) };
        let records = Records::one("interactions", row.occurred_at, &row.agent_id, row.user_id.as_deref());
        hold_access::tell(&ask.app, &ask.caller, Access::Opened, records).await?;
        Ok(Some(view(row)))
    });
    nested(to);
}

fn nested(to: &mut Resolvers) {
    to.batch("interactions_of_request", async |app, tenant, ids| {
        let rows = store::by_request_ids(app.store.db(), &tenant, &ids).await?;
        let mut by_request: hashbrown::HashMap<String, Value> = hashbrown::HashMap::new();
        for row in rows {
            let list = by_request.entry(row.request_id.clone().unwrap_or_default()).or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(view(row));
            }
        }
        Ok(by_request)
    });
    to.field("DecisionType", "interactions", async |ask: Ask, _: Value| {
        let found = ask.load("interactions_of_request", ask.of_parent("requestId")).await?;
        Ok::<_, ApiError>(if found.is_null() { json!([]) } else { found })
    });
    for parent in ["EventType", "InteractionLogType"] {
        to.field(parent, "endpointName", async |ask: Ask, _: Value| {
            let agent = ask.load("agent", ask.of_parent("agentId")).await?;
            Ok::<_, ApiError>(agent.get("name").cloned().unwrap_or_default())
        });
    }
    to.field("InteractionLogType", "deploymentName", async |ask: Ask, _: Value| {
        let agent = ask.load("agent", ask.of_parent("agentId")).await?;
        Ok::<_, ApiError>(agent.get("deploymentName").cloned().unwrap_or_default())
    });
    for (field, of, none) in [
        ("hasViolations", "hasViolations", json!(false)),
        ("violationCount", "violationCount", json!(0)),
        ("wasBlocked", "wasBlocked", json!(false)),
    ] {
        to.field("InteractionLogType", field, move |ask: Ask, _: Value| {
            let none = none.clone();
            async move {
                let scan = ask.load("scan", ask.of_parent("scanId")).await?;
                Ok::<_, ApiError>(scan.get(of).cloned().unwrap_or(none))
            }
        });
    }
}

/// An event, as it is answered.
pub(super) fn event_view(row: event::Model) -> Value {
    json!({
        "id": row.id, "eventType": row.event_type, "eventCategory": row.category, "status": "processed",
        "payload": row.payload, "userIdentifier": row.user_id.unwrap_or_default(),
        "occurredAt": clock::iso(row.occurred_at), "processedAt": clock::iso(row.received_at),
        "correlationId": row.batch_id, "agentId": row.agent_id,
    })
}

/// A call, as it is answered.
pub(super) fn view(row: interaction::Model) -> Value {
    let total = match (row.input_tokens, row.output_tokens) {
        (None, None) => None,
        (read, written) => Some(read.unwrap_or_default() + written.unwrap_or_default()),
    };
    json!({
        "id": row.id, "interactionType": row.interaction_type, "sessionId": row.session_id.unwrap_or_default(),
        "requestId": row.request_id.unwrap_or_default(), "aiProvider": row.provider.unwrap_or_default(),
        "aiModel": row.model.unwrap_or_default(), "inputContent": row.input_content,
        "inputTokenCount": row.input_tokens, "outputContent": row.output_content,
        "outputTokenCount": row.output_tokens, "systemPrompt": row.system_prompt, "toolCalls": row.tool_calls,
        "latencyMs": row.latency_ms, "totalTokens": total, "estimatedCostUsd": row.usd_micros.map(usd),
        "classification": row.classification, "isWorkRelated": row.classification.get("is_work_related"),
        "topics": row.classification.get("topics").cloned().unwrap_or_else(|| json!([])),
        "userIdentifier": row.user_id.unwrap_or_default(), "ipAddress": null, "userAgent": "",
        "occurredAt": clock::iso(row.occurred_at), "createdAt": clock::iso(row.created_at),
        "interactionTypeDisplay": display(&row.interaction_type), "agentId": row.agent_id, "scanId": row.scan_id,
        "decision": row.decision,
    })
}

fn dead_view(row: job::Model) -> Value {
    json!({
        "id": row.id, "eventType": row.kind, "category": row.kind, "errorMessage": row.last_error,
        "retryCount": row.attempts, "receivedAt": clock::iso(row.created_at),
        "lastFailedAt": clock::iso_or_none(row.finished_at), "payload": null,
    })
}

fn envelope(event: &Value, sequence: i64) -> Value {
    let of = |key: &str| event.get(key).cloned().unwrap_or_default();
    json!({
        "eventId": of("id"), "eventType": of("eventType"), "category": of("eventCategory"), "version": 1,
        "aggregateId": of("agentId"), "aggregateType": "agent", "sequenceNumber": sequence,
        "correlationId": of("correlationId"), "causationId": null, "timestamp": of("occurredAt"),
        "payload": of("payload"), "metadata": {},
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Events {
    event_type: Option<String>,
    category: Option<String>,
    endpoint_id: Option<String>,
    user_id: Option<String>,
}

async fn events(ask: Ask, args: Events) -> Result<Vec<Value>, ApiError> {
    let mut wanted = event_store::Listed {
        event_type: keyset::word(args.event_type),
        category: keyset::word(args.category),
        endpoint_id: args.endpoint_id,
        user_identifier: args.user_id,
        ..event_store::Listed::default()
    };
    own_id(&ask, &mut wanted.endpoint_id).await?;
    page::list(&ask, wanted.select(ask.tenant()), event_store::SORTS, event::Column::Id, event_view).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stream {
    aggregate_type: String,
    aggregate_id: String,
    #[serde(default)]
    from_sequence: i64,
}

/// The events of one agent or user in order, numbered from 1.
async fn stream(ask: Ask, args: Stream) -> Result<Value, ApiError> {
    crate::service::fields::text("aggregateId", &args.aggregate_id, 255)?;
    let mut wanted = event_store::Listed::default();
    match args.aggregate_type.as_str() {
        "user" => wanted.user_identifier = Some(args.aggregate_id.clone()),
        "agent" | "endpoint" => wanted.endpoint_id = Some(args.aggregate_id.clone()),
        _ => return Err(ApiError::invalid("aggregateType", "expected agent, endpoint or user")),
    }
    own_id(&ask, &mut wanted.endpoint_id).await?;
    let select = wanted.select(ask.tenant());
    let total = keyset::count(ask.db(), select.clone()).await?;
    let rows = page::list(&ask, select, event_store::SORTS, event::Column::Id, event_view).await?;
    // The newest are listed; their numbers count from the first event there ever was.
    let first = i64::try_from(total).unwrap_or(i64::MAX) - i64::try_from(rows.len()).unwrap_or_default() + 1;
    let events: Vec<Value> = rows
        .iter()
        .rev()
        .zip(first..)
        .filter(|(_, sequence)| *sequence >= args.from_sequence)
        .map(|(event, sequence)| envelope(event, sequence))
        .collect();
    Ok(json!({
        "aggregateType": args.aggregate_type, "aggregateId": args.aggregate_id, "events": events,
        "lastSequence": total, "eventCount": events.len(),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Correlation {
    correlation_id: String,
}

#[derive(Deserialize)]
struct Limit {
    limit: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Interactions {
    user_identifier: Option<String>,
    endpoint_id: Option<String>,
    ai_provider: Option<String>,
    ai_model: Option<String>,
    interaction_type: Option<String>,
    has_violations: Option<bool>,
    start_date: Option<Instant>,
    end_date: Option<Instant>,
}

async fn interactions(ask: Ask, args: Interactions) -> Result<Vec<Value>, ApiError> {
    let mut wanted = store::Listed {
        user_identifier: args.user_identifier,
        endpoint_id: args.endpoint_id,
        ai_provider: keyset::word(args.ai_provider),
        ai_model: keyset::word(args.ai_model),
        interaction_type: keyset::word(args.interaction_type),
        has_violations: args.has_violations,
        since: args.start_date,
        until: args.end_date,
        ..store::Listed::default()
    };
    own_id(&ask, &mut wanted.endpoint_id).await?;
    page::list(&ask, wanted.select(ask.tenant()), store::SORTS, interaction::Column::Id, view).await
}
