//! People deciding about calls that policies stop.
//!
//! A requestable denial opens a request bound to the exact call. A person decides once. The
//! agent that asked, and no other, gets tokens for the call it asked about, good for one use.

pub(crate) mod call;
pub(crate) mod resolve;
#[cfg(test)]
mod tests;
pub(crate) mod token;
mod waiting;

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use serde_json::{Value, json};
use tokio::time::Instant;
use zentinelle_core::approval::{Digest, Purpose};
use zentinelle_core::audit::{AuditAction, AuditRecord, Outcome};
use zentinelle_core::decision::Effect;
use zentinelle_core::decision::Remedy;
use zentinelle_core::ids::TenantId;
use zentinelle_core::{Decision, Request};

pub(crate) use self::resolve::{Verdict, cancel, resolve};
use self::waiting::Waiting;
use super::audit::kept;
use super::decide::{self, Asked, Judged};
use crate::app::App;
use crate::auth::AgentFacts;
use crate::clock;
use crate::http::error::ApiError;
use crate::recorder::record::Record;
use crate::sealing::Root;
use crate::snapshot::Snapshot;
use crate::store::approvals::{self, APPROVED, CANCELLED, CONSUMED, EXPIRED, PENDING};
use crate::store::entities::approval;

/// How long a request is remembered before the database is asked whether it still stands.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How much is remembered. Unit: bytes.
const MOST_BYTES: u64 = 64 << 20;
/// How often whoever waits looks for himself, should a notice be lost.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How long a request may be on its way to the database.
const ON_ITS_WAY: Duration = Duration::from_secs(5);
/// The longest anybody waits in one call. Proxies commonly give up at sixty seconds.
pub(crate) const MOST_WAIT: Duration = Duration::from_secs(55);

/// What the server knows of approvals without asking the database.
#[derive(Debug)]
pub(crate) struct Approvals {
    root: Arc<Root>,
    open: Cache<(TenantId, Digest), Arc<approval::Model>>,
    recent: Cache<(TenantId, String), Arc<approval::Model>>,
    /// Who waits for decisions.
    pub(crate) waiting: Waiting,
}

impl Approvals {
    /// Nothing is known yet.
    pub(crate) fn new(root: Arc<Root>) -> Self {
        Self { root, open: remembering(), recent: remembering(), waiting: Waiting::default() }
    }

    /// The tokens of an approved request that was not used and is not over.
    pub(crate) fn token(&self, row: &approval::Model) -> Option<String> {
        let good = row.status == APPROVED && row.expires_at > clock::now_micros();
        if good { token::mint(&self.root, row) } else { None }
    }

    /// The next attempt at the same call asks anew.
    fn forget(&self, row: &approval::Model) {
        let tenant = TenantId::new(row.tenant_id.as_str());
        if let Ok(digest) = row.arguments_digest.parse() {
            self.open.invalidate(&(tenant, digest));
        }
    }
}

fn remembering<K: Hash + Eq + Send + Sync + 'static>() -> Cache<K, Arc<approval::Model>> {
    let builder = Cache::builder().max_capacity(MOST_BYTES).time_to_live(REMEMBERED);
    builder.weigher(|_: &K, row: &Arc<approval::Model>| weight(row)).build()
}

/// What remembering a request takes. Unit: bytes, roughly.
fn weight(row: &approval::Model) -> u32 {
    u32::try_from(row.request.to_string().len().saturating_add(1_024)).unwrap_or(u32::MAX)
}

/// A call that was denied and could be approved.
pub(crate) struct Denied<'d> {
    /// The call.
    pub(crate) request: &'d Request,
    /// The denial.
    pub(crate) decision: &'d Decision,
    /// What it was decided by.
    pub(crate) snapshot: &'d Snapshot,
    /// The record of the denial.
    pub(crate) evaluation_id: &'d str,
    /// Why the agent wants it, in its own words.
    pub(crate) justification: Option<&'d str>,
}

/// A request that stands, new or not.
pub(crate) struct Standing {
    /// The request.
    pub(crate) row: Arc<approval::Model>,
    /// What is to be recorded when it is new.
    pub(crate) records: Vec<Record>,
}

