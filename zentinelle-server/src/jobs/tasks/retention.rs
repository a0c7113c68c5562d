//! Deletes what is older than the tenant's `data_retention` policies let it be kept, except what
//! a legal hold holds, and clears away what the server keeps for its own work.
//!
//! The audit chain is never deleted from: what remained of it could not be verified back to its
//! beginning. The status route says so.

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm::sea_query::{Alias, Expr, Query};
use sea_orm::{Condition, ConnectionTrait as _, ExprTrait as _};
use serde_json::json;
use zentinelle_core::audit::{AuditAction, AuditRecord, Outcome};
use zentinelle_core::ids::TenantId;

use super::roll_up::SOURCES;
use crate::app::App;
use crate::clock;
use crate::jobs::JobError;
use crate::ledger::totals;
use crate::service::retention::{self, Rule, Whose};
use crate::store::legal_holds::{self, HeldBy};
use crate::store::{StoreError, audit, evaluations, jobs, watermarks};

/// How long a running total is kept beyond its window: clocks differ. Unit: microseconds.
const LEEWAY: i64 = 86_400_000_000;

/// How many rows one statement deletes.
const AT_ONCE: u64 = 500;
/// The rest between two statements, so that others get at the database.
const REST: Duration = Duration::from_millis(5);
/// Unit: microseconds.
const DAY: i64 = 86_400_000_000;
/// How long a finished job, or a delivery that was taken, is kept.
const DONE_KEPT: i64 = 7 * DAY;
/// How long a dead job or delivery is kept.
const DEAD_KEPT: i64 = 90 * DAY;

/// A table with rows that grow old.
struct Table {
    name: &'static str,
    held: HeldBy,
}

const fn table(name: &'static str, entity_type: &'static str, at: &'static str) -> Table {
    Table { name, held: HeldBy { entity_type, at, agent: Some("agent_id"), user: Some("user_id") } }
}

/// The tables of policies' records, in an order in which nothing is left behind.
const TABLES: [Table; 6] = [
    table("events", "events", "occurred_at"),
    table("evaluations", "evaluations", "occurred_at"),
    table("interactions", "interactions", "occurred_at"),
    table("content_violations", "scans", "created_at"),
    table("content_scans", "scans", "created_at"),
    table("usage_records", "usage", "occurred_at"),
];

/// What one run did.
#[derive(Debug, Default)]
struct Summary {
    deleted: BTreeMap<&'static str, u64>,
    anonymized: BTreeMap<&'static str, u64>,
}

/// Enforces the retention of one tenant.
pub(crate) async fn enforce(app: &App, tenant: &TenantId) -> Result<(), JobError> {
    // Totals of windows that are long over bind nobody, whoever they belonged to.
    totals::purge(app.store.db(), clock::now_micros() - LEEWAY).await?;
    let now = clock::now_micros();
    let rules = retention::rules(&app.store, tenant).await?;
    let mut summary = Summary::default();
    for rule in &rules {
        for table in &TABLES {
            let Some(days) = rule.days_of(table.held.entity_type) else { continue };
            let mut before = cutoff(now, days);
            if let Some(source) = SOURCES.iter().find(|source| source.table == table.name) {
                // From when records go, the hours they were summed up in are final.
                let reached = async |mark: &str| -> Result<i64, JobError> {
                    Ok(watermarks::get(app.store.db(), tenant, mark).await?.map_or(0, |mark| mark.reached_at))
                };
                if source.summed_first {
                    before = Ord::min(before, reached(source.rolled_up).await?);
                }
                let pruned = Ord::max(reached(source.pruned).await?, before);
                watermarks::set(app.store.db(), tenant, source.pruned, pruned, json!({})).await?;
            }
            let deleted = sweep(app, tenant, table, rule, before, Sweep::Delete).await?;
            *summary.deleted.entry(table.held.entity_type).or_default() += deleted;
        }
        if let (true, Some(days)) = (rule.auto_delete_user_data, rule.days_of("events")) {
            for table in &TABLES {
                let blanked = sweep(app, tenant, table, rule, cutoff(now, days), Sweep::Anonymize).await?;
                *summary.anonymized.entry(table.held.entity_type).or_default() += blanked;
            }
        }
    }
    tidy(app, tenant, now).await?;
    crate::service::legal_holds::tell_of_expired(app, tenant).await?;
    conclude(app, tenant, now, rules.len(), summary).await?;
    Ok(())
}

