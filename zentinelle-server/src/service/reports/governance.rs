//! Reports about compliance, risks and incidents, and the page for those who lead.

use serde_json::{Value, json};
use zentinelle_core::ids::TenantId;

use super::{ReportFormat, Table};
use crate::app::App;
use crate::clock;
use crate::http::error::ApiError;
use crate::service::compliance::{self, FrameworkView, Judged, oscal};
use crate::service::incidents::ServiceLevel;
use crate::service::risks::{self, Level};
use crate::store::entities::report;
use crate::store::{compliance as facts, reports as store, risks as register, wire_name};

/// How many rows are read at a time.
const AT_ONCE: u64 = 1_000;

/// Which frameworks a compliance report is about: one, or all that are enabled.
async fn frameworks(app: &App, tenant: &TenantId, id: Option<&str>) -> Result<Vec<Judged>, ApiError> {
    match id {
        Some(id) => Ok(vec![compliance::one(app, tenant, id).await?]),
        None => Ok(compliance::judged(app, tenant).await?.into_iter().filter(|judged| judged.enabled).collect()),
    }
}

/// How frameworks stand, control by control, with the evidence.
pub(super) async fn compliance(
    app: &App,
    tenant: &TenantId,
    format: ReportFormat,
    organisation: &str,
    row: &report::Model,
    framework: Option<&str>,
) -> Result<Written, ApiError> {
    const OFF_PAPER: [&str; 3] = ["severity", "required", "policy_types"];
    const HEADINGS: [&str; 10] = [
        "framework",
        "control",
        "title",
        "status",
        "why",
        "evidence",
        "advice",
        "severity",
        "required",
        "policy_types",
    ];
    let judged = frameworks(app, tenant, framework).await?;
    match format {
        ReportFormat::Oscal => {
            let frameworks: Vec<&Judged> = judged.iter().collect();
            return whole(&oscal::document(&row.id, organisation, row.created_at, &frameworks));
        }
        ReportFormat::Json => {
            let frameworks: Vec<FrameworkView> = judged.iter().map(FrameworkView::from).collect();
            return whole(&json!({ "title": "Compliance", "organisation": organisation,
                "generated_at": clock::iso(clock::now_micros()), "frameworks": frameworks }));
        }
        ReportFormat::Csv | ReportFormat::Ndjson | ReportFormat::Pdf => {}
    }
    let mut table = Table::with(&HEADINGS, &OFF_PAPER, format);
    for judged in &judged {
        let view = FrameworkView::from(judged);
        for control in view.controls {
            let evidence: Vec<String> = control.evidence.into_iter().map(|one| one.summary).collect();
            table.row(&[
                json!(view.id),
                json!(control.id),
                json!(control.title),
                json!(wire_name(&control.status)),
                json!(control.why),
                json!(evidence.join("; ")),
                json!(control.advice),
                json!(control.severity),
                json!(control.required),
                json!(control.policy_types.join("; ")),
            ])?;
        }
    }
    Ok(Written::Table(table))
}

/// What a report came to before it is finished.
pub(super) enum Written {
    /// A table.
    Table(Table),
    /// A text that is the report.
    Whole(String),
}

fn whole(value: &Value) -> Result<Written, ApiError> {
    serde_json::to_string_pretty(value).map(Written::Whole).map_err(|error| ApiError::Internal(error.to_string()))
}

