//! Deciding one request: snapshot, ledger, record. The only I/O is the ledger's.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value};
use zentinelle_core::ids::{ReservationId, UserId};
use zentinelle_core::ledger::{Batch, LedgerError, Mode, Outcome, Reading};
use zentinelle_core::wire::DecisionDocument;
use zentinelle_core::{Decision, Request};

use super::approvals::{self, Denied, token};
use super::audit::kept;
use crate::app::App;
use crate::auth::AgentFacts;
use crate::clock;
use crate::http::error::ApiError;
use crate::ledger::{LedgerEntry, is_away};
use crate::recorder::content;
use crate::recorder::record::{RaisedIncident, Record};
use crate::snapshot::{FailMode, Snapshot};
use crate::store::entities::{approval, evaluation};
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
}

impl Source {
    const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Sdk => "sdk",
            Self::Authzen => "authzen",
            Self::Proxy => "proxy",
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

/// A decision with what a reply needs.
#[derive(Debug)]
pub(crate) struct Decided {
    /// The id of the evaluation's record.
    pub(crate) id: String,
    /// The outward form.
    pub(crate) document: DecisionDocument,
    /// Whether a person could approve what was denied.
    pub(crate) requestable: bool,
    /// The request a person was asked to approve.
    pub(crate) approval: Option<Arc<approval::Model>>,
    /// Under which id what was spent waits for settlement; none when nothing was reserved.
    pub(crate) reservation: Option<ReservationId>,
    /// How long deciding took. Unit: microseconds.
    pub(crate) duration_us: u64,
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
    /// The outward form.
    pub(crate) document: DecisionDocument,
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
    let document = DecisionDocument::new(&decision, &request);
    Ok(Judged { snapshot, request, decision, spent, document })
}

impl Decided {
    /// The id of the request a person was asked to approve.
    pub(crate) fn approval_id(&self) -> Option<String> {
        self.approval.as_ref().map(|row| row.id.clone())
    }
}

/// Decides, spends, and records.
pub(crate) async fn decide(app: &App, asked: Asked) -> Result<Decided, ApiError> {
    let started = Instant::now();
    let source = asked.source;
    let Judged { snapshot, request, decision, spent, document } = judge(app, asked).await?;
    let id = clock::new_id();
    let took = started.elapsed();
    app.metrics.decided(document.allowed, took);
    traces::decided(&request, &document, took);
    let duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let mut records = vec![Record::Evaluation(Box::new(row(&id, &request, &document, &snapshot, source, duration_us)))];
    let tenant_id = request.agent.tenant_id.clone();
    records.extend(spent.map(|entry| Record::Ledger { tenant_id, entry }));
    records.extend(incidents(&decision, &request, &id).map(|raised| Record::Incident(Box::new(raised))));
    records.extend(kept::record(&decision, &document, &request, &id).map(|kept| Record::Audit(Box::new(kept))));
    records.extend(approvals::used(app, &request, &decision));
    let denied =
        Denied { request: &request, decision: &decision, snapshot: &snapshot, evaluation_id: &id, justification: None };
    let standing = if document.dry_run { None } else { approvals::open(app, &denied) };
    let requestable = match &standing {
        Some(_) => true,
        // A question opens no request, but says whether one could be opened.
        None => document.dry_run && decision.requestable().is_some(),
    };
    let approval = standing.map(|standing| {
        records.extend(standing.records);
        standing.row
    });
    app.recorder.record(&records)?;
    let reservation = request.reservation.filter(|_| !decision.committed().is_empty());
    Ok(Decided { id, document, requestable, approval, reservation, duration_us })
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
        title: format!("{}: {}", policy.name, violation.code),
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

fn row(
    id: &str,
    request: &Request,
    document: &DecisionDocument,
    snapshot: &Snapshot,
    source: Source,
    duration_us: u64,
) -> evaluation::Model {
    let text = |key: &str| document.context.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut context = Cow::Borrowed(&document.context);
    if context.contains_key(token::TOKEN_KEY) {
        token::without_tokens(context.to_mut());
    }
    let policies = serde_json::to_value(&document.policies_evaluated).unwrap_or_default();
    let mut row = evaluation::Model {
        tenant_id: request.agent.tenant_id.as_str().to_owned(),
        id: id.to_owned(),
        agent_id: request.agent.agent_id.as_str().to_owned(),
        user_id: request.user_id.as_ref().map(|user| user.as_str().to_owned()),
        session_id: text("session_id"),
        action: request.action.name().to_owned(),
        resource: text("tool").or_else(|| text("tool_name")).or_else(|| text("model")),
        effect: wire_name(&document.effect),
        allowed: document.allowed,
        dry_run: document.dry_run,
        code: document.code.as_ref().map(ToString::to_string),
        reason: document.reason.clone(),
        policies,
        warnings: Value::from(document.warnings.clone()),
        context: content::kept(&context, &snapshot.settings),
        risk_score: i64::from(document.risk_score),
        policy_set_version: document.policy_set_version.clone(),
        source: source.name().to_owned(),
        duration_us: i64::try_from(duration_us).unwrap_or(i64::MAX),
        occurred_at: clock::micros(request.now),
    };
    for value in [&mut row.policies, &mut row.warnings, &mut row.context] {
        content::storable(value);
    }
    for text in [&mut row.session_id, &mut row.resource, &mut row.reason].into_iter().flatten() {
        content::storable_text(text);
    }
    row
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