/// What the next run would do with one kind of records.
#[derive(Debug)]
pub(crate) struct Preview {
    /// The kind.
    pub(crate) entity_type: &'static str,
    /// For how long they are kept. Unit: days.
    pub(crate) days: f64,
    /// How many rows would go.
    pub(crate) would_delete: u64,
    /// How many are as old, and held.
    pub(crate) held: u64,
    /// The oldest row there is.
    pub(crate) oldest: Option<i64>,
}

/// What the next run would delete for one tenant, rule by rule and kind by kind.
pub(crate) async fn preview(app: &App, tenant: &TenantId) -> Result<Vec<Preview>, StoreError> {
    let (db, now) = (app.store.db(), clock::now_micros());
    let holds = legal_holds::active(db, tenant).await?;
    let mut found: Vec<Preview> = Vec::new();
    for rule in &retention::rules(&app.store, tenant).await? {
        for table in &TABLES {
            let Some(days) = rule.days_of(table.held.entity_type) else { continue };
            let own = Condition::all().add(Expr::col(Alias::new("tenant_id")).eq(tenant.as_str()));
            let oldest = Query::select()
                .expr(Expr::col(Alias::new(table.held.at)).min())
                .from(Alias::new(table.name))
                .cond_where(own)
                .to_owned();
            let oldest = match db.query_one(&oldest).await? {
                Some(row) => row.try_get_by_index::<Option<i64>>(0)?,
                None => None,
            };
            let before = cutoff(now, days);
            // Most of the time nothing is too old, and counting nothing takes as long as counting something.
            let (all, free) = match oldest.filter(|oldest| *oldest < before) {
                Some(_) => counts(db, tenant, table, before, &rule.whose, &holds).await?,
                None => (0, 0),
            };
            let kind = table.held.entity_type;
            match found.iter_mut().find(|known| known.entity_type == kind && known.days.total_cmp(&days).is_eq()) {
                Some(known) => {
                    known.would_delete += free;
                    known.held += all.saturating_sub(free);
                    known.oldest = [known.oldest, oldest].into_iter().flatten().min();
                }
                None => found.push(Preview {
                    entity_type: kind,
                    days,
                    would_delete: free,
                    held: all.saturating_sub(free),
                    oldest,
                }),
            }
        }
    }
    Ok(found)
}

/// How many rows of a table are too old, and how many of those no hold keeps.
async fn counts(
    db: &sea_orm::DatabaseConnection,
    tenant: &TenantId,
    table: &Table,
    before: i64,
    whose: &Whose,
    holds: &[legal_holds::Hold],
) -> Result<(u64, u64), StoreError> {
    let old = Condition::all()
        .add(Expr::col(Alias::new("tenant_id")).eq(tenant.as_str()))
        .add(Expr::col(Alias::new(table.held.at)).lt(before))
        .add(of(whose));
    let all = counted(db, table, old.clone()).await?;
    let free = match legal_holds::free(holds, table.held) {
        Some(free) => counted(db, table, old.add(free)).await?,
        None => 0,
    };
    Ok((all, free))
}

async fn counted(db: &sea_orm::DatabaseConnection, table: &Table, meets: Condition) -> Result<u64, StoreError> {
    let count = Query::select().expr(Expr::cust("COUNT(*)")).from(Alias::new(table.name)).cond_where(meets).to_owned();
    let Some(row) = db.query_one(&count).await? else { return Ok(0) };
    Ok(u64::try_from(row.try_get_by_index::<i64>(0)?).unwrap_or_default())
}

fn cutoff(now: i64, days: f64) -> i64 {
    now.saturating_sub((days * DAY as f64) as i64)
}

/// What happens to a row that is too old.
#[derive(Clone, Copy, Debug)]
enum Sweep {
    Delete,
    Anonymize,
}

