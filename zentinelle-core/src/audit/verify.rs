//! Checks a bundle line by line, with bounded memory and without any server.

use std::collections::BTreeMap;

use super::bundle::{Line, MAX_LINE_BYTES};
use super::chain::{Chain, entry_hash};
use super::checkpoint::{Checkpoint, CheckpointError, CheckpointKey};
use super::order::{Order, Seen};
use super::report::{Fault, FaultKind, Report};
use super::{Digest, Entry};

/// How many checkpoints are remembered, to find two that disagree and those that came too early.
const REMEMBERED: usize = 4096;

/// What the verifier knows apart from the bundle. The more it knows, the less can be hidden from it.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    /// Whose log it must be.
    pub tenant_id: Option<String>,
    /// The bundle must begin with this entry or an earlier one. None: with the first, so that it is the whole log.
    pub first_sequence: Option<u64>,
    /// The log must reach at least to this sequence number.
    pub last_sequence: Option<u64>,
    /// A sequence number and the chain hash that the entry there must have.
    pub head: Option<(u64, Digest)>,
    /// Signed checkpoints that were kept elsewhere, by the verifier or a witness.
    pub checkpoints: Vec<String>,
}

/// Checks a bundle that arrives in pieces.
pub struct Verifier<'k> {
    keys: &'k [CheckpointKey],
    expected: Expectations,
    report: Report,
    /// The line that is not complete yet, at most [`MAX_LINE_BYTES`] long.
    partial: Vec<u8>,
    /// Whether the rest of an overlong line is being passed over.
    skipping: bool,
    line: u64,
    /// The log, from the header on.
    log: Option<(Order, Anchors)>,
}

/// What is signed or known about the log.
#[derive(Default)]
struct Anchors {
    /// Size and root of each trusted checkpoint.
    signed: BTreeMap<u64, Digest>,
    /// Sizes that were not reached yet, with the line of the checkpoint, if it stands in the bundle.
    pending: BTreeMap<u64, Option<u64>>,
    head: Option<(u64, Digest)>,
    /// Sequence number of the last entry that anything signed or known speaks of.
    reaches: u64,
}

/// Checks a whole bundle. See [`Verifier`] for one that does not fit into memory.
#[must_use]
pub fn verify(bundle: &[u8], keys: &[CheckpointKey], expected: &Expectations) -> Report {
    let mut verifier = Verifier::new(keys, expected.clone());
    verifier.push(bundle);
    verifier.finish()
}

impl<'k> Verifier<'k> {
    /// A verifier that believes checkpoints signed by one of `keys`. Without keys no checkpoint is judged.
    #[must_use]
    pub fn new(keys: &'k [CheckpointKey], expected: Expectations) -> Self {
        let report = Report { tenant_id: expected.tenant_id.clone(), first_sequence: 1, ..Report::default() };
        Self { keys, expected, report, partial: Vec::new(), skipping: false, line: 0, log: None }
    }

