//! `POST /api/zentinelle/v1/evaluate`.

use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use zentinelle_core::document::json::StrictValue;
use zentinelle_core::wire::{self, RiskFactorDocument};
use zentinelle_core::{Code, Context, Obligation};

use crate::app::App;
use crate::auth::Caller;
use crate::http::acting::acting_agent;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{Plain, PlainBody, lenient};
use crate::http::reply;
use crate::service::decide::{self, Answered, Asked, Source};
use crate::service::fields;
use crate::snapshot::PoliciesAnswered;

/// The longest action name. Unit: characters.
const MOST_ACTION: usize = 200;
/// The longest user id. Unit: characters.
const MOST_USER: usize = 255;
/// How the released Claude Code hook names itself in the context.
const RELEASED_HOOK: &str = "claude_code_hook";

/// What an agent wants to do.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct EvaluateRequest {
    /// The agent; empty for the key's own.
    #[serde(deserialize_with = "lenient::text")]
    agent_id: Option<String>,
    /// What is attempted, such as `tool_call`.
    #[serde(deserialize_with = "lenient::text")]
    action: Option<String>,
    /// The user the agent acts for. Older clients write `userId`.
    #[serde(alias = "userId", deserialize_with = "lenient::text")]
    user_id: Option<String>,
    /// The facts the policies read.
    #[serde(deserialize_with = "lenient::object")]
    #[schema(value_type = Object)]
    context: Map<String, Value>,
    /// Only ask: nothing is spent.
    dry_run: Option<bool>,
}

impl Plain for EvaluateRequest {
    fn plain(text: &str) -> Option<Self> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let request = reader.deserialize_map(Fields).ok()?;
        reader.end().ok()?;
        Some(request)
    }
}

/// Reads the fields of a request. Anything that is not as the fields say is an error, and so is a
/// key given twice.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = EvaluateRequest;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<EvaluateRequest, A::Error> {
        let mut request = EvaluateRequest::default();
        let mut seen: Vec<&str> = Vec::with_capacity(8);
        while let Some(key) = fields.next_key::<&str>()? {
            let key = if key == "userId" { "user_id" } else { key };
            if seen.contains(&key) {
                return Err(A::Error::custom("a key given twice"));
            }
            seen.push(key);
            let text = |text: Option<String>| text.filter(|text| !text.is_empty());
            match key {
                "agent_id" => request.agent_id = text(fields.next_value()?),
                "action" => request.action = text(fields.next_value()?),
                "user_id" => request.user_id = text(fields.next_value()?),
                "dry_run" => request.dry_run = fields.next_value()?,
                "context" => match fields.next_value::<StrictValue>()?.0 {
                    Value::Object(context) => request.context = context,
                    Value::Null => {}
                    _ => return Err(A::Error::custom("not an object")),
                },
                _ => drop(fields.next_value::<StrictValue>()?),
            }
        }
        Ok(request)
    }
}

impl EvaluateRequest {
    /// Checks the request and names its agent.
    pub(crate) async fn asked(self, app: &App, caller: &Caller, source: Source) -> Result<Asked, ApiError> {
        let action = self.action.filter(|action| !action.trim().is_empty());
        let Some(action) = action else {
            return Err(ApiError::invalid("action", "the request names no action: send one, such as `tool_call`"));
        };
        fields::text("action", &action, MOST_ACTION)?;
        if let Some(user) = &self.user_id {
            fields::text("user_id", user, MOST_USER)?;
        }
        let context = Value::Object(self.context);
        if fields::has_nul(&context) {
            return Err(ApiError::invalid("context", "holds a NUL character"));
        }
        let Value::Object(context) = context else { return Err(ApiError::invalid("context", "not an object")) };
        let agent = acting_agent(app, caller, self.agent_id.as_deref()).await?;
        let dry_run = self.dry_run.unwrap_or_default();
        Ok(Asked { agent, user: self.user_id, action, context, dry_run, source })
    }
}

/// Allow, deny, or ask a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verb {
    /// Go on.
    Allow,
    /// Do not.
    Deny,
    /// Not unless a person approves.
    Ask,
}

impl Verb {
    /// The word for a decision.
    pub(crate) fn of(allowed: bool, requestable: bool) -> Self {
        match (allowed, requestable) {
            (true, _) => Self::Allow,
            (false, true) => Self::Ask,
            (false, false) => Self::Deny,
        }
    }
}

/// The answer, whether or not the action is allowed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EvaluateReply<'d> {
    /// Whether to go on.
    allowed: bool,
    /// Allow, deny or ask.
    decision: Verb,
    /// Why not; null when allowed.
    reason: Option<&'d str>,
    /// The code of the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    code: Option<&'d Code>,
    /// What each policy said. The released Claude Code hook gets their names alone.
    #[schema(value_type = Vec<Object>)]
    policies_evaluated: PoliciesEvaluated<'d>,
    /// For the released hook, what each policy said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    policies: Option<PoliciesAnswered<'d>>,
    /// Warnings in words.
    warnings: &'d [String],
    /// The context the decision was made on.
    #[schema(value_type = Object)]
    context: Facts<'d>,
    /// 0 to 100.
    risk_score: u32,
    /// What raised the score.
    #[schema(value_type = Vec<Object>)]
    risk_factors: Vec<RiskFactorDocument>,
    /// What the caller must do when it goes on.
    #[schema(value_type = Vec<Object>)]
    obligations: Vec<&'d Obligation>,
    /// Whether this was only a question.
    dry_run: bool,
    /// Whether a person could approve it.
    requires_approval: bool,
    /// The request a person was asked to approve.
    approval_id: Option<&'d str>,
    /// The record of this decision.
    evaluation_id: &'d str,
    /// How long deciding took. Unit: microseconds.
    duration_us: u64,
    /// When a limit that refused opens again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
}

