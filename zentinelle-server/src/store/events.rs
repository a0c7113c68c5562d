//! Events in the database.

use super::keyset::{self, Narrow as _, Order};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _, Select};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::event::{Column, Entity};

/// Which of some events are kept already, by their digests.
pub(crate) async fn known(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    digests: impl Iterator<Item = &str>,
) -> Result<BTreeSet<String>, StoreError> {
    let kept = Entity::find()
        .select_only()
        .column(Column::Digest)
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Digest.is_in(digests))
        .into_tuple::<String>();
    Ok(kept.all(db).await?.into_iter().collect())
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
    /// With this `category`.
    pub(crate) category: keyset::Words,
    /// With this `event_type`.
    pub(crate) event_type: keyset::Words,
    /// With this `status`.
    pub(crate) status: keyset::Words,
    /// With this `endpoint_id`.
    pub(crate) endpoint_id: Option<String>,
    /// With this `user_identifier`.
    pub(crate) user_identifier: Option<String>,
    /// With this `correlation_id`.
    pub(crate) correlation_id: Option<String>,
    /// From then on.
    pub(crate) since: Option<keyset::Instant>,
    /// Before then.
    pub(crate) until: Option<keyset::Instant>,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<Entity> {
        let all = Entity::find().of(Column::TenantId, tenant).between(Column::OccurredAt, self.since, self.until);
        let searched = [Column::EventType, Column::AgentId, Column::Id];
        all.clone()
            .search_newest(all, Column::OccurredAt, &searched, &self.search)
            .one_of(Column::Category, &self.category)
            .one_of(Column::EventType, &self.event_type)
            .same(Column::AgentId, &self.endpoint_id)
            .same(Column::UserId, &self.user_identifier)
            .same(Column::BatchId, &self.correlation_id)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<Entity>] =
    &[("occurredAt", Order::By(Column::OccurredAt), true), ("eventType", Order::By(Column::EventType), false)];