    /// Takes the next piece of the bundle, cut anywhere.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut pieces = bytes.split(|byte| *byte == b'\n');
        let last = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            if self.keep(piece) {
                let line = std::mem::take(&mut self.partial);
                self.take(&line, true);
                self.partial = line;
            }
            self.partial.clear();
            self.skipping = false;
        }
        self.keep(last);
    }

    /// Says what was found. A last line without its line break counts if it is whole, and is torn if it is not.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let rest = std::mem::take(&mut self.partial);
        if !rest.is_empty() {
            self.take(&rest, false);
        }
        if self.log.is_none() {
            let tenant = self.expected.tenant_id.clone();
            self.begin(Chain::genesis(tenant.as_deref().unwrap_or_default()), tenant);
        }
        let Self { mut report, log, .. } = self;
        if let Some((mut order, mut anchors)) = log {
            order.finish(&mut report, &mut |order, report| anchors.settle(order, report));
            anchors.settle(&mut order, &mut report);
            report.last_sequence = order.next - 1;
            report.chain_hash = order.chain_hash();
            report.root = order.tree.as_ref().map(|tree| tree.root());
            if anchors.reaches > report.last_sequence {
                let (first, last) = (order.next, anchors.reaches);
                let message = format!("the log ends at entry {}, but entry {last} is known", first - 1);
                let fault = Fault::new(FaultKind::Truncated, None, Some(first), message);
                report.add(Fault { through: Some(last), ..fault });
            }
        }
        report
    }

    /// Adds to the line that is not complete yet. Says no if the line is too long.
    fn keep(&mut self, piece: &[u8]) -> bool {
        if self.skipping {
            return false;
        }
        if self.partial.len().saturating_add(piece.len()) > MAX_LINE_BYTES {
            self.skipping = true;
            self.partial.clear();
            self.line += 1;
            self.fault(FaultKind::Malformed, None, format!("the line is longer than {MAX_LINE_BYTES} bytes"));
            return false;
        }
        self.partial.extend_from_slice(piece);
        true
    }

    fn take(&mut self, line: &[u8], complete: bool) {
        self.line += 1;
        match Line::read(line) {
            Ok((Line::Header(header), _)) if self.line == 1 => self.begin_with_header(header.start),
            Ok((Line::Header(_), _)) => self.fault(FaultKind::Inserted, None, "a header stands in the first line only"),
            Ok((Line::Entry(entry), record)) => self.entry(&entry, &record),
            Ok((Line::Checkpoint(note), _)) => self.checkpoint(&note),
            Err(_) if !complete => self.report.torn_tail = Some(self.line),
            Err(message) => self.fault(FaultKind::Malformed, None, message),
        }
    }

    fn fault(&mut self, kind: FaultKind, sequence: Option<u64>, message: impl Into<String>) {
        let line = (self.line > 0).then_some(self.line);
        self.report.add(Fault::new(kind, line, sequence, message));
    }

    fn begin_with_header(&mut self, start: Chain) {
        let tenant = self.expected.tenant_id.clone().unwrap_or_else(|| start.tenant_id().to_owned());
        if tenant != start.tenant_id() {
            self.fault(FaultKind::WrongTenant, None, "the bundle is of another tenant than expected");
        }
        let (first, before) = (self.expected.first_sequence.unwrap_or(1), start.size());
        self.begin(start, Some(tenant));
        if before >= first {
            let message = format!("the bundle leaves out entries {first} to {before}");
            let fault = Fault::new(FaultKind::Missing, Some(self.line), Some(first), message);
            self.report.add(Fault { through: Some(before), ..fault });
        }
    }

    /// A bundle that lost its header is read as the whole log of its first tenant. Says whether there is one.
    fn begin_without_header(&mut self, tenant: Option<&str>) -> bool {
        if self.log.is_some() {
            return true;
        }
        if self.line == 1 {
            self.fault(FaultKind::Malformed, None, "the first line is not a header");
        }
        let Some(tenant) = self.expected.tenant_id.clone().or(tenant.map(str::to_owned)) else { return false };
        self.begin(Chain::genesis(&tenant), Some(tenant));
        true
    }

    /// Sets out from `start`, and reads the checkpoints that were kept elsewhere.
    fn begin(&mut self, start: Chain, tenant: Option<String>) {
        self.report.first_sequence = start.size().saturating_add(1);
        self.report.tenant_id = tenant;
        let mut anchors = Anchors {
            head: self.expected.head,
            reaches: self.expected.last_sequence.max(self.expected.head.map(|(size, _)| size)).unwrap_or(0),
            ..Anchors::default()
        };
        for note in std::mem::take(&mut self.expected.checkpoints) {
            if let Some(checkpoint) = self.open(&note, None) {
                anchors.add(&checkpoint, None, &mut self.report);
            }
        }
        self.log = Some((Order::new(&start), anchors));
    }

    fn entry(&mut self, entry: &Entry, record: &str) {
        self.begin_without_header(Some(&entry.record.tenant_id));
        let seen = Seen {
            line: self.line,
            sequence: entry.sequence,
            entry_hash: entry.entry_hash,
            chain_hash: entry.chain_hash,
            sound: entry_hash(record) == entry.entry_hash,
        };
        let ours = self.report.tenant_id.as_ref() == Some(&entry.record.tenant_id);
        if !ours {
            self.fault(FaultKind::WrongTenant, Some(entry.sequence), "the entry is of another tenant");
        }
        let Some((order, anchors)) = &mut self.log else { return };
        let mut placed = |order: &mut Order, report: &mut Report| anchors.settle(order, report);
        if ours {
            order.take(seen, &mut self.report, &mut placed);
        } else {
            order.take_foreign(seen, &mut self.report, &mut placed);
        }
    }

    fn checkpoint(&mut self, note: &str) {
        if !self.begin_without_header(None) {
            return;
        }
        let line = self.line;
        let Some(checkpoint) = self.open(note, Some(line)) else { return };
        let Some((order, anchors)) = &mut self.log else { return };
        if checkpoint.tree.size >= order.next {
            order.release(None, &mut self.report, &mut |order, report| anchors.settle(order, report));
        }
        let last = order.next - 1;
        if checkpoint.tree.size < last {
            let message = "the checkpoint stands behind entries that it does not cover";
            self.report.add(Fault::new(FaultKind::Reordered, Some(line), Some(checkpoint.tree.size), message));
        }
        anchors.settle(order, &mut self.report);
        anchors.add(&checkpoint, (checkpoint.tree.size > last).then_some(line), &mut self.report);
        anchors.settle(order, &mut self.report);
    }

    /// Reads a checkpoint that a trusted key signed for this tenant.
    fn open(&mut self, note: &str, line: Option<u64>) -> Option<Checkpoint> {
        let origin = self.report.tenant_id.as_deref().map(Checkpoint::origin_of);
        let (kind, message) = match Checkpoint::open(note, self.keys) {
            Ok(checkpoint) if origin.is_none_or(|origin| origin == checkpoint.origin) => return Some(checkpoint),
            Ok(_) => (FaultKind::WrongTenant, "the checkpoint is of another tenant".to_owned()),
            Err(CheckpointError::NotTrusted) if self.keys.is_empty() => {
                self.report.unjudged_checkpoints += 1;
                return None;
            }
            Err(error @ CheckpointError::Malformed) => (FaultKind::Malformed, error.to_string()),
            Err(error) => (FaultKind::BadSignature, error.to_string()),
        };
        self.report.add(Fault::new(kind, line, None, message));
        None
    }
}

