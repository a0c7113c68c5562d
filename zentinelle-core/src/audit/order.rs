//! Where an entry belongs: follows the sequence numbers of a log and names what is out of order.
//!
//! One pass, bounded memory. An entry from further ahead is held back until the next lines show whether it was moved
//! or whether the entries before it are missing. Stored hashes are carried on after a fault, so that one change
//! gives one fault and not one for each later entry.

use std::collections::BTreeMap;

use super::Digest;
use super::chain::{Chain, chain_hash};
use super::merkle::{Frontier, leaf_hash};
use super::report::{Fault, FaultKind, Report};

/// How many chain hashes are remembered, to tell repetitions from forks.
const REMEMBERED: usize = 1024;
/// How many gaps are remembered, to tell moved entries from missing ones.
const MAX_GAPS: usize = 1024;

/// What the line of an entry says.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) line: u64,
    pub(super) sequence: u64,
    pub(super) entry_hash: Digest,
    pub(super) chain_hash: Digest,
    /// Whether the record has the entry hash that is written beside it.
    pub(super) sound: bool,
}

/// The state of one log while it is read.
pub(super) struct Order {
    /// Sequence number that comes next.
    pub(super) next: u64,
    /// Chain hashes the next entry may follow: as computed and as stored. None behind a gap.
    heads: Option<[Digest; 2]>,
    /// None once leaves are missing.
    pub(super) tree: Option<Frontier>,
    /// Set by faults that make the root differ from what was signed.
    pub(super) root_spoilt: bool,
    recent: BTreeMap<u64, Digest>,
    /// An entry from further ahead, and whether others were placed since.
    early: Option<(Seen, bool)>,
    /// First missing sequence number to the last one and the line where it was noticed.
    gaps: BTreeMap<u64, (u64, u64)>,
    suspect: Option<Suspect>,
}

/// The last entry, if it does not follow the one before: the right one may still come.
struct Suspect {
    fault: Option<usize>,
    tree: Option<Frontier>,
    root_spoilt: bool,
}

impl Order {
    pub(super) fn new(start: &Chain) -> Self {
        let hash = start.chain_hash();
        Self {
            next: start.size().saturating_add(1),
            heads: Some([hash; 2]),
            tree: Some(start.tree().clone()),
            root_spoilt: false,
            recent: BTreeMap::from([(start.size(), hash)]),
            early: None,
            gaps: BTreeMap::new(),
            suspect: None,
        }
    }

    /// Chain hash of the last entry as it is stored, or that of the start.
    pub(super) fn chain_hash(&self) -> Option<Digest> {
        self.recent.get(&(self.next - 1)).copied()
    }

    /// Takes the next entry of the bundle. `placed` is called before each entry that is put into its place.
    pub(super) fn take(&mut self, seen: Seen, report: &mut Report, placed: &mut impl FnMut(&mut Self, &mut Report)) {
        self.release(Some(seen.sequence), report, placed);
        if seen.sequence != self.next && self.follows(self.next, &seen) {
            self.fault(report, FaultKind::Edited, &seen, "the sequence number was changed");
            self.put(seen, false, report, placed);
        } else if seen.sequence == self.next {
            if let Some((early, _)) = self.early.take_if(|(early, _)| early.sequence == seen.sequence) {
                let fork = early.chain_hash != seen.chain_hash && self.follows(self.next, &early);
                self.second(fork, &early, report);
            }
            self.put(seen, true, report, placed);
        } else if seen.sequence < self.next {
            self.behind(seen, report);
        } else {
            self.ahead(seen, report, placed);
        }
    }

    /// Takes an entry of another tenant: it is passed over unless it holds the place of ours.
    pub(super) fn take_foreign(
        &mut self,
        seen: Seen,
        report: &mut Report,
        placed: &mut impl FnMut(&mut Self, &mut Report),
    ) {
        self.release(Some(seen.sequence), report, placed);
        if seen.sequence == self.next && self.follows(self.next, &seen) {
            self.put(seen, false, report, placed);
        }
    }

    /// Puts the entry that was held back into its place, if that is reached and `arriving` is not for the same place.
    pub(super) fn release(
        &mut self,
        arriving: Option<u64>,
        report: &mut Report,
        placed: &mut impl FnMut(&mut Self, &mut Report),
    ) {
        let next = self.next;
        if arriving == Some(next) {
            return;
        }
        if let Some((early, _)) = self.early.take_if(|(early, _)| early.sequence == next) {
            self.fault(report, FaultKind::Reordered, &early, "the entry stands before entries that it follows");
            self.put(early, true, report, placed);
        }
    }

    /// Nothing more comes.
    pub(super) fn finish(&mut self, report: &mut Report, placed: &mut impl FnMut(&mut Self, &mut Report)) {
        self.release(None, report, placed);
        match self.early.take() {
            Some((early, true)) => {
                self.fault(report, FaultKind::Inserted, &early, "the entry is not followed by any other");
            }
            Some((early, false)) => {
                self.gap(early, report);
                self.put(early, true, report, placed);
            }
            None => {}
        }
        for (first, (last, line)) in std::mem::take(&mut self.gaps) {
            missing(report, first, last, line);
        }
    }

