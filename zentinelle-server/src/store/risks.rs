//! The risk register in the database.

use sea_orm::sea_query::{Expr, Func, LikeExpr, OnConflict};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, ExprTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Select, Set,
};
use zentinelle_core::ids::TenantId;

use super::entities::risk::{Column, Entity, Model};
use super::entities::{agent, incident, policy, risk_day, risk_link};
use super::keyset::{self, Order};
use super::page::{self, Page, Paged};
use super::{StoreError, rows};

/// The most risks that figures are made of.
const MOST: u64 = 10_000;
/// The status of a risk that is done with.
pub(crate) const CLOSED: &str = "closed";

/// Which risks are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// With this text in the name or description, whatever the letter case.
    pub(crate) search: Option<String>,
    /// Of these categories; empty for all.
    pub(crate) categories: Vec<String>,
    /// In these states; empty for all.
    pub(crate) statuses: Vec<String>,
    /// With a score from the first number on and below the second, in one of these bands; empty for all.
    pub(crate) scores: Vec<(i64, i64)>,
    /// With this likelihood.
    pub(crate) likelihood: Option<i64>,
    /// With this impact.
    pub(crate) impact: Option<i64>,
    /// Not closed, and to be reviewed by this instant.
    pub(crate) review_due: Option<i64>,
}

/// The risks of a tenant that are wanted.
pub(crate) fn select(tenant: &TenantId, wanted: &Wanted) -> Select<Entity> {
    let mut found = Entity::find()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .apply_if(wanted.likelihood, |query, value| query.filter(Column::Likelihood.eq(value)))
        .apply_if(wanted.impact, |query, value| query.filter(Column::Impact.eq(value)))
        .apply_if(wanted.review_due, |query, at| {
            query.filter(Column::NextReviewAt.lte(at)).filter(Column::Status.ne(CLOSED))
        });
    if let Some(text) = wanted.search.as_deref().filter(|text| !text.is_empty()) {
        let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let like = |column: Column| {
            Expr::expr(Func::lower(Expr::col(column))).like(LikeExpr::new(format!("%{escaped}%")).escape('\\'))
        };
        found = found.filter(like(Column::Name).or(like(Column::Description)));
    }
    for (column, values) in [(Column::Category, &wanted.categories), (Column::Status, &wanted.statuses)] {
        if !values.is_empty() {
            found = found.filter(column.is_in(values.iter().map(String::as_str)));
        }
    }
    if !wanted.scores.is_empty() {
        let bands = wanted.scores.iter().fold(sea_orm::Condition::any(), |any, (from, to)| {
            any.add(Column::Score.gte(*from).and(Column::Score.lt(*to)))
        });
        found = found.filter(bands);
    }
    found
}

/// A page of risks, newest first.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    wanted: &Wanted,
    page: &Page,
) -> Result<Paged<Model>, StoreError> {
    page::read(db, select(tenant, wanted), Column::Id, |row: &Model| &row.id, page).await
}

/// Every risk that is wanted, worst first.
pub(crate) async fn all(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    wanted: &Wanted,
) -> Result<Vec<Model>, StoreError> {
    let found = select(tenant, wanted).order_by_desc(Column::Score).order_by_desc(Column::Id).limit(MOST);
    Ok(found.all(db).await?)
}

/// One risk.
pub(crate) async fn by_id(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    let found = Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?;
    found.ok_or(StoreError::Missing { what: "risk" })
}

/// Some risks.
pub(crate) async fn by_ids(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
) -> Result<Vec<Model>, StoreError> {
    let found = Entity::find()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.is_in(ids.iter().map(String::as_str)));
    Ok(found.all(db).await?)
}

/// One risk, locked until the transaction ends.
pub(crate) async fn locked(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    rows::locked(txn, Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())), "risk").await
}

/// Keeps a new risk.
pub(crate) async fn insert(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    Entity::insert(row.into_active_model()).exec_without_returning(txn).await?;
    Ok(())
}

/// Keeps a changed risk.
pub(crate) async fn update(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    row.into_active_model().reset_all().update(txn).await?;
    Ok(())
}

/// Removes a risk and its links.
pub(crate) async fn delete(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    risk_link::Entity::delete_many()
        .filter(risk_link::Column::TenantId.eq(tenant.as_str()))
        .filter(risk_link::Column::RiskId.eq(id))
        .exec(txn)
        .await?;
    Entity::delete_by_id((tenant.as_str().to_owned(), id.to_owned())).exec(txn).await?;
    Ok(())
}

