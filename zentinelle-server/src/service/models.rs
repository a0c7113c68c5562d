//! The models a tenant knows, and whether it approves of them. One that is denied is refused to
//! every call from the reply on; the rest of what is decided here is judged by compliance.

use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use zentinelle_core::audit::AuditAction;

use super::change::Change;
use super::fields;
use super::policies::finish;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::model;
use crate::store::page::{Page, Paged};
use crate::store::{models as store, tenants, wire_name};

/// Whether a tenant approves of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ModelApproval)]
pub(crate) enum Approval {
    /// Nobody decided yet.
    #[default]
    Pending,
    /// It may be used.
    Approved,
    /// It may be used for some things; the note says which.
    Restricted,
    /// It may not be used.
    Denied,
}

/// How much harm a model can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RiskLevel {
    /// Hardly any.
    Minimal,
    /// Some.
    Limited,
    /// Much.
    High,
    /// More than may be.
    Unacceptable,
    /// Nobody judged it.
    #[default]
    Unknown,
}

/// What a model makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ModelType {
    /// Text.
    #[default]
    Llm,
    /// Vectors.
    Embedding,
    /// Pictures.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Several of these.
    Multimodal,
    /// Verdicts.
    Moderation,
}

/// A model as an operator writes it. In a change, what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct ModelInput {
    /// Its vendor. Required.
    provider: Option<String>,
    /// Its name with the vendor. Required.
    model: Option<String>,
    /// Its name for people. Default: the name.
    display_name: Option<String>,
    /// What it makes. Default: `llm`.
    model_type: Option<ModelType>,
    /// How much harm it can do. Default: unknown.
    risk_level: Option<RiskLevel>,
    /// What it can do.
    capabilities: Option<Vec<String>>,
    /// How much it reads at once. Unit: tokens.
    context_window: Option<u64>,
    /// Whether it is approved. Default: pending.
    approval: Option<Approval>,
    /// Why.
    approval_note: Option<String>,
}

impl ModelInput {
    fn write_to(self, row: &mut model::Model, caller: &Caller, now: i64) -> Result<(), ApiError> {
        if let Some(provider) = &self.provider {
            row.provider = fields::required("provider", Some(provider), fields::MOST_NAME)?.to_lowercase();
        }
        if let Some(name) = &self.model {
            row.model = fields::required("model", Some(name), fields::MOST_NAME)?;
        }
        if let Some(name) = &self.display_name {
            row.display_name = fields::required("display_name", Some(name), fields::MOST_NAME)?;
        }
        if let Some(model_type) = &self.model_type {
            row.model_type = wire_name(model_type);
        }
        if let Some(risk) = &self.risk_level {
            row.risk_level = wire_name(risk);
        }
        if let Some(capabilities) = self.capabilities {
            fields::names("capabilities", &capabilities, 100)?;
            row.capabilities = json!(capabilities);
        }
        if let Some(window) = self.context_window {
            let window = i64::try_from(window).map_err(|_| ApiError::invalid("context_window", "is too large"))?;
            row.context_window = Some(window);
        }
        if let Some(note) = self.approval_note {
            fields::text("approval_note", &note, fields::MOST_PROSE)?;
            row.approval_note = note;
        }
        if let Some(approval) = self.approval.as_ref().map(wire_name).filter(|approval| *approval != row.approval) {
            let decided = approval != "pending";
            row.approval = approval;
            row.decided_by = decided.then(|| caller.actor());
            row.decided_at = decided.then_some(now);
        }
        Ok(())
    }
}

/// The models of the caller's tenant.
pub(crate) async fn list(app: &App, caller: &Caller, page: &Page) -> Result<Paged<model::Model>, ApiError> {
    Ok(store::page(app.store.db(), &caller.tenant, page).await?)
}

/// One model.
pub(crate) async fn get(app: &App, caller: &Caller, id: &str) -> Result<model::Model, ApiError> {
    Ok(store::by_id(app.store.db(), &caller.tenant, id).await?)
}

/// Registers a model.
pub(crate) async fn create(app: &App, caller: &Caller, input: ModelInput) -> Result<model::Model, ApiError> {
    let now = clock::now_micros();
    let name = fields::required("model", input.model.as_deref(), fields::MOST_NAME)?;
    let mut row = model::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id: clock::new_id(),
        provider: fields::required("provider", input.provider.as_deref(), fields::MOST_NAME)?,
        display_name: name.clone(),
        model: name,
        model_type: wire_name(&ModelType::default()),
        risk_level: wire_name(&RiskLevel::default()),
        capabilities: json!([]),
        context_window: None,
        approval: wire_name(&Approval::default()),
        approval_note: String::new(),
        decided_by: None,
        decided_at: None,
        created_at: now,
        updated_at: now,
    };
    input.write_to(&mut row, caller, now)?;
    let txn = app.store.begin().await?;
    store::insert(&txn, row.clone()).await?;
    change(caller, AuditAction::Create, &row, json!({ "after": shown(&row) })).record(&txn).await?;
    commit(app, caller, txn, row.approval == store::DENIED).await?;
    Ok(row)
}

/// Changes a model, or decides about it.
pub(crate) async fn update(app: &App, caller: &Caller, id: &str, input: ModelInput) -> Result<model::Model, ApiError> {
    let txn = app.store.begin().await?;
    let mut row = store::locked(&txn, &caller.tenant, id).await?;
    let (before, approval, name) = (shown(&row), row.approval.clone(), row.model.clone());
    let now = clock::now_micros();
    input.write_to(&mut row, caller, now)?;
    row.updated_at = now;
    store::update(&txn, row.clone()).await?;
    let action = match (row.approval == approval, row.approval.as_str()) {
        (false, "approved" | "restricted") => AuditAction::Approve,
        (false, "denied") => AuditAction::Reject,
        _ => AuditAction::Update,
    };
    change(caller, action, &row, json!({ "before": before, "after": shown(&row) })).record(&txn).await?;
    let denied = [&approval, &row.approval].iter().any(|approval| *approval == store::DENIED);
    commit(app, caller, txn, denied && (approval != row.approval || name != row.model)).await?;
    Ok(row)
}

/// Forgets a model.
pub(crate) async fn delete(app: &App, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let txn = app.store.begin().await?;
    let row = store::locked(&txn, &caller.tenant, id).await?;
    store::delete(&txn, &caller.tenant, id).await?;
    change(caller, AuditAction::Delete, &row, json!({ "before": shown(&row) })).record(&txn).await?;
    commit(app, caller, txn, row.approval == store::DENIED).await
}

/// Commits a change, and puts it into force when it `decides`: which models are denied is part of
/// what decisions are made by.
async fn commit(app: &App, caller: &Caller, txn: DatabaseTransaction, decides: bool) -> Result<(), ApiError> {
    if !decides {
        return Ok(txn.commit().await?);
    }
    tenants::bump_revision(&txn, &caller.tenant).await?;
    finish(app, caller, txn).await
}

fn change<'c>(caller: &'c Caller, action: AuditAction, row: &'c model::Model, changes: Value) -> Change<'c> {
    Change { caller, action, resource_type: "model", resource_id: &row.id, resource_name: &row.model, changes }
}

fn shown(row: &model::Model) -> Value {
    json!({
        "provider": row.provider, "model": row.model, "risk_level": row.risk_level, "approval": row.approval,
        "approval_note": row.approval_note,
    })
}
