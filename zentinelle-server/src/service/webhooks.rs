//! Webhooks as operators keep them, and their deliveries.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::{Value, json};
use zentinelle_core::audit::AuditAction;
use zeroize::Zeroizing;

use super::change::Change;
use super::fields;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::jobs::{self, Job, Work};
use crate::store::entities::{webhook, webhook_delivery};
use crate::store::page::{self, Page, Paged};
use crate::store::webhooks as store;
use crate::webhooks::{self, Emission, Event, Format};

/// The longest URL. Unit: characters.
const MOST_URL: usize = 2_000;
/// The shortest secret somebody may choose. Unit: bytes.
const LEAST_SECRET: usize = 16;
/// The longest secret somebody may choose. Unit: characters.
const MOST_SECRET: usize = 256;
/// How many webhooks a tenant may have: each is looked at for every event.
const MOST_WEBHOOKS: usize = 50;
/// The severities a webhook may ask for.
const SEVERITIES: [&str; 5] = ["info", "low", "medium", "high", "critical"];

/// What an operator writes of a webhook. What is left out of a change stays.
#[derive(Debug, Default)]
pub(crate) struct Input {
    /// A name for people.
    pub(crate) name: Option<String>,
    /// Where to send.
    pub(crate) url: Option<String>,
    /// The secret of the signatures.
    pub(crate) secret: Option<Zeroizing<String>>,
    /// Make a new secret.
    pub(crate) rotate_secret: bool,
    /// Which kinds of events; empty for all.
    pub(crate) event_types: Option<Vec<String>>,
    /// Which severities; empty for all.
    pub(crate) severities: Option<Vec<String>>,
    /// `json` or `slack`.
    pub(crate) format: Option<String>,
    /// Whether it is told anything.
    pub(crate) enabled: Option<bool>,
}

/// A webhook, with its secret when it was just made up.
pub(crate) struct Kept {
    /// The webhook.
    pub(crate) row: webhook::Model,
    /// The secret, to be shown once.
    pub(crate) new_secret: Option<Zeroizing<String>>,
}

/// The webhooks of the caller's tenant.
pub(crate) async fn list(app: &App, caller: &Caller, page: &Page) -> Result<Paged<webhook::Model>, ApiError> {
    let select = webhook::Entity::find().filter(webhook::Column::TenantId.eq(caller.tenant.as_str()));
    Ok(page::read(app.store.db(), select, webhook::Column::Id, |row: &webhook::Model| &row.id, page).await?)
}

/// One webhook.
pub(crate) async fn get(app: &App, caller: &Caller, id: &str) -> Result<webhook::Model, ApiError> {
    store::by_id(app.store.db(), &caller.tenant, id).await?.ok_or(ApiError::NotFound { what: "webhook" })
}

/// Makes a webhook. Without a secret it gets one: what nobody signed nobody should believe.
pub(crate) async fn create(app: &App, caller: &Caller, input: Input) -> Result<Kept, ApiError> {
    create_as(app, caller, clock::new_id(), input).await
}

async fn create_as(app: &App, caller: &Caller, id: String, input: Input) -> Result<Kept, ApiError> {
    let now = clock::now_micros();
    let mut row = webhook::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id,
        name: fields::required("name", input.name.as_deref(), fields::MOST_NAME)?,
        url: fields::required("url", input.url.as_deref(), MOST_URL)?,
        sealed_secret: None,
        event_types: json!([]),
        severities: json!([]),
        format: Format::Json.name().to_owned(),
        enabled: true,
        created_by: caller.actor(),
        created_at: now,
        updated_at: now,
    };
    let input = Input { rotate_secret: input.rotate_secret || input.secret.is_none(), ..input };
    let new_secret = write(app, caller, &mut row, input)?;
    let txn = app.store.begin().await?;
    let known = page::read(
        &txn,
        webhook::Entity::find().filter(webhook::Column::TenantId.eq(caller.tenant.as_str())),
        webhook::Column::Id,
        |row: &webhook::Model| &row.id,
        &Page { limit: 1, offset: 0, before: None },
    )
    .await?;
    if known.total >= MOST_WEBHOOKS as u64 {
        let message = format!("there are {} webhooks already, the most there may be", known.total);
        return Err(ApiError::Conflict { code: "too_many_webhooks", message });
    }
    store::insert(&txn, row.clone()).await?;
    change(caller, AuditAction::Create, &row, json!({ "after": shown(&row) })).record(&txn).await?;
    txn.commit().await?;
    Ok(Kept { row, new_secret })
}

/// The id of the webhook that the organisation's settings keep.
pub(crate) fn of_settings_id() -> String {
    webhooks::stable_id(0, &["organization settings"])
}

/// The webhook that the organisation's settings keep, if there is one.
pub(crate) async fn of_settings(app: &App, caller: &Caller) -> Result<Option<webhook::Model>, ApiError> {
    Ok(store::by_id(app.store.db(), &caller.tenant, &of_settings_id()).await?)
}

