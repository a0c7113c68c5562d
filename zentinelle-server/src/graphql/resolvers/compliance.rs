//! Frameworks, controls, packs and reports.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::shared::input;
use crate::clock;
use crate::graphql::ask::{Ask, Nothing, Resolvers, optional};
use crate::graphql::error::camel;
use crate::graphql::page::{self, PageArgs};
use crate::http::error::ApiError;
use crate::service::compliance::{self, Counts, FrameworkView, Judged, capabilities};
use crate::service::coverage::ControlStatus;
use crate::service::policies::documents::Action;
use crate::service::{coverage, gaps, packs, reports, settings};
use crate::store::entities::{gap_assignment, report};
use crate::store::{compliance as store, gaps as gap_rows, reports as report_rows};

/// The most findings of an overview.
const MOST_FINDINGS: u64 = 50;
/// How long a look is good for. Unit: microseconds.
const DAY: i64 = 86_400_000_000;

pub(super) fn register(to: &mut Resolvers) {
    to.query("complianceOverview", async |ask: Ask, _: Nothing| {
        let (facts, judged) = compliance::judged_with_facts(&ask.app, ask.tenant()).await?;
        written(&capabilities::overview(&facts, &judged))
    });
    to.query("complianceStatus", status);
    to.query("frameworks", async |ask: Ask, _: Nothing| {
        let judged = compliance::judged(&ask.app, ask.tenant()).await?;
        let gaps = assignments(&ask).await?;
        let shown = |judged: &Judged| Ok::<_, ApiError>(assigned(written(&FrameworkView::from(judged))?, &gaps));
        judged.iter().map(shown).collect::<Result<Vec<_>, _>>()
    });
    to.query("framework", async |ask: Ask, args: Named| {
        let found = optional(compliance::one(&ask.app, ask.tenant(), &args.id).await)?;
        let gaps = assignments(&ask).await?;
        found.map(|judged| Ok(assigned(written(&FrameworkView::from(&judged))?, &gaps))).transpose()
    });
    to.query("compliancePacks", async |ask: Ask, _: Nothing| {
        let mut found = Vec::new();
        for pack in packs::ALL {
            let document = pack.document();
            let policies: Vec<&str> = document.policies().iter().filter_map(|policy| policy.name.as_deref()).collect();
            found.push(json!({ "id": pack.name, "name": pack.title, "description": pack.description(),
                "version": pack.version, "policies": policies, "activeVersion": active(&ask, &pack).await? }));
        }
        Ok::<_, ApiError>(found)
    });
    to.query("complianceReports", async |ask: Ask, args: Reports| {
        let args: PageArgs<Filter> = input(json!({ "first": args.first.unwrap_or(100), "after": args.after }))?;
        let rows = rows(&ask, &Filter::default()).await?;
        let found = serde_json::to_value(page::of_rows(&args, "complianceReports", rows, "id")?);
        let found = found.map_err(|error| ApiError::Internal(error.to_string()))?;
        Ok::<_, ApiError>(found.get("nodes").cloned().unwrap_or_default())
    });
    to.query("complianceReportsPage", async |ask: Ask, args: PageArgs<Filter>| {
        let rows = rows(&ask, &args.filter()).await?;
        page::of_rows(&args, "complianceReportsPage", rows, "id")
    });
    to.mutation("listCompliancePacks", async |_: Ask, _: Nothing| -> Result<Value, ApiError> {
        let packs = packs::ALL.iter().map(|pack| {
            json!({ "name": pack.name, "displayName": pack.title, "version": pack.version,
                "description": pack.description(), "policyCount": pack.document().policies().len() })
        });
        Ok(json!({ "packs": packs.collect::<Vec<_>>() }))
    });
    to.mutation("activateCompliancePack", async |ask: Ask, args: Pack| -> Result<Value, ApiError> {
        let pack = packs::by_name(&args.pack_id)?;
        let outcomes = packs::activate(&ask.app, &ask.caller, pack, None, false).await?;
        let number = |wanted: Action| outcomes.iter().filter(|outcome| outcome.action == wanted).count();
        Ok(json!({ "packName": pack.name, "packVersion": pack.version, "policiesCreated": number(Action::Created),
            "policiesUpdated": number(Action::Updated) }))
    });
    to.mutation("toggleFramework", async |ask: Ask, args: Framework| -> Result<Value, ApiError> {
        let (framework, enabled) = compliance::choose(&ask.app, &ask.caller, &args.framework_id, None).await?;
        Ok(json!({ "framework": { "id": framework.id, "enabled": enabled } }))
    });
    to.mutation("runComplianceCheck", async |ask: Ask, _: Nothing| -> Result<Value, ApiError> {
        let row = compliance::look(&ask.app, &ask.caller).await?;
        Ok(json!({ "checkId": row.id, "assessmentId": row.id }))
    });
    to.mutation("generateComplianceReport", async |ask: Ask, args: Framework| -> Result<Value, ApiError> {
        let asked = Request {
            kind: "compliance_framework".to_owned(),
            format: "pdf".to_owned(),
            framework_id: Some(args.framework_id),
            since: None,
            until: None,
        };
        let row = asked.create(&ask).await?;
        Ok(json!({ "reportUrl": address(&row.id), "assessmentId": row.id }))
    });
    to.mutation("assignGap", async |ask: Ask, args: Gap| -> Result<Value, ApiError> {
        let given = gaps::Assignment { owner: args.owner, due_date: args.due_date, note: args.note };
        gaps::assign(&ask.app, &ask.caller, &args.framework_id, &args.control_id, given).await?;
        Ok(json!({ "id": format!("{}:{}", args.framework_id, args.control_id) }))
    });
    to.mutation("requestReport", async |ask: Ask, args: Request| -> Result<Value, ApiError> {
        let row = args.create(&ask).await?;
        let row = report_rows::summary(ask.db(), ask.tenant(), &row.id).await?;
        Ok(json!({ "report": report_view(row) }))
    });
}

