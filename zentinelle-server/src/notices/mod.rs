//! Messages for the people of an organisation: what happened that somebody should know of is kept
//! for the bell of the portal, and sent by e-mail where the organisation wants that.
//!
//! A message is written in the transaction of what it tells of, with one job for each recipient, so
//! that it is sent exactly if the thing happened. The jobs try again for two days and stay as dead
//! letters when nobody takes them. Slack and other systems are told of the same things by
//! [`crate::webhooks`].

mod mail;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zentinelle_core::ids::TenantId;

pub(crate) use self::mail::{Letter, MailSetupError, Mailer};
use crate::app::App;
use crate::clock;
use crate::jobs::{self, Job, JobError, Work};
use crate::snapshot::{LeastSeverity, NotificationSettings, TenantSettings};
use crate::store::entities::{notification, tenant};
use crate::store::{StoreError, legal_holds, notifications as rows, tenants, users};
use crate::webhooks::{Emission, Event, stable_id};

/// How long a message keeps others of its kind and subject away. Unit: microseconds.
const SAME_WITHIN: i64 = 5 * 60 * 1_000_000;

/// The kinds of events people are told of; what webhooks of the organisation's settings ask for.
pub(crate) const EVENTS: [Event; 5] =
    [Event::IncidentCreated, Event::ComplianceAlert, Event::Alert, Event::HumanApprovalRequired, Event::CostThreshold];

/// Keeps a message for each event people should know of, and sends it. Keeping the same again, or
/// its like within five minutes, is keeping it once.
pub(crate) async fn keep(
    txn: &impl ConnectionTrait,
    tenant: &TenantId,
    emissions: &[Emission],
) -> Result<(), StoreError> {
    let mut recipients = None;
    // A busy agent near its budget is the same event many times over.
    let mut seen = BTreeSet::new();
    for emission in emissions.iter().filter(|emission| emission.tenant == *tenant) {
        let Some(row) = row(emission).filter(|row| seen.insert(row.id.clone())) else { continue };
        if rows::is_repeated(txn, &row, SAME_WITHIN).await? || !rows::insert_new(txn, &row).await? {
            continue;
        }
        let to = match &recipients {
            Some(known) => known,
            None => recipients.insert(Recipients::of(txn, tenant).await?),
        };
        to.send(txn, tenant, &row).await?;
    }
    Ok(())
}

/// What an event is told people as; nothing for one that only programs want to know of.
fn row(emission: &Emission) -> Option<notification::Model> {
    let text = |key: &str| emission.data.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let kind = match emission.event {
        Event::IncidentCreated => "incident_opened",
        Event::HumanApprovalRequired => "approval_required",
        Event::CostThreshold => "budget_warning",
        Event::Alert | Event::ComplianceAlert if emission.severity == "info" => return None,
        Event::Alert | Event::ComplianceAlert => text("alert_type").unwrap_or("alert"),
        Event::PolicyViolation | Event::AgentRegistered | Event::RateLimit | Event::Test => return None,
    };
    let message = text("description").or_else(|| text("reason")).unwrap_or(&emission.title);
    Some(notification::Model {
        tenant_id: emission.tenant.as_str().to_owned(),
        id: stable_id(emission.at, &[emission.event.name(), &emission.id]),
        kind: kind.to_owned(),
        severity: emission.severity.clone(),
        subject: emission.title.clone(),
        message: message.to_owned(),
        metadata: json!({ "agent_id": emission.agent_id, "user_id": emission.user_id, "data": emission.data }),
        status: "unread".to_owned(),
        // What it tells of may be older, such as an event that was reported late.
        created_at: clock::of_id(&emission.id).unwrap_or_else(clock::now_micros),
        read_at: None,
    })
}

/// Who of a tenant wants messages by e-mail.
struct Recipients {
    least: LeastSeverity,
    /// The organisation's own address.
    contact: bool,
    /// People, by their ids.
    people: Vec<String>,
}

impl Recipients {
    /// Settings that cannot be read send nothing: what is told must not fail because of them.
    async fn of(txn: &impl ConnectionTrait, tenant: &TenantId) -> Result<Self, StoreError> {
        let row = tenants::by_id(txn, tenant).await?;
        let wanted = match row.as_ref().map(settings).transpose() {
            Ok(settings) => settings.unwrap_or_default().notifications,
            Err(error) => {
                tracing::error!(%tenant, %error, "nothing is sent by e-mail");
                NotificationSettings::default()
            }
        };
        let people = if wanted.email { users::notified(txn, tenant).await? } else { Vec::new() };
        Ok(Self { least: wanted.least_severity, contact: wanted.email && !wanted.contact_email.is_empty(), people })
    }

    async fn send(
        &self,
        txn: &impl ConnectionTrait,
        tenant: &TenantId,
        row: &notification::Model,
    ) -> Result<(), StoreError> {
        if !self.least.covers(&row.severity) {
            return Ok(());
        }
        let everybody = self.contact.then_some(None).into_iter().chain(self.people.iter().map(Some));
        for user in everybody {
            let to = user.map_or(Recipient::Contact {}, |id| Recipient::Person { id: id.clone() });
            enqueue(txn, tenant, &row.id, to).await?;
        }
        Ok(())
    }
}