/// Keeps the webhook of the organisation's settings: what people are told of goes there, as a
/// Slack message or as JSON. An empty address takes it away; what is none stays.
pub(crate) async fn keep_of_settings(
    app: &App,
    caller: &Caller,
    url: Option<&str>,
    slack: Option<bool>,
) -> Result<(), ApiError> {
    let present = of_settings(app, caller).await?;
    let format = slack.map(|slack| if slack { Format::Slack } else { Format::Json }.name().to_owned());
    match (present, url.map(str::trim)) {
        (Some(row), Some("")) if slack != Some(true) => delete(app, caller, &row.id).await,
        (Some(row), url) if url != Some("") => {
            let unchanged = url.is_none_or(|url| url == row.url)
                && format.as_ref().is_none_or(|format| *format == row.format)
                && row.enabled;
            if unchanged {
                return Ok(());
            }
            let input = Input { url: url.map(str::to_owned), format, enabled: Some(true), ..Input::default() };
            update(app, caller, &row.id, input).await.map(drop).map_err(as_setting)
        }
        (None, Some(url)) if !url.is_empty() => {
            let events = crate::notices::EVENTS.into_iter().map(|event| event.name().to_owned()).collect();
            let input = Input {
                name: Some("Organisation settings".to_owned()),
                url: Some(url.to_owned()),
                event_types: Some(events),
                format,
                ..Input::default()
            };
            create_as(app, caller, of_settings_id(), input).await.map(drop).map_err(as_setting)
        }
        _ if slack == Some(true) => {
            let message = "needs `webhookUrl`: the address of an incoming webhook of Slack";
            Err(ApiError::invalid("slackNotifications", message))
        }
        _ => Ok(()),
    }
}

/// A fault of the address, by the name the settings have for it.
fn as_setting(error: ApiError) -> ApiError {
    fields::renamed(error, &[("url", "webhookUrl")])
}

/// Changes a webhook.
pub(crate) async fn update(app: &App, caller: &Caller, id: &str, input: Input) -> Result<Kept, ApiError> {
    let txn = app.store.begin().await?;
    let missing = ApiError::NotFound { what: "webhook" };
    let mut row = store::by_id(&txn, &caller.tenant, id).await?.ok_or(missing)?;
    let before = shown(&row);
    let secret_changed = input.rotate_secret || input.secret.is_some();
    let new_secret = write(app, caller, &mut row, input)?;
    row.updated_at = clock::now_micros();
    store::update(&txn, row.clone()).await?;
    let changes = json!({ "before": before, "after": shown(&row), "secret_changed": secret_changed });
    change(caller, AuditAction::Update, &row, changes).record(&txn).await?;
    txn.commit().await?;
    Ok(Kept { row, new_secret })
}

/// Removes a webhook and its deliveries.
pub(crate) async fn delete(app: &App, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let txn = app.store.begin().await?;
    let missing = ApiError::NotFound { what: "webhook" };
    let row = store::by_id(&txn, &caller.tenant, id).await?.ok_or(missing)?;
    store::delete(&txn, &caller.tenant, id).await?;
    change(caller, AuditAction::Delete, &row, json!({ "before": shown(&row) })).record(&txn).await?;
    txn.commit().await?;
    Ok(())
}

/// A page of a webhook's deliveries.
pub(crate) async fn deliveries(
    app: &App,
    caller: &Caller,
    id: &str,
    status: Option<&str>,
    page: &Page,
) -> Result<Paged<webhook_delivery::Model>, ApiError> {
    use webhook_delivery::Column;
    get(app, caller, id).await?;
    let mut select = webhook_delivery::Entity::find()
        .filter(Column::TenantId.eq(caller.tenant.as_str()))
        .filter(Column::WebhookId.eq(id));
    if let Some(status) = status {
        select = select.filter(Column::Status.eq(status));
    }
    Ok(page::read(app.store.db(), select, Column::Id, |row: &webhook_delivery::Model| &row.id, page).await?)
}

/// Sends a delivery once more, with the same id: a receiver that has it already can tell.
pub(crate) async fn resend(app: &App, caller: &Caller, delivery_id: &str) -> Result<webhook_delivery::Model, ApiError> {
    let missing = || ApiError::NotFound { what: "delivery" };
    let tenant = &caller.tenant;
    let txn = app.store.begin().await?;
    let delivery = store::delivery(&txn, tenant, delivery_id).await?.ok_or_else(missing)?;
    let hook = store::by_id(&txn, tenant, &delivery.webhook_id).await?.ok_or_else(missing)?;
    let now = clock::now_micros();
    store::reset_delivery(&txn, tenant, delivery_id, now).await?;
    // The job of the delivery is used again; one that still waits is due now.
    let work = Work::DeliverWebhook { delivery_id: delivery_id.to_owned() };
    let key = webhooks::job_key(delivery_id);
    jobs::enqueue_again(&txn, &[Job::new(tenant.clone(), work).unique(&key)]).await?;
    crate::store::jobs::hurry(&txn, tenant, &key, now).await?;
    let changes = json!({ "delivery_id": delivery_id, "status_before": delivery.status });
    change(caller, AuditAction::Activate, &hook, changes).record(&txn).await?;
    let after = store::delivery(&txn, tenant, delivery_id).await?.ok_or_else(missing)?;
    txn.commit().await?;
    jobs::wake();
    Ok(after)
}

