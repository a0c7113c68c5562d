//! Deciding one request: snapshot, ledger, record. The only I/O is the ledger's.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value};
use zentinelle_core::ids::{ReservationId, UserId};
use zentinelle_core::ledger::{Batch, LedgerError, Mode, Outcome, Reading};
use zentinelle_core::wire;
use zentinelle_core::{Decision, Request};

use super::approvals::{self, Denied, token};
use super::audit::kept;
use crate::app::App;
use crate::auth::AgentFacts;
use crate::clock;
use crate::http::error::ApiError;
use crate::ledger::{LedgerEntry, is_away};
use crate::recorder::Written;
use crate::recorder::evaluation::{Circumstances, EvaluationRow};
use crate::recorder::record::{RaisedIncident, Record};
use crate::snapshot::{AllKept, FailMode, PoliciesSaid, Snapshot};
use crate::store::entities::{approval, evaluation_policy};
use crate::store::wire_name;
use crate::telemetry::traces;

/// Through which door a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// `/api/zentinelle/v1`.
    Native,
    /// `/api/v1`.
    Sdk,
    /// `/access/v1`.
    Authzen,
    /// The LLM proxy. What its calls spend is reserved, because the true usage is known later.
    Proxy,
    /// The Zentinel reverse proxy, whose agent this server is.
    Zentinel,
}

impl Source {
    const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Sdk => "sdk",
            Self::Authzen => "authzen",
            Self::Proxy => "proxy",
            Self::Zentinel => "zentinel",
        }
    }
}

/// What is asked. Who asks comes from the key.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Who asks.
    pub(crate) agent: Arc<AgentFacts>,
    /// The user it acts for.
    pub(crate) user: Option<String>,
    /// What is attempted.
    pub(crate) action: String,
    /// The facts.
    pub(crate) context: Map<String, Value>,
    /// Whether this is only a question.
    pub(crate) dry_run: bool,
    /// The door it came through.
    pub(crate) source: Source,
}

/// A request that was judged, with what it was judged by.
pub(crate) struct Judged {
    /// The policies and settings.
    pub(crate) snapshot: Arc<Snapshot>,
    /// The request as the engine saw it.
    pub(crate) request: Request,
    /// What the engine says.
    pub(crate) decision: Decision,
    /// What was spent, where it must survive a restart.
    pub(crate) spent: Option<LedgerEntry>,
}

/// Judges a request and, unless it is only a question, spends what it spends.
pub(crate) async fn judge(app: &App, asked: Asked) -> Result<Judged, ApiError> {
    let snapshot = app.snapshots.get(&asked.agent.agent.tenant_id).await?;
    let mut context = asked.context;
    let user = asked.user.as_deref();
    token::keep_those_for_this_call(&asked.agent.agent, user, &asked.action, &mut context);
    let mut request = request(asked.agent.as_ref(), asked.user, &asked.action, context, asked.dry_run);
    if asked.source == Source::Proxy && !asked.dry_run {
        request.reservation = Some(ReservationId::new(clock::new_id()));
    }
    if let Some(decision) = snapshot.refusal(&request) {
        return Ok(Judged { snapshot, request, decision, spent: None });
    }
    let assessment = snapshot.engine.assess(&request);
    let mut spent = None;
    let outcome = match assessment.batch() {
        Some(batch) => {
            let outcome = apply(app, &snapshot, batch).await;
            spent = outcome.as_ref().ok().and_then(|outcome| app.ledger.entry(batch, outcome));
            Some(outcome)
        }
        None => None,
    };
    let decision = assessment.conclude(outcome);
    Ok(Judged { snapshot, request, decision, spent })
}

/// A decision that is on record, from which a reply is written.
#[derive(Debug)]
pub(crate) struct Answered {
    /// The id of the evaluation's record.
    pub(crate) id: String,
    /// The request as the engine saw it.
    pub(crate) request: Request,
    /// What the engine says.
    pub(crate) decision: Decision,
    /// What the policies said.
    pub(crate) said: PoliciesSaid,
    /// The warnings in words.
    pub(crate) warnings: Vec<String>,
    /// The context, where policies added to it.
    pub(crate) added: Option<Map<String, Value>>,
    /// Whether a person could approve what was denied.
    pub(crate) requestable: bool,
    /// The request a person was asked to approve.
    pub(crate) approval: Option<Arc<approval::Model>>,
    /// How long deciding took. Unit: microseconds.
    pub(crate) duration_us: u64,
}

impl Answered {
    /// Whether the caller may go on.
    pub(crate) fn is_allowed(&self) -> bool {
        wire::is_allowed(&self.decision)
    }

