//! Usage, providers, and the model registry.

use serde::Deserialize;
use serde_json::{Value, json};

use super::shared::{display, made_id};
use crate::clock;
use crate::graphql::ask::{Ask, ById, Id, Instant, Resolvers, optional};
use crate::graphql::page::{self, PageArgs};
use crate::http::error::ApiError;
use crate::service::{models as service, prices};
use crate::store::entities::{alert, model};
use crate::store::usage::{self, Grouping, Sums};
use crate::store::{agents, alerts, keyset, models as store};

/// Providers whose calls the proxy understands, with the variable their clients read a key from.
const PROVIDERS: [(&str, &str, &str, &str); 3] = [
    ("anthropic", "Anthropic", "ANTHROPIC_API_KEY", "sk-ant-"),
    ("openai", "OpenAI", "OPENAI_API_KEY", "sk-"),
    ("google", "Google", "GEMINI_API_KEY", ""),
];
/// Kinds of alerts that are about usage.
const ABOUT_USAGE: [&str; 4] = ["cost", "usage", "budget", "rule"];

pub(super) fn register(to: &mut Resolvers) {
    to.query("usageMetrics", metrics);
    to.query("usageAlerts", usage_alerts);
    to.query("aiProviders", async |_: Ask, _: Value| {
        Ok::<_, ApiError>(PROVIDERS.iter().map(provider).collect::<Value>())
    });
    to.query("aiProvider", async |_: Ask, args: OneProvider| -> Result<Option<Value>, ApiError> {
        let wanted = |view: &Value| {
            let is = |key: &str, wanted: Option<&str>| wanted.is_some_and(|wanted| view[key] == wanted);
            is("id", args.id.as_ref().map(|id| id.0.as_str())) || is("slug", args.slug.as_deref())
        };
        Ok(PROVIDERS.iter().map(provider).find(wanted))
    });
    to.query("aiModels", async |ask: Ask, args: Models| -> Result<Vec<Value>, ApiError> {
        let wanted = store::Listed {
            search: args.search,
            provider_slug: keyset::word(args.provider_slug),
            model_type: keyset::word(args.model_type),
            risk_level: keyset::word(args.risk_level),
            approval: args.available_only.unwrap_or_default().then(|| vec!["approved".into(), "restricted".into()]),
        };
        page::list(&ask, wanted.select(ask.tenant()), store::SORTS, model::Column::Id, view).await
    });
    to.query("modelsPage", async |ask: Ask, args: PageArgs<store::Listed>| {
        let select = args.filter().select(ask.tenant());
        args.read(&ask, "models", select, store::SORTS, model::Column::Id, view).await
    });
    to.query("aiModel", async |ask: Ask, args: ById| {
        optional(service::get(&ask.app, &ask.caller, &args.id.0).await.map(view))
    });
    for (field, column) in [("inputPricePerMillion", 0), ("outputPricePerMillion", 1)] {
        to.field("AIModelType", field, move |ask: Ask, _: Value| async move {
            let table = prices::of_tenant(&ask.app, ask.tenant()).await?;
            let (provider, model) = (ask.of_parent("providerSlug"), ask.of_parent("modelId"));
            let found = table.rate(provider, model, clock::now_micros());
            let micros = |rate: &prices::Rate| if column == 0 { rate.input } else { rate.output };
            Ok::<_, ApiError>(found.map(|rate| micros(&rate) as f64 / 1e6))
        });
    }
}

/// A model, as it is answered.
pub(super) fn view(row: model::Model) -> Value {
    let usable = matches!(row.approval.as_str(), "approved" | "restricted");
    json!({
        "id": row.id, "modelId": row.model, "name": row.display_name, "description": row.approval_note,
        "modelType": row.model_type, "riskLevel": row.risk_level, "contextWindow": row.context_window,
        "isAvailable": usable, "deprecated": false, "isGlobal": false, "documentationUrl": "",
        "createdAt": clock::iso(row.created_at), "updatedAt": clock::iso(row.updated_at),
        "capabilities": row.capabilities, "providerSlug": row.provider, "providerName": display(&row.provider),
        "modelTypeDisplay": display(&row.model_type), "riskLevelDisplay": display(&row.risk_level),
        "fullModelId": format!("{}/{}", row.provider, row.model), "approval": row.approval,
    })
}

fn provider((slug, name, variable, prefix): &(&str, &str, &str, &str)) -> Value {
    json!({
        "id": made_id(slug), "slug": slug, "name": name, "logoUrl": "", "supportsManagedKeys": false,
        "supportsKeyCreation": false, "supportsKeyDeletion": false, "supportsKeyRotation": false,
        "supportsPerKeyLimits": false, "supportsUsageApi": false, "supportsPerKeyStats": false,
        "supportsRealtimeUsage": true, "usageDelayMinutes": 0, "adminApiBaseUrl": "", "usageApiBaseUrl": "",
        "apiDocsUrl": "", "keyPrefix": prefix, "keyEnvVar": variable, "isActive": true,
        "notes": "The proxy understands and guards its calls; a key of the organisation can be kept sealed.",
    })
}

