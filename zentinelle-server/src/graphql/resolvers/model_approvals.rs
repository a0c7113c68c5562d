//! Which models the organisation approved.
//!
//! A decision is kept, audited and judged: compliance finds models in use that nobody decided
//! about. One that is denied is refused to every call from then on.

use serde::Deserialize;
use serde_json::{Value, json};

use super::shared::{at, display, input};
use crate::clock;
use crate::graphql::ask::{Ask, ById, Id, Resolvers, optional};
use crate::http::error::ApiError;
use crate::service::models as service;
use crate::store::compliance as store;
use crate::store::entities::model;
use crate::store::models as rows;

pub(super) fn register(to: &mut Resolvers) {
    to.query("modelApprovals", async |ask: Ask, args: Listed| {
        let wanted =
            |given: &Option<String>, value: &str| given.as_deref().is_none_or(|word| word.is_empty() || word == value);
        let mut found = store::models(ask.db(), ask.tenant()).await?;
        found.retain(|row| wanted(&args.status, &row.approval) && wanted(&args.provider_slug, &row.provider));
        found.sort_by(|a, b| (&a.provider, &a.model).cmp(&(&b.provider, &b.model)));
        Ok::<_, ApiError>(found.into_iter().map(view).collect::<Vec<_>>())
    });
    to.query("modelApproval", async |ask: Ask, args: ById| {
        let found = rows::by_id(ask.db(), ask.tenant(), &args.id.0).await;
        optional(found.map(view).map_err(ApiError::from))
    });
    to.mutation("setModelApproval", async |ask: Ask, args: Decide| -> Result<Value, ApiError> {
        let change = input(json!({ "approval": args.status, "approval_note": args.notes }))?;
        let row = service::update(&ask.app, &ask.caller, args.model_id.known("model")?, change).await?;
        Ok(json!({ "id": row.id }))
    });
}

fn view(row: model::Model) -> Value {
    json!({
        "id": row.id, "status": row.approval, "maxDailyRequests": null, "maxMonthlyCost": null,
        "requiresJustification": row.approval == "restricted", "requiresApproval": row.approval == "pending",
        "reviewNotes": row.approval_note, "reviewedAt": at(row.decided_at), "createdAt": clock::iso(row.created_at),
        "updatedAt": clock::iso(row.updated_at), "modelId": row.id, "modelName": row.display_name,
        "modelProvider": row.provider, "modelRiskLevel": row.risk_level, "statusDisplay": display(&row.approval),
        "isUsable": matches!(row.approval.as_str(), "approved" | "restricted"), "reviewedByUsername": row.decided_by,
        "requestedByUsername": null,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    provider_slug: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decide {
    model_id: Id,
    status: String,
    #[serde(default)]
    notes: Option<String>,
}
