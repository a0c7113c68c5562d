//! Scanning what agents handle: at once, or behind the answer.
//!
//! A scan keeps where things stood and what they were, never what they said.

use std::sync::Arc;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zentinelle_core::ids::{AgentId, TenantId, UserId};
use zentinelle_core::scope::ScopeChain;

use super::content_rules::{self, ContentType, Question, RuleSet, ScanAction, ScanMode, Scanned, Severity};
use super::fields::in_words;
use crate::app::App;
use crate::auth::{AgentFacts, Caller};
use crate::clock;
use crate::http::error::ApiError;
use crate::jobs::{self, Job, Work};
use crate::recorder::record::{RaisedAlert, Record};
use crate::store::entities::{content_scan, content_violation};
use crate::store::{StoreError, scans, wire_name};
use crate::webhooks::{self, Emission};

/// From this length on a text is scanned on a thread where waiting is allowed. Unit: bytes.
const LONG_TEXT: usize = 16 * 1024;
/// Who a user is that nobody named.
pub(crate) const ANONYMOUS: &str = "anonymous";

/// A text to be scanned, and what is known about it.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    /// Whose it is.
    pub(crate) agent: Arc<AgentFacts>,
    /// The text.
    pub(crate) text: String,
    /// The user the agent acts for.
    pub(crate) user: Option<String>,
    /// What it is.
    pub(crate) content_type: ContentType,
    /// The conversation.
    pub(crate) session_id: Option<String>,
    /// The request.
    pub(crate) request_id: Option<String>,
    /// Its tokens as the agent counted them.
    pub(crate) tokens: Option<u64>,
    /// Its cost as the agent estimates it. Unit: millionths of a US dollar.
    pub(crate) usd_micros: Option<u64>,
}

/// A scan with its rows, complete but not kept yet.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The scan.
    pub(crate) scan: content_scan::Model,
    /// What it found, as kept.
    pub(crate) violations: Vec<content_violation::Model>,
    /// What becomes of the text.
    pub(crate) scanned: Scanned,
    /// The alert it raises.
    pub(crate) alert: Option<RaisedAlert>,
}

/// Scans a text that an agent waits for.
pub(crate) async fn now(app: &App, content: Content) -> Result<Outcome, ApiError> {
    let result = run(app, content, ScanMode::Realtime, clock::new_id()).await?;
    app.recorder.record(&result.records())?;
    Ok(result)
}

impl Outcome {
    /// The rows to be written behind the answer.
    pub(crate) fn records(&self) -> Vec<Record> {
        let Self { scan, violations, alert, .. } = self;
        rows(scan.clone(), violations.clone(), alert.clone())
    }

    /// The same where nothing else is asked of the scan.
    pub(crate) fn into_records(self) -> Vec<Record> {
        rows(self.scan, self.violations, self.alert)
    }
}

fn rows(
    scan: content_scan::Model,
    violations: Vec<content_violation::Model>,
    alert: Option<RaisedAlert>,
) -> Vec<Record> {
    let scan = Record::Scan { scan: Box::new(scan), violations };
    [scan].into_iter().chain(alert.map(|alert| Record::Alert(Box::new(alert)))).collect()
}

/// Scans a text by the rules for a mode.
pub(crate) async fn run(app: &App, content: Content, mode: ScanMode, id: String) -> Result<Outcome, ApiError> {
    let rules = content_rules::compiled(app, &content.agent.agent.tenant_id).await?;
    run_by(app, rules, content, mode, id).await
}

/// The same by rules that are at hand.
pub(crate) async fn run_by(
    app: &App,
    rules: Arc<RuleSet>,
    content: Content,
    mode: ScanMode,
    id: String,
) -> Result<Outcome, ApiError> {
    let tenant = &content.agent.agent.tenant_id;
    let started = Instant::now();
    let digest = app.directory.hasher().content_digest(tenant.as_str(), &content.text);
    let (content, scanned) = scan(rules, content, mode).await?;
    let duration_us = i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX);
    let scan = row(&content, &scanned, mode, id, digest, duration_us);
    let violations = violations(app, &content, &scanned, &scan);
    let alert = alert(&content, &scanned, &scan);
    Ok(Outcome { scan, violations, scanned, alert })
}

async fn scan(rules: Arc<RuleSet>, content: Content, mode: ScanMode) -> Result<(Content, Scanned), ApiError> {
    let long = content.text.len() >= LONG_TEXT;
    let work = move || {
        let user = content.user.as_deref().and_then(UserId::non_empty);
        let question = Question {
            chain: ScopeChain::new(&content.agent.agent, user.as_ref()),
            text: &content.text,
            content_type: content.content_type,
            mode,
            tokens: content.tokens,
            usd_micros: content.usd_micros,
        };
        let scanned = rules.scan(&question);
        (content, scanned)
    };
    if !long {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::Internal(format!("a scan ended early: {error}")))
}

