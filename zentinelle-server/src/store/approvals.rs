//! Approval requests in the database.

use super::keyset::{self, Narrow as _, Order};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use serde::{Deserialize, Serialize};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::approval;

/// A person is asked.
pub(crate) const PENDING: &str = "pending";
/// A person said yes.
pub(crate) const APPROVED: &str = "approved";
/// A person said no.
pub(crate) const DENIED: &str = "denied";
/// Nobody said anything in time, or the yes was not used in time.
pub(crate) const EXPIRED: &str = "expired";
/// The yes was used.
pub(crate) const CONSUMED: &str = "consumed";
/// The agent does not want it any more.
pub(crate) const CANCELLED: &str = "cancelled";
/// Became part of another request for the same call.
pub(crate) const MERGED: &str = "merged";

/// Which requests to find.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// In this state.
    pub(crate) status: Option<String>,
    /// By this agent.
    pub(crate) agent_id: Option<String>,
    /// For this user.
    pub(crate) user_id: Option<String>,
    /// Of this action.
    pub(crate) action: Option<String>,
}

/// Keeps a request. While a request for the same call is open, approved and not yet used, or
/// denied and not yet forgotten, the new one becomes part of it.
pub(crate) async fn open(txn: &DatabaseTransaction, row: approval::Model) -> Result<(), StoreError> {
    let same_call = || {
        approval::Entity::find()
            .filter(approval::Column::TenantId.eq(row.tenant_id.as_str()))
            .filter(approval::Column::ArgumentsDigest.eq(row.arguments_digest.as_str()))
    };
    // The request of a call that nobody decided in time makes way at once.
    approval::Entity::update_many()
        .col_expr(approval::Column::Status, Expr::value(EXPIRED))
        .filter(approval::Column::TenantId.eq(row.tenant_id.as_str()))
        .filter(approval::Column::ArgumentsDigest.eq(row.arguments_digest.as_str()))
        .filter(approval::Column::Status.eq(PENDING))
        .filter(approval::Column::ExpiresAt.lte(row.requested_at))
        .exec(txn)
        .await?;
    let standing = same_call()
        .filter(approval::Column::Status.is_in([PENDING, APPROVED, DENIED]))
        .filter(approval::Column::ExpiresAt.gt(row.requested_at))
        .order_by_desc(approval::Column::Id)
        .one(txn)
        .await?;
    let mut merged_into = standing.map(|standing| standing.id).filter(|id| *id != row.id);
    if merged_into.is_none() && insert(txn, row.clone()).await? == 0 {
        // Written before, or another replica was faster.
        merged_into = same_call()
            .filter(approval::Column::Status.eq(PENDING))
            .one(txn)
            .await?
            .map(|standing| standing.id)
            .filter(|id| *id != row.id);
    }
    if merged_into.is_some() {
        insert(txn, approval::Model { status: MERGED.to_owned(), merged_into, ..row }).await?;
    }
    Ok(())
}

async fn insert(txn: &DatabaseTransaction, row: approval::Model) -> Result<u64, StoreError> {
    Ok(approval::Entity::insert_many([row.into_active_model()])
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(txn)
        .await?)
}

/// The request with an id, or the one it became part of.
pub(crate) async fn by_id(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<approval::Model>, StoreError> {
    let find = |id: &str| approval::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned()));
    match find(id).one(db).await? {
        Some(row) if row.status == MERGED => match &row.merged_into {
            Some(standing) => Ok(find(standing).one(db).await?),
            None => Ok(Some(row)),
        },
        row => Ok(row),
    }
}

/// Requests that fit a filter, newest first, beginning below an id.
pub(crate) async fn search(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    filter: &Filter,
    below: Option<&str>,
    limit: u64,
) -> Result<Vec<approval::Model>, StoreError> {
    let mut found = approval::Entity::find()
        .filter(approval::Column::TenantId.eq(tenant.as_str()))
        .filter(approval::Column::Status.ne(MERGED));
    let texts = [
        (approval::Column::Status, &filter.status),
        (approval::Column::AgentId, &filter.agent_id),
        (approval::Column::UserId, &filter.user_id),
        (approval::Column::Action, &filter.action),
    ];
    for (column, wanted) in texts {
        if let Some(wanted) = wanted {
            found = found.filter(column.eq(wanted.as_str()));
        }
    }
    if let Some(below) = below {
        found = found.filter(approval::Column::Id.lt(below));
    }
    Ok(found.order_by_desc(approval::Column::Id).limit(limit).all(db).await?)
}

