//! From the journal into the database: one transaction a batch. A record that was written
//! before changes nothing.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait as _, DatabaseTransaction, EntityTrait, ExprTrait as _, IntoActiveModel,
    QueryFilter as _,
};
use zentinelle_core::audit::AuditRecord;
use zentinelle_core::ids::TenantId;

use super::record::{RaisedAlert, RaisedIncident, Record};
use crate::store::entities::{
    agent, approval, content_scan, content_violation, evaluation, event, interaction, notification, usage_record,
};
use crate::store::{StoreError, alerts, audit, incidents};
use crate::webhooks::{self, Emission};

/// How many rows one statement inserts: both databases bound the values of a statement.
const AT_ONCE: usize = 500;

/// The records of a batch by kind, each kind in order.
#[derive(Default)]
struct Sorted {
    evaluations: Vec<evaluation::Model>,
    events: Vec<event::Model>,
    interactions: Vec<interaction::Model>,
    usage: Vec<usage_record::Model>,
    scans: Vec<content_scan::Model>,
    violations: Vec<content_violation::Model>,
    approvals: Vec<approval::Model>,
    notifications: Vec<notification::Model>,
    incidents: Vec<RaisedIncident>,
    alerts: Vec<RaisedAlert>,
    /// The latest heartbeat of each agent.
    heartbeats: BTreeMap<(String, String), (String, i64)>,
    audit: BTreeMap<String, Vec<AuditRecord>>,
}

impl Sorted {
    fn sort(records: Vec<Record>) -> Self {
        let mut sorted = Self::default();
        for record in records {
            match record {
                Record::Evaluation(row) => sorted.evaluations.push(*row),
                Record::Event(row) => sorted.events.push(*row),
                Record::Interaction(row) => sorted.interactions.push(*row),
                Record::Usage(row) => sorted.usage.push(*row),
                Record::Scan { scan, violations } => {
                    sorted.scans.push(*scan);
                    sorted.violations.extend(violations);
                }
                Record::ApprovalRequested(row) => sorted.approvals.push(*row),
                Record::Notification(row) => sorted.notifications.push(*row),
                Record::Incident(raised) => sorted.incidents.push(*raised),
                Record::Alert(raised) => sorted.alerts.push(*raised),
                Record::Heartbeat { tenant_id, agent_id, health, at } => {
                    sorted.heartbeats.insert((tenant_id.as_str().to_owned(), agent_id), (health, at));
                }
                Record::Audit(record) => sorted.audit.entry(record.tenant_id.clone()).or_default().push(*record),
            }
        }
        sorted
    }
}

/// Writes a batch in a transaction of the caller's.
pub(crate) async fn write_in(txn: &DatabaseTransaction, records: Vec<Record>) -> Result<(), StoreError> {
    let sorted = Sorted::sort(records);
    let mut told = Told::default();
    sorted.evaluations.iter().flat_map(Emission::of_evaluation).for_each(|emission| told.add(emission));
    sorted.approvals.iter().map(Emission::of_approval).for_each(|emission| told.add(emission));
    insert(txn, sorted.evaluations).await?;
    insert(txn, sorted.events).await?;
    insert(txn, sorted.interactions).await?;
    insert(txn, sorted.usage).await?;
    insert(txn, sorted.scans).await?;
    insert(txn, sorted.violations).await?;
    insert(txn, sorted.approvals).await?;
    insert(txn, sorted.notifications).await?;
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
    for (tenant, emissions) in told.0 {
        webhooks::emit_all(txn, &tenant, &emissions).await?;
    }
    for (tenant, records) in sorted.audit {
        audit::append(txn, &TenantId::new(tenant), records).await?;
    }
    Ok(())
}

/// What webhooks are to be told of a batch, by tenant.
#[derive(Default)]
struct Told(BTreeMap<TenantId, Vec<Emission>>);

impl Told {
    fn add(&mut self, emission: Emission) {
        self.0.entry(emission.tenant.clone()).or_default().push(emission);
    }
}

/// Inserts rows, leaving out those that are there already.
async fn insert<M, A, E>(txn: &DatabaseTransaction, mut rows: Vec<M>) -> Result<(), StoreError>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = E>,
    E: EntityTrait<Model = M>,
{
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(AT_ONCE));
        E::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(txn)
            .await?;
        rows = rest;
    }
    Ok(())
}