/// What each policy said, or the names of those that were not kept.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum PoliciesEvaluated<'d> {
    Objects(PoliciesAnswered<'d>),
    Names(Vec<&'d str>),
}

/// The facts of a request.
#[derive(Debug)]
enum Facts<'d> {
    Context(&'d Context),
    Map(&'d Map<String, Value>),
}

impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Context(context) => serializer.collect_map(context.iter()),
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

impl<'d> EvaluateReply<'d> {
    fn new(answered: &'d Answered) -> Self {
        let Answered { request, decision, said, .. } = answered;
        let allowed = wire::is_allowed(decision);
        let from_hook = request.context.get("source").and_then(Value::as_str) == Some(RELEASED_HOOK);
        // On a denial the released hook joins this list as texts; objects would crash it, and a
        // crashed hook lets the tool run.
        let (policies_evaluated, policies) = if from_hook && !allowed {
            (PoliciesEvaluated::Names(said.failed().collect()), Some(said.answered()))
        } else {
            (PoliciesEvaluated::Objects(said.answered()), None)
        };
        Self {
            allowed,
            decision: Verb::of(allowed, answered.requestable),
            reason: wire::reason(decision),
            code: decision.primary().map(|violation| &violation.code),
            policies_evaluated,
            policies,
            warnings: &answered.warnings,
            context: answered.added.as_ref().map_or(Facts::Context(&request.context), Facts::Map),
            risk_score: decision.risk().score,
            risk_factors: wire::risk_factors(decision),
            obligations: decision.obligations().collect(),
            dry_run: decision.is_dry_run(),
            requires_approval: answered.requestable,
            approval_id: answered.approval.as_ref().map(|row| row.id.as_str()),
            evaluation_id: &answered.id,
            duration_us: answered.duration_us,
            retry_at: answered.retry_at(),
        }
    }
}

/// Decides whether an agent may do a thing.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/evaluate", operation_id = "evaluate", tag = "agents", request_body = EvaluateRequest,
    responses(
        (status = 200, description = "The decision, allowed or not", body = EvaluateReply),
        (status = "4XX", description = "The request cannot be decided", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn evaluate(
    State(app): State<Arc<App>>,
    caller: Caller,
    PlainBody(request): PlainBody<EvaluateRequest>,
) -> Result<Response, ApiError> {
    let asked = request.asked(&app, &caller, Source::Native).await?;
    let answered = decide::answer(&app, asked).await?;
    reply::json(&EvaluateReply::new(&answered))
}

#[cfg(test)]
mod tests {
    use super::EvaluateRequest;
    use crate::http::extract::{Plain as _, parse, read};

    fn usual(text: &str) -> Option<String> {
        let request: Option<EvaluateRequest> = parse(text.as_bytes()).ok().and_then(|value| read(value).ok());
        request.map(|request| format!("{request:?}"))
    }

    #[test]
    fn the_short_way_reads_what_the_usual_way_reads_and_nothing_else() {
        for text in [
            "{}",
            r#"{"action":"a"}"#,
            r#" {"action":"é\n\"\u00e9","agent_id":"","user_id":null,"dry_run":null,"context":null} "#,
            r#"{"userId":"ada","context":{"a":[1,-2,3.5e3,{"b":null}],"\u0000":"x","":{}},"dry_run":true}"#,
            r#"{"action":"a","more":{"x":[1]},"other":7}"#,
        ] {
            let plain = EvaluateRequest::plain(text).map(|request| format!("{request:?}"));
            assert!(plain.is_some() && plain == usual(text), "{text}: {plain:?}");
        }
        for text in [
            "",
            "null",
            "{} {}",
            r#"{"action":7}"#,
            r#"{"action":"a","action":"a"}"#,
            r#"{"user_id":"a","userId":"a"}"#,
            r#"{"context":[1]}"#,
            r#"{"context":{"a":1,"a":1}}"#,
            r#"{"context":{"a":{"b":1,"b":1}}}"#,
            r#"{"more":{"b":1,"b":1}}"#,
            r#"{"more":1,"more":1}"#,
            r#"{"dry_run":"yes"}"#,
            r#"{"context":{"a":1e999}}"#,
            r#"{"context":{"a":"\ud800"}}"#,
            r#"{"action":"a""#,
        ] {
            assert!(EvaluateRequest::plain(text).is_none() && usual(text).is_none(), "{text}");
        }
        let deep = format!(r#"{{"context":{{"a":{}1{}}}}}"#, "[".repeat(200), "]".repeat(200));
        assert!(EvaluateRequest::plain(&deep).is_none() && usual(&deep).is_none());
        // Written in an unusual way: left to the usual way.
        assert!(EvaluateRequest::plain(r#"{"\u0061ction":"a"}"#).is_none());
    }
}