/// The links of some risks.
pub(crate) async fn links(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
) -> Result<Vec<risk_link::Model>, StoreError> {
    let found = risk_link::Entity::find()
        .filter(risk_link::Column::TenantId.eq(tenant.as_str()))
        .filter(risk_link::Column::RiskId.is_in(ids.iter().map(String::as_str)))
        .order_by_asc(risk_link::Column::TargetId);
    Ok(found.all(db).await?)
}

/// The risks that something is linked with: pairs of its id and a risk's.
pub(crate) async fn linked_with(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    kind: &str,
    targets: &[String],
) -> Result<Vec<(String, String)>, StoreError> {
    let found = risk_link::Entity::find()
        .filter(risk_link::Column::TenantId.eq(tenant.as_str()))
        .filter(risk_link::Column::Kind.eq(kind))
        .filter(risk_link::Column::TargetId.is_in(targets.iter().map(String::as_str)))
        .all(db)
        .await?;
    Ok(found.into_iter().map(|link| (link.target_id, link.risk_id)).collect())
}

/// Puts a risk's links of one kind in the place of those it has.
pub(crate) async fn relink(
    txn: &DatabaseTransaction,
    tenant: &TenantId,
    risk_id: &str,
    kind: &str,
    targets: &[String],
) -> Result<(), StoreError> {
    risk_link::Entity::delete_many()
        .filter(risk_link::Column::TenantId.eq(tenant.as_str()))
        .filter(risk_link::Column::RiskId.eq(risk_id))
        .filter(risk_link::Column::Kind.eq(kind))
        .exec(txn)
        .await?;
    if targets.is_empty() {
        return Ok(());
    }
    let links = targets.iter().map(|target| risk_link::ActiveModel {
        tenant_id: Set(tenant.as_str().to_owned()),
        risk_id: Set(risk_id.to_owned()),
        kind: Set(kind.to_owned()),
        target_id: Set(target.clone()),
    });
    risk_link::Entity::insert_many(links).exec_without_returning(txn).await?;
    Ok(())
}

/// Which of some policies a tenant has.
pub(crate) async fn known_policies(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
) -> Result<Vec<String>, StoreError> {
    let found = policy::Entity::find()
        .select_only()
        .column(policy::Column::Id)
        .filter(policy::Column::TenantId.eq(tenant.as_str()))
        .filter(policy::Column::Id.is_in(ids.iter().map(String::as_str)));
    Ok(found.into_tuple().all(db).await?)
}

