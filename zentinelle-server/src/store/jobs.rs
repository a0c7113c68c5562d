//! Jobs in the database: the queue of background work.

use super::keyset::{self, Narrow as _, Order};
use sea_orm::sea_query::{Expr, LockBehavior, LockType, OnConflict, Query};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, ExprTrait as _, FromQueryResult,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use serde::{Deserialize, Serialize};
use zentinelle_core::ids::TenantId;

use super::entities::job::{self, Column};
use super::{Store, StoreError};

/// Waits to be done.
pub(crate) const QUEUED: &str = "queued";
/// Somebody has a lease on it.
pub(crate) const RUNNING: &str = "running";
/// Was done.
pub(crate) const DONE: &str = "done";
/// Failed for good; stays until somebody looks.
pub(crate) const DEAD: &str = "dead";
/// Every state.
pub(crate) const STATES: [&str; 4] = [QUEUED, RUNNING, DONE, DEAD];

/// The kinds that have a lane of their own.
const DELIVERIES: [&str; 2] = ["deliver_webhook", "send_email"];
/// Why a job is dead whose last try nobody ended.
pub(crate) const ABANDONED: &str = "the server that ran it stopped answering";
/// The longest error that is kept. Unit: characters.
const MOST_ERROR: usize = 1_000;

/// Which kinds of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kinds {
    /// Notices to webhooks, and e-mails.
    Deliveries,
    /// Everything else, kinds unknown to this release included.
    Others,
}

impl Kinds {
    fn condition(self) -> Expr {
        match self {
            Self::Deliveries => Column::Kind.is_in(DELIVERIES),
            Self::Others => Column::Kind.is_not_in(DELIVERIES),
        }
    }
}

/// Who wants jobs.
#[derive(Debug)]
pub(crate) struct Claim<'c> {
    /// The name for the leases.
    pub(crate) worker: &'c str,
    /// Of which kinds.
    pub(crate) kinds: Kinds,
    /// The present instant.
    pub(crate) now: i64,
    /// Until when the leases last.
    pub(crate) until: i64,
    /// How many.
    pub(crate) most: u64,
}

/// What a claim brought.
#[derive(Debug, Default)]
pub(crate) struct Claimed {
    /// Jobs to be done.
    pub(crate) leased: Vec<job::Model>,
    /// Jobs that were abandoned in their last try, and are dead now.
    pub(crate) given_up: Vec<job::Model>,
}

/// How a job ended.
#[derive(Debug)]
pub(crate) enum End {
    /// Done.
    Done,
    /// To be tried again.
    Again {
        /// When.
        run_at: i64,
        /// Why.
        why: String,
    },
    /// Given up.
    Dead(String),
}

/// Puts a job in the queue; says whether its unique key was free.
pub(crate) async fn insert(db: &impl ConnectionTrait, row: job::Model) -> Result<bool, StoreError> {
    let unique = OnConflict::column(Column::UniqueKey).do_nothing().to_owned();
    let inserted = job::Entity::insert(row.into_active_model())
        .on_conflict(unique)
        .try_insert()
        .exec_without_returning(db)
        .await?;
    Ok(matches!(inserted, sea_orm::TryInsertResult::Inserted(rows) if rows > 0))
}

/// Puts jobs in the queue, each in the place of the finished one with its unique key. One that
/// still waits or runs stays as it is. Returns how many were put in.
pub(crate) async fn insert_again(db: &impl ConnectionTrait, mut rows: Vec<job::Model>) -> Result<u64, StoreError> {
    let own = |column: Column| Expr::col((job::Entity, column));
    let again = OnConflict::column(Column::UniqueKey)
        .update_columns([
            Column::Kind,
            Column::Payload,
            Column::Status,
            Column::Attempts,
            Column::MaxAttempts,
            Column::RunAt,
            Column::LastError,
            Column::CreatedAt,
            Column::FinishedAt,
        ])
        .action_and_where(own(Column::Status).is_in([DONE, DEAD]))
        .to_owned();
    let mut count = 0;
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(500));
        count += job::Entity::insert_many(rows.into_iter().map(sea_orm::IntoActiveModel::into_active_model))
            .on_conflict(again.clone())
            .exec_without_returning(db)
            .await?;
        rows = rest;
    }
    Ok(count)
}

