//! From the journal into the database: one transaction a batch. A record that was written
//! before changes nothing.
//!
//! Rows go into their tables as the JSON texts they are in the journal; only records that need
//! thought are decoded.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _};
use serde::Deserialize;
use serde_json::value::RawValue;
use zentinelle_core::audit::AuditRecord;
use zentinelle_core::ids::TenantId;

use super::record::{RaisedAlert, RaisedIncident, Record};
use crate::ledger::{LedgerEntry, totals};
use crate::notices;
use crate::store::bulk::{insert_new, insert_texts};
use crate::store::entities::{
    agent, approval, content_scan, content_violation, evaluation, evaluation_policy, event, interaction, notification,
    usage_record,
};
use crate::store::{StoreError, alerts, approvals, audit, evaluations, incidents, webhooks as hooks};
use crate::webhooks::{self, Emission};

/// A record of the journal as far as its text tells without being decoded.
#[derive(Debug, Deserialize)]
struct Envelope<'j> {
    record: &'j str,
    #[serde(borrow)]
    row: &'j RawValue,
}

/// The row of [`Record::Ledger`].
#[derive(Debug, Deserialize)]
struct Spent {
    entry: LedgerEntry,
}

/// Kind and row of a record, found without reading it: the journal gives back what this server
/// wrote, letter by letter. None where it is not written in the usual form.
fn unfolded(text: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(text).ok()?;
    let (kind, row) = text.strip_prefix(r#"{"record":""#)?.split_once('"')?;
    Some((kind, row.strip_prefix(r#","row":"#)?.strip_suffix('}')?))
}

/// The records of a batch by kind, each kind in order.
#[derive(Default)]
struct Sorted<'j> {
    evaluations: Vec<&'j str>,
    policies: Vec<evaluation_policy::Model>,
    events: Vec<&'j str>,
    interactions: Vec<&'j str>,
    usage: Vec<&'j str>,
    notifications: Vec<&'j str>,
    scans: Vec<content_scan::Model>,
    approvals: Vec<approval::Model>,
    consumed: Vec<(TenantId, String, i64)>,
    violations: Vec<content_violation::Model>,
    incidents: Vec<RaisedIncident>,
    alerts: Vec<RaisedAlert>,
    /// The latest heartbeat of each agent.
    heartbeats: BTreeMap<(String, String), (String, i64)>,
    ledger: Vec<LedgerEntry>,
    audit: BTreeMap<String, Vec<AuditRecord>>,
}

impl<'j> Sorted<'j> {
    fn sort(records: &[&'j [u8]]) -> Self {
        let mut sorted = Self::default();
        for text in records {
            if let Err(error) = sorted.put(text) {
                tracing::error!(%error, "a record of the journal cannot be read by this release");
            }
        }
        sorted
    }

    fn put(&mut self, text: &'j [u8]) -> serde_json::Result<()> {
        let (record, row) = match unfolded(text) {
            Some(found) => found,
            None => {
                let Envelope { record, row } = serde_json::from_slice(text)?;
                (record, row.get())
            }
        };
        let rows = match record {
            "evaluation" => &mut self.evaluations,
            "event" => &mut self.events,
            "interaction" => &mut self.interactions,
            "usage" => &mut self.usage,
            "notification" => &mut self.notifications,
            "ledger" => {
                self.ledger.push(serde_json::from_str::<Spent>(row)?.entry);
                return Ok(());
            }
            _ => {
                self.think(serde_json::from_slice(text)?);
                return Ok(());
            }
        };
        rows.push(row);
        Ok(())
    }

    /// Takes a record that is more than a row.
    fn think(&mut self, record: Record) {
        match record {
            Record::Scan { scan, violations } => {
                self.scans.push(*scan);
                self.violations.extend(violations);
            }
            Record::PoliciesKept(row) => self.policies.push(*row),
            Record::ApprovalRequested(row) => self.approvals.push(*row),
            Record::ApprovalConsumed { tenant_id, id, at } => self.consumed.push((tenant_id, id, at)),
            Record::Incident(raised) => self.incidents.push(*raised),
            Record::Alert(raised) => self.alerts.push(*raised),
            Record::Heartbeat { tenant_id, agent_id, health, at } => {
                self.heartbeats.insert((tenant_id.as_str().to_owned(), agent_id), (health, at));
            }
            Record::Ledger { entry, .. } => self.ledger.push(entry),
            Record::Audit(record) => self.audit.entry(record.tenant_id.clone()).or_default().push(*record),
            Record::Evaluation(_)
            | Record::Event(_)
            | Record::Interaction(_)
            | Record::Usage(_)
            | Record::Notification(_) => {} // a row, taken as it is
        }
    }
}

/// Writes a batch of journal texts in a transaction of the caller's.
pub(crate) async fn write_in(txn: &DatabaseTransaction, records: &[&[u8]]) -> Result<(), StoreError> {
    let mut sorted = Sorted::sort(records);
    insert_texts::<evaluation::Entity>(txn, &sorted.evaluations).await?;
    for row in std::mem::take(&mut sorted.policies) {
        evaluations::keep_policies(txn, row).await?;
    }
    insert_texts::<event::Entity>(txn, &sorted.events).await?;
    insert_texts::<interaction::Entity>(txn, &sorted.interactions).await?;
    insert_texts::<usage_record::Entity>(txn, &sorted.usage).await?;
    insert_texts::<notification::Entity>(txn, &sorted.notifications).await?;
    insert_new::<content_scan::Entity>(txn, &sorted.scans).await?;
    insert_new::<content_violation::Entity>(txn, &sorted.violations).await?;
    let mut told = Told::of(&hooks::listening(txn).await?, &sorted);
    for row in sorted.approvals {
        approvals::open(txn, row).await?;
    }
    for (tenant, id, at) in sorted.consumed {
        approvals::consume(txn, &tenant, &id, at).await?;
    }
    for raised in sorted.incidents {
        let emission = Emission::of_incident(&raised);
        if incidents::raise(txn, raised).await? {
            told.add(emission);
        }
    }
    for raised in sorted.alerts {
        let emission = Emission::of_alert(&raised);
        if alerts::raise(txn, raised).await? {
            told.add(emission);
        }
    }
    for (tenant, emissions) in told.0 {
        webhooks::emit_all(txn, &tenant, &emissions).await?;
    }
    for ((tenant, agent_id), (health, at)) in sorted.heartbeats {
        agent::Entity::update_many()
            .col_expr(agent::Column::Health, Expr::value(health))
            .col_expr(agent::Column::LastHeartbeatAt, Expr::value(at))
            .filter(agent::Column::TenantId.eq(tenant))
            .filter(agent::Column::AgentId.eq(agent_id))
            .filter(agent::Column::LastHeartbeatAt.is_null().or(agent::Column::LastHeartbeatAt.lte(at)))
            .exec(txn)
            .await?;
    }
    totals::store(txn, &sorted.ledger).await?;
    for (tenant, records) in sorted.audit {
        audit::append(txn, &TenantId::new(tenant), records).await?;
    }
    Ok(())
}

/// What people and webhooks are to be told of a batch, by tenant.
struct Told(BTreeMap<TenantId, Vec<Emission>>);

impl Told {
    /// What the rows of a batch tell. Denials are told to webhooks alone: where none listens, no
    /// row is decoded but those that speak of a budget, of which people are told as well. Else
    /// only those whose text says that they may be worth telling.
    fn of(listening: &BTreeSet<TenantId>, sorted: &Sorted<'_>) -> Self {
        let mut told = Self(BTreeMap::new());
        let of_budgets = |text: &str| text.contains("\"budget_limit\"");
        let worth = |text: &str| of_budgets(text) || (!listening.is_empty() && text.contains("\"allowed\":false"));
        for text in sorted.evaluations.iter().filter(|text| worth(text)) {
            if let Ok(row) = serde_json::from_str::<evaluation::Model>(text) {
                let heard = |emission: &Emission| {
                    listening.contains(&emission.tenant) || notices::EVENTS.contains(&emission.event)
                };
                Emission::of_evaluation(&row).into_iter().filter(heard).for_each(|emission| told.add(emission));
            }
        }
        sorted.approvals.iter().for_each(|row| told.add(Emission::of_approval(row)));
        told
    }

    fn add(&mut self, emission: Emission) {
        self.0.entry(emission.tenant.clone()).or_default().push(emission);
    }
}
