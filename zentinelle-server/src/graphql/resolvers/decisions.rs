//! Decisions: what was asked, what was answered, and by which rule.

use serde_json::{Value, json};

use super::shared::own_id;
use crate::clock;
use crate::graphql::ask::{Ask, ById, Resolvers};
use crate::graphql::page::{Connection, PageArgs};
use crate::http::error::ApiError;
use crate::service::hold_access::{self, Access, Records};
use crate::store::entities::evaluation;
use crate::store::evaluations as store;

pub(super) fn register(to: &mut Resolvers) {
    to.query("decisionsPage", async |ask: Ask, args: PageArgs<store::Listed>| -> Result<Connection, ApiError> {
        let mut wanted = args.filter();
        own_id(&ask, &mut wanted.endpoint_id).await?;
        let select = wanted.select(ask.tenant());
        args.read(&ask, "decisions", select, store::SORTS, evaluation::Column::Id, view).await
    });
    to.query("decision", async |ask: Ask, args: ById| -> Result<Option<Value>, ApiError> {
        let Some(row) = store::by_id(ask.db(), ask.tenant(), &args.id.0).await? else { return Ok(None) };
        let records = Records::one("evaluations", row.occurred_at, &row.agent_id, row.user_id.as_deref());
        hold_access::tell(&ask.app, &ask.caller, Access::Opened, records).await?;
        Ok(Some(view(row)))
    });
    to.batch("said", async |app, tenant, ids| {
        let rows = store::policy_lists(app.store.db(), &tenant, &ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row.policies)).collect())
    });
    to.field("DecisionType", "policies", policies);
    to.field("DecisionType", "endpoint", async |ask: Ask, _: Value| ask.load("agent", ask.of_parent("agentId")).await);
}

/// A decision, as it is answered.
pub(super) fn view(row: evaluation::Model) -> Value {
    let of = |key: &str| row.context.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    json!({
        "id": row.id, "allowed": row.allowed, "action": row.action, "resource": row.resource, "reason": row.reason,
        "code": row.code, "warnings": row.warnings, "riskScore": row.risk_score,
        "userIdentifier": row.user_id.unwrap_or_default(), "sessionId": row.session_id.unwrap_or_default(),
        "correlationId": of("correlation_id"), "requestId": of("request_id"), "agentId": row.agent_id,
        "source": row.source, "dryRun": row.dry_run, "durationUs": row.duration_us,
        "decidedAt": clock::iso(row.occurred_at), "said": row.policies, "context": row.context,
    })
}

/// What every policy said. Where all were kept, decisions share one list.
async fn policies(ask: Ask, _: Value) -> Result<Value, ApiError> {
    let said = match ask.parent.get("said") {
        Some(Value::String(list)) => ask.load("said", list).await?,
        Some(said) => said.clone(),
        None => Value::Null,
    };
    Ok(said.as_array().into_iter().flatten().map(policy_view).collect())
}

fn policy_view(said: &Value) -> Value {
    let of = |key: &str| said.get(key).cloned().unwrap_or_default();
    let is = |key: &str| said.get(key).and_then(Value::as_bool).unwrap_or_default();
    let verdict = match (is("passed"), is("applicable")) {
        (false, _) => "violated",
        (true, true) => "satisfied",
        (true, false) => "not_applicable",
    };
    json!({
        "policyId": of("id"), "policyName": of("name"), "policyType": of("type"), "version": of("version"),
        "verdict": verdict, "code": of("code"), "message": of("message"), "enforcement": of("enforcement"),
        "pointer": of("pointer"),
    })
}
