//! The risk register.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::shared::{at, display, input, options, same_id};
use crate::clock;
use crate::graphql::ask::{Ask, ById, Id, Nothing, Resolvers, optional};
use crate::graphql::page::{self, PageArgs};
use crate::http::error::ApiError;
use crate::service::risks::{self, FACTORS, Level, RiskInput, factor_label};
use crate::store::entities::risk;
use crate::store::risks::{self as store, Wanted};

const CATEGORIES: [&str; 7] =
    ["security", "privacy", "compliance", "operational", "reputational", "financial", "ethical"];
const STATUSES: [&str; 6] = ["identified", "assessed", "mitigating", "accepted", "transferred", "closed"];

pub(super) fn register(to: &mut Resolvers) {
    to.query("risks", async |ask: Ask, args: Listed| {
        let one = |word: Option<String>| word.filter(|word| !word.is_empty()).map(|word| vec![word]);
        let filter = Filter {
            search: args.search,
            category: one(args.category),
            status: one(args.status),
            risk_level: one(args.risk_level),
            ..Filter::default()
        };
        page::list(&ask, store::select(ask.tenant(), &filter.wanted()?), store::SORTS, risk::Column::Id, view).await
    });
    to.query("risksPage", async |ask: Ask, args: PageArgs<Filter>| {
        let select = store::select(ask.tenant(), &args.filter().wanted()?);
        args.read(&ask, "risks", select, store::SORTS, risk::Column::Id, view).await
    });
    to.query("risk", async |ask: Ask, args: ById| {
        let found = store::by_id(ask.db(), ask.tenant(), &args.id.0).await;
        optional(found.map(view).map_err(ApiError::from))
    });
    to.query("riskOptions", async |_: Ask, _: Nothing| {
        let factors: Value =
            FACTORS.iter().map(|value| json!({ "value": value.to_string(), "label": factor_label(*value) })).collect();
        Ok::<_, ApiError>(json!({
            "categories": options(&CATEGORIES), "statuses": options(&STATUSES), "likelihoods": factors.clone(),
            "impacts": factors,
        }))
    });
    to.query("riskStats", stats);
    to.query("riskTrend", async |ask: Ask, args: Trend| {
        let days = args.days.unwrap_or(30);
        if days < 1 {
            return Err(ApiError::invalid("days", "must be at least 1"));
        }
        let points = risks::trend(&ask.app, ask.tenant(), days).await?.into_iter().map(
            |point| json!({ "at": point.day, "open": point.open_count, "mean": point.mean, "highest": point.highest }),
        );
        Ok(points.collect::<Vec<_>>())
    });
    to.query("riskMatrix", async |ask: Ask, _: Nothing| {
        Ok::<_, ApiError>(risks::matrix(&ask.app, ask.tenant()).await?)
    });
    to.mutation("createRisk", async |ask: Ask, args: Create| -> Result<Value, ApiError> {
        let row = risks::create(&ask.app, &ask.caller, written(&args.input)?).await?;
        Ok(json!({ "riskId": row.id }))
    });
    to.mutation("updateRisk", async |ask: Ask, args: Update| -> Result<Value, ApiError> {
        same_id(&args.id, &args.input)?;
        let row = risks::update(&ask.app, &ask.caller, args.id.known("risk")?, written(&args.input)?).await?;
        Ok(json!({ "riskId": row.id }))
    });
    to.mutation("reviewRisk", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let row = risks::review(&ask.app, &ask.caller, args.id.known("risk")?).await?;
        Ok(json!({ "riskId": row.id }))
    });
    to.mutation("deleteRisk", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        risks::delete(&ask.app, &ask.caller, args.id.known("risk")?).await?;
        Ok(json!({}))
    });
    nested(to);
}