/// Goes through a table in small steps. The holds are read before each step, so that a hold made
/// in the middle of a run holds.
async fn sweep(
    app: &App,
    tenant: &TenantId,
    table: &Table,
    rule: &Rule,
    before: i64,
    sweep: Sweep,
) -> Result<u64, StoreError> {
    let mut total = 0;
    loop {
        let holds = legal_holds::active(app.store.db(), tenant).await?;
        let Some(free) = legal_holds::free(&holds, table.held) else { return Ok(total) };
        let mut old = Condition::all()
            .add(Expr::col(Alias::new("tenant_id")).eq(tenant.as_str()))
            .add(Expr::col(Alias::new(table.held.at)).lt(before))
            .add(free)
            .add(of(&rule.whose));
        if matches!(sweep, Sweep::Anonymize) {
            old = old.add(Expr::col(Alias::new("user_id")).is_not_null());
        }
        let ids = Query::select()
            .column(Alias::new("id"))
            .from(Alias::new(table.name))
            .cond_where(old)
            .limit(AT_ONCE)
            .to_owned();
        let these = Condition::all()
            .add(Expr::col(Alias::new("tenant_id")).eq(tenant.as_str()))
            .add(Expr::col(Alias::new("id")).in_subquery(ids));
        let done = match sweep {
            Sweep::Delete => {
                let delete = Query::delete().from_table(Alias::new(table.name)).cond_where(these).to_owned();
                app.store.db().execute(&delete).await?
            }
            Sweep::Anonymize => {
                let blank = Query::update()
                    .table(Alias::new(table.name))
                    .value(Alias::new("user_id"), Expr::value(None::<String>))
                    .cond_where(these)
                    .to_owned();
                app.store.db().execute(&blank).await?
            }
        }
        .rows_affected();
        total += done;
        if done < AT_ONCE {
            return Ok(total);
        }
        tokio::time::sleep(REST).await;
    }
}

/// The rows a policy's scope speaks of.
fn of(whose: &Whose) -> Condition {
    match whose {
        Whose::Everybody => Condition::all(),
        Whose::Agents(agents) => {
            Condition::all().add(Expr::col(Alias::new("agent_id")).is_in(agents.iter().map(String::as_str)))
        }
        Whose::User(user) => Condition::all().add(Expr::col(Alias::new("user_id")).eq(user.as_str())),
    }
}

/// Clears away finished jobs and old deliveries.
async fn tidy(app: &App, tenant: &TenantId, now: i64) -> Result<(), StoreError> {
    let db = app.store.db();
    for (status, kept) in [(jobs::DONE, DONE_KEPT), (jobs::DEAD, DEAD_KEPT)] {
        while jobs::delete_finished(db, tenant, status, now.saturating_sub(kept), AT_ONCE).await? == AT_ONCE {
            tokio::time::sleep(REST).await;
        }
    }
    use crate::store::webhooks;
    for (status, kept) in [(webhooks::DELIVERED, DONE_KEPT), (webhooks::DEAD, DEAD_KEPT)] {
        while webhooks::delete_old(db, tenant, status, now.saturating_sub(kept), AT_ONCE).await? == AT_ONCE {
            tokio::time::sleep(REST).await;
        }
    }
    evaluations::purge_policies(db, tenant, now).await
}

/// Puts what was done on the audit chain, when anything was, and where the status reads it.
async fn conclude(app: &App, tenant: &TenantId, now: i64, policies: usize, summary: Summary) -> Result<(), StoreError> {
    let holds = legal_holds::active(app.store.db(), tenant).await?.len();
    let detail = json!({ "policies": policies, "active_legal_holds": holds,
        "deleted": summary.deleted, "anonymized": summary.anonymized });
    let txn = app.store.begin().await?;
    if summary.deleted.values().chain(summary.anonymized.values()).any(|rows| *rows > 0) {
        let mut record = AuditRecord::new(
            clock::new_id(),
            tenant.as_str(),
            clock::now(),
            AuditAction::Delete,
            "retention",
            Outcome::Success,
        );
        record.ext_user_id = Some("system:retention".to_owned());
        record.changes = detail.clone();
        audit::append(&txn, tenant, vec![record]).await?;
    }
    watermarks::set(&txn, tenant, retention::LAST_RUN, now, detail).await?;
    txn.commit().await?;
    Ok(())
}
