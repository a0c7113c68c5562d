//! Alerts and the rules that raise them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::shared::{at, bulk, display, input, not_too_many};
use crate::clock;
use crate::graphql::ask::{Ask, ById, Id, Resolvers, optional};
use crate::graphql::page::{self, PageArgs};
use crate::http::error::ApiError;
use crate::service::{alert_rules, alerts};
use crate::store::entities::{alert, alert_rule};
use crate::store::page::Page;
use crate::store::{alerts as store, keyset};

pub(super) fn register(to: &mut Resolvers) {
    to.query("complianceAlerts", async |ask: Ask, args: Alerts| {
        let wanted = store::Listed {
            status: keyset::word(args.status),
            severity: keyset::word(args.severity),
            alert_type: keyset::word(args.alert_type),
            ..store::Listed::default()
        };
        page::list(&ask, wanted.select(ask.tenant()), store::SORTS, alert::Column::Id, view).await
    });
    to.query("alertsPage", async |ask: Ask, args: PageArgs<store::Listed>| {
        let select = args.filter().select(ask.tenant());
        args.read(&ask, "alerts", select, store::SORTS, alert::Column::Id, view).await
    });
    to.query("complianceAlert", async |ask: Ask, args: ById| {
        let found = store::by_id(ask.db(), ask.tenant(), &args.id.0).await;
        optional(found.map(view).map_err(ApiError::from))
    });
    to.query("alertRules", rules);
    to.mutation("acknowledgeComplianceAlert", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let row = alerts::acknowledge(&ask.app, &ask.caller, args.id.known("alert")?).await?;
        Ok(json!({ "alertId": row.id }))
    });
    to.mutation("resolveComplianceAlert", async |ask: Ask, args: Close| -> Result<Value, ApiError> {
        let row = alerts::resolve(&ask.app, &ask.caller, args.id.known("alert")?, &args.notes, false).await?;
        Ok(json!({ "alertId": row.id }))
    });
    to.mutation("dismissComplianceAlert", async |ask: Ask, args: Close| -> Result<Value, ApiError> {
        let row = alerts::resolve(&ask.app, &ask.caller, args.id.known("alert")?, &args.notes, true).await?;
        Ok(json!({ "alertId": row.id }))
    });
    to.mutation("setAlerts", set_many);
    to.mutation("saveAlertRule", save_rule);
    to.mutation("deleteAlertRule", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        alert_rules::delete(&ask.app, &ask.caller, args.id.known("alert rule")?).await?;
        Ok(json!({ "id": args.id.0 }))
    });
    to.field("ComplianceAlertType", "endpoint", async |ask: Ask, _: Value| {
        ask.load("agent", ask.of_parent("agentId")).await
    });
    to.field("ComplianceAlertType", "endpointName", async |ask: Ask, _: Value| {
        let agent = ask.load("agent", ask.of_parent("agentId")).await?;
        Ok::<_, ApiError>(agent.get("name").cloned().unwrap_or_default())
    });
    to.field("ComplianceAlertType", "violations", violations);
}

/// An alert, as it is answered.
pub(super) fn view(row: alert::Model) -> Value {
    json!({
        "id": row.id, "alertType": row.alert_type, "severity": row.severity, "title": row.title,
        "description": row.description, "userIdentifier": row.user_id.unwrap_or_default(),
        "violationCount": row.violation_count, "firstViolationAt": at(row.first_violation_at),
        "lastViolationAt": at(row.last_violation_at), "acknowledgedAt": at(row.acknowledged_at),
        "resolvedAt": at(row.resolved_at), "resolutionNotes": row.resolution_notes, "metadata": row.metadata,
        "createdAt": clock::iso(row.created_at), "alertTypeDisplay": display(&row.alert_type),
        "severityDisplay": display(&row.severity), "statusDisplay": display(&row.status), "status": row.status,
        "acknowledgedByUsername": row.acknowledged_by, "resolvedByUsername": row.resolved_by,
        "agentId": row.agent_id,
    })
}

fn rule_view(row: alert_rule::Model) -> Value {
    json!({
        "id": row.id, "name": row.name, "kind": row.condition.get("metric"), "config": row.condition,
        "severity": row.severity, "enabled": row.enabled, "createdAt": clock::iso(row.created_at),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alerts {
    status: Option<String>,
    severity: Option<String>,
    alert_type: Option<String>,
}

#[derive(Deserialize)]
struct Close {
    id: Id,
    #[serde(default)]
    notes: String,
}

#[derive(Deserialize)]
struct SetMany {
    ids: Vec<Id>,
    status: String,
    notes: Option<String>,
}

async fn set_many(ask: Ask, args: SetMany) -> Result<Value, ApiError> {
    not_too_many(&args.ids.iter().map(|id| id.0.clone()).collect::<Vec<_>>())?;
    let notes = args.notes.unwrap_or_default();
    let mut outcomes = Vec::with_capacity(args.ids.len());
    for id in args.ids {
        let outcome = async {
            let known = id.known("alert")?;
            match args.status.as_str() {
                "acknowledged" => alerts::acknowledge(&ask.app, &ask.caller, known).await.map(drop),
                "resolved" => alerts::resolve(&ask.app, &ask.caller, known, &notes, false).await.map(drop),
                "false_positive" | "dismissed" => {
                    alerts::resolve(&ask.app, &ask.caller, known, &notes, true).await.map(drop)
                }
                _ => Err(ApiError::invalid("status", "expected acknowledged, resolved or false_positive")),
            }
        };
        let outcome = outcome.await;
        outcomes.push((id.0, outcome));
    }
    bulk(outcomes)
}

async fn rules(ask: Ask, _: Value) -> Result<Vec<Value>, ApiError> {
    let page = Page { limit: page::MOST_LIST, offset: 0, before: None };
    let found = alert_rules::list(&ask.app, &ask.caller, &page).await?;
    Ok(found.rows.into_iter().map(rule_view).collect())
}

#[derive(Deserialize)]
struct SaveRule {
    id: Option<Id>,
    name: String,
    kind: String,
    config: Value,
    severity: String,
    enabled: Option<bool>,
}

async fn save_rule(ask: Ask, args: SaveRule) -> Result<Value, ApiError> {
    let mut condition = args.config;
    if let Some(condition) = condition.as_object_mut() {
        condition.insert("metric".to_owned(), args.kind.into());
    }
    let written = input(json!({
        "name": args.name, "condition": condition, "severity": args.severity, "enabled": args.enabled,
    }))?;
    let row = match args.id {
        None => alert_rules::create(&ask.app, &ask.caller, written).await?,
        Some(id) => alert_rules::update(&ask.app, &ask.caller, id.known("alert rule")?, written).await?,
    };
    Ok(json!({ "id": row.id }))
}

/// What the scan found that an alert was raised for.
async fn violations(ask: Ask, _: Value) -> Result<Value, ApiError> {
    let scan = ask.parent.pointer("/metadata/scan_id").and_then(Value::as_str).unwrap_or_default();
    let found = ask.load("scan_violations", scan).await?;
    Ok(if found.is_null() { json!([]) } else { found })
}
