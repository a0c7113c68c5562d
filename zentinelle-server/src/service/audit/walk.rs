//! Reading a stretch of a chain from the database through the verifier, page by page.

use std::collections::VecDeque;

use sea_orm::DatabaseConnection;
use zentinelle_core::audit::{Chain, CheckpointKey, Entry, Expectations, Fault, FaultKind, Line, Report, Verifier};
use zentinelle_core::ids::TenantId;

use crate::store::StoreError;
use crate::store::audit::{self, Columns, Stretch};
use crate::store::entities::audit_entry;

/// How many rows are read at a time.
pub(super) const PAGE: u64 = 500;

/// What to verify.
pub(super) struct Walk {
    /// Where to set out: a signed state of the chain with its note; none for the beginning.
    pub(super) start: Option<(Chain, String)>,
    /// The last entry to read.
    pub(super) last: u64,
    /// The checkpoints of at most this size are looked at: the log must reach as far as they do.
    // INVARIANT: no larger than what was signed before the end of the log was read, or a
    // checkpoint made meanwhile looks like one whose entries are gone.
    pub(super) checkpoints_through: u64,
}

/// What was found.
pub(super) struct Walked {
    /// What the verifier found.
    pub(super) report: Report,
    /// What is wrong with the rows themselves.
    pub(super) faults: Vec<Fault>,
}

impl Walk {
    /// Verifies what the database holds.
    pub(super) async fn run(
        self,
        db: &DatabaseConnection,
        tenant: &TenantId,
        keys: &[CheckpointKey],
    ) -> Result<Walked, StoreError> {
        let (start, note) = match self.start {
            Some((chain, note)) => (chain, Some(note)),
            None => (Chain::genesis(tenant.as_str()), None),
        };
        let mut next = start.size().saturating_add(1);
        let expected = Expectations {
            tenant_id: Some(tenant.as_str().to_owned()),
            first_sequence: Some(next),
            last_sequence: Some(self.last),
            ..Expectations::default()
        };
        let mut verifier = Verifier::new(keys, expected);
        push(&mut verifier, &Line::header(start));
        if let Some(note) = note {
            push(&mut verifier, &Line::Checkpoint(note));
        }
        let mut notes = Notes::from(next, self.checkpoints_through);
        let mut faults = Vec::new();
        while next <= self.last {
            let page = audit::entries(db, tenant, Stretch { first: next, last: self.last }, PAGE).await?;
            let Some(newest) = page.last().map(sequence_of) else { break };
            for row in &page {
                notes.push_below(sequence_of(row), db, tenant, &mut verifier).await?;
                push_row(&mut verifier, row, &mut faults);
            }
            next = newest.saturating_add(1);
            tokio::task::yield_now().await;
        }
        notes.push_below(u64::MAX, db, tenant, &mut verifier).await?;
        Ok(Walked { report: verifier.finish(), faults })
    }
}

/// The sequence number of a row.
pub(super) fn sequence_of(row: &audit_entry::Model) -> u64 {
    u64::try_from(row.sequence).unwrap_or_default()
}

fn push(verifier: &mut Verifier<'_>, line: &Line) {
    verifier.push(line.to_text().unwrap_or_default().as_bytes());
}

/// Hands a row's entry to the verifier letter for letter, after looking at the row around it.
fn push_row(verifier: &mut Verifier<'_>, row: &audit_entry::Model, faults: &mut Vec<Fault>) {
    let fault = |kind, message: &str| {
        let sequence = Some(sequence_of(row));
        Fault { kind, line: None, sequence, through: None, message: message.to_owned() }
    };
    match serde_json::from_str::<Entry>(&row.entry) {
        Ok(entry) if entry.sequence != sequence_of(row) => {
            faults.push(fault(FaultKind::Reordered, "the row holds the entry of another place"));
        }
        Ok(entry) if Columns::of(&entry.record) != Columns::in_row(row) => {
            faults.push(fault(FaultKind::Edited, "the row's columns contradict its entry"));
        }
        Ok(_) => {}
        Err(_) => {
            // The verifier then misses the entry, which says the same once more.
            faults.push(fault(FaultKind::Malformed, "the row's entry cannot be read"));
            return;
        }
    }
    verifier.push(b"{\"entry\":");
    verifier.push(row.entry.as_bytes());
    verifier.push(b"}\n");
}

/// The notes of checkpoints, in order, read when they are due.
pub(super) struct Notes {
    next: u64,
    last: u64,
    read: VecDeque<(u64, String)>,
    exhausted: bool,
}

impl Notes {
    /// Those that cover between `first` and `last` entries.
    pub(super) fn from(first: u64, last: u64) -> Self {
        Self { next: first, last, read: VecDeque::new(), exhausted: false }
    }

    /// The next note that covers fewer entries than `sequence`.
    pub(super) async fn next_below(
        &mut self,
        sequence: u64,
        db: &DatabaseConnection,
        tenant: &TenantId,
    ) -> Result<Option<String>, StoreError> {
        if self.read.is_empty() && !self.exhausted {
            let stretch = Stretch { first: self.next, last: self.last };
            let page = audit::checkpoints_in(db, tenant, stretch, PAGE).await?;
            self.exhausted = (page.len() as u64) < PAGE;
            if let Some((size, _)) = page.last() {
                self.next = size.saturating_add(1);
            }
            self.read.extend(page);
        }
        let due = self.read.front().is_some_and(|(size, _)| *size < sequence);
        Ok(if due { self.read.pop_front().map(|(_, note)| note) } else { None })
    }

    async fn push_below(
        &mut self,
        sequence: u64,
        db: &DatabaseConnection,
        tenant: &TenantId,
        verifier: &mut Verifier<'_>,
    ) -> Result<(), StoreError> {
        while let Some(note) = self.next_below(sequence, db, tenant).await? {
            push(verifier, &Line::Checkpoint(note));
        }
        Ok(())
    }
}