/// What a risk is linked with, and the risk an incident belongs to.
fn nested(to: &mut Resolvers) {
    to.batch("risk_links", async |app, tenant, ids| {
        let found = risks::linked(&app, &tenant, &ids).await?;
        let view = |links: risks::Linked| {
            json!({ "policies": links.policies, "agents": links.agents, "incidents": links.incidents })
        };
        Ok(ids.into_iter().zip(found.into_iter().map(view)).collect())
    });
    to.batch("incident", async |app, tenant, ids| {
        let rows = crate::store::incidents::by_ids(app.store.db(), &tenant, &ids).await?;
        Ok(rows.into_iter().map(|row| (row.id.clone(), super::incidents::view(row))).collect())
    });
    to.batch("risk_of_incident", async |app, tenant, ids| {
        let links = store::linked_with(app.store.db(), &tenant, "incident", &ids).await?;
        let wanted: Vec<String> = links.iter().map(|(_, risk)| risk.clone()).collect();
        let rows = store::by_ids(app.store.db(), &tenant, &wanted).await?;
        let view = |(incident, id): (String, String)| {
            let row = rows.iter().find(|row| row.id == id)?;
            Some((incident, view(row.clone())))
        };
        Ok(links.into_iter().filter_map(view).collect())
    });
    to.field("RiskType", "policies", async |ask: Ask, _: Nothing| linked(ask, "policies", "policy").await);
    to.field("RiskType", "agents", async |ask: Ask, _: Nothing| linked(ask, "agents", "agent").await);
    to.field("RiskType", "incidents", async |ask: Ask, _: Nothing| linked(ask, "incidents", "incident").await);
    to.field("RiskType", "incidentCount", async |ask: Ask, _: Nothing| {
        let links = ask.load("risk_links", ask.of_parent("id")).await?;
        Ok::<_, ApiError>(links.get("incidents").and_then(Value::as_array).map_or(0, Vec::len))
    });
    to.field("IncidentType", "risk", async |ask: Ask, _: Nothing| {
        ask.load("risk_of_incident", ask.of_parent("id")).await
    });
    to.field("IncidentType", "relatedRiskName", async |ask: Ask, _: Nothing| {
        let risk = ask.load("risk_of_incident", ask.of_parent("id")).await?;
        Ok::<_, ApiError>(risk.get("name").cloned().unwrap_or_default())
    });
}

/// What a risk is linked with, of one kind. What is gone by now is left out.
async fn linked(ask: Ask, field: &str, kind: &'static str) -> Result<Vec<Value>, ApiError> {
    let links = ask.load("risk_links", ask.of_parent("id")).await?;
    let ids = links.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let found = futures_util::future::try_join_all(ids.map(|id| ask.load(kind, id))).await?;
    Ok(found.into_iter().filter(|one| !one.is_null()).collect())
}

/// A risk, as it is answered.
pub(super) fn view(row: risk::Model) -> Value {
    let residual = risks::residual_score(&row);
    json!({
        "id": row.id, "name": row.name, "description": row.description, "category": row.category,
        "status": row.status, "severity": row.severity, "likelihood": row.likelihood, "impact": row.impact,
        "mitigationPlan": row.mitigation_plan, "mitigationStatus": row.mitigation_status,
        "residualSeverity": row.residual_severity, "residualLikelihood": row.residual_likelihood,
        "residualImpact": row.residual_impact, "lastReviewedAt": at(row.last_reviewed_at),
        "nextReviewDate": row.next_review_at.map(clock::day), "tags": row.tags,
        "externalReferences": row.external_references, "identifiedAt": clock::iso(row.identified_at),
        "createdAt": clock::iso(row.created_at), "updatedAt": clock::iso(row.updated_at),
        "categoryDisplay": display(&row.category), "statusDisplay": display(&row.status),
        "likelihoodDisplay": factor_label(row.likelihood), "impactDisplay": factor_label(row.impact),
        "riskScore": row.score, "riskLevel": Level::of(row.score).name(), "residualRiskScore": residual,
        "residualRiskLevel": residual.map(|score| Level::of(score).name()), "owner": row.owner,
        "ownerName": row.owner, "lastReviewedByName": row.last_reviewed_by,
    })
}

