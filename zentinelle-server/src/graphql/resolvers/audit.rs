//! The audit log and its chain.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::clock;
use crate::graphql::ask::{Ask, Instant, Resolvers};
use crate::graphql::page::{self, Connection, PageArgs};
use crate::http::error::ApiError;
use crate::service::audit;
use crate::service::fields;
use crate::store::audit as store;
use crate::store::decision_hours::{self, Dimension};
use crate::store::entities::audit_entry;
use crate::store::keyset;

/// How many agents the summary names.
const MOST_AGENTS: usize = 10;

pub(super) fn register(to: &mut Resolvers) {
    to.query("auditLogs", logs);
    to.query("auditLogsPage", async |ask: Ask, args: PageArgs<store::Listed>| -> Result<Connection, ApiError> {
        let select = args.filter().select(ask.tenant());
        args.read(&ask, "auditLogs", select, store::SORTS, audit_entry::Column::Sequence, view).await
    });
    to.query("auditAnalytics", analytics);
    to.query("chainStatus", async |ask: Ask, args: Chain| status(&ask, args.verify).await);
    to.query("auditReceipt", async |ask: Ask, args: Receipt| -> Result<Option<Value>, ApiError> {
        let Ok(sequence) = u64::try_from(args.sequence) else { return Ok(None) };
        let found = audit::receipt(&ask.app, ask.tenant(), sequence).await;
        let receipt = crate::graphql::ask::optional(found)?;
        Ok(receipt.map(|receipt| serde_json::to_value(receipt).unwrap_or_default()))
    });
    to.mutation("exportAuditLogs", export);
}

/// An entry, as it is answered.
fn view(row: audit_entry::Model) -> Value {
    let entry: Value = serde_json::from_str(&row.entry).unwrap_or_default();
    let record = entry.get("record").cloned().unwrap_or(entry);
    let of = |key: &str| record.get(key).cloned().unwrap_or_default();
    let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = match crate::http::listing::canonical(&text("id")) {
        Some(id) => id,
        None => super::shared::made_id(&format!("{}:{}", row.tenant_id, row.sequence)),
    };
    let metadata = record.get("metadata").filter(|given| !given.is_null()).cloned().unwrap_or_else(|| json!({}));
    let actor = actor(&row.actor, record.get("agent_id").and_then(Value::as_str));
    let changes: Vec<Value> = of("changes").as_object().into_iter().flatten().filter_map(change).collect();
    json!({
        "id": id, "sequence": row.sequence, "action": row.action, "resourceType": row.resource_type,
        "resourceId": row.resource_id, "resourceName": text("resource_name"), "metadata": metadata,
        "apiKeyPrefix": text("api_key_prefix"), "ipAddress": of("ip_address"), "userAgent": text("user_agent"),
        "timestamp": clock::iso(row.recorded_at),
        "actor": actor,
        "resource": format!("{} {}", row.resource_type, row.resource_id), "status": of("outcome"),
        "details": of("changes"), "changes": changes,
    })
}

/// Who acted. Operators and keys say what they are; an agent stands in the record by its id, with the user it acted for.
fn actor(who: &str, agent: Option<&str>) -> Value {
    let (kind, name, user) = match (who.split_once(':'), agent) {
        (_, Some(agent)) => ("agent", agent, Some(who).filter(|who| *who != agent)),
        (Some((kind, name)), None) => (kind, name, None),
        (None, None) => (if who.is_empty() { "system" } else { "user" }, who, None),
    };
    json!({ "id": who, "name": name, "email": user, "type": kind })
}

