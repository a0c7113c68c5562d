//! Proof that one entry is in the log that was signed, which shows nothing of the others.

use std::cell::RefCell;
use std::collections::BTreeMap;

use sea_orm::DatabaseConnection;
use serde::Deserialize;
use zentinelle_core::audit::merkle::{Frontier, Nodes, leaf_hash, prove_inclusion};
use zentinelle_core::audit::{Chain, Digest, Entry, Receipt};
use zentinelle_core::ids::TenantId;

use super::walk::{PAGE, sequence_of};
use crate::app::App;
use crate::http::error::ApiError;
use crate::store::StoreError;
use crate::store::audit::{self, Stretch};

/// The only part of an entry that the tree is made of.
#[derive(Deserialize)]
struct Leaf {
    chain_hash: Digest,
}

/// The receipt of an entry.
pub(crate) async fn receipt(app: &App, tenant: &TenantId, sequence: u64) -> Result<Receipt, ApiError> {
    let db = app.store.db();
    let row = audit::entry(db, tenant, sequence).await?.ok_or(ApiError::NotFound { what: "audit entry" })?;
    let signed = match audit::checkpoint_at_or_after(db, tenant, sequence).await? {
        Some(signed) => signed,
        None => super::checkpoint(app, tenant).await?.ok_or(ApiError::NotFound { what: "audit entry" })?,
    };
    let previous = match sequence.checked_sub(1).filter(|before| *before > 0) {
        None => Chain::genesis(tenant.as_str()).chain_hash(),
        Some(before) => {
            let row = audit::entry(db, tenant, before).await?.ok_or_else(broken)?;
            serde_json::from_str::<Leaf>(&row.entry).map_err(|_| broken())?.chain_hash
        }
    };
    let entry: Entry = serde_json::from_str(&row.entry).map_err(|_| broken())?;
    let index = sequence.saturating_sub(1);
    let wanted = Wanted::default();
    prove_inclusion(&wanted, index, signed.size).ok_or_else(broken)?;
    let nodes = Known(nodes(db, tenant, signed.size, wanted.0.into_inner()).await?);
    let inclusion = prove_inclusion(&nodes, index, signed.size).ok_or_else(broken)?;
    let receipt = Receipt { previous, entry, inclusion, checkpoint: signed.note };
    receipt.verify(app.audit_keys.trusted()).map_err(|_| broken())?;
    Ok(receipt)
}

fn broken() -> ApiError {
    let message = "the audit chain does not hold the entry as it was signed: verify it".to_owned();
    ApiError::Conflict { code: "audit_chain_broken", message }
}

/// Notes which subtrees a proof needs.
#[derive(Default)]
struct Wanted(RefCell<Vec<(u32, u64)>>);

impl Nodes for Wanted {
    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        self.0.borrow_mut().push((level, index));
        Some(Digest::from_bytes([0; 32]))
    }
}

/// The roots of the subtrees that were needed.
struct Known(BTreeMap<(u32, u64), Digest>);

impl Nodes for Known {
    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        self.0.get(&(level, index)).copied()
    }
}

/// Computes subtrees from the leaves, page by page: none of them overlap, so each leaf is read
/// once and forgotten.
async fn nodes(
    db: &DatabaseConnection,
    tenant: &TenantId,
    size: u64,
    wanted: Vec<(u32, u64)>,
) -> Result<BTreeMap<(u32, u64), Digest>, ApiError> {
    let mut known = BTreeMap::new();
    for (level, index) in wanted {
        let length = 1_u64.checked_shl(level).ok_or_else(broken)?;
        let first = index.checked_mul(length).and_then(|before| before.checked_add(1)).ok_or_else(broken)?;
        let last = first.saturating_add(length - 1).min(size);
        let tree = subtree(db, tenant, Stretch { first, last }).await?;
        if tree.size() != length {
            return Err(broken());
        }
        known.insert((level, index), tree.root());
    }
    Ok(known)
}

async fn subtree(db: &DatabaseConnection, tenant: &TenantId, stretch: Stretch) -> Result<Frontier, ApiError> {
    let mut tree = Frontier::new();
    let mut next = stretch.first;
    while next <= stretch.last {
        let page = audit::entries(db, tenant, Stretch { first: next, last: stretch.last }, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for row in &page {
            if sequence_of(row) != next {
                return Err(broken());
            }
            let leaf: Leaf = serde_json::from_str(&row.entry)
                .map_err(|error| StoreError::Unreadable { what: "audit entry", why: error.to_string() })?;
            tree.push(leaf_hash(leaf.chain_hash.as_bytes()));
            next += 1;
        }
        tokio::task::yield_now().await;
    }
    Ok(tree)
}
