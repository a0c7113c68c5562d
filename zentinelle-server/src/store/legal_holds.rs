//! Legal holds in the database: what must not be deleted, whatever its age.

use super::keyset::{self, Narrow as _, Order};
use sea_orm::sea_query::{Alias, Expr, Func};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, ExprTrait as _,
    IntoActiveModel as _, QueryFilter as _, Select,
};
use serde::{Deserialize, Serialize};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::legal_hold::{self, Column};

/// In force.
pub(crate) const ACTIVE: &str = "active";
/// No longer in force.
pub(crate) const RELEASED: &str = "released";
/// What an active one is called whose time is over; rows are not rewritten for it.
pub(crate) const EXPIRED: &str = "expired";

/// Where a hold stands at an instant.
pub(crate) fn standing(row: &legal_hold::Model, now: i64) -> &str {
    match row.expires_at {
        Some(end) if row.status == ACTIVE && end <= now => EXPIRED,
        _ => &row.status,
    }
}

/// Whether a hold holds anything at an instant.
pub(crate) fn holds(row: &legal_hold::Model, now: i64) -> bool {
    standing(row, now) == ACTIVE && row.effective_at <= now
}

fn expired(now: i64) -> Condition {
    Condition::all().add(Column::Status.eq(ACTIVE)).add(Column::ExpiresAt.lte(now))
}

/// Rows that stand so at an instant.
pub(crate) fn stands(standing: &str, now: i64) -> Condition {
    match standing {
        EXPIRED => expired(now),
        ACTIVE => Condition::all().add(Column::Status.eq(ACTIVE)).add(unexpired(now)),
        other => Condition::all().add(Column::Status.eq(other)),
    }
}

fn unexpired(now: i64) -> Condition {
    Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now))
}

/// The holds of a tenant whose time is over.
pub(crate) async fn over(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    now: i64,
) -> Result<Vec<legal_hold::Model>, StoreError> {
    let found = legal_hold::Entity::find().filter(Column::TenantId.eq(tenant.as_str())).filter(expired(now));
    Ok(found.all(db).await?)
}

/// What a hold reads of an active one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hold {
    /// Which kinds of records; empty for all.
    pub(crate) entity_types: Vec<String>,
    /// Of which agents; empty for all.
    pub(crate) agent_ids: Vec<String>,
    /// Of which users; empty for all.
    pub(crate) user_ids: Vec<String>,
    /// From when on. Unit: microseconds since 1970.
    pub(crate) from: Option<i64>,
    /// Until when. Unit: microseconds since 1970.
    pub(crate) to: Option<i64>,
}

/// The columns by which a table's rows are held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeldBy {
    /// The kind of records, as holds name it.
    pub(crate) entity_type: &'static str,
    /// The column of the instant.
    pub(crate) at: &'static str,
    /// The column of the agent, if there is one.
    pub(crate) agent: Option<&'static str>,
    /// The column of the user, if there is one.
    pub(crate) user: Option<&'static str>,
}

impl Hold {
    /// What a row says.
    pub(crate) fn read(row: legal_hold::Model) -> Result<Self, StoreError> {
        let unreadable =
            |error: serde_json::Error| StoreError::Unreadable { what: "legal hold", why: error.to_string() };
        Ok(Self {
            entity_types: serde_json::from_value(row.entity_types).map_err(unreadable)?,
            agent_ids: serde_json::from_value(row.agent_ids).map_err(unreadable)?,
            user_ids: serde_json::from_value(row.user_ids).map_err(unreadable)?,
            from: row.data_from,
            to: row.data_to,
        })
    }

    /// Whether the hold speaks of a kind of records at all.
    pub(crate) fn covers(&self, entity_type: &str) -> bool {
        self.entity_types.is_empty() || self.entity_types.iter().any(|one| one == entity_type)
    }

    /// Whether it holds any record between two instants, of an agent and a user; one that is not told may be any.
    pub(crate) fn touches(&self, from: i64, to: i64, agent: Option<&str>, user: Option<&str>) -> bool {
        let named = |names: &[String], one: Option<&str>| {
            names.is_empty() || one.is_none_or(|one| names.iter().any(|name| name == one))
        };
        self.from.is_none_or(|begin| begin <= to)
            && self.to.is_none_or(|end| end >= from)
            && named(&self.agent_ids, agent)
            && named(&self.user_ids, user)
    }