impl Anchors {
    /// Notes a trusted checkpoint. `line` is given if it stands in the bundle before entries that it covers.
    fn add(&mut self, checkpoint: &Checkpoint, line: Option<u64>, report: &mut Report) {
        let (size, root) = (checkpoint.tree.size, checkpoint.tree.root);
        self.reaches = self.reaches.max(size);
        match self.signed.get(&size) {
            Some(known) if *known != root => {
                let message = format!("two signed checkpoints of {size} entries disagree");
                report.add(Fault::new(FaultKind::Forked, line, Some(size), message));
                return;
            }
            Some(_) => {}
            None => {
                if self.signed.len() >= REMEMBERED {
                    self.signed.pop_first();
                }
                self.signed.insert(size, root);
            }
        }
        self.pending.entry(size).or_insert(line);
    }

    /// Compares what has been read with what was signed or known about a log of this length.
    fn settle(&mut self, order: &mut Order, report: &mut Report) {
        let last = order.next - 1;
        if let Some((_, hash)) = self.head.take_if(|(size, _)| *size == last) {
            if order.chain_hash() == Some(hash) {
                report.anchored_through = report.anchored_through.max(last);
            } else {
                let message = format!("entry {last} is not the one that is known");
                report.add(Fault::new(FaultKind::Rewritten, None, Some(last), message));
            }
        }
        let line = self.pending.remove(&last);
        // Those below were passed by a gap, which is reported as such.
        self.pending = self.pending.split_off(&last);
        let (Some(line), Some(tree), Some(signed)) = (line, &order.tree, self.signed.get(&last)) else { return };
        if line.is_some() {
            let message = "the checkpoint stands before entries that it covers";
            report.add(Fault::new(FaultKind::Reordered, line, Some(last), message));
        }
        if tree.root() == *signed {
            report.checkpoints += 1;
            report.anchored_through = report.anchored_through.max(last);
            return;
        }
        // An entry that was found at fault explains a wrong root; otherwise all of it was hashed anew.
        if !order.root_spoilt {
            let message = format!("the entries up to {last} are not the ones that were signed");
            report.add(Fault::new(FaultKind::Rewritten, None, Some(last), message));
        }
        order.tree = None;
        order.root_spoilt = true;
    }
}

#[cfg(test)]
mod tests;
