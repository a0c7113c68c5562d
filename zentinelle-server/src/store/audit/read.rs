//! Reading a tenant's audit chain, page by page, and its signed checkpoints.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, ExprTrait as _, FromQueryResult, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select, Set,
};
use serde::{Deserialize, Serialize};
use zentinelle_core::audit::Chain;
use zentinelle_core::ids::TenantId;

use crate::store::StoreError;
use crate::store::entities::{audit_checkpoint, audit_entry, audit_head};
use crate::store::keyset::{self, Narrow as _, Order};

/// A signed checkpoint with the state of the chain that it speaks of.
#[derive(Clone, Debug)]
pub(crate) struct Checkpointed {
    /// How many entries it covers.
    pub(crate) size: u64,
    /// The signed note.
    pub(crate) note: String,
    /// The chain after those entries.
    pub(crate) chain: Chain,
    /// When it was signed.
    pub(crate) signed_at: i64,
}

/// A run of sequence numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// The first.
    pub(crate) first: u64,
    /// The last.
    pub(crate) last: u64,
}

/// Which entries to find.
#[derive(Clone, Debug, Default)]
pub(crate) struct EntryFilter {
    /// Who acted.
    pub(crate) actor: Option<String>,
    /// What was done.
    pub(crate) action: Option<String>,
    /// The kind of thing it was done to.
    pub(crate) resource_type: Option<String>,
    /// The thing.
    pub(crate) resource_id: Option<String>,
    /// Not before. Unit: microseconds since 1970.
    pub(crate) from: Option<i64>,
    /// Not after. Unit: microseconds since 1970.
    pub(crate) to: Option<i64>,
}

fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unreadable(why: impl ToString) -> StoreError {
    StoreError::Unreadable { what: "audit chain", why: why.to_string() }
}

fn read_chain(tenant: &TenantId, text: &str, size: i64) -> Result<Chain, StoreError> {
    let chain: Chain = serde_json::from_str(text).map_err(unreadable)?;
    if i64::try_from(chain.size()).ok() != Some(size) || chain.tenant_id() != tenant.as_str() {
        return Err(unreadable("its state contradicts itself"));
    }
    Ok(chain)
}

/// The end of a tenant's chain; that of an empty one when nothing was ever recorded.
pub(crate) async fn head(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Chain, StoreError> {
    match audit_head::Entity::find_by_id(tenant.as_str()).one(db).await? {
        Some(row) => read_chain(tenant, &row.chain, row.size),
        None => Ok(Chain::genesis(tenant.as_str())),
    }
}

/// The greatest sequence number of any row of a tenant, whatever the head says.
pub(crate) async fn newest_sequence(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<i64, StoreError> {
    let newest = audit_entry::Entity::find()
        .select_only()
        .column(audit_entry::Column::Sequence)
        .filter(audit_entry::Column::TenantId.eq(tenant.as_str()))
        .order_by_desc(audit_entry::Column::Sequence)
        .into_tuple::<i64>()
        .one(db)
        .await?;
    Ok(newest.unwrap_or_default())
}

/// The next entries of a stretch, in order.
pub(crate) async fn entries(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    stretch: Stretch,
    limit: u64,
) -> Result<Vec<audit_entry::Model>, StoreError> {
    let page = audit_entry::Entity::find()
        .filter(audit_entry::Column::TenantId.eq(tenant.as_str()))
        .filter(audit_entry::Column::Sequence.gte(stored(stretch.first)))
        .filter(audit_entry::Column::Sequence.lte(stored(stretch.last)))
        .order_by_asc(audit_entry::Column::Sequence)
        .limit(limit);
    Ok(page.all(db).await?)
}

/// One entry by its sequence number.
pub(crate) async fn entry(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    sequence: u64,
) -> Result<Option<audit_entry::Model>, StoreError> {
    Ok(audit_entry::Entity::find_by_id((tenant.as_str().to_owned(), stored(sequence))).one(db).await?)
}

/// Entries that fit a filter, newest first, beginning below a sequence number.
pub(crate) async fn search(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    filter: &EntryFilter,
    below: Option<u64>,
    limit: u64,
) -> Result<Vec<audit_entry::Model>, StoreError> {
    let mut found = audit_entry::Entity::find().filter(audit_entry::Column::TenantId.eq(tenant.as_str()));
    let texts = [
        (audit_entry::Column::Actor, &filter.actor),
        (audit_entry::Column::Action, &filter.action),
        (audit_entry::Column::ResourceType, &filter.resource_type),
        (audit_entry::Column::ResourceId, &filter.resource_id),
    ];
    for (column, wanted) in texts {
        if let Some(wanted) = wanted {
            found = found.filter(column.eq(wanted.as_str()));
        }
    }
    if let Some(from) = filter.from {
        found = found.filter(audit_entry::Column::RecordedAt.gte(from));
    }
    if let Some(to) = filter.to {
        found = found.filter(audit_entry::Column::RecordedAt.lte(to));
    }
    if let Some(below) = below {
        found = found.filter(audit_entry::Column::Sequence.lt(stored(below)));
    }
    Ok(found.order_by_desc(audit_entry::Column::Sequence).limit(limit).all(db).await?)
}

/// The first and last entry recorded between two instants, both included; none when there is none.
pub(crate) async fn sequences_between(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    from: i64,
    to: i64,
) -> Result<Option<Stretch>, StoreError> {
    let ends = audit_entry::Entity::find()
        .select_only()
        .column_as(audit_entry::Column::Sequence.min(), "first")
        .column_as(audit_entry::Column::Sequence.max(), "last")
        .filter(audit_entry::Column::TenantId.eq(tenant.as_str()))
        .filter(audit_entry::Column::RecordedAt.gte(from))
        .filter(audit_entry::Column::RecordedAt.lte(to))
        .into_tuple::<(Option<i64>, Option<i64>)>()
        .one(db)
        .await?;
    let Some((Some(first), Some(last))) = ends else { return Ok(None) };
    Ok(Some(Stretch { first: u64::try_from(first).unwrap_or(1), last: u64::try_from(last).unwrap_or(1) }))
}

fn checkpointed(tenant: &TenantId, row: audit_checkpoint::Model) -> Result<Checkpointed, StoreError> {
    let chain = read_chain(tenant, &row.chain, row.size)?;
    Ok(Checkpointed { size: chain.size(), note: row.note, chain, signed_at: row.signed_at })
}

/// The newest checkpoint.
pub(crate) async fn latest_checkpoint(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
) -> Result<Option<Checkpointed>, StoreError> {
    checkpoint_before(db, tenant, u64::MAX).await
}

/// The newest checkpoint that covers fewer than `sequence` entries.
pub(crate) async fn checkpoint_before(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    sequence: u64,
) -> Result<Option<Checkpointed>, StoreError> {
    let row = audit_checkpoint::Entity::find()
        .filter(audit_checkpoint::Column::TenantId.eq(tenant.as_str()))
        .filter(audit_checkpoint::Column::Size.lt(stored(sequence)))
        .order_by_desc(audit_checkpoint::Column::Size)
        .one(db)
        .await?;
    row.map(|row| checkpointed(tenant, row)).transpose()
}

/// The first checkpoint that covers an entry.
pub(crate) async fn checkpoint_at_or_after(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    sequence: u64,
) -> Result<Option<Checkpointed>, StoreError> {
    let row = audit_checkpoint::Entity::find()
        .filter(audit_checkpoint::Column::TenantId.eq(tenant.as_str()))
        .filter(audit_checkpoint::Column::Size.gte(stored(sequence)))
        .order_by_asc(audit_checkpoint::Column::Size)
        .one(db)
        .await?;
    row.map(|row| checkpointed(tenant, row)).transpose()
}

/// The sizes and notes of the checkpoints that cover between `stretch.first` and `stretch.last`
/// entries, in order. A note is not believed before its signature was checked.
pub(crate) async fn checkpoints_in(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    stretch: Stretch,
    limit: u64,
) -> Result<Vec<(u64, String)>, StoreError> {
    let rows = audit_checkpoint::Entity::find()
        .filter(audit_checkpoint::Column::TenantId.eq(tenant.as_str()))
        .filter(audit_checkpoint::Column::Size.gte(stored(stretch.first)))
        .filter(audit_checkpoint::Column::Size.lte(stored(stretch.last)))
        .order_by_asc(audit_checkpoint::Column::Size)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (u64::try_from(row.size).unwrap_or_default(), row.note)).collect())
}

