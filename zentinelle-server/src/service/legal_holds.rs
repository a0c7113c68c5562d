//! Legal holds as operators keep them. A hold that is in force cannot be removed, only released,
//! and both are on the audit chain.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::{Value, json};
use zentinelle_core::audit::AuditAction;

use super::change::Change;
use super::{fields, retention};
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::legal_hold;
use crate::store::legal_holds as store;
use crate::store::page::{self, Page, Paged};

/// How many agents or users one hold may name.
const MOST_NAMES: usize = 1_000;

/// What an operator writes of a hold. What is left out of a change stays.
#[derive(Debug, Default)]
pub(crate) struct Input {
    /// A name for people.
    pub(crate) name: Option<String>,
    /// Why the data is held.
    pub(crate) reason: Option<String>,
    /// Which kinds of records; empty for all.
    pub(crate) entity_types: Option<Vec<String>>,
    /// Of which agents; empty for all.
    pub(crate) agent_ids: Option<Vec<String>>,
    /// Of which users; empty for all.
    pub(crate) user_ids: Option<Vec<String>>,
    /// Records from this instant on.
    pub(crate) data_from: Option<String>,
    /// Records until this instant.
    pub(crate) data_to: Option<String>,
}

/// The holds of the caller's tenant.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    status: Option<&str>,
    page: &Page,
) -> Result<Paged<legal_hold::Model>, ApiError> {
    let mut select = legal_hold::Entity::find().filter(legal_hold::Column::TenantId.eq(caller.tenant.as_str()));
    if let Some(status) = status {
        select = select.filter(legal_hold::Column::Status.eq(status));
    }
    Ok(page::read(app.store.db(), select, legal_hold::Column::Id, |row: &legal_hold::Model| &row.id, page).await?)
}

/// One hold.
pub(crate) async fn get(app: &App, caller: &Caller, id: &str) -> Result<legal_hold::Model, ApiError> {
    store::by_id(app.store.db(), &caller.tenant, id).await?.ok_or(ApiError::NotFound { what: "legal hold" })
}

/// Makes a hold, in force at once.
pub(crate) async fn create(app: &App, caller: &Caller, input: Input) -> Result<legal_hold::Model, ApiError> {
    let mut row = legal_hold::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id: clock::new_id(),
        name: fields::required("name", input.name.as_deref(), fields::MOST_NAME)?,
        reason: fields::required("reason", input.reason.as_deref(), fields::MOST_PROSE)?,
        status: store::ACTIVE.to_owned(),
        entity_types: json!([]),
        agent_ids: json!([]),
        user_ids: json!([]),
        data_from: None,
        data_to: None,
        created_by: caller.actor(),
        created_at: clock::now_micros(),
        released_by: None,
        released_at: None,
    };
    write(&mut row, input)?;
    let txn = app.store.begin().await?;
    store::insert(&txn, row.clone()).await?;
    change(caller, AuditAction::Create, &row, json!({ "after": shown(&row) })).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

/// Changes a hold that is in force.
pub(crate) async fn update(app: &App, caller: &Caller, id: &str, input: Input) -> Result<legal_hold::Model, ApiError> {
    let txn = app.store.begin().await?;
    let missing = ApiError::NotFound { what: "legal hold" };
    let mut row = store::by_id(&txn, &caller.tenant, id).await?.ok_or(missing)?;
    if row.status != store::ACTIVE {
        return Err(released(&row));
    }
    let before = shown(&row);
    write(&mut row, input)?;
    store::update(&txn, row.clone()).await?;
    let changes = json!({ "before": before, "after": shown(&row) });
    change(caller, AuditAction::Update, &row, changes).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

/// Releases a hold: from now on it holds nothing.
pub(crate) async fn release(app: &App, caller: &Caller, id: &str) -> Result<legal_hold::Model, ApiError> {
    let txn = app.store.begin().await?;
    let missing = ApiError::NotFound { what: "legal hold" };
    let mut row = store::by_id(&txn, &caller.tenant, id).await?.ok_or(missing)?;
    if row.status != store::ACTIVE {
        return Err(released(&row));
    }
    row.status = store::RELEASED.to_owned();
    row.released_by = Some(caller.actor());
    row.released_at = Some(clock::now_micros());
    store::update(&txn, row.clone()).await?;
    let changes = json!({ "status": { "before": store::ACTIVE, "after": store::RELEASED }, "hold": shown(&row) });
    change(caller, AuditAction::Update, &row, changes).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

/// Removes a hold that was released.
pub(crate) async fn delete(app: &App, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let txn = app.store.begin().await?;
    let missing = ApiError::NotFound { what: "legal hold" };
    let row = store::by_id(&txn, &caller.tenant, id).await?.ok_or(missing)?;
    if row.status != store::RELEASED {
        let message = "the hold is in force: release it first".to_owned();
        return Err(ApiError::Conflict { code: "hold_in_force", message });
    }
    store::delete(&txn, &caller.tenant, id).await?;
    change(caller, AuditAction::Delete, &row, json!({ "before": shown(&row) })).record(&txn).await?;
    txn.commit().await?;
    Ok(())
}

fn released(row: &legal_hold::Model) -> ApiError {
    let when = clock::iso_or_none(row.released_at).unwrap_or_default();
    ApiError::Conflict { code: "hold_released", message: format!("the hold was released at {when}") }
}

fn write(row: &mut legal_hold::Model, input: Input) -> Result<(), ApiError> {
    if let Some(name) = &input.name {
        row.name = fields::required("name", Some(name), fields::MOST_NAME)?;
    }
    if let Some(reason) = &input.reason {
        row.reason = fields::required("reason", Some(reason), fields::MOST_PROSE)?;
    }
    if let Some(types) = input.entity_types {
        if let Some(unknown) = types.iter().find(|one| !retention::ENTITY_TYPES.contains(&one.as_str())) {
            let unknown: String = unknown.chars().take(50).collect();
            let known = retention::ENTITY_TYPES.join(", ");
            return Err(ApiError::invalid(
                "entity_types",
                format!("`{}` is none of {known}", unknown.escape_default()),
            ));
        }
        row.entity_types = json!(types);
    }
    for (field, names, kept) in
        [("agent_ids", input.agent_ids, &mut row.agent_ids), ("user_ids", input.user_ids, &mut row.user_ids)]
    {
        if let Some(names) = names {
            fields::names(field, &names, MOST_NAMES)?;
            *kept = json!(names);
        }
    }
    for (field, given, kept) in
        [("data_from", input.data_from, &mut row.data_from), ("data_to", input.data_to, &mut row.data_to)]
    {
        if let Some(given) = given {
            *kept = fields::instant(field, Some(&given))?;
        }
    }
    if matches!((row.data_from, row.data_to), (Some(from), Some(to)) if from > to) {
        return Err(ApiError::invalid("data_to", "lies before `data_from`: the hold would hold nothing"));
    }
    Ok(())
}

fn change<'c>(caller: &'c Caller, action: AuditAction, row: &'c legal_hold::Model, changes: Value) -> Change<'c> {
    Change { caller, action, resource_type: "legal_hold", resource_id: &row.id, resource_name: &row.name, changes }
}

fn shown(row: &legal_hold::Model) -> Value {
    json!({ "name": row.name, "reason": row.reason, "entity_types": row.entity_types, "agent_ids": row.agent_ids,
        "user_ids": row.user_ids, "data_from": clock::iso_or_none(row.data_from),
        "data_to": clock::iso_or_none(row.data_to) })
}