/// `field: [old, new]` as a change.
fn change((field, change): (&String, &Value)) -> Option<Value> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match change.as_array().map(Vec::as_slice) {
        Some([old, new]) => Some(json!({ "field": field, "oldValue": text(old), "newValue": text(new) })),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Logs {
    search: Option<String>,
    actor: Option<String>,
    action: Option<String>,
    resource: Option<String>,
    resource_type: Option<String>,
    resource_id: Option<String>,
    start_date: Option<Instant>,
    end_date: Option<Instant>,
}

async fn logs(ask: Ask, args: Logs) -> Result<Vec<Value>, ApiError> {
    let wanted = store::Listed {
        search: args.search.or(args.resource),
        actor: args.actor,
        action: keyset::word(args.action),
        resource_type: keyset::word(args.resource_type),
        resource_id: args.resource_id,
        since: args.start_date,
        until: args.end_date,
    };
    page::list(&ask, wanted.select(ask.tenant()), store::SORTS, audit_entry::Column::Sequence, view).await
}

#[derive(Deserialize)]
struct Days {
    days: i64,
}

async fn analytics(ask: Ask, args: Days) -> Result<Value, ApiError> {
    if !(1..=366).contains(&args.days) {
        return Err(ApiError::invalid("days", "must be 1 to 366"));
    }
    let now = clock::now_micros();
    let since = now - args.days * 86_400_000_000;
    let rows = store::activity(ask.db(), ask.tenant(), since).await?;
    let mut by_type: std::collections::BTreeMap<&str, i64> = std::collections::BTreeMap::new();
    for row in &rows {
        *by_type.entry(&row.action).or_default() += row.entries;
    }
    let mut timeline: std::collections::BTreeMap<(i64, &str), i64> = std::collections::BTreeMap::new();
    for row in &rows {
        *timeline.entry((row.day, row.action.as_str())).or_default() += row.entries;
    }
    // The chain keeps what policies say is to be kept; how busy an agent is, its decisions tell.
    let top =
        decision_hours::greatest(ask.db(), ask.tenant(), (since, now), Dimension::Agent, false, MOST_AGENTS).await?;
    Ok(json!({
        "timeline": timeline.into_iter().map(|((day, action), count)| {
            json!({ "bucket": clock::iso(day * 86_400_000_000), "eventType": action, "count": count })
        }).collect::<Vec<_>>(),
        "byType": by_type.into_iter().map(|(action, count)| json!({ "eventType": action, "count": count })).collect::<Vec<_>>(),
        "topAgents": top.into_iter().map(|(agent, count)| json!({ "agentId": agent, "eventCount": count })).collect::<Vec<_>>(),
    }))
}

#[derive(Deserialize)]
struct Chain {
    #[serde(default)]
    verify: bool,
}

/// How the chain stands; walked to its beginning only when that is asked for.
pub(super) async fn status(ask: &Ask, verify: bool) -> Result<Value, ApiError> {
    let head = store::head(ask.db(), ask.tenant()).await?;
    let checkpoint = store::latest_checkpoint(ask.db(), ask.tenant()).await?;
    let checkpoint_at = checkpoint.map(|signed| clock::iso(signed.signed_at));
    let mut status = json!({
        "valid": null, "entries": head.size(), "head": head.chain_hash().to_string(), "checkedAt": null,
        "checkpointAt": checkpoint_at, "brokenAt": null, "message": "not verified now",
    });
    if verify {
        let found = audit::verify(&ask.app, ask.tenant(), audit::Asked::default()).await?;
        let message = match (found.is_valid(), found.faults.first()) {
            (true, _) => format!("{} entries were recomputed and hold", found.records_checked),
            (false, Some(fault)) => fault.message.clone(),
            (false, None) => "no signed head vouches for the chain yet".to_owned(),
        };
        status["valid"] = found.is_valid().into();
        status["checkedAt"] = clock::iso(clock::now_micros()).into();
        status["brokenAt"] = json!(found.broken_at());
        status["message"] = message.into();
    }
    Ok(status)
}

#[derive(Deserialize)]
struct Receipt {
    sequence: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export {
    format: String,
    start_date: String,
    end_date: String,
}

/// Says from where the file is fetched; the fetch itself is put on the trail.
async fn export(ask: Ask, args: Export) -> Result<Value, ApiError> {
    let format = args.format.to_lowercase();
    let format = if format == "json" { "ndjson".to_owned() } else { format };
    if audit::export::Format::from_name(&format).is_none() {
        return Err(ApiError::invalid("format", "expected csv, json, ndjson, cef or ocsf"));
    }
    let zone = crate::service::settings::zone(&ask.app, ask.tenant()).await?;
    let mut query = Map::new();
    for (field, name, given) in [("startDate", "from", &args.start_date), ("endDate", "to", &args.end_date)] {
        // A date alone is the beginning of that day where the organisation is.
        if let Some(at) = fields::instant_in(field, Some(given), &zone)? {
            query.insert(name.to_owned(), clock::iso(at).into());
        }
    }
    let mut url = format!("/api/zentinelle/v1/audit/export?format={format}");
    for (name, at) in query {
        url.push_str(&format!("&{name}={}", at.as_str().unwrap_or_default()));
    }
    Ok(json!({ "downloadUrl": url }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::actor;

    #[test]
    fn an_actor_is_what_the_record_says_of_it() {
        let kind = |who, agent| {
            let actor = actor(who, agent);
            (actor["type"].clone(), actor["name"].clone(), actor["email"].clone())
        };
        assert_eq!(kind("operator:ann", None), (json!("operator"), json!("ann"), Value::Null));
        assert_eq!(kind("builder", Some("builder")), (json!("agent"), json!("builder"), Value::Null));
        assert_eq!(
            kind("ann@acme.example", Some("builder")),
            (json!("agent"), json!("builder"), json!("ann@acme.example"))
        );
        assert_eq!(kind("ann@acme.example", None), (json!("user"), json!("ann@acme.example"), Value::Null));
        assert_eq!(kind("", None), (json!("system"), json!(""), Value::Null));
    }
}
