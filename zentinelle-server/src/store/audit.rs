//! The audit chain in the database: one chain a tenant, one writer at a time.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, EntityTrait as _, QuerySelect as _, Set};
use zentinelle_core::audit::{AuditRecord, Chain};
use zentinelle_core::ids::TenantId;

use super::entities::{audit_entry, audit_head};
use super::{StoreError, wire_name};
use crate::clock;

/// How many entries one statement inserts.
const AT_ONCE: usize = 500;

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
        let (action, at) = (wire_name(&record.action), clock::micros(record.timestamp));
        let actor = record.ext_user_id.clone().or_else(|| record.agent_id.clone()).unwrap_or_default();
        let resource_type = record.resource_type.clone();
        let resource_id = record.resource_id.clone().unwrap_or_default();
        let entry = chain.append(record).map_err(|error| unreadable(error.to_string()))?;
        entries.push(audit_entry::ActiveModel {
            tenant_id: Set(tenant.as_str().to_owned()),
            sequence: Set(i64::try_from(entry.sequence).unwrap_or(i64::MAX)),
            action: Set(action),
            actor: Set(actor),
            resource_type: Set(resource_type),
            resource_id: Set(resource_id),
            entry: Set(serde_json::to_string(&entry).map_err(|error| unreadable(error.to_string()))?),
            recorded_at: Set(at),
        });
    }
    while !entries.is_empty() {
        let rest = entries.split_off(entries.len().min(AT_ONCE));
        audit_entry::Entity::insert_many(entries).exec_without_returning(txn).await?;
        entries = rest;
    }
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