/// Opens a request for a call, or finds the one that stands. None when no approval would help,
/// or the call cannot be told from others.
pub(crate) fn open(app: &App, denied: &Denied<'_>) -> Option<Standing> {
    let remedies: Vec<Remedy> = denied.decision.requestable()?.into_iter().cloned().collect();
    if remedies.is_empty() || remedies.iter().any(|remedy| remedy.purpose == Purpose::AgentDelegation) {
        return None;
    }
    let request = denied.request;
    let user = request.user_id.as_ref().map(zentinelle_core::ids::UserId::as_str);
    let context = request.context.to_map();
    let digest = call::digest(&request.agent, user, request.action.name(), &context).ok()?;
    let tenant = request.agent.tenant_id.clone();
    let known = (tenant.clone(), digest);
    let now = clock::micros(request.now);
    if app.approvals.open.get(&known).is_some_and(|row| row.expires_at <= now) {
        app.approvals.open.invalidate(&known);
    }
    let entry = app.approvals.open.entry(known).or_insert_with(|| Arc::new(row(denied, &remedies, &digest)));
    let (fresh, row) = (entry.is_fresh(), entry.into_value());
    if !fresh {
        return Some(Standing { row, records: Vec::new() });
    }
    app.approvals.recent.insert((tenant, row.id.clone()), row.clone());
    let records =
        vec![Record::ApprovalRequested(Box::new((*row).clone())), Record::Audit(Box::new(asked(request, &row)))];
    Some(Standing { row, records })
}

fn row(denied: &Denied<'_>, remedies: &[Remedy], digest: &Digest) -> approval::Model {
    let request = denied.request;
    let now = clock::micros(request.now);
    let risk_score = denied.decision.risk().score;
    let by_risk = u64::from(denied.snapshot.settings.approval_expiry.seconds(risk_score));
    let seconds = remedies.iter().map(|remedy| remedy.max_age_seconds).min().unwrap_or(by_risk).min(by_risk);
    let text = |key: &str| request.context.get(key).and_then(Value::as_str);
    let resource = text("tool").or_else(|| text("tool_name")).or_else(|| text("model")).or_else(|| text("resource"));
    let purposes: std::collections::BTreeSet<&str> = remedies.iter().map(|remedy| remedy.purpose.as_str()).collect();
    let policies: Vec<Value> = denied
        .decision
        .determining()
        .map(|(policy, violation)| {
            json!({ "id": policy.id, "name": policy.name, "type": policy.policy_type, "message": violation.message })
        })
        .collect();
    approval::Model {
        tenant_id: request.agent.tenant_id.as_str().to_owned(),
        id: clock::new_id(),
        agent_id: request.agent.agent_id.as_str().to_owned(),
        user_id: request.user_id.as_ref().map(|user| user.as_str().to_owned()),
        action: request.action.name().to_owned(),
        resource: resource.map(kept::shown_text),
        purpose: purposes.into_iter().collect::<Vec<_>>().join(","),
        arguments_digest: digest.to_string(),
        request: json!({
            "context": kept::shown(&request.context.to_map()), "policies": policies,
            "evaluation_id": Some(denied.evaluation_id).filter(|id| !id.is_empty()), "justification": denied.justification.map(kept::shown_text),
        }),
        remedies: serde_json::to_value(remedies).unwrap_or_default(),
        reason: kept::shown_text(denied.decision.reason().unwrap_or_default()),
        risk_score: i64::from(risk_score),
        status: PENDING.to_owned(),
        requested_at: now,
        expires_at: now.saturating_add(i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX)),
        decided_by: None,
        decided_at: None,
        decision_note: String::new(),
        token_id: None,
        consumed_at: None,
        merged_into: None,
    }
}

fn asked(request: &Request, row: &approval::Model) -> AuditRecord {
    let changes =
        json!({ "action": row.action, "call_digest": row.arguments_digest, "expires_at": clock::iso(row.expires_at) });
    by_agent(request, AuditAction::Create, &row.id, changes)
}

fn by_agent(request: &Request, action: AuditAction, id: &str, changes: Value) -> AuditRecord {
    let tenant = request.agent.tenant_id.as_str();
    let mut record = AuditRecord::new(clock::new_id(), tenant, request.now, action, "approval", Outcome::Success);
    record.agent_id = Some(request.agent.agent_id.as_str().to_owned());
    record.ext_user_id = request.user_id.as_ref().map(|user| user.as_str().to_owned());
    record.resource_id = Some(id.to_owned());
    record.resource_name = Some(request.action.name().to_owned());
    record.changes = changes;
    record
}

/// What is to be recorded when a permitted call used approvals.
pub(crate) fn used(app: &App, request: &Request, decision: &Decision) -> Vec<Record> {
    let mut ids: Vec<&str> = decision
        .committed()
        .iter()
        .filter(|posting| posting.counter.meter == "approval.used")
        .filter_map(|posting| token::approval_of(posting.counter.subject.as_deref()?))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Vec::new();
    }
    let user = request.user_id.as_ref().map(zentinelle_core::ids::UserId::as_str);
    if let Ok(digest) = call::digest(&request.agent, user, request.action.name(), &request.context.to_map()) {
        app.approvals.open.invalidate(&(request.agent.tenant_id.clone(), digest));
    }
    let record = |id: &str| {
        let consumed = Record::ApprovalConsumed {
            tenant_id: request.agent.tenant_id.clone(),
            id: id.to_owned(),
            at: clock::micros(request.now),
        };
        let changes = json!({ "status": [APPROVED, CONSUMED] });
        [consumed, Record::Audit(Box::new(by_agent(request, AuditAction::Activate, id, changes)))]
    };
    ids.into_iter().flat_map(record).collect()
}