async fn stats(ask: Ask, _: Nothing) -> Result<Value, ApiError> {
    let figures = risks::figures(&ask.app, ask.tenant()).await?;
    let now = clock::now_micros();
    let incidents = store::incident_figures(ask.db(), ask.tenant(), now).await?;
    let level = |name: &str| figures.by_level.get(name).copied().unwrap_or_default();
    let counts = |key: &str, found: &[(String, i64)]| -> Value {
        found.iter().map(|(name, count)| json!({ key: name, "count": count })).collect()
    };
    Ok(json!({
        "totalRisks": figures.total, "openRisks": figures.open, "criticalRisks": level("critical"),
        "highRisks": level("high"),
        "risksByLevel": figures.by_level.iter().map(|(name, count)| json!({ "level": name, "count": count })).collect::<Vec<_>>(),
        "risksByCategory": figures.by_category.iter().map(|(name, count)| json!({ "category": name, "count": count })).collect::<Vec<_>>(),
        "totalIncidents": incidents.total, "openIncidents": incidents.open, "incidentsToday": incidents.today,
        "incidentsBySeverity": counts("severity", &incidents.by_severity),
        "incidentsByStatus": counts("status", &incidents.by_status),
        "slaMetCount": incidents.met, "slaBreachedCount": incidents.breached,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    search: Option<String>,
    category: Option<String>,
    status: Option<String>,
    risk_level: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    search: Option<String>,
    category: Option<Vec<String>>,
    status: Option<Vec<String>>,
    risk_level: Option<Vec<String>>,
    likelihood: Option<i64>,
    impact: Option<i64>,
    review_due: Option<bool>,
}

impl Filter {
    fn wanted(self) -> Result<Wanted, ApiError> {
        crate::service::fields::optional("search", self.search.as_deref(), 255)?;
        let band = |name: &String| {
            let level = Level::ALL.into_iter().find(|level| level.name() == name);
            level.map(Level::bounds).ok_or_else(|| {
                ApiError::invalid("riskLevel", format!("`{name}` is none of low, medium, high, critical"))
            })
        };
        let scores = self.risk_level.iter().flatten().map(band).collect::<Result<_, _>>()?;
        Ok(Wanted {
            search: self.search,
            categories: self.category.unwrap_or_default(),
            statuses: self.status.unwrap_or_default(),
            scores,
            likelihood: self.likelihood,
            impact: self.impact,
            review_due: self.review_due.filter(|due| *due).map(|_| clock::now_micros()),
        })
    }
}

#[derive(Deserialize)]
struct Trend {
    #[serde(default)]
    days: Option<i64>,
}

#[derive(Deserialize)]
struct Create {
    input: Map<String, Value>,
}

#[derive(Deserialize)]
struct Update {
    id: Id,
    input: Map<String, Value>,
}

/// What the register takes, by the names the schema has for it.
fn written(given: &Map<String, Value>) -> Result<RiskInput, ApiError> {
    let of = |key: &str| given.get(key).cloned().unwrap_or_default();
    input(json!({
        "name": of("name"), "description": of("description"), "category": of("category"), "status": of("status"),
        "severity": of("severity"), "likelihood": of("likelihood"), "impact": of("impact"),
        "residual_severity": of("residualSeverity"), "residual_likelihood": of("residualLikelihood"),
        "residual_impact": of("residualImpact"), "mitigation_plan": of("mitigationPlan"),
        "mitigation_status": of("mitigationStatus"), "owner": of("owner"), "next_review_date": of("nextReviewDate"),
        "tags": of("tags"), "policy_ids": of("policyIds"), "agent_ids": of("endpointIds"),
        "incident_ids": of("incidentIds"),
    }))
}