/// Keeps a checkpoint; one of the same size that is there already stays.
pub(crate) async fn insert_checkpoint(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    signed: &Checkpointed,
) -> Result<(), StoreError> {
    let row = audit_checkpoint::ActiveModel {
        tenant_id: Set(tenant.as_str().to_owned()),
        size: Set(stored(signed.size)),
        note: Set(signed.note.clone()),
        chain: Set(serde_json::to_string(&signed.chain).map_err(unreadable)?),
        signed_at: Set(signed.signed_at),
    };
    audit_checkpoint::Entity::insert_many([row])
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Which entries a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
    /// Done by this one.
    pub(crate) actor: Option<String>,
    /// One of these actions.
    pub(crate) action: keyset::Words,
    /// Done to one of these kinds of things.
    pub(crate) resource_type: keyset::Words,
    /// Done to this thing.
    pub(crate) resource_id: Option<String>,
    /// From then on.
    pub(crate) since: Option<keyset::Instant>,
    /// Before then.
    pub(crate) until: Option<keyset::Instant>,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<audit_entry::Entity> {
        use audit_entry::Column;
        let all = audit_entry::Entity::find().of(Column::TenantId, tenant).between(
            Column::RecordedAt,
            self.since,
            self.until,
        );
        let searched = [Column::Action, Column::Actor, Column::ResourceType, Column::ResourceId];
        all.clone()
            .search_newest(all, Column::RecordedAt, &searched, &self.search)
            .search(&[Column::Actor], &self.actor)
            .one_of(Column::Action, &self.action)
            .one_of(Column::ResourceType, &self.resource_type)
            .same(Column::ResourceId, &self.resource_id)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<audit_entry::Entity>] = &[
    ("timestamp", Order::By(audit_entry::Column::Sequence), true),
    ("action", Order::By(audit_entry::Column::Action), false),
    ("actor", Order::By(audit_entry::Column::Actor), false),
    ("resourceType", Order::By(audit_entry::Column::ResourceType), false),
];

/// How many entries of one kind there are of one day.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Activity {
    /// How many days since 1970.
    pub(crate) day: i64,
    /// What was done.
    pub(crate) action: String,
    /// How often.
    pub(crate) entries: i64,
}

/// What was done since an instant, summed up by day and action.
pub(crate) async fn activity(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    since: i64,
) -> Result<Vec<Activity>, StoreError> {
    use audit_entry::Column;
    let found = audit_entry::Entity::find()
        .select_only()
        // The divisor is part of the text: as a bound value it would be another one in the grouping.
        .column_as(Expr::cust("recorded_at / 86400000000"), "day")
        .column(Column::Action)
        .column_as(Expr::col(Column::Sequence).count(), "entries")
        .of(Column::TenantId, tenant)
        .filter(Column::RecordedAt.gte(since))
        .group_by(Expr::cust("recorded_at / 86400000000"))
        .group_by(Column::Action)
        .limit(10_000);
    Ok(found.into_model::<Activity>().all(db).await?)
}
