//! Reports, and what they are made of, in the database.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, ExprTrait as _, FromQueryResult,
    IntoActiveModel as _, Order, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Select,
};
use serde_json::Value;
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::report::{Column, Entity, Model};
use super::entities::{audit_entry, content_scan, content_violation, evaluation, incident};
use super::page::{self, Page, Paged};

/// Every column but the content.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Summary {
    /// The report's id.
    pub(crate) id: String,
    /// What it is about.
    pub(crate) report_type: String,
    /// How it is written.
    pub(crate) format: String,
    /// What it was told.
    pub(crate) params: Value,
    /// pending | generating | complete | failed.
    pub(crate) status: String,
    /// How far it is built. Unit: percent.
    pub(crate) progress: i64,
    /// Why it failed.
    pub(crate) error_message: String,
    /// Who asked for it.
    pub(crate) created_by: String,
    /// When.
    pub(crate) created_at: i64,
    /// When it was ready.
    pub(crate) completed_at: Option<i64>,
}

/// Keeps a new report.
pub(crate) async fn insert(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    Entity::insert(row.into_active_model()).exec_without_returning(txn).await?;
    Ok(())
}

/// A page of reports, without their contents.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    page: &Page,
) -> Result<Paged<Summary>, StoreError> {
    let ids = Entity::find().filter(Column::TenantId.eq(tenant.as_str()));
    let total = sea_orm::PaginatorTrait::count(ids.clone(), db).await?;
    let mut rows = without_content(ids)
        .apply_if(page.before.as_deref(), |query, before| query.filter(Column::Id.lt(before)))
        .order_by_desc(Column::Id)
        .limit(page.limit.saturating_add(1))
        .into_model::<Summary>()
        .all(db)
        .await?;
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| row.id.clone());
    Ok(page::Paged { rows, total, next })
}

/// The newest reports of a tenant, of some types and in some states, without their contents.
pub(crate) async fn listed(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    types: Option<&[String]>,
    statuses: Option<&[String]>,
    most: u64,
) -> Result<Vec<Summary>, StoreError> {
    let mut found = Entity::find().filter(Column::TenantId.eq(tenant.as_str()));
    for (column, words) in [(Column::ReportType, types), (Column::Status, statuses)] {
        if let Some(words) = words.filter(|words| !words.is_empty()) {
            found = found.filter(column.is_in(words.iter().map(String::as_str)));
        }
    }
    Ok(without_content(found).order_by_desc(Column::Id).limit(most).into_model::<Summary>().all(db).await?)
}

fn without_content(select: Select<Entity>) -> Select<Entity> {
    select.select_only().columns([
        Column::Id,
        Column::ReportType,
        Column::Format,
        Column::Params,
        Column::Status,
        Column::Progress,
        Column::ErrorMessage,
        Column::CreatedBy,
        Column::CreatedAt,
        Column::CompletedAt,
    ])
}

/// One report without its content.
pub(crate) async fn summary(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<Summary, StoreError> {
    let found = without_content(Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())));
    found.into_model::<Summary>().one(db).await?.ok_or(StoreError::Missing { what: "report" })
}

/// One report.
pub(crate) async fn by_id(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    let found = Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?;
    found.ok_or(StoreError::Missing { what: "report" })
}

/// Takes a report that is not ready to be built. Says whether there is anything to do.
pub(crate) async fn begin(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<bool, StoreError> {
    let taken = Entity::update_many()
        .col_expr(Column::Status, Expr::value("generating"))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.eq(id))
        .filter(Column::Status.is_in(["pending", "generating"]))
        .exec(db)
        .await?;
    Ok(taken.rows_affected > 0)
}

/// Says how far a report is built. Unit: percent.
pub(crate) async fn progress(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
    percent: i64,
) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::Progress, Expr::value(percent))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.eq(id))
        .filter(Column::Status.eq("generating"))
        .exec(db)
        .await?;
    Ok(())
}

/// The next incidents after an id that were detected within a time.
pub(crate) async fn incidents_after(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    from: i64,
    to: i64,
    after: &str,
    most: u64,
) -> Result<Vec<incident::Model>, StoreError> {
    use incident::Column::{DetectedAt, Id, TenantId as Tenant};
    let next = incident::Entity::find()
        .filter(Tenant.eq(tenant.as_str()))
        .filter(DetectedAt.gte(from))
        .filter(DetectedAt.lt(to))
        .filter(Id.gt(after))
        .order_by_asc(Id)
        .limit(most);
    Ok(next.all(db).await?)
}

/// Keeps what a report came to: its content, or why there is none.
pub(crate) async fn finish(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
    content: Result<String, String>,
    at: i64,
) -> Result<(), StoreError> {
    let (status, content, error) = match content {
        Ok(content) => ("complete", Some(content), String::new()),
        Err(error) => ("failed", None, error),
    };
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(status))
        .col_expr(Column::Progress, Expr::value(100))
        .col_expr(Column::Content, Expr::value(content))
        .col_expr(Column::ErrorMessage, Expr::value(error))
        .col_expr(Column::CompletedAt, Expr::value(at))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.eq(id))
        .filter(Column::Status.eq("generating"))
        .exec(db)
        .await?;
    Ok(())
}

