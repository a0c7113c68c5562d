//! Actions that wait for a person.

use hashbrown::HashMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::shared::{at, made_at, own_id};
use crate::clock;
use crate::graphql::ask::{Ask, ById, Id, Resolvers};
use crate::graphql::page::PageArgs;
use crate::http::error::ApiError;
use crate::service::approvals::{self, Verdict, as_of_now, risk_level};
use crate::store::approvals as store;
use crate::store::entities::approval;

/// How far a decision and its request may lie apart. Unit: microseconds.
const LEEWAY: i64 = 5_000_000;

pub(super) fn register(to: &mut Resolvers) {
    to.query("approvalsPage", async |ask: Ask, args: PageArgs<store::Listed>| {
        let mut wanted = args.filter();
        own_id(&ask, &mut wanted.endpoint_id).await?;
        let select = wanted.select(ask.tenant());
        args.read(&ask, "approvals", select, store::SORTS, approval::Column::Id, view).await
    });
    to.query("approval", async |ask: Ask, args: ById| -> Result<Option<Value>, ApiError> {
        Ok(approvals::find(&ask.app, ask.tenant(), &args.id.0).await?.map(view))
    });
    to.mutation("approveAction", async |ask: Ask, args: Resolve| resolve(&ask, args, true).await);
    to.mutation("denyAction", async |ask: Ask, args: Resolve| resolve(&ask, args, false).await);
    to.batch("approval_of_decision", async |app, tenant, ids| {
        // A request is made with the decision that asks for it, and an id tells when that was.
        let times: Vec<i64> = ids.iter().filter_map(|id| made_at(id)).collect();
        let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else { return Ok(HashMap::new()) };
        let rows = store::requested_between(app.store.db(), &tenant, first - LEEWAY, last + LEEWAY).await?;
        let of = |row: approval::Model| {
            let decision = row.request.get("evaluation_id")?.as_str()?.to_owned();
            ids.contains(&decision).then(|| (decision, view(row)))
        };
        Ok(rows.into_iter().filter_map(of).collect())
    });
    to.field("DecisionType", "approval", async |ask: Ask, _: Value| {
        ask.load("approval_of_decision", ask.of_parent("id")).await
    });
    to.field("ApprovalType", "endpoint", async |ask: Ask, _: Value| ask.load("agent", ask.of_parent("agentId")).await);
}

/// A request for approval as it stands now.
pub(super) fn view(row: approval::Model) -> Value {
    let row = as_of_now(row);
    let policy = row.request.pointer("/policies/0").cloned().unwrap_or_default();
    let justification = row.request.get("justification").and_then(Value::as_str).unwrap_or_default().to_owned();
    json!({
        "id": row.id, "status": row.status, "risk": risk_level(row.risk_score), "action": row.action,
        "reason": row.reason, "justification": justification, "agentId": row.agent_id,
        "userIdentifier": row.user_id.unwrap_or_default(), "requestedAt": clock::iso(row.requested_at),
        "expiresAt": clock::iso(row.expires_at), "resolvedAt": at(row.decided_at), "resolvedBy": row.decided_by,
        "comment": row.decision_note, "digest": row.arguments_digest, "context": row.request,
        "policyId": policy.get("id"), "policyName": policy.get("name"),
    })
}

#[derive(Deserialize)]
struct Resolve {
    id: Id,
    comment: Option<String>,
}

async fn resolve(ask: &Ask, args: Resolve, approve: bool) -> Result<Value, ApiError> {
    let id = args.id.known("approval request")?;
    let verdict = if approve { Verdict::Approve } else { Verdict::Deny };
    approvals::resolve(&ask.app, &ask.caller, id, verdict, args.comment.as_deref().unwrap_or_default()).await?;
    let row = approvals::find(&ask.app, ask.tenant(), id).await?;
    Ok(json!({ "approval": row.map(view) }))
}
