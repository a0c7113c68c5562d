//! Alerts in the database.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    ExprTrait as _, IntoActiveModel as _, QueryFilter as _, QueryTrait as _, Select, Set,
};
use serde::{Deserialize, Serialize};
use zentinelle_core::ids::TenantId;

use super::entities::alert;
use super::keyset::{self, Narrow as _, Order};
use super::page::{self, Page, Paged};
use super::{StoreError, rows};
use crate::clock;
use crate::recorder::record::RaisedAlert;

/// Opens an alert, or counts up the one with the same key that nobody resolved. Says
/// whether it is new.
pub(crate) async fn raise(txn: &DatabaseTransaction, raised: RaisedAlert) -> Result<bool, StoreError> {
    let same = Condition::all()
        .add(alert::Column::DedupKey.eq(raised.dedup_key.as_str()))
        .add(alert::Column::Status.is_in(["open", "acknowledged", "investigating"]));
    let again = [
        (alert::Column::ViolationCount, Expr::col(alert::Column::ViolationCount).add(1)),
        (alert::Column::LastViolationAt, Expr::value(raised.at)),
        (alert::Column::UpdatedAt, Expr::value(raised.at)),
    ];
    let tenant = (alert::Column::TenantId, &raised.tenant_id);
    if rows::change_newest::<alert::Entity>(txn, tenant, alert::Column::Id, same, again).await? {
        return Ok(false);
    }
    // It was raised when its id was made, though it may tell of something earlier and is written later.
    let raised_at = clock::of_id(&raised.id).unwrap_or_else(clock::now_micros);
    let row = alert::ActiveModel {
        tenant_id: Set(raised.tenant_id.as_str().to_owned()),
        id: Set(raised.id),
        alert_type: Set(raised.alert_type),
        severity: Set(raised.severity),
        title: Set(raised.title),
        description: Set(raised.description),
        agent_id: Set(raised.agent_id),
        user_id: Set(raised.user_id),
        dedup_key: Set(raised.dedup_key),
        metadata: Set(raised.metadata),
        violation_count: Set(1),
        first_violation_at: Set(Some(raised.at)),
        last_violation_at: Set(Some(raised.at)),
        status: Set("open".to_owned()),
        acknowledged_by: Set(None),
        acknowledged_at: Set(None),
        resolved_by: Set(None),
        resolved_at: Set(None),
        resolution_notes: Set(String::new()),
        created_at: Set(raised_at),
        updated_at: Set(raised_at),
    };
    alert::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(true)
}

/// Which alerts are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// In this state.
    pub(crate) status: Option<String>,
    /// Of this severity.
    pub(crate) severity: Option<String>,
    /// About this user.
    pub(crate) user_id: Option<String>,
    /// About this agent.
    pub(crate) agent_id: Option<String>,
}

/// A page of alerts.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    wanted: &Wanted,
    page: &Page,
) -> Result<Paged<alert::Model>, StoreError> {
    let select = alert::Entity::find()
        .filter(alert::Column::TenantId.eq(tenant.as_str()))
        .apply_if(wanted.status.as_deref(), |query, status| query.filter(alert::Column::Status.eq(status)))
        .apply_if(wanted.severity.as_deref(), |query, severity| query.filter(alert::Column::Severity.eq(severity)))
        .apply_if(wanted.user_id.as_deref(), |query, user| query.filter(alert::Column::UserId.eq(user)))
        .apply_if(wanted.agent_id.as_deref(), |query, agent| query.filter(alert::Column::AgentId.eq(agent)));
    page::read(db, select, alert::Column::Id, |row: &alert::Model| &row.id, page).await
}

/// One alert.
pub(crate) async fn by_id(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<alert::Model, StoreError> {
    let found = alert::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?;
    found.ok_or(StoreError::Missing { what: "alert" })
}

/// One alert, locked until the transaction ends.
pub(crate) async fn locked(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<alert::Model, StoreError> {
    let wanted = alert::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned()));
    rows::locked(txn, wanted, "alert").await
}

/// Keeps a changed alert.
pub(crate) async fn update(txn: &DatabaseTransaction, row: alert::Model) -> Result<(), StoreError> {
    row.into_active_model().reset_all().update(txn).await?;
    Ok(())
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
    /// With this `status`.
    pub(crate) status: keyset::Words,
    /// With this `severity`.
    pub(crate) severity: keyset::Words,
    /// With this `alert_type`.
    pub(crate) alert_type: keyset::Words,
    /// From then on.
    pub(crate) since: Option<keyset::Instant>,
    /// Before then.
    pub(crate) until: Option<keyset::Instant>,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<alert::Entity> {
        use alert::Column;
        alert::Entity::find()
            .of(Column::TenantId, tenant)
            .search(&[Column::Title, Column::Description, Column::AgentId, Column::UserId], &self.search)
            .one_of(Column::Status, &self.status)
            .one_of(Column::Severity, &self.severity)
            .one_of(Column::AlertType, &self.alert_type)
            .between(Column::CreatedAt, self.since, self.until)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<alert::Entity>] = &[
    ("createdAt", Order::By(alert::Column::CreatedAt), true),
    ("severity", Order::Ranked(alert::Column::Severity, &["info", "low", "medium", "high", "critical"]), true),
    ("status", Order::By(alert::Column::Status), false),
    ("lastViolationAt", Order::By(alert::Column::LastViolationAt), true),
    ("violationCount", Order::By(alert::Column::ViolationCount), true),
    ("title", Order::By(alert::Column::Title), false),
];