/// Leases jobs that are due, and those whose lease has ended with the worker that had it.
pub(crate) async fn claim(store: &Store, claim: Claim<'_>) -> Result<Claimed, StoreError> {
    // Looking first costs nobody a lock, and mostly there is nothing.
    if due(&claim).limit(1).one(store.db()).await?.is_none() {
        return Ok(Claimed::default());
    }
    let txn = store.begin().await?;
    let mut found = due(&claim).order_by_asc(Column::RunAt).order_by_asc(Column::Id).limit(claim.most);
    if store.is_postgres() {
        found = found.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let (mut leased, mut given_up) = (Vec::new(), Vec::new());
    for mut job in found.all(&txn).await? {
        if job.status == RUNNING && job.attempts >= job.max_attempts {
            conclude(&txn, &job, End::Dead(ABANDONED.to_owned()), claim.now).await?;
            given_up.push(job);
            continue;
        }
        job.status = RUNNING.to_owned();
        job.attempts += 1;
        job.leased_by = Some(claim.worker.to_owned());
        job.lease_until_at = Some(claim.until);
        leased.push(job);
    }
    let ids: Vec<&str> = leased.iter().map(|job| job.id.as_str()).collect();
    if !ids.is_empty() {
        job::Entity::update_many()
            .col_expr(Column::Status, Expr::value(RUNNING))
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
            .col_expr(Column::LeasedBy, Expr::value(claim.worker))
            .col_expr(Column::LeaseUntilAt, Expr::value(claim.until))
            .filter(Column::Id.is_in(ids))
            .exec(&txn)
            .await?;
    }
    txn.commit().await?;
    Ok(Claimed { leased, given_up })
}

fn due(claim: &Claim<'_>) -> sea_orm::Select<job::Entity> {
    let waiting = Condition::all().add(Column::Status.eq(QUEUED)).add(Column::RunAt.lte(claim.now));
    let abandoned = Condition::all().add(Column::Status.eq(RUNNING)).add(Column::LeaseUntilAt.lt(claim.now));
    job::Entity::find().filter(claim.kinds.condition()).filter(Condition::any().add(waiting).add(abandoned))
}

/// The job, as long as it is leased for this very try.
fn held(job: &job::Model) -> Condition {
    Condition::all()
        .add(Column::Id.eq(job.id.as_str()))
        .add(Column::Status.eq(RUNNING))
        .add(Column::Attempts.eq(job.attempts))
        .add(Column::LeasedBy.eq(job.leased_by.as_deref()))
}

/// Renews a lease; false when it is lost.
pub(crate) async fn renew(db: &impl ConnectionTrait, job: &job::Model, until: i64) -> Result<bool, StoreError> {
    let renewed = job::Entity::update_many()
        .col_expr(Column::LeaseUntilAt, Expr::value(until))
        .filter(held(job))
        .exec(db)
        .await?;
    Ok(renewed.rows_affected == 1)
}

/// Writes down how a job ended; false when its lease was lost and the end is another's to tell.
pub(crate) async fn conclude(
    db: &impl ConnectionTrait,
    job: &job::Model,
    end: End,
    now: i64,
) -> Result<bool, StoreError> {
    let (status, run_at, error, finished_at) = match end {
        End::Done => (DONE, job.run_at, None, Some(now)),
        End::Again { run_at, why } => (QUEUED, run_at, Some(why), None),
        End::Dead(why) => (DEAD, job.run_at, Some(why), Some(now)),
    };
    let error: Option<String> = error.map(|why| why.replace('\0', "").chars().take(MOST_ERROR).collect());
    let concluded = job::Entity::update_many()
        .col_expr(Column::Status, Expr::value(status))
        .col_expr(Column::RunAt, Expr::value(run_at))
        .col_expr(Column::LastError, Expr::value(error))
        .col_expr(Column::FinishedAt, Expr::value(finished_at))
        .col_expr(Column::LeasedBy, Expr::value(None::<String>))
        .col_expr(Column::LeaseUntilAt, Expr::value(None::<i64>))
        .filter(held(job))
        .exec(db)
        .await?;
    Ok(concluded.rows_affected == 1)
}

/// Gives back what a worker still has: the try it did not finish does not count.
pub(crate) async fn release(db: &impl ConnectionTrait, worker: &str) -> Result<u64, StoreError> {
    let released = job::Entity::update_many()
        .col_expr(Column::Status, Expr::value(QUEUED))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).sub(1))
        .col_expr(Column::LeasedBy, Expr::value(None::<String>))
        .col_expr(Column::LeaseUntilAt, Expr::value(None::<i64>))
        .filter(Column::Status.eq(RUNNING))
        .filter(Column::LeasedBy.eq(worker))
        .exec(db)
        .await?;
    Ok(released.rows_affected)
}