/// A change of state, made only from the state it starts in. Whether it was made.
pub(crate) async fn transition(
    txn: &impl ConnectionTrait,
    from: &str,
    row: &approval::Model,
) -> Result<bool, StoreError> {
    let changed = approval::Entity::update_many()
        .col_expr(approval::Column::Status, Expr::value(row.status.as_str()))
        .col_expr(approval::Column::ExpiresAt, Expr::value(row.expires_at))
        .col_expr(approval::Column::DecidedBy, Expr::value(row.decided_by.clone()))
        .col_expr(approval::Column::DecidedAt, Expr::value(row.decided_at))
        .col_expr(approval::Column::DecisionNote, Expr::value(row.decision_note.as_str()))
        .col_expr(approval::Column::TokenId, Expr::value(row.token_id.clone()))
        .filter(approval::Column::TenantId.eq(row.tenant_id.as_str()))
        .filter(approval::Column::Id.eq(row.id.as_str()))
        .filter(approval::Column::Status.eq(from))
        .exec(txn)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Marks an approval as used.
pub(crate) async fn consume(txn: &DatabaseTransaction, tenant: &TenantId, id: &str, at: i64) -> Result<(), StoreError> {
    approval::Entity::update_many()
        .col_expr(approval::Column::Status, Expr::value(CONSUMED))
        .col_expr(approval::Column::ConsumedAt, Expr::value(at))
        .filter(approval::Column::TenantId.eq(tenant.as_str()))
        .filter(approval::Column::Id.eq(id))
        .filter(approval::Column::Status.is_in([APPROVED, EXPIRED]))
        .exec(txn)
        .await?;
    Ok(())
}

/// Requests of any tenant whose time is over, oldest first.
pub(crate) async fn overdue(
    db: &impl ConnectionTrait,
    now: i64,
    limit: u64,
) -> Result<Vec<approval::Model>, StoreError> {
    Ok(approval::Entity::find()
        .filter(approval::Column::Status.is_in([PENDING, APPROVED]))
        .filter(approval::Column::ExpiresAt.lte(now))
        .order_by_asc(approval::Column::ExpiresAt)
        .limit(limit)
        .all(db)
        .await?)
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
    /// With this `status`.
    pub(crate) status: keyset::Words,
    /// With this `risk`.
    pub(crate) risk: keyset::Words,
    /// With this `endpoint_id`.
    pub(crate) endpoint_id: Option<String>,
    /// From then on.
    pub(crate) since: Option<keyset::Instant>,
    /// Before then.
    pub(crate) until: Option<keyset::Instant>,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<approval::Entity> {
        use approval::Column;
        let rows = approval::Entity::find()
            .of(Column::TenantId, tenant)
            .search(&[Column::Action, Column::Resource, Column::Reason, Column::AgentId], &self.search)
            .same(Column::AgentId, &self.endpoint_id)
            .between(Column::RequestedAt, self.since, self.until);
        of_risk(in_state(rows, &self.status), &self.risk)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<approval::Entity>] = &[
    ("requestedAt", Order::By(approval::Column::RequestedAt), true),
    ("expiresAt", Order::By(approval::Column::ExpiresAt), false),
    ("risk", Order::By(approval::Column::RiskScore), true),
    ("status", Order::By(approval::Column::Status), false),
];

/// Only requests in some states, as they stand now: one that nobody answered in time is over.
fn in_state(rows: Select<approval::Entity>, states: &keyset::Words) -> Select<approval::Entity> {
    use approval::Column;
    let Some(states) = states.as_deref().filter(|states| !states.is_empty()) else { return rows };
    let now = crate::clock::now_micros();
    let state = |state: &String| match state.as_str() {
        "pending" => Condition::all().add(Column::Status.eq("pending")).add(Column::ExpiresAt.gt(now)),
        "expired" => Condition::any()
            .add(Column::Status.eq("expired"))
            .add(Condition::all().add(Column::Status.eq("pending")).add(Column::ExpiresAt.lte(now))),
        other => Condition::all().add(Column::Status.eq(other)),
    };
    rows.filter(states.iter().map(state).fold(Condition::any(), Condition::add))
}

/// Only requests of some levels of risk.
fn of_risk(rows: Select<approval::Entity>, levels: &keyset::Words) -> Select<approval::Entity> {
    use approval::Column;
    let Some(levels) = levels.as_deref().filter(|levels| !levels.is_empty()) else { return rows };
    let scores =
        (0..=100_i64).filter(|score| levels.iter().any(|level| level == crate::service::approvals::risk_level(*score)));
    rows.filter(Column::RiskScore.is_in(scores))
}

/// The requests that were made between two instants, newest first.
pub(crate) async fn requested_between(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    from: i64,
    to: i64,
) -> Result<Vec<approval::Model>, StoreError> {
    use approval::Column;
    let found = approval::Entity::find()
        .of(Column::TenantId, tenant)
        .filter(Column::RequestedAt.gte(from))
        .filter(Column::RequestedAt.lte(to))
        .order_by_desc(Column::Id)
        .limit(2_000);
    Ok(found.all(db).await?)
}