    /// Under which id what was spent waits for settlement; none when nothing was reserved.
    pub(crate) fn reservation(&self) -> Option<&ReservationId> {
        self.request.reservation.as_ref().filter(|_| !self.decision.committed().is_empty())
    }

    /// When a limit that refused opens again, as replies write it.
    pub(crate) fn retry_at(&self) -> Option<String> {
        self.decision.retry_at().map(|at| clock::iso(clock::micros(at)))
    }
}

/// Decides, spends, and records.
pub(crate) async fn answer(app: &App, asked: Asked) -> Result<Answered, ApiError> {
    let started = Instant::now();
    let source = asked.source;
    let Judged { snapshot, request, decision, spent } = judge(app, asked).await?;
    let id = clock::new_id();
    let took = started.elapsed();
    app.metrics.decided(wire::is_allowed(&decision), took);
    traces::decided(&request, &decision, took);
    let duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let said = snapshot.said.of(&decision);
    let warnings = wire::warnings(&decision);
    let added = added(&request, &decision);
    let besides = Circumstances {
        id: &id,
        said: &said,
        warnings: &warnings,
        added: added.as_ref(),
        settings: &snapshot.settings,
        source: source.name(),
        duration_us,
    };
    let now = clock::micros(request.now);
    let mut written = Written::default();
    let new_list = match &said {
        PoliciesSaid::Kept(list) if list.is_due(now) => Some(list),
        PoliciesSaid::Kept(_) | PoliciesSaid::Now(_) => None,
    };
    if let Some(list) = new_list {
        written.add(&policies_kept(&request, list, now))?;
    }
    written.add_evaluation(&EvaluationRow::new(&request, &decision, besides))?;
    let (requestable, approval) = consequences(app, &mut written, &snapshot, &request, &decision, spent, &id)?;
    app.recorder.keep(&written)?;
    if let Some(list) = new_list {
        list.was_recorded(now);
    }
    Ok(Answered { id, request, decision, said, warnings, added, requestable, approval, duration_us })
}

/// Writes down what follows from a decision. Says whether a person could approve what was denied,
/// and the request by which one was asked to.
fn consequences(
    app: &App,
    written: &mut Written,
    snapshot: &Snapshot,
    request: &Request,
    decision: &Decision,
    spent: Option<LedgerEntry>,
    id: &str,
) -> Result<(bool, Option<Arc<approval::Model>>), ApiError> {
    if let Some(entry) = spent {
        written.add(&Record::Ledger { tenant_id: request.agent.tenant_id.clone(), entry })?;
    }
    for raised in incidents(decision, request, id) {
        written.add(&Record::Incident(Box::new(raised)))?;
    }
    if let Some(kept) = kept::record(decision, request, id) {
        written.add(&Record::Audit(Box::new(kept)))?;
    }
    for used in approvals::used(app, request, decision) {
        written.add(&used)?;
    }
    if decision.is_dry_run() {
        // A question opens no request, but says whether one could be opened.
        return Ok((decision.requestable().is_some(), None));
    }
    let denied = Denied { request, decision, snapshot, evaluation_id: id, justification: None };
    let Some(standing) = approvals::open(app, &denied) else { return Ok((false, None)) };
    for record in &standing.records {
        written.add(record)?;
    }
    Ok((true, Some(standing.row)))
}

/// The context with what policies added to it; none where they added nothing.
fn added(request: &Request, decision: &Decision) -> Option<Map<String, Value>> {
    let mut annotations = decision.annotations().peekable();
    annotations.peek()?;
    let mut context = request.context.to_map();
    context.extend(annotations.map(|annotation| (annotation.key().to_owned(), annotation.to_value())));
    Some(context)
}

fn policies_kept(request: &Request, list: &AllKept, now: i64) -> Record {
    Record::PoliciesKept(Box::new(evaluation_policy::Model {
        tenant_id: request.agent.tenant_id.as_str().to_owned(),
        id: list.id.clone(),
        policies: serde_json::from_str(list.recorded.get()).unwrap_or_default(),
        seen_at: now,
    }))
}

fn request(
    facts: &AgentFacts,
    user: Option<String>,
    action: &str,
    context: Map<String, Value>,
    dry_run: bool,
) -> Request {
    let mut request = Request::new(facts.agent.clone(), action, clock::now());
    request.user_id = user.as_deref().and_then(UserId::non_empty);
    request.context = context.into();
    request.dry_run = dry_run;
    request.baseline = facts.baseline.clone();
    request
}