#[derive(Deserialize)]
struct OneProvider {
    id: Option<Id>,
    slug: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Models {
    search: Option<String>,
    provider_slug: Option<String>,
    model_type: Option<String>,
    risk_level: Option<String>,
    available_only: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    start_date: Option<Instant>,
    end_date: Option<Instant>,
    granularity: Option<String>,
}

fn tokens(sums: &Sums) -> i64 {
    let all = [sums.input_tokens, sums.cached_input_tokens, sums.cache_write_tokens, sums.output_tokens];
    all.into_iter().flatten().sum()
}

fn cost(sums: &Sums) -> f64 {
    sums.usd_micros.unwrap_or_default() as f64 / 1e6
}

async fn metrics(ask: Ask, args: Metrics) -> Result<Value, ApiError> {
    let (db, tenant) = (ask.db(), ask.tenant());
    let to = args.end_date.map_or_else(|| clock::now_micros() + 1, |at| at.0);
    let from = args.start_date.map_or(to - 30 * 86_400_000_000, |at| at.0);
    if from > to {
        return Err(ApiError::invalid("startDate", "is after `endDate`"));
    }
    let (grouping, width) = match args.granularity.as_deref().map(str::to_lowercase).as_deref() {
        None | Some("day" | "daily" | "") => (Grouping::Day, 86_400_000_000),
        Some("hour" | "hourly") => (Grouping::Hour, 3_600_000_000),
        Some(_) => return Err(ApiError::invalid("granularity", "expected day or hour")),
    };
    if (to - from) / width > 2_300 {
        return Err(ApiError::invalid("startDate", "lies too far back for so fine a granularity"));
    }
    let total = usage::total(db, tenant, from, to).await?;
    let series = usage::by_group(db, tenant, grouping, from, to, 2_500).await?;
    let by_agent = usage::by_group(db, tenant, Grouping::Agent, from, to, 100).await?;
    let by_model = usage::by_group(db, tenant, Grouping::Model, from, to, 100).await?;
    let ids: Vec<String> = by_agent.iter().filter_map(|sums| sums.name.clone()).collect();
    let known = agents::by_agent_ids(db, tenant, &ids).await?;
    let name = |id: &str| known.iter().find(|row| row.agent_id == id).map_or(id, |row| row.name.as_str()).to_owned();
    Ok(json!({
        "summary": {
            "totalApiCalls": total.calls, "totalTokens": tokens(&total), "totalCost": cost(&total),
            "activeAgents": by_agent.len(), "storageUsedMb": null,
        },
        "timeSeries": series.iter().map(|sums| json!({
            "date": clock::iso(sums.bucket.unwrap_or_default() * width), "apiCalls": sums.calls,
            "tokens": tokens(sums), "cost": cost(sums),
        })).collect::<Vec<_>>(),
        "byAgent": by_agent.iter().map(|sums| {
            let id = sums.name.clone().unwrap_or_default();
            json!({
                "agentName": name(&id), "agentId": id, "apiCalls": sums.calls, "tokens": tokens(sums),
                "cost": cost(sums),
            })
        }).collect::<Vec<_>>(),
        "byEndpoint": by_model.iter().map(|sums| json!({
            "endpoint": format!("{}/{}", sums.provider.as_deref().unwrap_or_default(), sums.name.as_deref().unwrap_or_default()),
            "apiCalls": sums.calls, "avgLatencyMs": null,
        })).collect::<Vec<_>>(),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsageAlerts {
    alert_type: Option<String>,
    severity: Option<String>,
    acknowledged: Option<bool>,
    resolved: Option<bool>,
    first: Option<i64>,
}

/// Alerts about what is used and spent.
async fn usage_alerts(ask: Ask, args: UsageAlerts) -> Result<Vec<Value>, ApiError> {
    let limit = usize::try_from(page::size("first", args.first, 50)?).unwrap_or(usize::MAX);
    let wanted = alerts::Listed {
        alert_type: keyset::word(args.alert_type),
        severity: keyset::word(args.severity),
        ..alerts::Listed::default()
    };
    let order = keyset::Order::By(alert::Column::CreatedAt);
    let window = keyset::Window { limit: page::MOST_LIST, descending: true, backwards: false, from: None };
    let (mut rows, _) = keyset::read(ask.db(), wanted.select(ask.tenant()), order, alert::Column::Id, window).await?;
    rows.retain(|row| {
        let about = ABOUT_USAGE.iter().any(|kind| row.alert_type.contains(kind));
        let fits = |wanted: Option<bool>, is: bool| wanted.is_none_or(|wanted| wanted == is);
        about
            && fits(args.acknowledged, row.acknowledged_at.is_some())
            && fits(args.resolved, row.resolved_at.is_some())
    });
    rows.truncate(limit);
    let view = |row: alert::Model| {
        let number = |key: &str| row.metadata.get(key).and_then(Value::as_f64);
        json!({
            "id": row.id, "alertType": row.alert_type, "alertTypeDisplay": display(&row.alert_type),
            "severity": row.severity, "severityDisplay": display(&row.severity), "title": row.title,
            "message": row.description, "details": row.metadata, "thresholdValue": number("threshold"),
            "currentValue": number("value").or_else(|| number("count")),
            "acknowledged": row.acknowledged_at.is_some(),
            "acknowledgedAt": clock::iso_or_none(row.acknowledged_at), "acknowledgedByEmail": row.acknowledged_by,
            "resolved": row.resolved_at.is_some(), "resolvedAt": clock::iso_or_none(row.resolved_at),
            "createdAt": clock::iso(row.created_at),
        })
    };
    Ok(rows.into_iter().map(view).collect())
}
