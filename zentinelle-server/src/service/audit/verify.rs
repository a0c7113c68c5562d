//! Whether a tenant's trail is whole, in order, unedited and signed.

use zentinelle_core::audit::{Chain, Digest, Fault, FaultKind, MAX_LISTED_FAULTS, Status};
use zentinelle_core::ids::TenantId;

use super::walk::Walk;
use crate::app::App;
use crate::http::error::ApiError;
use crate::store::StoreError;
use crate::store::audit::{self, Checkpointed};

/// Which part to verify. It is widened to the nearest signed heads, since only between those can
/// anything be vouched for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    /// The first entry; none for the first there is.
    pub(crate) from: Option<u64>,
    /// The last entry; none for the last there is.
    pub(crate) to: Option<u64>,
    /// Instead: so many of the newest entries.
    pub(crate) recent: Option<u64>,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Verified {
    /// The outcome in one word.
    pub(crate) status: Status,
    /// How many entries were recomputed and found right.
    pub(crate) records_checked: u64,
    /// The first entry looked at.
    pub(crate) first: u64,
    /// The last entry found.
    pub(crate) last: u64,
    /// How many entries the trail has, by its head.
    pub(crate) size: u64,
    /// The hash of the last entry, which covers all before it.
    pub(crate) chain_hash: Option<Digest>,
    /// The Merkle root over all entries.
    pub(crate) root: Option<Digest>,
    /// How many signed heads fit.
    pub(crate) checkpoints: u64,
    /// The last entry that a signed head vouches for.
    pub(crate) anchored_through: u64,
    /// What is wrong, the first of it.
    pub(crate) faults: Vec<Fault>,
    /// How much is wrong.
    pub(crate) fault_count: u64,
}

impl Verified {
    /// Whether entries were verified, none is at fault, and a signed head vouches for them.
    pub(crate) fn is_valid(&self) -> bool {
        self.status == Status::Valid
    }

    /// The first entry at fault, if a place is known.
    pub(crate) fn broken_at(&self) -> Option<u64> {
        let first = |inserted: bool| {
            // An entry that does not belong here carries the number of another.
            let faults = self.faults.iter().filter(|fault| (fault.kind == FaultKind::Inserted) == inserted);
            faults.filter_map(|fault| fault.sequence).min()
        };
        first(false).or_else(|| first(true))
    }
}

/// Verifies a tenant's trail.
pub(crate) async fn verify(app: &App, tenant: &TenantId, asked: Asked) -> Result<Verified, ApiError> {
    let db = app.store.db();
    // In this order: a head is signed after its entries were written, and entries and head are
    // written together, so nothing that is read first can be ahead of what is read later.
    let newest_signed = audit::latest_checkpoint(db, tenant).await;
    let signed_through = match &newest_signed {
        Ok(signed) => signed.as_ref().map_or(0, |signed| signed.size),
        // Somebody changed it, and it is judged whatever its size.
        Err(_) => u64::MAX,
    };
    let newest_signed = readable(newest_signed)?;
    let newest = u64::try_from(audit::newest_sequence(db, tenant).await?).unwrap_or_default();
    let mut faults = Vec::new();
    let head = match audit::head(db, tenant).await {
        Ok(head) => Some(head),
        Err(StoreError::Unreadable { why, .. }) => {
            faults.push(fault(FaultKind::Malformed, None, format!("the head of the chain cannot be read: {why}")));
            None
        }
        Err(error) => return Err(error.into()),
    };
    let size = head.as_ref().map_or(newest, Chain::size);
    if newest > size {
        let message = format!("the chain ends at entry {size}, but there are rows beyond it");
        faults.push(fault(FaultKind::Inserted, Some(size + 1), message));
    }
    let from = asked.recent.map(|recent| size.saturating_sub(recent).saturating_add(1)).or(asked.from).unwrap_or(1);
    // Far enough back that the newest signed head speaks of something that is read.
    let from = newest_signed.map_or(from, |signed| from.min(signed.size));
    // Without a state to set out from, the whole chain is read.
    let signed = readable(audit::checkpoint_before(db, tenant, from).await)?;
    let last = match asked.to.filter(|to| *to < size) {
        Some(to) => {
            let signed = readable(audit::checkpoint_at_or_after(db, tenant, to).await)?;
            signed.map_or(size, |signed| signed.size.min(size))
        }
        None => size,
    };
    let whole = last == size;
    let walk = Walk {
        start: signed.map(|signed| (signed.chain, signed.note)),
        last,
        checkpoints_through: if whole { signed_through.max(last) } else { last },
    };
    let walked = walk.run(db, tenant, app.audit_keys.trusted()).await?;
    faults.extend(walked.faults);
    let report = walked.report;
    // The head row vouches for nothing, since whoever writes entries writes it as well; but it
    // must not contradict them.
    let contradicts =
        |head: Chain| report.chain_hash != Some(head.chain_hash()) || report.root != Some(head.tree_head().root);
    if report.fault_count == 0 && report.entries > 0 && head.filter(|_| whole).is_some_and(contradicts) {
        let message = "the head of the chain does not follow from its last entry".to_owned();
        faults.push(fault(FaultKind::Rewritten, Some(size), message));
    }
    let own = faults.len() as u64;
    let status = if own > 0 { Status::Invalid } else { report.status() };
    faults.extend(report.faults);
    faults.truncate(MAX_LISTED_FAULTS);
    Ok(Verified {
        status,
        records_checked: report.entries,
        first: report.first_sequence,
        last: report.last_sequence,
        size,
        chain_hash: report.chain_hash.filter(|_| report.entries > 0),
        root: report.root.filter(|_| report.entries > 0),
        checkpoints: report.checkpoints,
        anchored_through: report.anchored_through,
        faults,
        fault_count: report.fault_count.saturating_add(own),
    })
}

/// A checkpoint; none when it cannot be read. Its note is judged on the way in any case.
fn readable(checkpoint: Result<Option<Checkpointed>, StoreError>) -> Result<Option<Checkpointed>, StoreError> {
    match checkpoint {
        Err(StoreError::Unreadable { .. }) => Ok(None),
        answer => answer,
    }
}

fn fault(kind: FaultKind, sequence: Option<u64>, message: String) -> Fault {
    Fault { kind, line: None, sequence, through: None, message }
}
