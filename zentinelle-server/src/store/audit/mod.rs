//! The audit chain in the database: one chain a tenant, one writer at a time.

mod read;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, EntityTrait as _, QuerySelect as _, Set};
use zentinelle_core::audit::{AuditRecord, Chain};
use zentinelle_core::ids::TenantId;

use super::entities::{audit_entry, audit_head};
use super::{StoreError, bulk, wire_name};
use crate::clock;

pub(crate) use self::read::{
    Checkpointed, EntryFilter, Listed, SORTS, Stretch, activity, checkpoint_at_or_after, checkpoint_before,
    checkpoints_in, entries, entry, head, insert_checkpoint, latest_checkpoint, newest_sequence, search,
    sequences_between,
};

/// What of a record stands in columns of its own, so that it can be found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    action: String,
    actor: String,
    resource_type: String,
    resource_id: String,
    recorded_at: i64,
}

impl Columns {
    /// Those a record must have.
    pub(crate) fn of(record: &AuditRecord) -> Self {
        Self {
            action: wire_name(&record.action),
            actor: record.ext_user_id.clone().or_else(|| record.agent_id.clone()).unwrap_or_default(),
            resource_type: record.resource_type.clone(),
            resource_id: record.resource_id.clone().unwrap_or_default(),
            recorded_at: clock::micros(record.timestamp),
        }
    }

    /// Those a row has.
    pub(crate) fn in_row(row: &audit_entry::Model) -> Self {
        Self {
            action: row.action.clone(),
            actor: row.actor.clone(),
            resource_type: row.resource_type.clone(),
            resource_id: row.resource_id.clone(),
            recorded_at: row.recorded_at,
        }
    }
}

/// Puts records at the end of a tenant's chain, in order, in the transaction of what they are
/// about. The head row stays locked until that transaction ends, so chains never fork.
pub(crate) async fn append(
    txn: &DatabaseTransaction,
    tenant: &TenantId,
    records: Vec<AuditRecord>,
) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let unreadable = |why: String| StoreError::Unreadable { what: "audit chain", why };
    let mut chain = locked_head(txn, tenant).await?;
    let mut entries = Vec::with_capacity(records.len());
    for record in records {
        let Columns { action, actor, resource_type, resource_id, recorded_at } = Columns::of(&record);
        let (entry, text) = chain.append_written(record).map_err(|error| unreadable(error.to_string()))?;
        entries.push(audit_entry::Model {
            tenant_id: tenant.as_str().to_owned(),
            sequence: i64::try_from(entry.sequence).unwrap_or(i64::MAX),
            action,
            actor,
            resource_type,
            resource_id,
            // In canonical form, so that whoever verifies reads it letter for letter.
            entry: text,
            recorded_at,
        });
    }
    bulk::insert::<audit_entry::Entity>(txn, &entries).await?;
    let head = audit_head::ActiveModel {
        tenant_id: Set(tenant.as_str().to_owned()),
        size: Set(i64::try_from(chain.size()).unwrap_or(i64::MAX)),
        chain: Set(serde_json::to_string(&chain).map_err(|error| unreadable(error.to_string()))?),
        updated_at: Set(clock::now_micros()),
    };
    audit_head::Entity::update(head).exec_without_returning(txn).await?;
    Ok(())
}

/// The head of a tenant's chain, locked for this transaction.
async fn locked_head(txn: &DatabaseTransaction, tenant: &TenantId) -> Result<Chain, StoreError> {
    let unreadable = |why: String| StoreError::Unreadable { what: "audit chain", why };
    let genesis = Chain::genesis(tenant.as_str());
    let first = audit_head::ActiveModel {
        tenant_id: Set(tenant.as_str().to_owned()),
        size: Set(0),
        chain: Set(serde_json::to_string(&genesis).map_err(|error| unreadable(error.to_string()))?),
        updated_at: Set(clock::now_micros()),
    };
    audit_head::Entity::insert(first)
        .on_conflict(OnConflict::column(audit_head::Column::TenantId).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(txn)
        .await?;
    let head = audit_head::Entity::find_by_id(tenant.as_str());
    // On SQLite the transaction itself is the lock.
    let head = if txn.get_database_backend() == DbBackend::Postgres { head.lock_exclusive() } else { head };
    let head = head.one(txn).await?.ok_or_else(|| unreadable("its head is missing".to_owned()))?;
    let chain: Chain = serde_json::from_str(&head.chain).map_err(|error| unreadable(error.to_string()))?;
    if i64::try_from(chain.size()).ok() != Some(head.size) {
        return Err(unreadable("its head contradicts itself".to_owned()));
    }
    Ok(chain)
}
