//! Delivering one notice: the job's side of it.

use zentinelle_core::ids::TenantId;

use super::client::{Notice, SendError};
use super::open_secret;
use super::sign::{signature, signature_v2};
use crate::app::App;
use crate::clock;
use crate::jobs::JobError;
use crate::store::entities::{webhook, webhook_delivery};
use crate::store::webhooks::{self as rows, Attempt};

/// Sends a delivery, unless it was taken already, and writes down how that went. `last` says
/// that there is no further try after this one.
pub(crate) async fn deliver(
    app: &App,
    tenant: &TenantId,
    delivery_id: &str,
    attempt: i64,
    last: bool,
) -> Result<(), JobError> {
    let Some(delivery) = rows::delivery(app.store.db(), tenant, delivery_id).await? else {
        return Ok(()); // retention or its webhook's end took it
    };
    if delivery.status == rows::DELIVERED {
        return Ok(());
    }
    let hook = rows::by_id(app.store.db(), tenant, &delivery.webhook_id).await?;
    let outcome = match hook.filter(|hook| hook.enabled) {
        Some(hook) => send(app, &hook, &delivery).await,
        None => Err((None, JobError::Hopeless("the webhook was removed or switched off".to_owned()))),
    };
    let (status, response_status, error) = match &outcome {
        Ok(answered) => (rows::DELIVERED, Some(*answered), None),
        Err((answered, error)) if last || matches!(error, JobError::Hopeless(_)) => {
            (rows::DEAD, *answered, Some(error.to_string()))
        }
        Err((answered, error)) => (rows::FAILED, *answered, Some(error.to_string())),
    };
    let now = clock::now_micros();
    rows::attempted(app.store.db(), &delivery, Attempt { status, attempt, response_status, error, now }).await?;
    metrics::counter!("zentinelle_webhook_deliveries_total", "outcome" => status).increment(1);
    outcome.map(|_| ()).map_err(|(_, error)| error)
}

/// Marks a delivery whose job was given up without having been able to say so itself.
pub(crate) async fn give_up(app: &App, tenant: &TenantId, delivery_id: &str, why: String) -> Result<(), JobError> {
    match rows::delivery(app.store.db(), tenant, delivery_id).await? {
        Some(delivery) if [rows::PENDING, rows::FAILED].contains(&delivery.status.as_str()) => {
            let (attempt, response_status, now) = (delivery.attempts, delivery.response_status, clock::now_micros());
            let gone = Attempt { status: rows::DEAD, attempt, response_status, error: Some(why), now };
            Ok(rows::attempted(app.store.db(), &delivery, gone).await?)
        }
        _ => Ok(()),
    }
}

/// Sends once; both ends say what status the receiver answered, if it did.
async fn send(
    app: &App,
    hook: &webhook::Model,
    delivery: &webhook_delivery::Model,
) -> Result<i64, (Option<i64>, JobError)> {
    let secret = open_secret(&app.keys, hook).map_err(|error| (None, JobError::Retry(error.to_string())))?;
    let at = clock::now_micros().div_euclid(1_000_000);
    let mut headers = vec![
        ("x-zentinelle-delivery", delivery.id.clone()),
        ("x-zentinelle-event", delivery.event_type.clone()),
        ("x-zentinelle-timestamp", at.to_string()),
    ];
    if let Some(secret) = &secret {
        let body = delivery.body.as_bytes();
        headers.push(("x-zentinelle-signature", signature(secret.expose(), body)));
        headers.push(("x-zentinelle-signature-v2", signature_v2(secret.expose(), at, body)));
    }
    let notice = Notice { url: &hook.url, body: delivery.body.clone(), headers };
    app.background.webhooks.send(notice).await.map(|status| i64::from(status.as_u16())).map_err(|error| match error {
        SendError::Refused(_) => (None, JobError::Hopeless(error.to_string())),
        SendError::Status(status) => {
            let words = error.to_string();
            let gone = status == reqwest::StatusCode::GONE;
            let error = if gone { JobError::Hopeless(words) } else { JobError::Retry(words) };
            (Some(i64::from(status.as_u16())), error)
        }
        SendError::Failed(_) => (None, JobError::Retry(error.to_string())),
    })
}
