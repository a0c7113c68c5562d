//! Incidents.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::shared::{agent_of, at, bulk, display, input, not_too_many, options, own_id, same_id};
use crate::clock;
use crate::graphql::ask::{Ask, ById, Id, Instant, Resolvers, optional};
use crate::graphql::page::{self, PageArgs};
use crate::http::error::ApiError;
use crate::service::incidents::{self, ServiceLevel};
use crate::store::entities::{incident, incident_comment};
use crate::store::{incidents as store, keyset};

const TYPES: [&str; 8] = [
    "policy_violation",
    "security_breach",
    "data_leak",
    "service_disruption",
    "compliance_breach",
    "cost_overrun",
    "harmful_output",
    "other",
];

pub(super) fn register(to: &mut Resolvers) {
    to.query("incidents", async |ask: Ask, args: Incidents| {
        let wanted = store::Listed {
            search: args.search,
            incident_type: keyset::word(args.incident_type),
            severity: keyset::word(args.severity),
            status: keyset::word(args.status),
            since: args.start_date,
            until: args.end_date,
            ..store::Listed::default()
        };
        page::list(&ask, wanted.select(ask.tenant()), store::SORTS, incident::Column::Id, view).await
    });
    to.query("incidentsPage", async |ask: Ask, args: PageArgs<store::Listed>| {
        let mut wanted = args.filter();
        own_id(&ask, &mut wanted.endpoint_id).await?;
        let select = wanted.select(ask.tenant());
        args.read(&ask, "incidents", select, store::SORTS, incident::Column::Id, view).await
    });
    to.query("incident", async |ask: Ask, args: ById| {
        let found = store::by_id(ask.db(), ask.tenant(), &args.id.0).await;
        optional(found.map(view).map_err(ApiError::from))
    });
    to.query("incidentOptions", async |_: Ask, _: Value| {
        Ok::<_, ApiError>(json!({
            "incidentTypes": options(&TYPES),
            "severities": options(&["low", "medium", "high", "critical"]),
            "statuses": options(&["open", "investigating", "mitigating", "resolved", "closed"]),
        }))
    });
    to.mutation("createIncident", create);
    to.mutation("updateIncident", async |ask: Ask, args: Update| -> Result<Value, ApiError> {
        same_id(&args.id, &args.input)?;
        change(&ask, &args.id, Value::Object(args.input)).await
    });
    to.mutation("acknowledgeIncident", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        change(&ask, &args.id, json!({ "status": "investigating" })).await
    });
    to.mutation("assignIncident", async |ask: Ask, args: Assign| -> Result<Value, ApiError> {
        change(&ask, &args.id, json!({ "assigneeId": args.assignee_id })).await
    });
    to.mutation("resolveIncident", async |ask: Ask, args: Resolve| -> Result<Value, ApiError> {
        change(&ask, &args.id, json!({ "status": "resolved", "resolution": args.resolution })).await
    });
    to.mutation("closeIncident", async |ask: Ask, args: Close| -> Result<Value, ApiError> {
        change(&ask, &args.id, json!({ "status": "closed", "lessonsLearned": args.lessons_learned })).await
    });
    to.mutation("commentIncident", async |ask: Ask, args: Comment| -> Result<Value, ApiError> {
        let made = incidents::comment(&ask.app, &ask.caller, args.id.known("incident")?, Some(&args.body)).await?;
        Ok(json!({ "id": made.id }))
    });
    to.mutation("setIncidents", set_many);
    to.batch("incident_comments", async |app, tenant, ids| {
        let rows = store::comments_of_all(app.store.db(), &tenant, &ids).await?;
        let mut by_incident: hashbrown::HashMap<String, Value> = hashbrown::HashMap::new();
        for row in rows {
            let list = by_incident.entry(row.incident_id.clone()).or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(comment_view(row));
            }
        }
        Ok(by_incident)
    });
    to.batch("policy_name", async |app, tenant, ids| {
        let rows = crate::store::policies::by_ids(app.store.db(), &tenant, &ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, json!(row.name))).collect())
    });
    to.field("IncidentType", "comments", async |ask: Ask, _: Value| {
        let found = ask.load("incident_comments", ask.of_parent("id")).await?;
        Ok::<_, ApiError>(if found.is_null() { json!([]) } else { found })
    });
    to.field("IncidentType", "endpoint", async |ask: Ask, _: Value| ask.load("agent", ask.of_parent("agentId")).await);
    to.field("IncidentType", "endpointName", async |ask: Ask, _: Value| {
        let agent = ask.load("agent", ask.of_parent("agentId")).await?;
        Ok::<_, ApiError>(agent.get("name").cloned().unwrap_or_default())
    });
    to.field("IncidentType", "triggeringPolicyName", async |ask: Ask, _: Value| {
        ask.load("policy_name", ask.of_parent("policyId")).await
    });
}

