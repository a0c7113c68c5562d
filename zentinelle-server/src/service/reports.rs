//! Reports: asked for, built behind the answer, and kept to be fetched.

mod governance;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use zentinelle_core::Policy;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::TenantId;

use self::governance::Written;
use super::change::Change;
use super::compliance;
use super::coverage;
use super::fields;
use super::packs;
use super::pdf::{self, Document};
use super::settings;
use super::sheet::{Cell, Sheet};
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::jobs::{self, Job, Work};
use crate::store::entities::report;
use crate::store::{StoreError, reports as store, tenants, wire_name};

/// How many rows are read at a time.
const AT_ONCE: u64 = 1_000;
/// The most rows of a document to be read.
const MOST_ON_PAPER: usize = 10_000;
/// The longest report. Unit: bytes.
const MOST_CONTENT: usize = 64 * 1024 * 1024;
/// How far back a report goes that is told nothing. Unit: microseconds.
const THIRTY_DAYS: i64 = 30 * 86_400_000_000;
const DAY: i64 = 86_400_000_000;

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReportType {
    /// Which kinds of policy are in force.
    ControlCoverage,
    /// What was violated, by day and kind.
    ViolationSummary,
    /// Who changed what.
    AuditTrail,
    /// Every control of every framework that is enabled.
    ComplianceFull,
    /// Every control of one framework.
    ComplianceFramework,
    /// The figures that matter to those who lead.
    Executive,
    /// The risk register.
    Risk,
    /// Incidents and their clocks.
    Incident,
}

impl ReportType {
    /// Whether it is about controls.
    const fn is_compliance(self) -> bool {
        matches!(self, Self::ComplianceFull | Self::ComplianceFramework)
    }
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReportFormat {
    /// A table.
    #[default]
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// A document to be read and printed.
    Pdf,
    /// One JSON text.
    Json,
    /// OSCAL assessment results, of compliance only.
    Oscal,
}

/// A report to be built.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = NewReport)]
pub(crate) struct ReportInput {
    /// What it is about. Required.
    report_type: Option<ReportType>,
    /// How it is written. Default: csv.
    format: Option<ReportFormat>,
    /// What it is told.
    params: Option<Params>,
}

/// What a report is told.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = ReportParams)]
pub(crate) struct Params {
    /// From this instant on. Default: 30 days before the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    date_from: Option<String>,
    /// Before this instant. Default: when the report was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    date_to: Option<String>,
    /// Of a control coverage: the compliance pack. Default: every kind of policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pack_name: Option<String>,
    /// Of a report on one framework: which.
    #[serde(skip_serializing_if = "Option::is_none")]
    framework_id: Option<String>,
}

impl Params {
    fn pack(&self) -> Option<&str> {
        self.pack_name.as_deref().filter(|name| !name.is_empty())
    }

    /// From when to when. A date alone is where that day begins in the organisation's time zone.
    fn period(&self, asked_at: i64, zone: &TimeZone) -> Result<(i64, i64), ApiError> {
        let to = fields::instant_in("params.date_to", self.date_to.as_deref(), zone)?.unwrap_or(asked_at);
        let from = fields::instant_in("params.date_from", self.date_from.as_deref(), zone)?;
        let from = from.unwrap_or(to - THIRTY_DAYS);
        if from > to {
            return Err(ApiError::invalid("params.date_from", "is after `date_to`"));
        }
        Ok((from, to))
    }
}

/// Keeps a report to be built soon.
pub(crate) async fn create(app: &App, caller: &Caller, input: ReportInput) -> Result<report::Model, ApiError> {
    let report_type = input.report_type.ok_or_else(|| ApiError::invalid("report_type", "is missing"))?;
    let format = input.format.unwrap_or_default();
    let now = clock::now_micros();
    let params = input.params.unwrap_or_default();
    params.period(now, &settings::zone(app, &caller.tenant).await?)?;
    if let Some(name) = params.pack() {
        packs::by_name(name).map_err(|_| ApiError::invalid("params.pack_name", "there is no such compliance pack"))?;
    }
    if format == ReportFormat::Oscal && !report_type.is_compliance() {
        return Err(ApiError::invalid("format", "`oscal` is for `compliance_full` and `compliance_framework`"));
    }
    if report_type == ReportType::ComplianceFramework {
        let id = params.framework_id.as_deref().unwrap_or_default();
        compliance::by_id(id).ok_or_else(|| ApiError::invalid("params.framework_id", "there is no such framework"))?;
    }
    let params = serde_json::to_value(params).map_err(|error| ApiError::Internal(error.to_string()))?;
    let row = report::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id: clock::new_id(),
        report_type: wire_name(&report_type),
        format: wire_name(&format),
        params,
        status: "pending".to_owned(),
        progress: 0,
        content: None,
        error_message: String::new(),
        created_by: caller.actor(),
        created_at: now,
        completed_at: None,
    };
    let txn = app.store.begin().await?;
    store::insert(&txn, row.clone()).await?;
    let change = Change {
        caller,
        action: AuditAction::Create,
        resource_type: "report",
        resource_id: &row.id,
        resource_name: &row.report_type,
        changes: json!({ "format": row.format, "params": row.params }),
    };
    change.record(&txn).await?;
    let job = Job::new(caller.tenant.clone(), Work::BuildReport { report_id: row.id.clone() });
    jobs::enqueue(&txn, job.unique(format!("report:{}", row.id))).await?;
    txn.commit().await?;
    jobs::wake();
    Ok(row)
}