/// One job of a tenant.
pub(crate) async fn by_id(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<job::Model>, StoreError> {
    Ok(job::Entity::find_by_id(id).filter(Column::TenantId.eq(tenant.as_str())).one(db).await?)
}

/// The jobs of a tenant with any of some unique keys.
pub(crate) async fn by_unique_keys(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    keys: Vec<String>,
) -> Result<Vec<job::Model>, StoreError> {
    let found = job::Entity::find().filter(Column::TenantId.eq(tenant.as_str())).filter(Column::UniqueKey.is_in(keys));
    Ok(found.all(db).await?)
}

/// Puts a dead job back in the queue with all its tries; false when it is not dead.
pub(crate) async fn revive(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
    now: i64,
) -> Result<bool, StoreError> {
    let revived = job::Entity::update_many()
        .col_expr(Column::Status, Expr::value(QUEUED))
        .col_expr(Column::Attempts, Expr::value(0))
        .col_expr(Column::RunAt, Expr::value(now))
        .col_expr(Column::FinishedAt, Expr::value(None::<i64>))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.eq(id))
        .filter(Column::Status.eq(DEAD))
        .exec(db)
        .await?;
    Ok(revived.rows_affected == 1)
}

/// Makes the waiting job with a unique key due at once.
pub(crate) async fn hurry(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    unique_key: &str,
    now: i64,
) -> Result<(), StoreError> {
    job::Entity::update_many()
        .col_expr(Column::RunAt, Expr::value(now))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::UniqueKey.eq(unique_key))
        .filter(Column::Status.eq(QUEUED))
        .filter(Column::RunAt.gt(now))
        .exec(db)
        .await?;
    Ok(())
}

/// Deletes some of a tenant's jobs that were finished before an instant. Returns how many.
pub(crate) async fn delete_finished(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    status: &str,
    before: i64,
    most: u64,
) -> Result<u64, StoreError> {
    let old = Query::select()
        .column(Column::Id)
        .from(job::Entity)
        .cond_where(Column::TenantId.eq(tenant.as_str()))
        .and_where(Column::Status.eq(status))
        .and_where(Column::FinishedAt.lt(before))
        .limit(most)
        .to_owned();
    let deleted = job::Entity::delete_many().filter(Column::Id.in_subquery(old)).exec(db).await?;
    Ok(deleted.rows_affected)
}

/// How many jobs of each kind still wait.
pub(crate) async fn waiting_by_kind(db: &impl ConnectionTrait) -> Result<Vec<(String, i64)>, StoreError> {
    let counts = count_by_state(db).await?;
    Ok(counts.into_iter().filter(|(_, status, _)| status == QUEUED).map(|(kind, _, count)| (kind, count)).collect())
}

/// How many jobs of each kind are in each state.
pub(crate) async fn count_by_state(db: &impl ConnectionTrait) -> Result<Vec<(String, String, i64)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Count {
        kind: String,
        status: String,
        jobs: i64,
    }
    let counts = job::Entity::find()
        .select_only()
        .columns([Column::Kind, Column::Status])
        .column_as(Column::Id.count(), "jobs")
        .group_by(Column::Kind)
        .group_by(Column::Status)
        .into_model::<Count>()
        .all(db)
        .await?;
    Ok(counts.into_iter().map(|count| (count.kind, count.status, count.jobs)).collect())
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this `kind`.
    pub(crate) kind: keyset::Words,
    /// With this `status`.
    pub(crate) status: keyset::Words,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<job::Entity> {
        job::Entity::find()
            .of(job::Column::TenantId, tenant)
            .one_of(job::Column::Kind, &self.kind)
            .one_of(job::Column::Status, &self.status)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<job::Entity>] = &[
    ("createdAt", Order::By(job::Column::CreatedAt), true),
    ("kind", Order::By(job::Column::Kind), false),
    ("status", Order::By(job::Column::Status), false),
];

/// The jobs of a tenant that were given up, newest first.
pub(crate) async fn dead(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    limit: u64,
) -> Result<Vec<job::Model>, StoreError> {
    let found = job::Entity::find().of(Column::TenantId, tenant).filter(Column::Status.eq("dead"));
    Ok(found.order_by_desc(Column::Id).limit(limit).all(db).await?)
}
