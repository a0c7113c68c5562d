//! Model and tool calls in the database.

use super::keyset::{self, Narrow as _, Order};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, ExprTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _, Select,
};
use serde::{Deserialize, Serialize};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::{content_scan, interaction};

/// One call.
pub(crate) async fn by_id(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<interaction::Model>, StoreError> {
    Ok(interaction::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?)
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
    /// With this `interaction_type`.
    pub(crate) interaction_type: keyset::Words,
    /// With this `endpoint_id`.
    pub(crate) endpoint_id: Option<String>,
    /// With this `user_identifier`.
    pub(crate) user_identifier: Option<String>,
    /// With this `session_id`.
    pub(crate) session_id: Option<String>,
    /// With this `ai_provider`.
    pub(crate) ai_provider: keyset::Words,
    /// With this `ai_model`.
    pub(crate) ai_model: keyset::Words,
    /// With this `has_violations`.
    pub(crate) has_violations: Option<bool>,
    /// From then on.
    pub(crate) since: Option<keyset::Instant>,
    /// Before then.
    pub(crate) until: Option<keyset::Instant>,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<interaction::Entity> {
        use interaction::Column;
        let all = interaction::Entity::find().of(Column::TenantId, tenant).between(
            Column::OccurredAt,
            self.since,
            self.until,
        );
        let searched = [Column::InputContent, Column::OutputContent, Column::Model, Column::UserId, Column::AgentId];
        let rows = all
            .clone()
            .search_newest(all, Column::OccurredAt, &searched, &self.search)
            .one_of(Column::InteractionType, &self.interaction_type)
            .same(Column::AgentId, &self.endpoint_id)
            .same(Column::UserId, &self.user_identifier)
            .same(Column::SessionId, &self.session_id)
            .one_of(Column::Provider, &self.ai_provider)
            .one_of(Column::Model, &self.ai_model);
        with_violations(rows, tenant, self.has_violations)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<interaction::Entity>] = &[
    ("occurredAt", Order::By(interaction::Column::OccurredAt), true),
    ("latencyMs", Order::By(interaction::Column::LatencyMs), true),
    ("estimatedCostUsd", Order::By(interaction::Column::UsdMicros), true),
];

/// Only calls in whose content a scan found something, or those where none did.
fn with_violations(
    rows: Select<interaction::Entity>,
    tenant: &TenantId,
    wanted: Option<bool>,
) -> Select<interaction::Entity> {
    let Some(wanted) = wanted else { return rows };
    let scans = content_scan::Entity::find()
        .select_only()
        .column(content_scan::Column::Id)
        .filter(content_scan::Column::TenantId.eq(tenant.as_str()))
        .filter(content_scan::Column::ViolationCount.gt(0))
        .into_query();
    let found = interaction::Column::ScanId.in_subquery(scans);
    if wanted {
        rows.filter(found)
    } else {
        rows.filter(Condition::any().add(interaction::Column::ScanId.is_null()).add(found.not()))
    }
}

/// How many calls since an instant had each of some system prompts, by the digests of these.
pub(crate) async fn prompt_uses(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    digests: &[&str],
    since: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    use interaction::Column;
    let found = interaction::Entity::find()
        .select_only()
        .column(Column::PromptDigest)
        .column_as(Column::Id.count(), "uses")
        .of(Column::TenantId, tenant)
        .filter(Column::PromptDigest.is_in(digests.iter().copied()))
        .filter(Column::OccurredAt.gte(since))
        .group_by(Column::PromptDigest);
    Ok(found.into_tuple().all(db).await?)
}

/// The calls with some request ids, newest first.
pub(crate) async fn by_request_ids(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
) -> Result<Vec<interaction::Model>, StoreError> {
    use interaction::Column;
    let found = interaction::Entity::find()
        .of(Column::TenantId, tenant)
        .filter(Column::RequestId.is_in(ids.iter().map(String::as_str)))
        .order_by_desc(Column::OccurredAt)
        .limit(1_000);
    Ok(found.all(db).await?)
}

/// How long calls took on average since an instant. Unit: milliseconds.
pub(crate) async fn average_latency(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    since: i64,
) -> Result<f64, StoreError> {
    use interaction::Column;
    let found: Option<Option<f64>> = interaction::Entity::find()
        .select_only()
        .column_as(Expr::cust("CAST(AVG(latency_ms) AS DOUBLE PRECISION)"), "average")
        .of(Column::TenantId, tenant)
        .filter(Column::OccurredAt.gte(since))
        .into_tuple()
        .one(db)
        .await?;
    Ok(found.flatten().unwrap_or_default())
}
