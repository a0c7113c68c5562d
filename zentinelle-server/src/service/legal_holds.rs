//! Legal holds as operators keep them. A hold that is in force cannot be removed, only released,
//! and both are on the audit chain.

use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _};
use serde_json::{Map, Value, json};
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::TenantId;

use super::change::Change;
use super::{fields, retention, users};
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::notices;
use crate::store::StoreError;
use crate::store::entities::legal_hold;
use crate::store::legal_holds as store;
use crate::store::page::{self, Page, Paged};
use crate::webhooks::{self, Emission, Event};

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
    /// Which kind of hold it is.
    pub(crate) hold_type: Option<String>,
    /// The number of the case.
    pub(crate) reference_number: Option<String>,
    /// From when on it holds. Only of a new one.
    pub(crate) effective_at: Option<String>,
    /// Until when it holds; empty for until it is released.
    pub(crate) expires_at: Option<String>,
    /// Who answers for it.
    pub(crate) custodian_email: Option<String>,
    /// Whether those who are told want to know of access as well; see [`super::hold_access`].
    pub(crate) notify_on_access: Option<bool>,
    /// Who is told by e-mail when it begins, changes or ends.
    pub(crate) notification_emails: Option<Vec<String>>,
    /// Anything else.
    pub(crate) metadata: Option<Map<String, Value>>,
}

/// The kinds of holds.
pub(crate) const TYPES: [&str; 5] = ["litigation", "investigation", "regulatory", "audit", "other"];
/// How many people one hold may tell.
const MOST_TOLD: usize = 20;

/// The holds of the caller's tenant.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    status: Option<&str>,
    page: &Page,
) -> Result<Paged<legal_hold::Model>, ApiError> {
    let mut select = legal_hold::Entity::find().filter(legal_hold::Column::TenantId.eq(caller.tenant.as_str()));
    if let Some(status) = status {
        select = select.filter(store::stands(status, clock::now_micros()));
    }
    Ok(page::read(app.store.db(), select, legal_hold::Column::Id, |row: &legal_hold::Model| &row.id, page).await?)
}

/// One hold.
pub(crate) async fn get(app: &App, caller: &Caller, id: &str) -> Result<legal_hold::Model, ApiError> {
    store::by_id(app.store.db(), &caller.tenant, id).await?.ok_or(ApiError::NotFound { what: "legal hold" })
}

/// Makes a hold, in force at once unless it says from when on.
pub(crate) async fn create(app: &App, caller: &Caller, input: Input) -> Result<legal_hold::Model, ApiError> {
    let now = clock::now_micros();
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
        hold_type: "other".to_owned(),
        reference_number: String::new(),
        effective_at: fields::instant("effective_at", input.effective_at.as_deref())?.unwrap_or(now),
        expires_at: None,
        custodian_email: String::new(),
        notify_on_access: false,
        notification_emails: json!([]),
        metadata: json!({}),
        created_by: caller.actor(),
        created_at: now,
        updated_at: now,
        released_by: None,
        released_at: None,
    };
    write(&mut row, input)?;
    let txn = app.store.begin().await?;
    store::insert(&txn, row.clone()).await?;
    change(caller, AuditAction::Create, &row, json!({ "after": shown(&row) })).record(&txn).await?;
    tell(app, &txn, &row, "was made", now).await?;
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
    row.updated_at = clock::now_micros();
    store::update(&txn, row.clone()).await?;
    let changes = json!({ "before": before, "after": shown(&row) });
    change(caller, AuditAction::Update, &row, changes).record(&txn).await?;
    tell(app, &txn, &row, "was changed", row.updated_at).await?;
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
    row.updated_at = clock::now_micros();
    row.released_at = Some(row.updated_at);
    store::update(&txn, row.clone()).await?;
    let changes = json!({ "status": { "before": store::ACTIVE, "after": store::RELEASED }, "hold": shown(&row) });
    change(caller, AuditAction::Update, &row, changes).record(&txn).await?;
    tell(app, &txn, &row, "was released", row.updated_at).await?;
    txn.commit().await?;
    Ok(row)
}

