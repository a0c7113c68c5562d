//! Webhooks and their deliveries in the database.

use super::keyset::{self, Narrow as _, Order};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _, ExprTrait as _, IntoActiveModel as _,
    QueryFilter as _, QuerySelect as _, QueryTrait as _, Select,
};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::{webhook, webhook_delivery};

/// Waits for its first try.
pub(crate) const PENDING: &str = "pending";
/// The receiver took it.
pub(crate) const DELIVERED: &str = "delivered";
/// Failed, and will be tried again.
pub(crate) const FAILED: &str = "failed";
/// Given up.
pub(crate) const DEAD: &str = "dead";
/// Every state.
pub(crate) const STATES: [&str; 4] = [PENDING, DELIVERED, FAILED, DEAD];

/// The longest error that is kept. Unit: characters.
const MOST_ERROR: usize = 500;

/// The webhooks of a tenant that are switched on.
pub(crate) async fn enabled(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Vec<webhook::Model>, StoreError> {
    let found = webhook::Entity::find()
        .filter(webhook::Column::TenantId.eq(tenant.as_str()))
        .filter(webhook::Column::Enabled.eq(true));
    Ok(found.all(db).await?)
}

/// The tenants that have a webhook which is switched on.
pub(crate) async fn listening(db: &impl ConnectionTrait) -> Result<BTreeSet<TenantId>, StoreError> {
    let tenants: Vec<String> = webhook::Entity::find()
        .select_only()
        .column(webhook::Column::TenantId)
        .distinct()
        .filter(webhook::Column::Enabled.eq(true))
        .into_tuple()
        .all(db)
        .await?;
    Ok(tenants.into_iter().map(TenantId::new).collect())
}

/// One webhook of a tenant.
pub(crate) async fn by_id(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<webhook::Model>, StoreError> {
    Ok(webhook::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?)
}

/// Keeps a new webhook.
pub(crate) async fn insert(db: &impl ConnectionTrait, row: webhook::Model) -> Result<(), StoreError> {
    webhook::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// Keeps a changed webhook.
pub(crate) async fn update(db: &impl ConnectionTrait, row: webhook::Model) -> Result<(), StoreError> {
    webhook::Entity::update(row.into_active_model().reset_all()).exec_without_returning(db).await?;
    Ok(())
}

/// Removes a webhook and its deliveries.
pub(crate) async fn delete(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    webhook_delivery::Entity::delete_many()
        .filter(webhook_delivery::Column::TenantId.eq(tenant.as_str()))
        .filter(webhook_delivery::Column::WebhookId.eq(id))
        .exec(db)
        .await?;
    webhook::Entity::delete_by_id((tenant.as_str().to_owned(), id.to_owned())).exec(db).await?;
    Ok(())
}

/// Keeps a new delivery; false when it is there already.
pub(crate) async fn insert_delivery(
    db: &impl ConnectionTrait,
    row: webhook_delivery::Model,
) -> Result<bool, StoreError> {
    let known = [webhook_delivery::Column::TenantId, webhook_delivery::Column::Id];
    let inserted = webhook_delivery::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::columns(known).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(db)
        .await?;
    Ok(matches!(inserted, sea_orm::TryInsertResult::Inserted(rows) if rows > 0))
}

/// One delivery of a tenant.
pub(crate) async fn delivery(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<webhook_delivery::Model>, StoreError> {
    Ok(webhook_delivery::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?)
}

/// How one try went.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// What the delivery is now.
    pub(crate) status: &'static str,
    /// Which try it was, from 1.
    pub(crate) attempt: i64,
    /// What the receiver answered, if it did.
    pub(crate) response_status: Option<i64>,
    /// Why it failed.
    pub(crate) error: Option<String>,
    /// When.
    pub(crate) now: i64,
}

/// Writes down how one try went.
pub(crate) async fn attempted(
    db: &impl ConnectionTrait,
    delivery: &webhook_delivery::Model,
    attempt: Attempt,
) -> Result<(), StoreError> {
    use webhook_delivery::Column;
    let error: Option<String> = attempt.error.map(|why| why.replace('\0', "").chars().take(MOST_ERROR).collect());
    webhook_delivery::Entity::update_many()
        .col_expr(Column::Status, Expr::value(attempt.status))
        .col_expr(Column::Attempts, Expr::value(attempt.attempt))
        .col_expr(Column::ResponseStatus, Expr::value(attempt.response_status))
        .col_expr(Column::LastError, Expr::value(error))
        .col_expr(Column::UpdatedAt, Expr::value(attempt.now))
        .filter(Column::TenantId.eq(delivery.tenant_id.as_str()))
        .filter(Column::Id.eq(delivery.id.as_str()))
        .exec(db)
        .await?;
    Ok(())
}

/// Puts a delivery back to its first try.
pub(crate) async fn reset_delivery(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
    now: i64,
) -> Result<(), StoreError> {
    use webhook_delivery::Column;
    webhook_delivery::Entity::update_many()
        .col_expr(Column::Status, Expr::value(PENDING))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Deletes some deliveries in a state that were last touched before an instant. Returns how many.
pub(crate) async fn delete_old(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    status: &str,
    before: i64,
    most: u64,
) -> Result<u64, StoreError> {
    use webhook_delivery::Column;
    let old = sea_orm::sea_query::Query::select()
        .column(Column::Id)
        .from(webhook_delivery::Entity)
        .cond_where(Column::TenantId.eq(tenant.as_str()))
        .and_where(Column::Status.eq(status))
        .and_where(Column::UpdatedAt.lt(before))
        .limit(most)
        .to_owned();
    let deleted = webhook_delivery::Entity::delete_many()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.in_subquery(old))
        .exec(db)
        .await?;
    Ok(deleted.rows_affected)
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<webhook::Entity> {
        use webhook::Column;
        webhook::Entity::find().of(Column::TenantId, tenant).search(&[Column::Name, Column::Url], &self.search)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<webhook::Entity>] =
    &[("createdAt", Order::By(webhook::Column::CreatedAt), true), ("name", Order::By(webhook::Column::Name), false)];

/// The last delivery of each of some webhooks.
pub(crate) async fn last_deliveries(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    hooks: &[String],
) -> Result<Vec<webhook_delivery::Model>, StoreError> {
    use webhook_delivery::Column;
    // Ids made later sort later.
    let newest = webhook_delivery::Entity::find()
        .select_only()
        .column_as(Expr::col(Column::Id).max(), "id")
        .of(Column::TenantId, tenant)
        .filter(Column::WebhookId.is_in(hooks.iter().map(String::as_str)))
        .group_by(Column::WebhookId)
        .into_query();
    let found = webhook_delivery::Entity::find().of(Column::TenantId, tenant).filter(Column::Id.in_subquery(newest));
    Ok(found.all(db).await?)
}
