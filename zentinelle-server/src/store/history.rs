//! What happened, read back for replays: evaluations and events, newest first.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use zentinelle_core::ids::TenantId;

use super::entities::{evaluation, event};
use super::{Store, StoreError};

/// Evaluations since an instant, newest first; questions that were only asked are left out.
pub(crate) async fn evaluations(
    store: &Store,
    tenant: &TenantId,
    since: i64,
    agent: Option<&str>,
    limit: u64,
) -> Result<Vec<evaluation::Model>, StoreError> {
    let mut found = evaluation::Entity::find()
        .filter(evaluation::Column::TenantId.eq(tenant.as_str()))
        .filter(evaluation::Column::OccurredAt.gte(since))
        .filter(evaluation::Column::DryRun.eq(false));
    if let Some(agent) = agent {
        found = found.filter(evaluation::Column::AgentId.eq(agent));
    }
    let found = found.order_by_desc(evaluation::Column::OccurredAt).order_by_desc(evaluation::Column::Id);
    Ok(found.limit(limit).all(store.db()).await?)
}

/// Events since an instant, newest first.
pub(crate) async fn events(
    store: &Store,
    tenant: &TenantId,
    since: i64,
    agent: Option<&str>,
    limit: u64,
) -> Result<Vec<event::Model>, StoreError> {
    let mut found = event::Entity::find()
        .filter(event::Column::TenantId.eq(tenant.as_str()))
        .filter(event::Column::OccurredAt.gte(since));
    if let Some(agent) = agent {
        found = found.filter(event::Column::AgentId.eq(agent));
    }
    let found = found.order_by_desc(event::Column::OccurredAt).order_by_desc(event::Column::Id);
    Ok(found.limit(limit).all(store.db()).await?)
}