/// Asks a person about a call before it is attempted, if the policies would stop it and an
/// approval would let it through. The request, and whether it is new.
pub(crate) async fn ask(
    app: &App,
    asked: Asked,
    justification: Option<&str>,
) -> Result<(approval::Model, bool), ApiError> {
    let asked = Asked { dry_run: true, ..asked };
    let Judged { snapshot, request, decision, .. } = decide::judge(app, asked).await?;
    let conflict = |code, message: String| Err(ApiError::Conflict { code, message });
    if decision.effect() != Effect::Deny {
        return conflict("already_permitted", "the policies do not stop this call".to_owned());
    }
    let denied =
        Denied { request: &request, decision: &decision, snapshot: &snapshot, evaluation_id: "", justification };
    let Some(standing) = open(app, &denied) else {
        let why = decision.reason().unwrap_or("no approval would let this call through");
        return conflict("not_requestable", format!("nobody can approve this call: {why}"));
    };
    if standing.records.is_empty() {
        let tenant = &request.agent.tenant_id;
        let row = find(app, tenant, &standing.row.id).await?.unwrap_or_else(|| (*standing.row).clone());
        return Ok((row, false));
    }
    app.recorder.record_durably(&standing.records).await?;
    Ok(((*standing.row).clone(), true))
}

/// A request by its id, as it stands now. One that is still on its way to the database counts.
pub(crate) async fn find(app: &App, tenant: &TenantId, id: &str) -> Result<Option<approval::Model>, ApiError> {
    let row = match approvals::by_id(app.store.db(), tenant, id).await? {
        Some(row) => Some(row),
        None => app.approvals.recent.get(&(tenant.clone(), id.to_owned())).map(|row| (*row).clone()),
    };
    Ok(row.map(as_of_now))
}

/// A request whose time is over is over, whether or not the schedule has come by.
pub(crate) fn as_of_now(mut row: approval::Model) -> approval::Model {
    if matches!(row.status.as_str(), PENDING | APPROVED) && row.expires_at <= clock::now_micros() {
        EXPIRED.clone_into(&mut row.status);
    }
    row
}

/// The same, but not before somebody decided or the time is up.
pub(crate) async fn wait(
    app: &App,
    tenant: &TenantId,
    id: &str,
    patience: Duration,
) -> Result<Option<approval::Model>, ApiError> {
    let began = Instant::now();
    let until = began + patience.min(MOST_WAIT);
    let mut standing = id.to_owned();
    loop {
        let ticket = app.approvals.waiting.begin(tenant, &standing);
        let woken = ticket.notify.notified();
        tokio::pin!(woken);
        // From here on a change is not missed, whether it comes before or after the look.
        woken.as_mut().enable();
        let row = find(app, tenant, id).await?;
        let now = Instant::now();
        let until = match &row {
            Some(row) if row.status != PENDING => return Ok(Some(row.clone())),
            Some(row) if row.id != standing => {
                standing.clone_from(&row.id);
                continue;
            }
            Some(_) => until,
            // Nobody knows it: it was just asked for through another server, or never.
            None => until.min(began + ON_ITS_WAY),
        };
        if now >= until {
            return Ok(row);
        }
        let pause = if row.is_some() { LOOK_AGAIN } else { Duration::from_millis(100) };
        let _ = tokio::time::timeout_at((now + pause).min(until), woken).await;
    }
}

/// A request as an operator, or the agent that asked, may see it; with patience, once somebody
/// decided. To everybody else it does not exist.
pub(crate) async fn seen_by(
    app: &App,
    tenant: &TenantId,
    agent: Option<&AgentFacts>,
    id: &str,
    patience: Duration,
) -> Result<approval::Model, ApiError> {
    let is_seen = |row: &approval::Model| agent.is_none_or(|agent| row.agent_id == agent.agent.agent_id.as_str());
    let mut row = find(app, tenant, id).await?;
    // Who may not see it does not wait for it either.
    if !patience.is_zero() && row.as_ref().is_none_or(is_seen) {
        row = wait(app, tenant, id, patience).await?;
    }
    row.filter(is_seen).ok_or(ApiError::NotFound { what: "approval request" })
}

/// The name of a request's risk.
pub(crate) const fn risk_level(score: i64) -> &'static str {
    match score {
        75.. => "critical",
        50.. => "high",
        25.. => "medium",
        _ => "low",
    }
}

/// The states a request can be in, as they are asked for.
pub(crate) const STATES: [&str; 6] = [PENDING, APPROVED, approvals::DENIED, EXPIRED, CONSUMED, CANCELLED];