/// What the policies said in one decision.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Said {
    /// The decision.
    pub(crate) id: String,
    /// When.
    pub(crate) occurred_at: i64,
    /// What each policy said.
    pub(crate) policies: Value,
}

/// The next decisions after an id within a time, oldest first.
pub(crate) async fn said_after(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    from: i64,
    to: i64,
    after: &str,
    most: u64,
) -> Result<Vec<Said>, StoreError> {
    use evaluation::Column::{DryRun, Id, OccurredAt, Policies, TenantId as Tenant};
    let next = evaluation::Entity::find()
        .select_only()
        .columns([Id, OccurredAt, Policies])
        .filter(Tenant.eq(tenant.as_str()))
        .filter(OccurredAt.gte(from))
        .filter(OccurredAt.lt(to))
        .filter(DryRun.eq(false))
        .filter(Id.gt(after))
        .order_by_asc(Id)
        .limit(most);
    Ok(next.into_model::<Said>().all(db).await?)
}

/// The next entries of the audit chain after a place within a time.
pub(crate) async fn entries_after(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    from: i64,
    to: i64,
    after: i64,
    most: u64,
) -> Result<Vec<audit_entry::Model>, StoreError> {
    use audit_entry::Column::{RecordedAt, Sequence, TenantId as Tenant};
    let next = audit_entry::Entity::find()
        .filter(Tenant.eq(tenant.as_str()))
        .filter(RecordedAt.gte(from))
        .filter(RecordedAt.lt(to))
        .filter(Sequence.gt(after))
        .order_by_asc(Sequence)
        .limit(most);
    Ok(next.all(db).await?)
}

/// How many of something.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(crate) struct Tally {
    /// What.
    pub(crate) name: Option<String>,
    /// How many.
    pub(crate) count: i64,
}

/// How many violations of a day, a type of rule and an enforcement.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct DayTally {
    /// The day, counted from 1970.
    pub(crate) bucket: i64,
    /// The type of rule.
    pub(crate) rule_type: String,
    /// What the rule does.
    pub(crate) enforcement: String,
    /// How many.
    pub(crate) count: i64,
}

/// Violations of a time by day, type of rule and enforcement.
pub(crate) async fn violations_by_day(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    from: i64,
    to: i64,
) -> Result<Vec<DayTally>, StoreError> {
    use content_violation::Column::{CreatedAt, Enforcement, Id, RuleType, TenantId as Tenant};
    let bucket = || Expr::col("bucket");
    let found = content_violation::Entity::find()
        .select_only()
        .column_as(Expr::cust("created_at / 86400000000"), "bucket")
        .columns([RuleType, Enforcement])
        .column_as(Expr::col(Id).count(), "count")
        .filter(Tenant.eq(tenant.as_str()))
        .filter(CreatedAt.gte(from))
        .filter(CreatedAt.lt(to))
        .group_by(bucket())
        .group_by(RuleType)
        .group_by(Enforcement)
        .order_by(bucket(), Order::Asc);
    Ok(found.into_model::<DayTally>().all(db).await?)
}

/// By what violations are tallied.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TallyBy {
    /// How bad they are.
    Severity,
    /// The type of rule.
    RuleType,
    /// The agent.
    Agent,
}

/// Violations of a time by one of their properties, the most first.
pub(crate) async fn violations_by(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    by: TallyBy,
    from: i64,
    to: i64,
    most: u64,
) -> Result<Vec<Tally>, StoreError> {
    use content_violation::Column::{AgentId, CreatedAt, Id, RuleType, Severity, TenantId as Tenant};
    let column = match by {
        TallyBy::Severity => Severity,
        TallyBy::RuleType => RuleType,
        TallyBy::Agent => AgentId,
    };
    let found = content_violation::Entity::find()
        .select_only()
        .column_as(Expr::col(column), "name")
        .column_as(Expr::col(Id).count(), "count")
        .filter(Tenant.eq(tenant.as_str()))
        .filter(CreatedAt.gte(from))
        .filter(CreatedAt.lt(to))
        .group_by(column)
        .order_by(Expr::col("count"), Order::Desc)
        .limit(most);
    Ok(found.into_model::<Tally>().all(db).await?)
}

/// Finished scans of a time by what became of the content.
pub(crate) async fn scans_by_action(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    from: i64,
    to: i64,
) -> Result<Vec<Tally>, StoreError> {
    use content_scan::Column::{ActionTaken, CreatedAt, Id, TenantId as Tenant};
    let found = content_scan::Entity::find()
        .select_only()
        .column_as(Expr::col(ActionTaken), "name")
        .column_as(Expr::col(Id).count(), "count")
        .filter(Tenant.eq(tenant.as_str()))
        .filter(CreatedAt.gte(from))
        .filter(CreatedAt.lt(to))
        .group_by(ActionTaken);
    Ok(found.into_model::<Tally>().all(db).await?)
}
