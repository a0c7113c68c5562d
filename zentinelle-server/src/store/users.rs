//! People in the database.

use std::collections::BTreeMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    ExprTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Select, SqlErr,
};
use serde::{Deserialize, Serialize};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::user;
use super::entities::user::Column;
use super::keyset::Order;

/// Which people to list; what is none does not narrow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// A part of the name or the e-mail address, in any case.
    pub(crate) search: Option<String>,
    /// The role.
    pub(crate) role: Option<String>,
    /// Whether disabled.
    pub(crate) disabled: Option<bool>,
}

impl Filter {
    fn select(&self, tenant: &TenantId) -> Select<user::Entity> {
        let mut found = user::Entity::find().filter(Column::TenantId.eq(tenant.as_str()));
        if let Some(search) = &self.search {
            let search = search.to_lowercase();
            let lower = sea_orm::sea_query::Func::lower(Expr::col(Column::Name));
            found = found.filter(
                Condition::any().add(Column::Email.contains(&search)).add(Expr::expr(lower).like(like(&search))),
            );
        }
        if let Some(role) = &self.role {
            found = found.filter(Column::Role.eq(role.as_str()));
        }
        match self.disabled {
            Some(true) => found.filter(Column::DisabledAt.is_not_null()),
            Some(false) => found.filter(Column::DisabledAt.is_null()),
            None => found,
        }
    }
}

fn like(text: &str) -> sea_orm::sea_query::LikeExpr {
    let text = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    sea_orm::sea_query::LikeExpr::new(format!("%{text}%")).escape('\\')
}

/// Some people of a tenant in the order of their ids, from behind `after`.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    filter: &Filter,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<user::Model>, StoreError> {
    let mut found = filter.select(tenant);
    if let Some(after) = after {
        found = found.filter(Column::Id.gt(after));
    }
    Ok(found.order_by_asc(Column::Id).limit(limit).all(db).await?)
}

/// Which people a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
    /// With one of these roles.
    pub(crate) role: Option<Vec<String>>,
    /// Whether disabled.
    pub(crate) disabled: Option<bool>,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<user::Entity> {
        let filter = Filter { search: self.search.clone(), role: None, disabled: self.disabled };
        let found = filter.select(tenant);
        match self.role.as_deref() {
            None | Some([]) => found,
            Some(roles) => found.filter(Column::Role.is_in(roles.iter().map(|role| role.to_ascii_lowercase()))),
        }
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[(&str, Order<user::Entity>, bool)] = &[
    ("name", Order::By(Column::Name), false),
    ("email", Order::By(Column::Email), false),
    ("role", Order::By(Column::Role), false),
    ("createdAt", Order::By(Column::CreatedAt), true),
];

/// The names of a tenant's people by their ids.
pub(crate) async fn names(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
) -> Result<BTreeMap<String, String>, StoreError> {
    let rows: Vec<(String, String)> = user::Entity::find()
        .select_only()
        .columns([Column::Id, Column::Name])
        .filter(Column::TenantId.eq(tenant.as_str()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// How many people a filter finds.
pub(crate) async fn count(db: &impl ConnectionTrait, tenant: &TenantId, filter: &Filter) -> Result<u64, StoreError> {
    Ok(filter.select(tenant).count(db).await?)
}

/// One person.
pub(crate) async fn by_id(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<user::Model>, StoreError> {
    Ok(user::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?)
}

/// A person by the e-mail address, which is in lower case.
pub(crate) async fn by_email(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    email: &str,
) -> Result<Option<user::Model>, StoreError> {
    let found =
        user::Entity::find().filter(Column::TenantId.eq(tenant.as_str())).filter(Column::Email.eq(email)).one(db);
    Ok(found.await?)
}

/// A person by what an identity provider calls them.
pub(crate) async fn by_subject(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    subject: &str,
) -> Result<Option<user::Model>, StoreError> {
    let found = user::Entity::find()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::OidcSubject.eq(subject))
        .one(db);
    Ok(found.await?)
}

/// Keeps a new person.
pub(crate) async fn insert(db: &impl ConnectionTrait, row: user::Model) -> Result<(), StoreError> {
    let email = row.email.clone();
    match user::Entity::insert(row.into_active_model()).exec_without_returning(db).await {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            Err(StoreError::Exists { what: format!("a person with the address {email}") })
        }
        Err(error) => Err(error.into()),
    }
}

/// Keeps a person's row as it is now.
pub(crate) async fn put(txn: &DatabaseTransaction, row: user::Model) -> Result<(), StoreError> {
    row.into_active_model().reset_all().update(txn).await?;
    Ok(())
}

/// Takes a person away.
pub(crate) async fn delete(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    user::Entity::delete_by_id((tenant.as_str().to_owned(), id.to_owned())).exec(txn).await?;
    Ok(())
}

/// How many administrators can sign in, besides one.
pub(crate) async fn other_administrators(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    besides: &str,
) -> Result<u64, StoreError> {
    let filter = Filter { role: Some("admin".to_owned()), disabled: Some(false), search: None };
    Ok(filter.select(tenant).filter(Column::Id.ne(besides)).count(db).await?)
}

/// Counts a try to sign in before it is looked at, unless another was counted since `seen` was
/// read. Says whether this one was.
pub(crate) async fn count_try(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    seen: &user::Model,
    locked_until: Option<i64>,
) -> Result<bool, StoreError> {
    let counted = user::Entity::update_many()
        .col_expr(Column::Failures, Expr::col(Column::Failures).add(1))
        .col_expr(Column::LockedUntil, Expr::value(locked_until))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.eq(seen.id.as_str()))
        .filter(Column::Failures.eq(seen.failures))
        .exec(db)
        .await?;
    Ok(counted.rows_affected == 1)
}

/// Takes back a try that was no failure but only the first half of a sign-in.
pub(crate) async fn uncount_try(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    user::Entity::update_many()
        .col_expr(Column::Failures, Expr::col(Column::Failures).sub(1))
        .col_expr(Column::LockedUntil, Expr::value(Option::<i64>::None))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.eq(id))
        .filter(Column::Failures.gt(0))
        .exec(db)
        .await?;
    Ok(())
}

/// The people who get the organisation's messages by e-mail, by their ids.
pub(crate) async fn notified(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Vec<String>, StoreError> {
    let found = user::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::NotifyByEmail.eq(true))
        .filter(Column::DisabledAt.is_null());
    Ok(found.into_tuple().all(db).await?)
}

/// Notes a sign-in.
pub(crate) async fn signed_in(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
    now: i64,
) -> Result<(), StoreError> {
    user::Entity::update_many()
        .col_expr(Column::Failures, Expr::value(0_i64))
        .col_expr(Column::LockedUntil, Expr::value(Option::<i64>::None))
        .col_expr(Column::LastSignInAt, Expr::value(now))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Uses up the one-time code of a step. Says whether it was still unused.
pub(crate) async fn use_step(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
    step: i64,
) -> Result<bool, StoreError> {
    let used = user::Entity::update_many()
        .col_expr(Column::TotpLastStep, Expr::value(step))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.eq(id))
        .filter(Column::TotpLastStep.lt(step))
        .exec(db)
        .await?;
    Ok(used.rows_affected == 1)
}