/// Builds a report and keeps it. A report that is ready is left as it is, so building twice does
/// no harm. An error means that trying again may help; what never will is kept with the report.
pub(crate) async fn build(app: &App, tenant: &TenantId, id: &str) -> Result<(), ApiError> {
    if !store::begin(app.store.db(), tenant, id).await? {
        return Ok(());
    }
    let row = store::by_id(app.store.db(), tenant, id).await?;
    let content = match written(app, tenant, &row).await {
        Ok(content) => Ok(content),
        Err(error) if error.status().is_server_error() => return Err(error),
        Err(error) => Err(error.to_string()),
    };
    Ok(store::finish(app.store.db(), tenant, id, content, clock::now_micros()).await?)
}

/// Ends a report that can never be built. To be called when its job is dead.
pub(crate) async fn give_up(app: &App, tenant: &TenantId, id: &str, why: String) -> Result<(), ApiError> {
    if store::begin(app.store.db(), tenant, id).await? {
        store::finish(app.store.db(), tenant, id, Err(why), clock::now_micros()).await?;
    }
    Ok(())
}

async fn written(app: &App, tenant: &TenantId, row: &report::Model) -> Result<String, ApiError> {
    let unreadable = |error: serde_json::Error| StoreError::Unreadable { what: "report", why: error.to_string() };
    let report_type: ReportType = serde_json::from_value(row.report_type.clone().into()).map_err(unreadable)?;
    let format: ReportFormat = serde_json::from_value(row.format.clone().into()).map_err(unreadable)?;
    let params: Params = serde_json::from_value(row.params.clone()).map_err(unreadable)?;
    let (from, to) = params.period(row.created_at, &settings::zone(app, tenant).await?)?;
    let name = tenants::by_id(app.store.db(), tenant).await?.map(|row| row.name).unwrap_or_default();
    let mut about = vec![format!("{name}, as of {} by {}", clock::iso(row.created_at), row.created_by)];
    let period = format!("from {} to {}", clock::iso(from), clock::iso(to));
    store::progress(app.store.db(), tenant, &row.id, 20).await?;
    let organisation = name.as_str();
    let (written, title) = match report_type {
        ReportType::ComplianceFull => {
            (governance::compliance(app, tenant, format, organisation, row, None).await?, "Compliance")
        }
        ReportType::ComplianceFramework => {
            let id = params.framework_id.as_deref();
            (governance::compliance(app, tenant, format, organisation, row, id).await?, "Compliance with a framework")
        }
        ReportType::Executive => {
            about.push(period);
            (governance::executive(app, tenant, format, from, to).await?, "Governance summary")
        }
        ReportType::Risk => (governance::risk(app, tenant, format).await?, "Risk register"),
        ReportType::Incident => {
            about.push(period);
            (governance::incident(app, tenant, format, from, to).await?, "Incidents")
        }
        ReportType::ControlCoverage => {
            let pack = params.pack();
            about
                .push(pack.map_or_else(|| "every kind of policy".to_owned(), |pack| format!("compliance pack {pack}")));
            (Written::Table(control_coverage(app, tenant, format, pack).await?), "Control coverage")
        }
        ReportType::ViolationSummary => {
            about.push(period);
            (Written::Table(violation_summary(app, tenant, format, from, to).await?), "Violation summary")
        }
        ReportType::AuditTrail => {
            about.push(period);
            (Written::Table(audit_trail(app, tenant, format, from, to).await?), "Audit trail")
        }
    };
    store::progress(app.store.db(), tenant, &row.id, 80).await?;
    Ok(match written {
        Written::Table(table) => table.finish(title, about),
        Written::Whole(text) => text,
    })
}

/// A table that is written as CSV, as JSON lines or as a document to be read.
struct Table {
    headings: &'static [&'static str],
    body: Body,
    /// How much was written, about. Unit: bytes.
    length: usize,
}

