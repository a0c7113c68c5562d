//! Saved views: filters of a page that somebody wants again. One's own, or shared with everybody.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _};

use super::fields;
use crate::app::App;
use crate::auth::{Caller, Identity, Role};
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::saved_view;
use crate::store::saved_views as store;

/// The most views of a tenant that are listed.
const MOST: u64 = 2_000;
/// The longest query string. Unit: characters.
const MOST_QUERY: usize = 4_000;

/// A view as somebody writes it.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// Which one; none for a new one.
    pub(crate) id: Option<String>,
    /// The page's path, such as `/risk/`.
    pub(crate) page: String,
    /// Its name.
    pub(crate) name: String,
    /// The query string.
    pub(crate) query: String,
    /// Whether everybody sees it.
    pub(crate) shared: bool,
    /// Whether the page opens with it.
    pub(crate) is_default: bool,
}

/// The views the caller sees: their own, and those that are shared.
pub(crate) async fn list(app: &App, caller: &Caller, page: Option<&str>) -> Result<Vec<saved_view::Model>, ApiError> {
    fields::optional("page", page, fields::MOST_NAME)?;
    let mut rows = store::list(app.store.db(), &caller.tenant, page, MOST).await?;
    rows.retain(|row| row.shared || row.owner == caller.actor());
    Ok(rows)
}

/// Keeps a view: a new one, or in the place of the caller's own. A page has one default for each owner.
pub(crate) async fn save(app: &App, caller: &Caller, input: Input) -> Result<saved_view::Model, ApiError> {
    fields::text("query", &input.query, MOST_QUERY)?;
    let now = clock::now_micros();
    let txn = app.store.begin().await?;
    let present = match &input.id {
        Some(id) => Some(may_change(caller, store::locked(&txn, &caller.tenant, id).await?)?),
        None => None,
    };
    let row = saved_view::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id: present.as_ref().map_or_else(clock::new_id, |row| row.id.clone()),
        page: fields::required("page", Some(&input.page), fields::MOST_NAME)?,
        name: fields::required("name", Some(&input.name), fields::MOST_NAME)?,
        query: input.query,
        shared: input.shared,
        is_default: input.is_default,
        owner: present.as_ref().map_or_else(|| caller.actor(), |row| row.owner.clone()),
        created_at: present.as_ref().map_or(now, |row| row.created_at),
        updated_at: now,
    };
    if row.is_default {
        no_other_default(&txn, &row).await?;
    }
    match present {
        Some(_) => store::update(&txn, row.clone()).await?,
        None => store::insert(&txn, row.clone()).await?,
    }
    txn.commit().await?;
    Ok(row)
}

async fn no_other_default(txn: &DatabaseTransaction, row: &saved_view::Model) -> Result<(), ApiError> {
    use saved_view::Column::{IsDefault, Owner, Page, TenantId};
    saved_view::Entity::update_many()
        .col_expr(IsDefault, Expr::value(false))
        .filter(TenantId.eq(row.tenant_id.as_str()))
        .filter(Page.eq(row.page.as_str()))
        .filter(Owner.eq(row.owner.as_str()))
        .exec(txn)
        .await
        .map_err(crate::store::StoreError::from)?;
    Ok(())
}

/// Removes one of the caller's views.
pub(crate) async fn delete(app: &App, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let txn = app.store.begin().await?;
    let row = may_change(caller, store::locked(&txn, &caller.tenant, id).await?)?;
    store::delete(&txn, &caller.tenant, &row.id).await?;
    txn.commit().await?;
    Ok(())
}

/// A view belongs to whoever made it; administrators may change those that are shared. Others are
/// not even told that it exists.
fn may_change(caller: &Caller, row: saved_view::Model) -> Result<saved_view::Model, ApiError> {
    let administers = matches!(&caller.identity, Identity::Operator { role: Role::Admin, .. });
    if row.owner == caller.actor() || (row.shared && administers) {
        return Ok(row);
    }
    Err(ApiError::NotFound { what: "saved view" })
}