/// Tells of the holds of a tenant whose time is over, once each: they hold nothing any more.
pub(crate) async fn tell_of_expired(app: &App, tenant: &TenantId) -> Result<(), StoreError> {
    let now = clock::now_micros();
    for row in store::over(app.store.db(), tenant, now).await? {
        let Some(end) = row.expires_at.filter(|end| end.saturating_add(SPOKEN_OF) > now) else { continue };
        let txn = app.store.begin().await?;
        tell(app, &txn, &row, "has expired", end).await?;
        txn.commit().await?;
    }
    Ok(())
}

/// How long after its end a hold is still spoken of, if that was missed. Unit: microseconds.
const SPOKEN_OF: i64 = 30 * 86_400_000_000;

/// Tells people what became of a hold, and those whom the hold names in any case.
async fn tell(
    app: &App,
    txn: &DatabaseTransaction,
    row: &legal_hold::Model,
    what: &str,
    at: i64,
) -> Result<(), StoreError> {
    let told = Emission {
        tenant: TenantId::new(row.tenant_id.clone()),
        id: format!("{}:{what}:{at}", row.id),
        event: Event::Alert,
        severity: "medium".to_owned(),
        title: format!("the legal hold `{}` {what}", row.name),
        agent_id: None,
        user_id: None,
        action: None,
        at,
        data: json!({ "alert_type": "legal_hold", "description": row.reason, "hold_id": row.id,
            "reference_number": row.reference_number, "expires_at": clock::iso_or_none(row.expires_at) }),
    };
    spread(app, txn, row, told).await
}

/// Tells an organisation something about a hold, and those whom the hold names.
pub(super) async fn spread(
    app: &App,
    txn: &DatabaseTransaction,
    row: &legal_hold::Model,
    told: Emission,
) -> Result<(), StoreError> {
    let named = row.notification_emails.as_array().map_or(0, Vec::len);
    webhooks::emit(txn, told.clone()).await?;
    if app.background.mail.is_some() {
        notices::tell_those_named(txn, &told, &row.id, named).await?;
    }
    Ok(())
}

/// Removes a hold that was released, or whose time is over.
pub(crate) async fn delete(app: &App, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let txn = app.store.begin().await?;
    let missing = ApiError::NotFound { what: "legal hold" };
    let row = store::by_id(&txn, &caller.tenant, id).await?.ok_or(missing)?;
    if store::standing(&row, clock::now_micros()) == store::ACTIVE {
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
    if let Some(kind) = &input.hold_type {
        if !TYPES.contains(&kind.as_str()) {
            return Err(ApiError::invalid("hold_type", format!("must be one of {}", TYPES.join(", "))));
        }
        row.hold_type.clone_from(kind);
    }
    if let Some(number) = &input.reference_number {
        fields::text("reference_number", number, fields::MOST_NAME)?;
        number.trim().clone_into(&mut row.reference_number);
    }
    if let Some(end) = &input.expires_at {
        row.expires_at = fields::instant("expires_at", Some(end))?;
        if row.expires_at.is_some_and(|end| end <= row.effective_at) {
            return Err(ApiError::invalid("expires_at", "lies before the hold begins: it would hold nothing"));
        }
    }
    if let Some(email) = &input.custodian_email {
        row.custodian_email =
            if email.trim().is_empty() { String::new() } else { users::email("custodian_email", email)? };
    }
    row.notify_on_access = input.notify_on_access.unwrap_or(row.notify_on_access);
    if let Some(emails) = input.notification_emails {
        fields::names("notification_emails", &emails, MOST_TOLD)?;
        let emails =
            emails.iter().map(|one| users::email("notification_emails", one)).collect::<Result<Vec<_>, _>>()?;
        row.notification_emails = json!(emails);
    }
    if let Some(metadata) = input.metadata {
        let metadata = Value::Object(metadata);
        fields::json("metadata", &metadata)?;
        row.metadata = metadata;
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
        "data_to": clock::iso_or_none(row.data_to), "hold_type": row.hold_type,
        "reference_number": row.reference_number, "effective_at": clock::iso(row.effective_at),
        "expires_at": clock::iso_or_none(row.expires_at), "custodian_email": row.custodian_email,
        "notify_on_access": row.notify_on_access, "notification_emails": row.notification_emails,
        "metadata": row.metadata })
}