/// The figures that matter, a line each.
pub(super) async fn executive(
    app: &App,
    tenant: &TenantId,
    format: ReportFormat,
    from: i64,
    to: i64,
) -> Result<Written, ApiError> {
    let (db, now) = (app.store.db(), clock::now_micros());
    let mut table = Table::new(&["section", "figure", "value"], format);
    for judged in compliance::judged(app, tenant).await?.iter().filter(|judged| judged.enabled) {
        let counts = judged.counts();
        let value = format!(
            "{}% met ({} met, {} partial, {} not met, {} not assessed)",
            counts.score(),
            counts.met,
            counts.partial,
            counts.not_met,
            counts.not_assessed
        );
        table.row(&[json!("Compliance"), json!(judged.framework.name), json!(value)])?;
    }
    let figures = risks::figures(app, tenant).await?;
    for (name, value) in [
        ("Open risks", json!(figures.open)),
        ("Critical", json!(figures.by_level.get("critical"))),
        ("High", json!(figures.by_level.get("high"))),
        ("Mean score, of 512", json!(figures.mean_score)),
        ("Mean score after mitigation", json!(figures.mean_residual_score)),
        ("Reviews that are due", json!(figures.review_due)),
        ("Without an owner", json!(figures.without_owner)),
    ] {
        table.row(&[json!("Risk"), json!(name), value])?;
    }
    let (_, open, late, _) = facts::incidents(db, tenant, now).await?;
    let (mut opened, mut breached, mut after) = (0_u64, 0_u64, String::new());
    loop {
        let rows = store::incidents_after(db, tenant, from, to, &after, AT_ONCE).await?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.id);
        opened += rows.len() as u64;
        breached += rows.iter().filter(|row| ServiceLevel::of(row, now).breached).count() as u64;
    }
    for (name, value) in
        [("Open", open), ("Past their due time", late), ("Detected in the period", opened), ("Of those late", breached)]
    {
        table.row(&[json!("Incidents"), json!(name), json!(value)])?;
    }
    let approvals = facts::approvals(db, tenant, from).await?;
    for (name, value) in [
        ("Decided by people", approvals.decided),
        ("Expired undecided", approvals.expired),
        ("Waiting", approvals.pending),
    ] {
        table.row(&[json!("Approvals"), json!(name), json!(value)])?;
    }
    let decisions = facts::decisions_since(db, tenant, from).await?;
    table.row(&[json!("Decisions"), json!("Since the period began"), json!(decisions)])?;
    Ok(Written::Table(table))
}

/// The risk register.
pub(super) async fn risk(app: &App, tenant: &TenantId, format: ReportFormat) -> Result<Written, ApiError> {
    const OFF_PAPER: [&str; 3] = ["id", "description", "mitigation_plan"];
    const HEADINGS: [&str; 16] = [
        "name",
        "category",
        "status",
        "severity",
        "likelihood",
        "impact",
        "score",
        "level",
        "residual_score",
        "owner",
        "mitigation_status",
        "next_review",
        "last_review",
        "id",
        "description",
        "mitigation_plan",
    ];
    let mut table = Table::with(&HEADINGS, &OFF_PAPER, format);
    for row in register::all(app.store.db(), tenant, &register::Wanted::default()).await? {
        let residual = risks::residual_score(&row);
        table.row(&[
            json!(row.name),
            json!(row.category),
            json!(row.status),
            json!(row.severity),
            json!(row.likelihood),
            json!(row.impact),
            json!(row.score),
            json!(Level::of(row.score).name()),
            json!(residual),
            json!(row.owner),
            json!(row.mitigation_status),
            json!(row.next_review_at.map(clock::day)),
            json!(row.last_reviewed_at.map(clock::day)),
            json!(row.id),
            json!(row.description),
            json!(row.mitigation_plan),
        ])?;
    }
    Ok(Written::Table(table))
}

/// The incidents that were detected within a time.
pub(super) async fn incident(
    app: &App,
    tenant: &TenantId,
    format: ReportFormat,
    from: i64,
    to: i64,
) -> Result<Written, ApiError> {
    const OFF_PAPER: [&str; 4] = ["id", "impact", "resolution", "lessons"];
    const HEADINGS: [&str; 14] = [
        "title",
        "type",
        "severity",
        "status",
        "detected_at",
        "due_at",
        "resolved_at",
        "breached",
        "assignee",
        "root_cause",
        "id",
        "impact",
        "resolution",
        "lessons",
    ];
    let now = clock::now_micros();
    let mut table = Table::with(&HEADINGS, &OFF_PAPER, format);
    let mut after = String::new();
    loop {
        let rows = store::incidents_after(app.store.db(), tenant, from, to, &after, AT_ONCE).await?;
        let Some(last) = rows.last() else { return Ok(Written::Table(table)) };
        after.clone_from(&last.id);
        for row in &rows {
            table.row(&[
                json!(row.title),
                json!(row.incident_type),
                json!(row.severity),
                json!(row.status),
                json!(clock::iso(row.detected_at)),
                json!(clock::iso(row.due_at)),
                json!(clock::iso_or_none(row.resolved_at)),
                json!(ServiceLevel::of(row, now).breached),
                json!(row.assignee_id),
                json!(row.root_cause),
                json!(row.id),
                json!(row.impact),
                json!(row.resolution),
                json!(row.lessons),
            ])?;
        }
    }
}