/// The assignments of gaps, by framework and control.
type Assignments = std::collections::BTreeMap<(String, String), Value>;

async fn assignments(ask: &Ask) -> Result<Assignments, ApiError> {
    let zone = settings::zone(&ask.app, ask.tenant()).await?;
    let now = clock::now_micros();
    let rows = gap_rows::all(ask.db(), ask.tenant()).await?;
    let shown = |row: gap_assignment::Model| {
        // It is late once the whole day is over.
        let overdue = row.due_at.is_some_and(|due| due + DAY <= now);
        let shown = json!({ "owner": row.owner, "dueDate": row.due_at.map(|at| clock::day_in(at, &zone)),
            "overdue": overdue, "note": row.note, "assignedBy": row.assigned_by,
            "assignedAt": clock::iso(row.assigned_at) });
        ((row.framework_id, row.control_id), shown)
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// A framework with who closes which of its gaps. What is met is no gap.
fn assigned(mut framework: Value, gaps: &Assignments) -> Value {
    let id = framework.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    for control in framework.get_mut("controls").and_then(Value::as_array_mut).into_iter().flatten() {
        let key = (id.clone(), control.get("id").and_then(Value::as_str).unwrap_or_default().to_owned());
        let met = control.get("status").and_then(Value::as_str) == Some("met");
        if let (false, Some(gap)) = (met, gaps.get(&key)) {
            control["assignment"] = gap.clone();
        }
    }
    framework
}

/// What serialises in snake_case, by the names of the schema.
fn written(found: &impl Serialize) -> Result<Value, ApiError> {
    let found = serde_json::to_value(found).map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(camels(found))
}

fn camels(value: Value) -> Value {
    match value {
        Value::Object(object) => object.into_iter().map(|(key, value)| (camel(&key), camels(value))).collect(),
        Value::Array(items) => items.into_iter().map(camels).collect(),
        other => other,
    }
}

/// The version of a pack whose policies are all in force; none where one is missing.
async fn active(ask: &Ask, pack: &packs::Pack) -> Result<Option<&'static str>, ApiError> {
    let snapshot = ask.app.snapshots.get(ask.tenant()).await?;
    let in_force: Vec<&zentinelle_core::Policy> = snapshot.engine.policies().policies().collect();
    let controls = coverage::of_pack(pack.document().for_tenant(ask.tenant()), &in_force);
    let whole = controls.iter().all(|control| control.present.status() != ControlStatus::Inactive);
    Ok(whole.then_some(pack.version))
}

async fn status(ask: Ask, _: Nothing) -> Result<Value, ApiError> {
    let judged = compliance::judged(&ask.app, ask.tenant()).await?;
    let counts =
        judged.iter().filter(|judged| judged.enabled).map(Judged::counts).fold(Counts::default(), Counts::plus);
    let last = store::assessments(ask.db(), ask.tenant(), 1).await?.pop().map(|row| row.created_at);
    let findings = store::findings(ask.db(), ask.tenant(), MOST_FINDINGS).await?;
    let frameworks = judged.iter().map(|judged| {
        let view = FrameworkView::from(judged);
        let controls: Vec<Value> = view
            .controls
            .iter()
            .map(|control| {
                json!({ "id": control.id, "name": control.title, "status": control.status,
                    "severity": control.severity, "description": control.why })
            })
            .collect();
        json!({ "id": view.id, "name": view.name, "description": view.description, "enabled": view.enabled,
            "score": view.score, "status": view.status, "lastChecked": view.judged_at, "controls": controls })
    });
    let findings = findings.into_iter().map(|row| {
        json!({ "id": format!("{}:{}:{}", row.framework_id, row.control_id, row.found_at), "title": row.title,
            "severity": row.severity, "framework": row.framework_id, "control": row.control_id,
            "status": if row.resolved_at.is_some() { "resolved" } else { "open" },
            "foundAt": clock::iso(row.found_at), "resolvedAt": clock::iso_or_none(row.resolved_at) })
    });
    Ok(json!({
        "overallScore": counts.score(), "lastAssessment": clock::iso_or_none(last),
        "nextAssessment": clock::iso_or_none(last.map(|at| at + DAY)), "frameworks": frameworks.collect::<Vec<_>>(),
        "recentFindings": findings.collect::<Vec<_>>(),
    }))
}

/// The newest reports, as they are answered.
async fn rows(ask: &Ask, filter: &Filter) -> Result<Vec<Value>, ApiError> {
    let (kinds, statuses) = (filter.kind.as_deref(), filter.status.as_deref());
    let found = report_rows::listed(ask.db(), ask.tenant(), kinds, statuses, page::MOST_LIST).await?;
    Ok(found.into_iter().map(report_view).collect())
}

fn address(id: &str) -> String {
    format!("/api/zentinelle/v1/reports/{id}/download")
}

/// A report, as it is answered; its content is fetched by its address.
fn report_view(row: report_rows::Summary) -> Value {
    let said = |key: &str| row.params.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let period = format!("{} to {}", said("date_from"), said("date_to"));
    let complete = row.status == "complete";
    json!({
        "id": row.id, "name": super::shared::display(&row.report_type), "framework": said("framework_id"),
        "generatedAt": clock::iso(row.completed_at.unwrap_or(row.created_at)),
        "period": if period == " to " { String::new() } else { period }, "status": row.status,
        "downloadUrl": complete.then(|| address(&row.id)), "kind": row.report_type, "format": row.format,
        "progress": row.progress, "error": row.error_message, "createdBy": row.created_by,
        "createdAt": clock::iso(row.created_at),
    })
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pack {
    pack_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Framework {
    framework_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Gap {
    framework_id: String,
    control_id: String,
    owner: String,
    #[serde(default)]
    due_date: Option<String>,
    #[serde(default)]
    note: Option<String>,
}

#[derive(Deserialize)]
struct Reports {
    #[serde(default)]
    first: Option<i64>,
    #[serde(default)]
    after: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Filter {
    kind: Option<Vec<String>>,
    status: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    kind: String,
    format: String,
    #[serde(default)]
    framework_id: Option<String>,
    #[serde(default)]
    since: Option<String>,
    #[serde(default)]
    until: Option<String>,
}

impl Request {
    async fn create(self, ask: &Ask) -> Result<report::Model, ApiError> {
        let params = json!({ "date_from": self.since, "date_to": self.until, "framework_id": self.framework_id });
        let wanted = input(json!({ "report_type": self.kind, "format": self.format, "params": params }))?;
        reports::create(&ask.app, &ask.caller, wanted).await
    }
}