    /// An entry with a sequence number that was passed already.
    fn behind(&mut self, seen: Seen, report: &mut Report) {
        if self.fill_gap(seen.sequence) {
            self.fault(report, FaultKind::Reordered, &seen, "the entry stands behind entries that follow it");
            if !seen.sound {
                self.fault(report, FaultKind::Edited, &seen, "the record does not fit its hash");
            }
            return;
        }
        let before = seen.sequence.checked_sub(1).and_then(|before| self.recent.get(&before));
        let follows = before.is_some_and(|hash| chain_hash(hash, seen.sequence, &seen.entry_hash) == seen.chain_hash);
        let last = seen.sequence == self.next - 1;
        if last
            && follows
            && seen.sound
            && let Some(suspect) = self.suspect.take()
        {
            // So the one before was the stranger.
            if let Some(fault) = suspect.fault.and_then(|index| report.faults.get_mut(index)) {
                fault.kind = FaultKind::Inserted;
                fault.message = "the entry does not follow the one before and takes the place of one that does".into();
            }
            self.tree = suspect.tree;
            self.root_spoilt = suspect.root_spoilt;
            self.advance(&seen);
            report.entries += 1;
            return;
        }
        let known = self.recent.get(&seen.sequence);
        let fork = follows && seen.sound && known.is_some_and(|known| *known != seen.chain_hash);
        if fork
            && last
            && let Some(heads) = &mut self.heads
        {
            // Either branch may go on.
            heads[0] = seen.chain_hash;
        }
        self.second(fork, &seen, report);
    }

    /// An entry from further ahead than the next.
    fn ahead(&mut self, seen: Seen, report: &mut Report, placed: &mut impl FnMut(&mut Self, &mut Report)) {
        match self.early.take() {
            None => self.early = Some((seen, false)),
            Some((early, moved)) if seen.sequence == early.sequence => {
                self.second(seen.chain_hash != early.chain_hash, &seen, report);
                self.early = Some((early, moved));
            }
            Some((early, _)) if seen.sequence < early.sequence => {
                self.gap(seen, report);
                self.put(seen, true, report, placed);
                self.early = Some((early, true));
            }
            Some((early, moved)) => {
                if moved {
                    self.fault(report, FaultKind::Reordered, &early, "the entry stands before entries that it follows");
                }
                self.gap(early, report);
                self.put(early, true, report, placed);
                if seen.sequence == self.next {
                    self.put(seen, true, report, placed);
                } else {
                    self.early = Some((seen, false));
                }
            }
        }
    }

    /// Puts an entry into the next place, judging it unless that was done.
    fn put(&mut self, seen: Seen, judge: bool, report: &mut Report, placed: &mut impl FnMut(&mut Self, &mut Report)) {
        placed(self, report);
        self.suspect = None;
        let follows = self.heads.is_none() || self.follows(self.next, &seen);
        if judge && seen.sound && follows {
            report.entries += 1;
        } else if judge {
            let message = if seen.sound {
                "the entry does not follow the one before; one of the two was changed"
            } else {
                "the record does not fit its hash"
            };
            let fault = self.fault(report, FaultKind::Edited, &seen, message);
            if !follows {
                self.suspect = Some(Suspect { fault, tree: self.tree.clone(), root_spoilt: self.root_spoilt });
                self.root_spoilt = true;
            }
        }
        self.next = self.next.saturating_add(1);
        self.advance(&seen);
        if let Some((_, moved)) = &mut self.early {
            *moved = true;
        }
    }

    /// Makes `seen` the last entry, at the place before `next`.
    fn advance(&mut self, seen: &Seen) {
        let place = self.next - 1;
        let before = place.checked_sub(1).and_then(|before| self.recent.get(&before));
        let computed = before.map_or(seen.chain_hash, |hash| chain_hash(hash, place, &seen.entry_hash));
        self.heads = Some([computed, seen.chain_hash]);
        if let Some(tree) = &mut self.tree {
            tree.push(leaf_hash(seen.chain_hash.as_bytes()));
        }
        self.recent.insert(place, seen.chain_hash);
        if self.recent.len() > REMEMBERED {
            self.recent.pop_first();
        }
    }

    /// Skips to the place of `seen`, noting what is missing before it.
    fn gap(&mut self, seen: Seen, report: &mut Report) {
        if seen.sequence <= self.next {
            return;
        }
        let last = seen.sequence - 1;
        if self.gaps.len() < MAX_GAPS {
            self.gaps.insert(self.next, (last, seen.line));
        } else {
            missing(report, self.next, last, seen.line);
        }
        self.next = seen.sequence;
        self.heads = None;
        self.tree = None;
        self.root_spoilt = true;
    }

    /// Takes one place out of the gaps. Says whether it was in one.
    fn fill_gap(&mut self, sequence: u64) -> bool {
        let Some((&first, &(last, line))) = self.gaps.range(..=sequence).next_back() else { return false };
        if sequence > last {
            return false;
        }
        self.gaps.remove(&first);
        if first < sequence {
            self.gaps.insert(first, (sequence - 1, line));
        }
        if sequence < last {
            self.gaps.insert(sequence + 1, (last, line));
        }
        true
    }

    fn follows(&self, sequence: u64, seen: &Seen) -> bool {
        let fits = |head: &Digest| chain_hash(head, sequence, &seen.entry_hash) == seen.chain_hash;
        self.heads.is_some_and(|[computed, stored]| fits(&stored) || (computed != stored && fits(&computed)))
    }

    /// A second entry for a place that is taken.
    fn second(&mut self, fork: bool, seen: &Seen, report: &mut Report) {
        if fork {
            self.fault(report, FaultKind::Forked, seen, "two different entries follow the same one");
        } else {
            self.fault(report, FaultKind::Inserted, seen, "the entry repeats one or fits nowhere");
        }
    }

    fn fault(&self, report: &mut Report, kind: FaultKind, seen: &Seen, message: &str) -> Option<usize> {
        report.add(Fault::new(kind, Some(seen.line), Some(seen.sequence), message))
    }
}

fn missing(report: &mut Report, first: u64, last: u64, line: u64) {
    let message = format!("entries {first} to {last} are missing");
    report.add(Fault { through: Some(last), ..Fault::new(FaultKind::Missing, Some(line), Some(first), message) });
}