    /// The rows that are held. A hold of some agents or users holds every row of a table that
    /// cannot tell whose its rows are.
    fn condition(&self, table: HeldBy) -> Condition {
        let text = |name: &'static str| Func::coalesce([Expr::col(Alias::new(name)), Expr::value("")]);
        let mut held = Condition::all();
        for (names, column) in [(&self.agent_ids, table.agent), (&self.user_ids, table.user)] {
            if let (false, Some(column)) = (names.is_empty(), column) {
                held = held.add(Expr::expr(text(column)).is_in(names.iter().map(String::as_str)));
            }
        }
        if let Some(from) = self.from {
            held = held.add(Expr::col(Alias::new(table.at)).gte(from));
        }
        if let Some(to) = self.to {
            held = held.add(Expr::col(Alias::new(table.at)).lte(to));
        }
        held
    }
}

/// The rows of a table that no hold holds; none when a hold holds all of them.
pub(crate) fn free(holds: &[Hold], table: HeldBy) -> Option<Condition> {
    let mut free = Condition::all();
    for hold in holds.iter().filter(|hold| hold.covers(table.entity_type)) {
        let held = hold.condition(table);
        if held.is_empty() {
            return None;
        }
        free = free.add(held.not());
    }
    Some(free)
}

/// The holds of a tenant that are in force now. One that cannot be read is an error: what it holds
/// is not known, so nothing may be deleted.
pub(crate) async fn active(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Vec<Hold>, StoreError> {
    let now = crate::clock::now_micros();
    let rows = legal_hold::Entity::find()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Status.ne(RELEASED))
        .filter(unexpired(now))
        .filter(Column::EffectiveAt.lte(now))
        .all(db)
        .await?;
    rows.into_iter().map(Hold::read).collect()
}

/// The holds of a tenant that are in force now and whose people want to know who looks at what they hold.
pub(crate) async fn watched(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    now: i64,
) -> Result<Vec<legal_hold::Model>, StoreError> {
    let rows = legal_hold::Entity::find()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::NotifyOnAccess.eq(true))
        .filter(stands(ACTIVE, now))
        .filter(Column::EffectiveAt.lte(now));
    Ok(rows.all(db).await?)
}

/// One hold of a tenant.
pub(crate) async fn by_id(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<legal_hold::Model>, StoreError> {
    Ok(legal_hold::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?)
}

/// Keeps a new hold.
pub(crate) async fn insert(db: &impl ConnectionTrait, row: legal_hold::Model) -> Result<(), StoreError> {
    legal_hold::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// Keeps a changed hold.
pub(crate) async fn update(db: &impl ConnectionTrait, row: legal_hold::Model) -> Result<(), StoreError> {
    legal_hold::Entity::update(row.into_active_model().reset_all()).exec_without_returning(db).await?;
    Ok(())
}

/// Removes a hold.
pub(crate) async fn delete(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    legal_hold::Entity::delete_by_id((tenant.as_str().to_owned(), id.to_owned())).exec(db).await?;
    Ok(())
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
    /// With this `hold_type`.
    pub(crate) hold_type: keyset::Words,
    /// With this `status`.
    pub(crate) status: keyset::Words,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<legal_hold::Entity> {
        legal_hold::Entity::find()
            .of(legal_hold::Column::TenantId, tenant)
            .search(&[Column::Name, Column::Reason, Column::ReferenceNumber], &self.search)
            .one_of(Column::HoldType, &self.hold_type)
            .filter(match self.status.as_deref() {
                None | Some([]) => Condition::all(),
                Some(wanted) => {
                    let now = crate::clock::now_micros();
                    wanted.iter().fold(Condition::any(), |any, one| any.add(stands(one, now)))
                }
            })
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<legal_hold::Entity>] = &[
    ("createdAt", Order::By(legal_hold::Column::CreatedAt), true),
    ("name", Order::By(legal_hold::Column::Name), false),
    ("status", Order::By(legal_hold::Column::Status), false),
];