/// What was written of a table.
enum Body {
    Sheet(Box<Sheet>),
    Lines(String),
    /// The rows of one JSON text.
    Objects(Vec<Value>),
    /// The rows of a document, of the columns that fit on paper.
    Rows {
        on_paper: Vec<bool>,
        rows: Vec<Vec<String>>,
    },
}

impl Table {
    fn new(headings: &'static [&'static str], format: ReportFormat) -> Self {
        Self::with(headings, &[], format)
    }

    /// A table with columns that are left out on paper, where there is no room for all.
    fn with(headings: &'static [&'static str], off_paper: &[&str], format: ReportFormat) -> Self {
        let body = match format {
            ReportFormat::Csv => Body::Sheet(Box::new(Sheet::new(headings))),
            ReportFormat::Ndjson => Body::Lines(String::new()),
            ReportFormat::Json | ReportFormat::Oscal => Body::Objects(Vec::new()),
            ReportFormat::Pdf => {
                let on_paper = headings.iter().map(|heading| !off_paper.contains(heading)).collect();
                Body::Rows { on_paper, rows: Vec::new() }
            }
        };
        Self { headings, body, length: 0 }
    }

    fn row(&mut self, cells: &[Value]) -> Result<(), ApiError> {
        self.length += cells.iter().map(|cell| cell.as_str().map_or(8, str::len) + 8).sum::<usize>();
        if self.length > MOST_CONTENT {
            return Err(ApiError::invalid("params", "the report would be too long: ask for a shorter time"));
        }
        match &mut self.body {
            Body::Lines(lines) => {
                lines.push_str(&object(self.headings, cells).to_string());
                lines.push('\n');
            }
            Body::Objects(rows) => rows.push(object(self.headings, cells)),
            Body::Sheet(sheet) => sheet.row(cells.iter().map(|cell| match cell {
                Value::Null => Cell::from(""),
                Value::String(text) => Cell::from(text.as_str()),
                Value::Number(number) if number.is_i64() => Cell::from(number.as_i64().unwrap_or_default()),
                other => Cell::from(other.to_string()),
            })),
            Body::Rows { on_paper, rows } => {
                if rows.len() == MOST_ON_PAPER {
                    let message =
                        format!("the report has more than {MOST_ON_PAPER} rows: ask for csv, or a shorter time");
                    return Err(ApiError::invalid("format", message));
                }
                let shown =
                    cells.iter().zip(on_paper.iter()).filter(|(_, shown)| **shown).map(|(cell, _)| match cell {
                        Value::Null => String::new(),
                        Value::String(text) => text.clone(),
                        other => other.to_string(),
                    });
                rows.push(shown.collect());
            }
        }
        Ok(())
    }

    /// The report as it is kept: text, or a document in base64.
    fn finish(self, title: &str, about: Vec<String>) -> String {
        match self.body {
            Body::Lines(lines) => lines,
            Body::Objects(rows) => format!("{:#}\n", json!({ "title": title, "about": about, "rows": rows })),
            Body::Sheet(sheet) => sheet.into_text(),
            Body::Rows { on_paper, rows } => {
                let headings = self.headings.iter().zip(&on_paper).filter(|(_, shown)| **shown);
                let headings: Vec<&str> = headings.map(|(heading, _)| *heading).collect();
                STANDARD.encode(pdf::render(&Document { title, about, headings: &headings, rows: &rows }))
            }
        }
    }
}