fn row(
    content: &Content,
    scanned: &Scanned,
    mode: ScanMode,
    id: String,
    digest: String,
    duration_us: i64,
) -> content_scan::Model {
    let now = clock::now_micros();
    content_scan::Model {
        tenant_id: content.agent.agent.tenant_id.as_str().to_owned(),
        id,
        agent_id: content.agent.agent.agent_id.as_str().to_owned(),
        user_id: Some(content.user.clone().unwrap_or_else(|| ANONYMOUS.to_owned())),
        content_type: wire_name(&content.content_type),
        content_digest: digest,
        content_length: i64::try_from(content.text.chars().count()).unwrap_or(i64::MAX),
        status: "completed".to_owned(),
        scan_mode: wire_name(&mode),
        action_taken: Some(wire_name(&scanned.action)),
        max_severity: scanned.worst.as_ref().map(wire_name),
        violation_count: i64::try_from(scanned.count).unwrap_or(i64::MAX),
        was_blocked: scanned.action == ScanAction::Block,
        was_redacted: scanned.action == ScanAction::Redact,
        scan_duration_us: Some(duration_us),
        session_id: content.session_id.clone(),
        request_id: content.request_id.clone(),
        scanned_at: Some(now),
        created_at: now,
    }
}

fn violations(
    app: &App,
    content: &Content,
    scanned: &Scanned,
    scan: &content_scan::Model,
) -> Vec<content_violation::Model> {
    use content_rules::Enforcement;
    let offset = |at: usize| i64::try_from(at).unwrap_or(i64::MAX);
    let row = |violation: &content_rules::Violation| {
        let span = violation.span.clone();
        let matched = span.clone().and_then(|span| content.text.get(span));
        let refuses = matches!(violation.enforcement, Enforcement::Block | Enforcement::RequireApproval);
        content_violation::Model {
            tenant_id: scan.tenant_id.clone(),
            id: clock::new_id(),
            scan_id: scan.id.clone(),
            rule_id: violation.rule_id.clone(),
            agent_id: scan.agent_id.clone(),
            user_id: scan.user_id.clone(),
            rule_type: wire_name(&violation.rule_type),
            severity: wire_name(&violation.severity),
            enforcement: wire_name(&violation.enforcement),
            category: violation.category.to_owned(),
            confidence: violation.confidence,
            match_start: span.as_ref().map(|span| offset(span.start)),
            match_end: span.as_ref().map(|span| offset(span.end)),
            match_digest: matched.map(|text| app.directory.hasher().content_digest(&scan.tenant_id, text)),
            session_id: scan.session_id.clone(),
            was_blocked: scan.was_blocked && refuses,
            was_redacted: scan.was_redacted && violation.enforcement == Enforcement::Redact,
            created_at: scan.created_at,
        }
    };
    scanned.violations.iter().map(row).collect()
}

/// The alert for what people should look at: high or critical violations.
fn alert(content: &Content, scanned: &Scanned, scan: &content_scan::Model) -> Option<RaisedAlert> {
    let worst = scanned.worst.filter(|worst| *worst >= Severity::High)?;
    let first = scanned.violations.iter().find(|violation| violation.severity == worst)?;
    let (rule_type, severity) = (wire_name(&first.rule_type), wire_name(&worst));
    let alert_type = if scanned.count == 1 { "single_violation" } else { "repeated_violations" };
    let agent = content.agent.agent.agent_id.as_str();
    Some(RaisedAlert {
        tenant_id: content.agent.agent.tenant_id.clone(),
        id: clock::new_id(),
        dedup_key: format!("scan:{agent}:{rule_type}:{severity}"),
        alert_type: alert_type.to_owned(),
        severity,
        title: format!("{} in content of {agent}", in_words(&rule_type)),
        description: format!(
            "{} in the {}. Findings of the scan: {}.",
            in_words(first.category),
            scan.content_type.replace('_', " "),
            scanned.count
        ),
        agent_id: Some(agent.to_owned()),
        user_id: scan.user_id.clone(),
        metadata: json!({ "scan_id": scan.id, "rule_id": first.rule_id, "action": scan.action_taken }),
        at: scan.created_at,
    })
}

/// What a queued scan needs to run. The content is in base64, because a database keeps no NUL.
#[derive(Serialize, Deserialize)]
struct Queued {
    tenant_id: TenantId,
    scan_id: String,
    agent_id: AgentId,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default)]
    content_type: ContentType,
    #[serde(default)]
    session_id: Option<String>,
    #[serde(default)]
    request_id: Option<String>,
    #[serde(default)]
    tokens: Option<u64>,
    #[serde(default)]
    usd_micros: Option<u64>,
    #[serde(default)]
    created_at: i64,
    content: String,
}

