//! Webhooks and background work.

use serde::Deserialize;
use serde_json::{Value, json};

use super::shared::at;
use crate::clock;
use crate::graphql::ask::{Ask, ById, Id, Resolvers};
use crate::graphql::page::PageArgs;
use crate::http::error::ApiError;
use crate::service::webhooks::{self, Input};
use crate::store::entities::{job, webhook};
use crate::store::{jobs as job_store, webhooks as store};

pub(super) fn register(to: &mut Resolvers) {
    to.query("jobsPage", async |ask: Ask, args: PageArgs<job_store::Listed>| {
        let select = args.filter().select(ask.tenant());
        args.read(&ask, "jobs", select, job_store::SORTS, job::Column::Id, job_view).await
    });
    to.query("webhooksPage", async |ask: Ask, args: PageArgs<store::Listed>| {
        let select = args.filter().select(ask.tenant());
        args.read(&ask, "webhooks", select, store::SORTS, webhook::Column::Id, view).await
    });
    to.mutation("saveWebhook", save);
    to.mutation("deleteWebhook", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        webhooks::delete(&ask.app, &ask.caller, args.id.known("webhook")?).await?;
        Ok(json!({ "id": args.id.0 }))
    });
    to.mutation("testWebhook", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let delivery = webhooks::test(&ask.app, &ask.caller, args.id.known("webhook")?).await?;
        Ok(json!({ "id": delivery }))
    });
    to.batch("last_delivery", async |app, tenant, ids| {
        let rows = store::last_deliveries(app.store.db(), &tenant, &ids).await?;
        let told = |row: crate::store::entities::webhook_delivery::Model| {
            (row.webhook_id, json!({ "at": clock::iso(row.updated_at), "status": row.status }))
        };
        Ok(rows.into_iter().map(told).collect())
    });
    for (field, key) in [("lastDeliveryAt", "at"), ("lastStatus", "status")] {
        to.field("WebhookType", field, move |ask: Ask, _: Value| async move {
            let last = ask.load("last_delivery", ask.of_parent("id")).await?;
            Ok::<_, ApiError>(last.get(key).cloned().unwrap_or_default())
        });
    }
}

fn view(row: webhook::Model) -> Value {
    json!({
        "id": row.id, "name": row.name, "url": row.url, "events": row.event_types, "enabled": row.enabled,
        "createdAt": clock::iso(row.created_at),
    })
}

fn job_view(row: job::Model) -> Value {
    json!({
        "id": row.id, "kind": row.kind, "status": row.status, "progress": if row.status == "done" { json!(1.0) } else { Value::Null },
        "attempts": row.attempts, "error": row.last_error, "createdAt": clock::iso(row.created_at),
        "finishedAt": at(row.finished_at),
    })
}

#[derive(Deserialize)]
struct Save {
    id: Option<Id>,
    name: String,
    url: String,
    events: Vec<String>,
    enabled: Option<bool>,
}

async fn save(ask: Ask, args: Save) -> Result<Value, ApiError> {
    let input = Input {
        name: Some(args.name),
        url: Some(args.url),
        event_types: Some(args.events),
        enabled: args.enabled,
        ..Input::default()
    };
    let kept = match args.id {
        None => webhooks::create(&ask.app, &ask.caller, input).await?,
        Some(id) => webhooks::update(&ask.app, &ask.caller, id.known("webhook")?, input).await?,
    };
    Ok(json!({ "webhook": view(kept.row), "signingSecret": kept.new_secret.map(|secret| secret.to_string()) }))
}