fn object(headings: &[&str], cells: &[Value]) -> Value {
    headings
        .iter()
        .zip(cells)
        .map(|(name, cell)| ((*name).to_owned(), cell.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

async fn control_coverage(
    app: &App,
    tenant: &TenantId,
    format: ReportFormat,
    pack: Option<&str>,
) -> Result<Table, ApiError> {
    const HEADINGS: [&str; 6] =
        ["control_name", "policy_type", "required_enforcement", "actual_enforcement", "status", "policies"];
    let snapshot = app.snapshots.get(tenant).await?;
    let mut table = Table::new(&HEADINGS, format);
    if let Some(pack) = pack {
        let in_force: Vec<&Policy> = snapshot.engine.policies().policies().collect();
        for control in coverage::of_pack(packs::by_name(pack)?.document().for_tenant(tenant), &in_force) {
            table.row(&[
                json!(control.name),
                json!(control.policy_type),
                json!(control.required),
                json!(control.present.actual()),
                json!(control.present.status()),
                json!(control.present.policies.join("; ")),
            ])?;
        }
        return Ok(table);
    }
    for control in coverage::of(snapshot.engine.policies().policies()) {
        table.row(&[
            json!(control.policy_type.summary()),
            json!(control.policy_type.name()),
            json!("enforce"),
            json!(control.actual()),
            json!(control.status()),
            json!(control.policies.join("; ")),
        ])?;
    }
    Ok(table)
}

async fn violation_summary(
    app: &App,
    tenant: &TenantId,
    format: ReportFormat,
    from: i64,
    to: i64,
) -> Result<Table, ApiError> {
    let mut tally: BTreeMap<(i64, String), (i64, i64)> = BTreeMap::new();
    let mut after = String::new();
    loop {
        let decisions = store::said_after(app.store.db(), tenant, from, to, &after, AT_ONCE).await?;
        let Some(last) = decisions.last() else { break };
        after.clone_from(&last.id);
        for said in &decisions {
            for policy in said.policies.as_array().into_iter().flatten() {
                let text = |key: &str| policy.get(key).and_then(Value::as_str).unwrap_or_default();
                let failed = policy.get("passed") == Some(&Value::Bool(false));
                let warned = policy.get("warnings").and_then(Value::as_i64).unwrap_or_default() > 0;
                if !failed && !warned {
                    continue;
                }
                let counts = tally.entry((said.occurred_at.div_euclid(DAY), text("type").to_owned())).or_default();
                if failed && text("enforcement") == "enforce" {
                    counts.0 += 1;
                } else {
                    counts.1 += 1;
                }
            }
        }
    }
    for found in store::violations_by_day(app.store.db(), tenant, from, to).await? {
        let counts = tally.entry((found.bucket, format!("content:{}", found.rule_type))).or_default();
        if matches!(found.enforcement.as_str(), "block" | "require_approval" | "redact") {
            counts.0 += found.count;
        } else {
            counts.1 += found.count;
        }
    }
    let mut table = Table::new(&["date", "policy_type", "violation_count", "warn_count"], format);
    for ((day, policy_type), (violations, warnings)) in tally {
        let date = clock::iso(day.saturating_mul(DAY));
        let date = date.split('T').next().unwrap_or_default();
        table.row(&[json!(date), json!(policy_type), json!(violations), json!(warnings)])?;
    }
    Ok(table)
}

async fn audit_trail(
    app: &App,
    tenant: &TenantId,
    format: ReportFormat,
    from: i64,
    to: i64,
) -> Result<Table, ApiError> {
    const OFF_PAPER: [&str; 4] = ["id", "tenant_id", "ip_address", "chain_hash"];
    const HEADINGS: [&str; 13] = [
        "id",
        "tenant_id",
        "action",
        "outcome",
        "resource_type",
        "resource_id",
        "resource_name",
        "ext_user_id",
        "agent_id",
        "ip_address",
        "timestamp",
        "chain_sequence",
        "chain_hash",
    ];
    let mut table = Table::with(&HEADINGS, &OFF_PAPER, format);
    let mut after = 0;
    loop {
        let entries = store::entries_after(app.store.db(), tenant, from, to, after, AT_ONCE).await?;
        let Some(last) = entries.last() else { return Ok(table) };
        after = last.sequence;
        for row in &entries {
            let entry: Value = serde_json::from_str(&row.entry)
                .map_err(|error| StoreError::Unreadable { what: "audit entry", why: error.to_string() })?;
            let field = |key: &str| entry.pointer(&format!("/record/{key}")).cloned().unwrap_or_default();
            table.row(&[
                field("id"),
                field("tenant_id"),
                field("action"),
                field("outcome"),
                field("resource_type"),
                field("resource_id"),
                field("resource_name"),
                field("ext_user_id"),
                field("agent_id"),
                field("ip_address"),
                json!(clock::iso(row.recorded_at)),
                json!(row.sequence),
                entry.get("chain_hash").cloned().unwrap_or_default(),
            ])?;
        }
    }
}

/// A report that is ready to be fetched. That data leaves goes on the audit chain first.
pub(crate) async fn download(app: &App, caller: &Caller, id: &str) -> Result<(report::Model, Vec<u8>), ApiError> {
    let mut row = store::by_id(app.store.db(), &caller.tenant, id).await?;
    let (Some(content), "complete") = (row.content.take(), row.status.as_str()) else {
        let message = format!("the report is `{}`", row.status);
        return Err(ApiError::Conflict { code: "report_not_ready", message });
    };
    let change = Change {
        caller,
        action: AuditAction::Export,
        resource_type: "report",
        resource_id: &row.id,
        resource_name: &row.report_type,
        changes: json!({ "format": row.format }),
    };
    let txn = app.store.begin().await?;
    change.record(&txn).await?;
    txn.commit().await?;
    let bytes = match row.format.as_str() {
        "pdf" => STANDARD.decode(content).map_err(|error| ApiError::Internal(error.to_string()))?,
        _ => content.into_bytes(),
    };
    Ok((row, bytes))
}