/// Links a risk with one thing more. A link that is there stays.
pub(crate) async fn link(
    txn: &DatabaseTransaction,
    tenant: &TenantId,
    risk_id: &str,
    kind: &str,
    target: &str,
) -> Result<(), StoreError> {
    use risk_link::Column::{Kind, RiskId, TargetId, TenantId as Tenant};
    let row = risk_link::ActiveModel {
        tenant_id: Set(tenant.as_str().to_owned()),
        risk_id: Set(risk_id.to_owned()),
        kind: Set(kind.to_owned()),
        target_id: Set(target.to_owned()),
    };
    risk_link::Entity::insert(row)
        .on_conflict(OnConflict::columns([Tenant, RiskId, Kind, TargetId]).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// Takes every link of a thing with risks away.
pub(crate) async fn unlink(
    txn: &DatabaseTransaction,
    tenant: &TenantId,
    kind: &str,
    target: &str,
) -> Result<(), StoreError> {
    risk_link::Entity::delete_many()
        .filter(risk_link::Column::TenantId.eq(tenant.as_str()))
        .filter(risk_link::Column::Kind.eq(kind))
        .filter(risk_link::Column::TargetId.eq(target))
        .exec(txn)
        .await?;
    Ok(())
}

/// Which of some incidents a tenant has.
pub(crate) async fn known_incidents(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
) -> Result<Vec<String>, StoreError> {
    let found = incident::Entity::find()
        .select_only()
        .column(incident::Column::Id)
        .filter(incident::Column::TenantId.eq(tenant.as_str()))
        .filter(incident::Column::Id.is_in(ids.iter().map(String::as_str)));
    Ok(found.into_tuple().all(db).await?)
}

/// Which of some agents a tenant has, by the row's id or the agent's name for itself: pairs of both.
pub(crate) async fn known_agents(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
) -> Result<Vec<(String, String)>, StoreError> {
    let wanted = || ids.iter().map(String::as_str);
    let found = agent::Entity::find()
        .select_only()
        .columns([agent::Column::Id, agent::Column::AgentId])
        .filter(agent::Column::TenantId.eq(tenant.as_str()))
        .filter(agent::Column::Id.is_in(wanted()).or(agent::Column::AgentId.is_in(wanted())));
    Ok(found.into_tuple().all(db).await?)
}

/// Keeps how the register stands on a day; the last word of the day stays.
pub(crate) async fn keep_day(txn: &DatabaseTransaction, day: risk_day::Model) -> Result<(), StoreError> {
    use risk_day::Column::{DayAt, Highest, OpenCount, ScoreSum, TenantId as Tenant};
    let again = OnConflict::columns([Tenant, DayAt]).update_columns([OpenCount, ScoreSum, Highest]).to_owned();
    risk_day::Entity::insert(day.into_active_model()).on_conflict(again).exec_without_returning(txn).await?;
    Ok(())
}

/// The days on which the register changed, oldest first: those from an instant on, and the last before it.
pub(crate) async fn days(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    from: i64,
) -> Result<Vec<risk_day::Model>, StoreError> {
    let own = || risk_day::Entity::find().filter(risk_day::Column::TenantId.eq(tenant.as_str()));
    let before =
        own().filter(risk_day::Column::DayAt.lt(from)).order_by_desc(risk_day::Column::DayAt).limit(1).all(db).await?;
    let since = own().filter(risk_day::Column::DayAt.gte(from)).order_by_asc(risk_day::Column::DayAt).all(db).await?;
    Ok(before.into_iter().chain(since).collect())
}

/// Counts over incidents.
#[derive(Clone, Debug, Default)]
pub(crate) struct IncidentFigures {
    /// How many there ever were.
    pub(crate) total: i64,
    /// How many are open.
    pub(crate) open: i64,
    /// How many were detected today, UTC.
    pub(crate) today: i64,
    /// By severity.
    pub(crate) by_severity: Vec<(String, i64)>,
    /// By state.
    pub(crate) by_status: Vec<(String, i64)>,
    /// How many were resolved in time.
    pub(crate) met: i64,
    /// How many were resolved too late, or are open past their due time.
    pub(crate) breached: i64,
}

/// Counts over the incidents of a tenant.
pub(crate) async fn incident_figures(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    now: i64,
) -> Result<IncidentFigures, StoreError> {
    use incident::Column::{DetectedAt, DueAt, Id, ResolvedAt, Severity, Status, TenantId as Tenant};
    let own = || incident::Entity::find().filter(Tenant.eq(tenant.as_str()));
    let by = |column: incident::Column| {
        own().select_only().column(column).column_as(Id.count(), "count").group_by(column).order_by_asc(column)
    };
    let by_severity: Vec<(String, i64)> = by(Severity).into_tuple().all(db).await?;
    let by_status: Vec<(String, i64)> = by(Status).into_tuple().all(db).await?;
    let count = async |select: Select<incident::Entity>| {
        let count = sea_orm::PaginatorTrait::count(select, db).await?;
        Ok::<i64, StoreError>(i64::try_from(count).unwrap_or(i64::MAX))
    };
    let today = now.div_euclid(86_400_000_000) * 86_400_000_000;
    let late = Expr::col(ResolvedAt).gt(Expr::col(DueAt)).or(ResolvedAt.is_null().and(DueAt.lt(now)));
    let resolved = own().filter(Expr::col(ResolvedAt).lte(Expr::col(DueAt)));
    let open = |status: &str| matches!(status, "open" | "investigating" | "mitigating");
    Ok(IncidentFigures {
        total: by_status.iter().map(|(_, count)| count).sum(),
        open: by_status.iter().filter(|(status, _)| open(status)).map(|(_, count)| count).sum(),
        today: count(own().filter(DetectedAt.gte(today))).await?,
        met: count(resolved).await?,
        breached: count(own().filter(late)).await?,
        by_severity,
        by_status,
    })
}

/// The orders of the register, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<Entity>] = &[
    ("riskScore", Order::By(Column::Score), true),
    ("createdAt", Order::By(Column::CreatedAt), true),
    ("updatedAt", Order::By(Column::UpdatedAt), true),
    ("name", Order::By(Column::Name), false),
    ("nextReviewDate", Order::By(Column::NextReviewAt), false),
    ("likelihood", Order::By(Column::Likelihood), true),
    ("impact", Order::By(Column::Impact), true),
    ("severity", Order::By(Column::Severity), true),
];