/// Sends a webhook something to see that it works, whatever events it asks for.
pub(crate) async fn test(app: &App, caller: &Caller, id: &str) -> Result<String, ApiError> {
    let txn = app.store.begin().await?;
    let missing = ApiError::NotFound { what: "webhook" };
    let hook = store::by_id(&txn, &caller.tenant, id).await?.ok_or(missing)?;
    if !hook.enabled {
        let message = "the webhook is switched off: switch it on first".to_owned();
        return Err(ApiError::Conflict { code: "webhook_disabled", message });
    }
    let emission = Emission {
        tenant: caller.tenant.clone(),
        id: clock::new_id(),
        event: Event::Test,
        severity: "info".to_owned(),
        title: "this is a test of the webhook".to_owned(),
        agent_id: None,
        user_id: None,
        action: None,
        at: clock::now_micros(),
        data: json!({ "webhook_id": id, "requested_by": caller.actor() }),
    };
    let delivery_id = webhooks::enqueue(&txn, &hook, &emission).await?;
    change(caller, AuditAction::Activate, &hook, json!({ "test_delivery": delivery_id })).record(&txn).await?;
    txn.commit().await?;
    jobs::wake();
    delivery_id.ok_or_else(|| ApiError::Internal("a new delivery was there already".to_owned()))
}

/// Checks an input and writes it to a row. Returns the secret when it was made up here.
fn write(
    app: &App,
    caller: &Caller,
    row: &mut webhook::Model,
    input: Input,
) -> Result<Option<Zeroizing<String>>, ApiError> {
    if let Some(name) = &input.name {
        row.name = fields::required("name", Some(name), fields::MOST_NAME)?;
    }
    if let Some(url) = &input.url {
        let url = fields::required("url", Some(url), MOST_URL)?;
        let checked = app.background.webhooks.check(&url);
        row.url = checked.map_err(|why| ApiError::invalid("url", why.to_string()))?.to_string();
    }
    if let Some(types) = input.event_types {
        let known: Vec<&str> = Event::ALL.into_iter().map(Event::name).collect();
        row.event_types = listed("event_types", types, &known)?;
    }
    if let Some(severities) = input.severities {
        row.severities = listed("severities", severities, &SEVERITIES)?;
    }
    if let Some(format) = &input.format {
        let format = Format::from_name(format);
        row.format = format.ok_or_else(|| ApiError::invalid("format", "must be `json` or `slack`"))?.name().to_owned();
    }
    row.enabled = input.enabled.unwrap_or(row.enabled);
    let (secret, made_up) = match input.secret {
        Some(secret) => {
            fields::text("secret", &secret, MOST_SECRET)?;
            if secret.len() < LEAST_SECRET {
                return Err(ApiError::invalid("secret", format!("must have at least {LEAST_SECRET} bytes")));
            }
            (secret, false)
        }
        None if input.rotate_secret => {
            let secret = webhooks::new_secret();
            (secret.map_err(|error| ApiError::Internal(format!("no random bytes: {error}")))?, true)
        }
        None => return Ok(None),
    };
    let sealed = webhooks::seal_secret(&app.keys, &caller.tenant, &row.id, &secret);
    row.sealed_secret = Some(sealed.map_err(|error| ApiError::Internal(error.to_string()))?);
    Ok(made_up.then_some(secret))
}

/// A list of known words, each once.
fn listed(field: &str, mut words: Vec<String>, known: &[&str]) -> Result<Value, ApiError> {
    if let Some(unknown) = words.iter().find(|word| !known.contains(&word.as_str())) {
        let unknown: String = unknown.chars().take(50).collect();
        let message = format!("`{}` is none of {}", unknown.escape_default(), known.join(", "));
        return Err(ApiError::invalid(field, message));
    }
    words.sort_unstable();
    words.dedup();
    Ok(json!(words))
}

fn change<'c>(caller: &'c Caller, action: AuditAction, row: &'c webhook::Model, changes: Value) -> Change<'c> {
    Change { caller, action, resource_type: "webhook", resource_id: &row.id, resource_name: &row.name, changes }
}

/// What the audit trail may know. The URL is shown without its path: Slack's is a secret.
fn shown(row: &webhook::Model) -> Value {
    let host = reqwest::Url::parse(&row.url).ok().map(|url| url.origin().ascii_serialization());
    json!({ "name": row.name, "url_origin": host, "event_types": row.event_types, "severities": row.severities,
        "format": row.format, "enabled": row.enabled })
}
