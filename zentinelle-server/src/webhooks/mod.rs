//! Webhooks: telling other systems what happened, signed, behind the answer, until they take it.
//!
//! [`emit`] writes a delivery for each webhook that asked for the kind of event, in the
//! transaction of what is told of, with the job that sends it. Sending is the work of
//! [`mod@deliver`]; nothing is ever sent on the path of a request.

mod address;
mod body;
mod client;
mod deliver;
mod emission;
mod sign;

#[cfg(test)]
mod tests;

use sea_orm::ConnectionTrait;
use zentinelle_core::ids::TenantId;

pub(crate) use self::address::{AllowList, Refused};
pub(crate) use self::client::Client;
pub(crate) use self::deliver::{deliver, give_up};
pub(crate) use self::emission::{Emission, Event, stable_id};
pub(crate) use self::sign::new_secret;
use crate::clock;
use crate::jobs::{self, Job, Work};
use crate::sealing::{MasterKeys, SealContext, SealError};
use crate::store::entities::{webhook, webhook_delivery};
use crate::store::{StoreError, webhooks as rows};

/// How a webhook wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// The event as JSON, which n8n reads as well.
    Json,
    /// A message for a Slack channel.
    Slack,
}

impl Format {
    /// The format as it is written.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Slack => "slack",
        }
    }

    /// Reads a format.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Json, Self::Slack].into_iter().find(|format| format.name() == name)
    }
}

/// Tells the people of a tenant, and the webhooks that asked for it, what happened. Telling the same thing twice
/// is telling it once. Returns how many deliveries it made.
pub(crate) async fn emit(txn: &impl ConnectionTrait, emission: Emission) -> Result<usize, StoreError> {
    let tenant = emission.tenant.clone();
    emit_all(txn, &tenant, std::slice::from_ref(&emission)).await
}

/// [`emit`] for many events of one tenant, with one look at its webhooks.
pub(crate) async fn emit_all(
    txn: &impl ConnectionTrait,
    tenant: &TenantId,
    emissions: &[Emission],
) -> Result<usize, StoreError> {
    if emissions.is_empty() {
        return Ok(0);
    }
    crate::notices::keep(txn, tenant, emissions).await?;
    let hooks = rows::enabled(txn, tenant).await?;
    let mut made = 0;
    for emission in emissions.iter().filter(|emission| emission.tenant == *tenant) {
        for hook in hooks.iter().filter(|hook| asked_for(hook, emission)) {
            if enqueue(txn, hook, emission).await?.is_some() {
                made += 1;
            }
        }
    }
    Ok(made)
}

/// Writes one delivery and its job, and returns its id; none when it is there already.
pub(crate) async fn enqueue(
    txn: &impl ConnectionTrait,
    hook: &webhook::Model,
    emission: &Emission,
) -> Result<Option<String>, StoreError> {
    let now = clock::now_micros();
    let id = stable_id(emission.at, &[&hook.id, emission.event.name(), &emission.id]);
    let body = match Format::from_name(&hook.format) {
        Some(Format::Slack) => body::slack(emission),
        Some(Format::Json) | None => body::json(emission),
    };
    let row = webhook_delivery::Model {
        tenant_id: hook.tenant_id.clone(),
        id: id.clone(),
        webhook_id: hook.id.clone(),
        event_type: emission.event.name().to_owned(),
        body,
        status: rows::PENDING.to_owned(),
        attempts: 0,
        response_status: None,
        last_error: None,
        created_at: now,
        updated_at: now,
    };
    if !rows::insert_delivery(txn, row).await? {
        return Ok(None);
    }
    let work = Work::DeliverWebhook { delivery_id: id.clone() };
    jobs::enqueue(txn, Job::new(emission.tenant.clone(), work).unique(job_key(&id))).await?;
    Ok(Some(id))
}

/// The key of the one job a delivery has.
pub(crate) fn job_key(delivery_id: &str) -> String {
    format!("webhook:{delivery_id}")
}

fn asked_for(hook: &webhook::Model, emission: &Emission) -> bool {
    let lists = |list: &serde_json::Value, word: &str| match list.as_array() {
        Some(list) => list.is_empty() || list.iter().any(|one| one == word),
        None => false, // unreadable: tell nobody what nobody is known to want
    };
    lists(&hook.event_types, emission.event.name()) && lists(&hook.severities, &emission.severity)
}

/// What a webhook's secret is sealed as.
pub(crate) const SEALED_AS: &str = "webhook";

/// Seals a webhook's secret for its row.
pub(crate) fn seal_secret(keys: &MasterKeys, tenant: &TenantId, id: &str, secret: &str) -> Result<String, SealError> {
    keys.seal(&SealContext { tenant, kind: SEALED_AS, name: id }, secret.as_bytes())
}

/// Opens a webhook's secret.
fn open_secret(keys: &MasterKeys, hook: &webhook::Model) -> Result<Option<crate::sealing::Plaintext>, SealError> {
    let tenant = TenantId::new(hook.tenant_id.clone());
    let context = SealContext { tenant: &tenant, kind: SEALED_AS, name: &hook.id };
    hook.sealed_secret.as_deref().map(|sealed| keys.open(&context, sealed)).transpose()
}