/// Spends a batch. A ledger that is away denies, unless the tenant chose otherwise.
async fn apply(app: &App, snapshot: &Snapshot, batch: &Batch) -> Result<Outcome, LedgerError> {
    let answer = app.ledger.apply(batch).await;
    match (&answer, snapshot.settings.ledger_unavailable) {
        (Err(error), FailMode::Permit) if is_away(error) => {
            app.metrics.ledger_failed();
            tracing::warn!(tenant = %snapshot.tenant, %error, "limits are not checked: the ledger is away");
            let reading = Reading { used: 0, resets_at: batch.now };
            let readings = vec![reading; batch.postings.len()];
            Ok(Outcome { committed: batch.mode == Mode::Commit, readings })
        }
        (Err(_), _) => {
            app.metrics.ledger_failed();
            answer
        }
        (Ok(_), _) => answer,
    }
}

/// Incidents the decision calls for; repeated ones become one.
fn incidents<'d>(
    decision: &'d Decision,
    request: &'d Request,
    evaluation_id: &'d str,
) -> impl Iterator<Item = RaisedIncident> + 'd {
    decision.incidents().map(move |(policy, violation)| RaisedIncident {
        tenant_id: request.agent.tenant_id.clone(),
        id: clock::new_id(),
        dedup_key: format!("{}:{}:{}", policy.id, request.agent.agent_id, violation.code),
        title: format!(
            "{}: {}",
            policy.name,
            violation.code.as_str().rsplit('.').next().unwrap_or_default().replace('_', " ")
        ),
        description: violation.message.clone(),
        incident_type: "policy_violation".to_owned(),
        severity: wire_name(&violation.severity),
        source: "policy_violation".to_owned(),
        source_ref: Some(evaluation_id.to_owned()),
        agent_id: Some(request.agent.agent_id.as_str().to_owned()),
        policy_id: Some(policy.id.as_str().to_owned()),
        at: clock::micros(request.now),
    })
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde_json::json;

    use crate::testing::TestServer;

    #[tokio::test]
    async fn both_families_decide_alike_and_the_hook_gets_names() {
        let server = TestServer::sqlite().await;
        let key = server.agent("builder").await;
        server.policy("tool_permission", json!({"denied_tools": ["shell"], "allowed_tools": ["search"]})).await;
        let ask = |tool: &str| json!({"action": "tool_call", "context": {"tool": tool}});
        for path in ["/api/zentinelle/v1/evaluate", "/api/v1/evaluate"] {
            let (status, answer) = server.post(path, &key, ask("search")).await;
            assert_eq!((status, &answer["allowed"]), (StatusCode::OK, &json!(true)), "{answer}");
            let (status, answer) = server.post(path, &key, ask("shell")).await;
            assert_eq!((status, &answer["allowed"]), (StatusCode::OK, &json!(false)), "{answer}");
            assert_eq!(answer["policies_evaluated"][0]["passed"], false);
        }
        let from_hook = json!({"action": "tool_call", "context": {"tool": "shell", "source": "claude_code_hook"}});
        let (_, answer) = server.post("/api/zentinelle/v1/evaluate", &key, from_hook).await;
        assert_eq!(answer["policies_evaluated"], json!(["test tool_permission"]));
        assert_eq!(answer["policies"][0]["passed"], false);
    }

    #[tokio::test]
    async fn bad_requests_get_the_documented_error() {
        let server = TestServer::sqlite().await;
        let key = server.agent("builder").await;
        let path = "/api/v1/evaluate";
        for (body, error) in [
            (&b"{"[..], "malformed_json"),
            (br#"{"action":"a","action":"b"}"#, "malformed_json"),
            (br#"{"action":7}"#, "invalid_request"),
            (br#"{"action":"a","context":[1]}"#, "invalid_request"),
            (br#"{"action":null}"#, "invalid_request"),
            (b"[]", "invalid_request"),
        ] {
            let (status, answer) = server.send_raw(axum::http::Method::POST, path, &key, body.to_vec()).await;
            assert_eq!((status, answer["error"].as_str()), (StatusCode::BAD_REQUEST, Some(error)), "{answer}");
        }
        let (status, answer) = server.post(path, "sk_agent_nobody", json!({})).await;
        assert_eq!((status, &answer["error"]), (StatusCode::UNAUTHORIZED, &json!("invalid_key")));
        let (status, answer) = server.post(path, &key, json!({"action": "a", "agent_id": "other"})).await;
        assert_eq!((status, &answer["error"]), (StatusCode::FORBIDDEN, &json!("agent_id_mismatch")));
    }
}