/// Keeps a scan to be run soon, and answers its id.
pub(crate) async fn queue(app: &App, content: Content) -> Result<String, ApiError> {
    let id = clock::new_id();
    let tenant = content.agent.agent.tenant_id.clone();
    let digest = app.directory.hasher().content_digest(tenant.as_str(), &content.text);
    let scan = content_scan::Model {
        status: "pending".to_owned(),
        action_taken: None,
        scan_duration_us: None,
        scanned_at: None,
        ..row(&content, &Scanned::default(), ScanMode::Async, id.clone(), digest, 0)
    };
    let queued = Queued {
        tenant_id: tenant,
        scan_id: id.clone(),
        agent_id: content.agent.agent.agent_id.clone(),
        user_id: content.user,
        content_type: content.content_type,
        session_id: content.session_id,
        request_id: content.request_id,
        tokens: content.tokens,
        usd_micros: content.usd_micros,
        created_at: scan.created_at,
        content: STANDARD.encode(content.text),
    };
    let payload = serde_json::to_value(queued).map_err(|error| ApiError::Internal(error.to_string()))?;
    let txn = app.store.begin().await?;
    keep(&txn, scan, payload).await?;
    txn.commit().await?;
    jobs::wake();
    Ok(id)
}

/// Keeps a scan with the job that will run it.
pub(crate) async fn keep(
    txn: &DatabaseTransaction,
    scan: content_scan::Model,
    payload: Value,
) -> Result<(), StoreError> {
    let job = Job::new(TenantId::new(scan.tenant_id.as_str()), Work::Scan(payload)).unique(scans::job_key(&scan.id));
    scans::insert(txn, scan).await?;
    jobs::enqueue(txn, job).await?;
    Ok(())
}

/// Runs a queued scan: its row gets the result, and its job loses the content, in one
/// transaction. A scan that ran already is left as it is, so running twice does no harm.
pub(crate) async fn run_queued(app: &App, payload: Value) -> Result<(), ApiError> {
    let unreadable = |why: String| StoreError::Unreadable { what: "queued scan", why };
    // A job whose scan ran has no content any more.
    if payload.get("content").is_none() {
        return Ok(());
    }
    let queued: Queued = serde_json::from_value(payload).map_err(|error| unreadable(error.to_string()))?;
    let agent = app.directory.agent(&queued.tenant_id, &queued.agent_id).await?;
    let text = STANDARD.decode(&queued.content).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let (Some(agent), Some(text)) = (agent, text) else {
        return give_up(app, &queued.tenant_id, &queued.scan_id).await;
    };
    let content = Content {
        agent,
        text,
        user: queued.user_id,
        content_type: queued.content_type,
        session_id: queued.session_id,
        request_id: queued.request_id,
        tokens: queued.tokens,
        usd_micros: queued.usd_micros,
    };
    let mut result = run(app, content, ScanMode::Async, queued.scan_id).await?;
    result.scan.created_at = queued.created_at;
    let txn = app.store.begin().await?;
    if scans::waiting(&txn, &queued.tenant_id, &result.scan.id).await?.is_none() {
        return Ok(());
    }
    scans::finish(&txn, result.scan, result.violations).await?;
    if let Some(alert) = result.alert {
        let told = Emission::of_alert(&alert);
        if crate::store::alerts::raise(&txn, alert).await? {
            webhooks::emit(&txn, told).await?;
        }
    }
    txn.commit().await?;
    Ok(())
}

/// Ends a queued scan that can never run, and takes the content out of its job. To be called
/// when its job is dead.
pub(crate) async fn give_up(app: &App, tenant: &TenantId, scan_id: &str) -> Result<(), ApiError> {
    let txn = app.store.begin().await?;
    if let Some(mut scan) = scans::waiting(&txn, tenant, scan_id).await? {
        scan.status = "failed".to_owned();
        scan.scanned_at = Some(clock::now_micros());
        scans::finish(&txn, scan, Vec::new()).await?;
        txn.commit().await?;
    }
    Ok(())
}

/// One of the caller's own scans, with what it found.
pub(crate) async fn get(
    app: &App,
    caller: &Caller,
    agent: &AgentFacts,
    id: &str,
) -> Result<(content_scan::Model, Vec<content_violation::Model>), ApiError> {
    let scan = scans::of_agent(app.store.db(), &caller.tenant, &agent.agent.agent_id, id).await?;
    let violations = scans::violations_of(app.store.db(), &caller.tenant, &scan.id).await?;
    Ok((scan, violations))
}
