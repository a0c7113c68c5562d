//! A decision as the journal keeps it, written from where its parts lie: the row of
//! `evaluations` that [`super::record::Record::Evaluation`] reads back.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use zentinelle_core::audit::digest;
use zentinelle_core::decision::Effect;
use zentinelle_core::wire;
use zentinelle_core::{Code, Context, Decision, Request};

use super::content::Cut;
use crate::clock;
use crate::service::approvals::token;
use crate::snapshot::{ContentKeeping, PoliciesSaid, Recorded, TenantSettings};

/// One row of `evaluations`.
#[derive(Debug, Serialize)]
pub(crate) struct EvaluationRow<'d> {
    tenant_id: &'d str,
    id: &'d str,
    agent_id: &'d str,
    user_id: Option<&'d str>,
    session_id: Option<&'d str>,
    action: &'d str,
    resource: Option<&'d str>,
    effect: Effect,
    allowed: bool,
    dry_run: bool,
    code: Option<&'d Code>,
    reason: Option<&'d str>,
    policies: Recorded<'d>,
    warnings: &'d [String],
    context: Facts<'d>,
    risk_score: u32,
    policy_set_version: &'d str,
    source: &'static str,
    duration_us: u64,
    occurred_at: i64,
}

/// What a row says besides what the decision and its request say.
pub(crate) struct Circumstances<'d> {
    /// The row's id.
    pub(crate) id: &'d str,
    /// What the policies said.
    pub(crate) said: &'d PoliciesSaid,
    /// The warnings in words.
    pub(crate) warnings: &'d [String],
    /// The context as it is answered, where policies added to it.
    pub(crate) added: Option<&'d Map<String, Value>>,
    /// How much of the context is kept.
    pub(crate) settings: &'d TenantSettings,
    /// The door it came through.
    pub(crate) source: &'static str,
    /// How long deciding took. Unit: microseconds.
    pub(crate) duration_us: u64,
}

impl<'d> EvaluationRow<'d> {
    /// The row of a decision.
    pub(crate) fn new(request: &'d Request, decision: &'d Decision, besides: Circumstances<'d>) -> Self {
        let text = |key: &str| request.context.get(key).and_then(Value::as_str);
        Self {
            tenant_id: request.agent.tenant_id.as_str(),
            id: besides.id,
            agent_id: request.agent.agent_id.as_str(),
            user_id: request.user_id.as_ref().map(zentinelle_core::ids::UserId::as_str),
            session_id: text("session_id"),
            action: request.action.name(),
            resource: text("tool").or_else(|| text("tool_name")).or_else(|| text("model")),
            effect: decision.effect(),
            allowed: wire::is_allowed(decision),
            dry_run: decision.is_dry_run(),
            code: decision.primary().map(|violation| &violation.code),
            reason: wire::reason(decision),
            policies: besides.said.recorded(),
            warnings: besides.warnings,
            context: Facts::kept(&request.context, besides.added, besides.settings),
            risk_score: decision.risk().score,
            policy_set_version: decision.policies().version(),
            source: besides.source,
            duration_us: besides.duration_us,
            occurred_at: clock::micros(request.now),
        }
    }
}

/// The facts of a request as the tenant wants them kept, and without tokens.
#[derive(Debug)]
enum Facts<'d> {
    /// Each of them up to so many characters.
    Context(&'d Context, usize),
    /// The same, of a context that is not the request's own.
    Map(Map<String, Value>, usize),
    /// Something that stands for them.
    Instead(Value),
}

impl<'d> Facts<'d> {
    fn kept(context: &'d Context, added: Option<&'d Map<String, Value>>, settings: &TenantSettings) -> Self {
        let whole = || {
            let mut facts = added.cloned().unwrap_or_else(|| context.to_map());
            token::without_tokens(&mut facts);
            facts
        };
        let most = match settings.content {
            ContentKeeping::Keep => usize::MAX,
            ContentKeeping::Truncate => settings.content_limit as usize,
            ContentKeeping::Hash => {
                return Self::Instead(serde_json::json!({ "digest": digest(&Value::Object(whole())).to_string() }));
            }
            ContentKeeping::Drop => return Self::Instead(Value::Object(Map::new())),
        };
        if added.is_some() || context.raw(token::TOKEN_KEY).is_some() {
            Self::Map(whole(), most)
        } else {
            Self::Context(context, most)
        }
    }
}

impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Context(context, most) => {
                serializer.collect_map(context.iter().map(|(key, value)| (key, Cut(value, *most))))
            }
            Self::Map(facts, most) => serializer.collect_map(facts.iter().map(|(key, value)| (key, Cut(value, *most)))),
            Self::Instead(value) => value.serialize(serializer),
        }
    }
}