/// To whom one e-mail goes. Addresses are looked up when it is sent, and are in no job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Recipient {
    /// The organisation's own address.
    Contact {},
    /// A person who signs in.
    Person {
        /// Who.
        id: String,
    },
    /// One of those whom a legal hold names.
    Hold {
        /// Which hold.
        id: String,
        /// Which of them.
        at: usize,
    },
}

impl Recipient {
    /// What tells it from the other recipients of a message.
    fn name(&self) -> String {
        match self {
            Self::Contact {} => "contact".to_owned(),
            Self::Person { id } => id.clone(),
            Self::Hold { id, at } => format!("{id}.{at}"),
        }
    }
}

async fn enqueue(
    txn: &impl ConnectionTrait,
    tenant: &TenantId,
    notification_id: &str,
    to: Recipient,
) -> Result<(), StoreError> {
    let key = format!("email:{notification_id}:{}", to.name());
    let work = Work::SendEmail { notification_id: notification_id.to_owned(), to };
    jobs::enqueue(txn, Job::new(tenant.clone(), work).unique(key)).await?;
    Ok(())
}

/// Whether people were told the same within a span before. Unit: microseconds.
pub(crate) async fn was_told(db: &impl ConnectionTrait, emission: &Emission, within: i64) -> Result<bool, StoreError> {
    match row(emission) {
        Some(row) => rows::is_repeated(db, &row, within).await,
        None => Ok(false),
    }
}

/// Sends a message that is kept to those whom a legal hold names, once, whatever the
/// organisation's settings say.
pub(crate) async fn tell_those_named(
    txn: &impl ConnectionTrait,
    emission: &Emission,
    hold_id: &str,
    count: usize,
) -> Result<(), StoreError> {
    let Some(row) = row(emission) else { return Ok(()) };
    for at in 0..count {
        enqueue(txn, &emission.tenant, &row.id, Recipient::Hold { id: hold_id.to_owned(), at }).await?;
    }
    Ok(())
}

fn settings(row: &tenant::Model) -> Result<TenantSettings, StoreError> {
    serde_json::from_value(row.settings.clone())
        .map_err(|error| StoreError::Unreadable { what: "tenant's settings", why: error.to_string() })
}

/// Sends a message to one recipient, if it still wants it.
pub(crate) async fn deliver(
    app: &App,
    tenant: &TenantId,
    notification_id: &str,
    to: &Recipient,
) -> Result<(), JobError> {
    let Some(row) = rows::by_id(app.store.db(), tenant, notification_id).await? else {
        return Ok(()); // retention took it
    };
    let Some(organization) = tenants::by_id(app.store.db(), tenant).await? else { return Ok(()) };
    let settings = settings(&organization)?;
    let Some(address) = address(app, tenant, &settings, to).await?.filter(|address| !address.is_empty()) else {
        return Ok(());
    };
    let Some(mailer) = &app.background.mail else {
        return Err(JobError::Hopeless("this server has no mail server: set `notifications.smtp`".to_owned()));
    };
    let id = format!("{}.{}", row.id, to.name());
    let subject = format!("[{}] {}", row.severity.to_uppercase(), row.subject);
    let text = text(app, &row, &organization.name, &settings.zone());
    let sent = mailer.send(Letter { id: &id, to: &address, subject: &subject, text }).await;
    let outcome = match &sent {
        Ok(()) => "delivered",
        Err(JobError::Retry(_)) => "failed",
        Err(JobError::Hopeless(_)) => "dead",
    };
    metrics::counter!("zentinelle_emails_total", "outcome" => outcome).increment(1);
    sent
}

/// The address of a recipient; none of one that wants nothing any more.
async fn address(
    app: &App,
    tenant: &TenantId,
    settings: &TenantSettings,
    to: &Recipient,
) -> Result<Option<String>, StoreError> {
    let wanted = settings.notifications.email;
    Ok(match to {
        Recipient::Contact {} => wanted.then(|| settings.notifications.contact_email.clone()),
        Recipient::Person { id } => users::by_id(app.store.db(), tenant, id)
            .await?
            .filter(|user| wanted && user.disabled_at.is_none() && user.notify_by_email)
            .map(|user| user.email),
        Recipient::Hold { id, at } => legal_holds::by_id(app.store.db(), tenant, id)
            .await?
            .and_then(|hold| Some(hold.notification_emails.get(at)?.as_str()?.to_owned())),
    })
}

/// The message as people read it, in the organisation's own time.
fn text(app: &App, row: &notification::Model, organization: &str, zone: &TimeZone) -> String {
    let mut lines = vec![row.message.clone(), String::new(), format!("Severity: {}", row.severity)];
    if let Some(agent) = row.metadata.get("agent_id").and_then(Value::as_str) {
        lines.push(format!("Agent: {agent}"));
    }
    lines.push(format!("When: {}", clock::local(row.created_at, zone)));
    lines.push(format!("Organisation: {organization}"));
    if !app.config.auth.public_url.is_empty() {
        lines.push(format!("See: {}/zentinelle/notifications/", app.config.auth.public_url));
    }
    lines.push(String::new());
    lines.join("\n")
}