/// An incident, as it is answered.
pub(super) fn view(row: incident::Model) -> Value {
    let now = clock::now_micros();
    let sla = ServiceLevel::of(&row, now);
    let sla_status = match (sla.breached, row.resolved_at) {
        (true, _) => "breached",
        (false, Some(_)) => "met",
        (false, None) => "on_track",
    };
    let seconds = |until: Option<i64>| until.map(|until| (until - row.detected_at).max(0) / 1_000_000);
    let events = [
        ("detected", Some(row.detected_at)),
        ("acknowledged", row.acknowledged_at),
        ("resolved", row.resolved_at),
        ("closed", row.closed_at),
    ];
    let timeline: Vec<Value> =
        events.iter().filter_map(|(event, at)| Some(json!({ "event": event, "at": clock::iso((*at)?) }))).collect();
    json!({
        "id": row.id, "title": row.title, "description": row.description, "incidentType": row.incident_type,
        "severity": row.severity, "status": row.status, "affectedUser": row.affected_user,
        "affectedUserCount": row.affected_user_count, "deploymentId": row.deployment_id, "deploymentName": row.deployment_id,
        "rootCause": row.root_cause, "impactAssessment": row.impact, "resolution": row.resolution,
        "remediationActions": [], "lessonsLearned": row.lessons, "occurredAt": clock::iso(row.occurred_at),
        "detectedAt": clock::iso(row.detected_at), "acknowledgedAt": at(row.acknowledged_at),
        "resolvedAt": at(row.resolved_at), "closedAt": at(row.closed_at), "tags": row.tags, "evidence": row.evidence,
        "timelineEvents": timeline, "createdAt": clock::iso(row.created_at), "updatedAt": clock::iso(row.updated_at),
        "incidentTypeDisplay": display(&row.incident_type), "severityDisplay": display(&row.severity),
        "statusDisplay": display(&row.status), "slaStatus": sla_status, "slaDueAt": sla.due_at,
        "timeToAcknowledgeSeconds": seconds(row.acknowledged_at), "timeToResolveSeconds": seconds(row.resolved_at),
        "assignedToName": row.assignee_id, "assignee": row.assignee_id, "reportedByName": row.reporter_id,
        "agentId": row.agent_id, "policyId": row.policy_id,
    })
}

fn comment_view(row: incident_comment::Model) -> Value {
    json!({ "id": row.id, "author": row.author_id, "body": row.body, "createdAt": clock::iso(row.created_at) })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Incidents {
    search: Option<String>,
    incident_type: Option<String>,
    severity: Option<String>,
    status: Option<String>,
    start_date: Option<Instant>,
    end_date: Option<Instant>,
}

#[derive(Deserialize)]
struct Create {
    input: CreateInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    title: String,
    description: String,
    incident_type: Option<String>,
    severity: Option<String>,
    endpoint_id: Option<Id>,
    deployment_id: Option<Id>,
    related_risk_id: Option<Id>,
    affected_user: Option<String>,
    affected_user_count: Option<i64>,
    occurred_at: Option<String>,
    tags: Option<Vec<String>>,
}

async fn create(ask: Ask, args: Create) -> Result<Value, ApiError> {
    let new = args.input;
    let agent = match &new.endpoint_id {
        Some(id) => Some(agent_of(&ask, &id.0).await?.agent_id),
        None => None,
    };
    let new = input(json!({
        "title": new.title, "description": new.description, "incident_type": new.incident_type,
        "severity": new.severity, "agent_id": agent, "occurred_at": new.occurred_at, "tags": new.tags,
        "deployment_id": new.deployment_id.map(|id| id.0), "risk_id": new.related_risk_id.map(|id| id.0),
        "affected_user": new.affected_user, "affected_user_count": new.affected_user_count,
    }))?;
    let row = incidents::create(&ask.app, &ask.caller, new).await?;
    Ok(json!({ "incidentId": row.id }))
}

#[derive(Deserialize)]
struct Update {
    id: Id,
    input: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assign {
    id: Id,
    assignee_id: String,
}

#[derive(Deserialize)]
struct Resolve {
    id: Id,
    resolution: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Close {
    id: Id,
    lessons_learned: String,
}

#[derive(Deserialize)]
struct Comment {
    id: Id,
    body: String,
}

/// Changes an incident by the names the schema has for its fields.
async fn change(ask: &Ask, id: &Id, given: Value) -> Result<Value, ApiError> {
    let of = |key: &str| given.get(key).cloned().unwrap_or_default();
    let patch = input(json!({
        "status": of("status"), "severity": of("severity"), "title": of("title"), "description": of("description"),
        "assignee_id": of("assigneeId"), "root_cause": of("rootCause"), "impact": of("impactAssessment"),
        "resolution": of("resolution"), "lessons": of("lessonsLearned"), "tags": of("tags"),
        "incident_type": of("incidentType"), "deployment_id": of("deploymentId"), "risk_id": of("relatedRiskId"),
        "affected_user": of("affectedUser"), "affected_user_count": of("affectedUserCount"),
    }))?;
    let row = incidents::update(&ask.app, &ask.caller, id.known("incident")?, patch).await?;
    Ok(json!({ "incidentId": row.id }))
}

#[derive(Deserialize)]
struct SetMany {
    ids: Vec<Id>,
    status: Option<String>,
    assignee: Option<String>,
}

async fn set_many(ask: Ask, args: SetMany) -> Result<Value, ApiError> {
    not_too_many(&args.ids.iter().map(|id| id.0.clone()).collect::<Vec<_>>())?;
    let mut outcomes = Vec::with_capacity(args.ids.len());
    for id in args.ids {
        let given = json!({ "status": args.status, "assigneeId": args.assignee });
        let outcome = change(&ask, &id, given).await.map(drop);
        outcomes.push((id.0, outcome));
    }
    bulk(outcomes)
}
