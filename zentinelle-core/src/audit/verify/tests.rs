use super::*;
use crate::audit::{AuditAction, AuditRecord, CheckpointSigner, Outcome, Status};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

fn signer() -> CheckpointSigner {
    CheckpointSigner::new("log.example/2026", &[9; 32]).expect("signer")
}

fn keys() -> [CheckpointKey; 1] {
    [signer().key().clone()]
}

fn record(number: u64) -> AuditRecord {
    AuditRecord {
        agent_id: Some("agent".into()),
        changes: json!({ "limit": [number, number + 1] }),
        ..AuditRecord::new(
            format!("r{number}"),
            "acme",
            Timestamp::from_second(1_773_230_400 + number.cast_signed()).expect("time"),
            AuditAction::Update,
            "policy",
            Outcome::Success,
        )
    }
}

fn signed(chain: &Chain) -> Line {
    Line::Checkpoint(signer().sign(&Checkpoint::new(chain.tenant_id(), chain.tree_head())))
}

/// A log as lines: header, entries and, behind those whose number is in `checkpoints` and the last, a checkpoint.
fn log_from(start: Chain, count: u64, checkpoints: &[u64]) -> Vec<String> {
    let mut chain = start.clone();
    let mut lines = vec![Line::header(start)];
    for _ in 0..count {
        let entry = chain.append(record(chain.size())).expect("entry");
        let sign = checkpoints.contains(&entry.sequence) || entry.sequence == count;
        lines.push(Line::Entry(Box::new(entry)));
        lines.extend(sign.then(|| signed(&chain)));
    }
    lines.iter().map(|line| line.to_text().expect("line")).collect()
}

fn log(count: u64, checkpoints: &[u64]) -> Vec<String> {
    log_from(Chain::genesis("acme"), count, checkpoints)
}

fn check(lines: &[String]) -> Report {
    verify(lines.concat().as_bytes(), &keys(), &Expectations::default())
}

/// The faults as kind and sequence number.
fn faults(report: &Report) -> Vec<(FaultKind, Option<u64>)> {
    report.faults.iter().map(|fault| (fault.kind, fault.sequence)).collect()
}

/// Where the line of an entry stands.
fn place(lines: &[String], sequence: u64) -> usize {
    let end = format!("\"sequence\":{sequence}}}}}\n");
    lines.iter().position(|line| line.ends_with(&end)).expect("entry")
}

/// Changes the JSON of a line and writes it in canonical form again.
fn change(line: &mut String, change: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_str(line).expect("JSON");
    change(&mut value);
    *line = crate::audit::to_canonical_json(&value) + "\n";
}

#[test]
fn an_untouched_log_is_valid_as_far_as_it_is_signed() {
    let report = check(&log(5, &[2]));
    assert_eq!(report.status(), Status::Valid, "{report:?}");
    assert_eq!((report.entries, report.last_sequence, report.checkpoints, report.anchored_through), (5, 5, 2, 5));
    let mut lines = log(5, &[2]);
    lines.pop();
    let report = check(&lines);
    assert_eq!((report.status(), report.anchored_through, report.last_sequence), (Status::Valid, 2, 5));
}

#[test]
fn an_empty_check_is_not_valid() {
    let header = log(3, &[]).swap_remove(0);
    for bundle in ["", header.as_str()] {
        let report = verify(bundle.as_bytes(), &keys(), &Expectations::default());
        assert_eq!(report.status(), Status::NothingVerified, "{report:?}");
        let expected = Expectations { last_sequence: Some(1), ..Expectations::default() };
        assert_eq!(faults(&verify(bundle.as_bytes(), &keys(), &expected)), [(FaultKind::Truncated, Some(1))]);
        let Ok((Line::Checkpoint(note), _)) = Line::read(log(3, &[])[4].trim_end().as_bytes()) else { panic!("note") };
        let expected = Expectations { checkpoints: vec![note], ..Expectations::default() };
        assert_eq!(faults(&verify(bundle.as_bytes(), &keys(), &expected)), [(FaultKind::Truncated, Some(1))]);
    }
}

#[test]
fn without_keys_nothing_vouches() {
    let report = verify(log(3, &[1]).concat().as_bytes(), &[], &Expectations::default());
    assert_eq!((report.status(), report.unjudged_checkpoints), (Status::Unanchored, 2));
    let other = [CheckpointSigner::new("other", &[1; 32]).expect("signer").key().clone()];
    let report = verify(log(3, &[]).concat().as_bytes(), &other, &Expectations::default());
    assert_eq!(faults(&report), [(FaultKind::BadSignature, None)]);
}

#[test]
fn a_known_head_vouches_without_any_signature() {
    let lines = log(4, &[]);
    let hash = check(&lines).chain_hash.expect("hash");
    let judge = |size, hash| {
        let expected = Expectations { head: Some((size, hash)), ..Expectations::default() };
        verify(lines[..5].concat().as_bytes(), &[], &expected)
    };
    assert!(judge(4, hash).is_valid());
    assert_eq!(faults(&judge(3, hash)), [(FaultKind::Rewritten, Some(3))]);
    assert_eq!(faults(&judge(5, hash)), [(FaultKind::Truncated, Some(5))]);
}

#[test]
fn a_log_hashed_anew_does_not_fit_what_was_signed() {
    let honest = log(6, &[3]);
    let mut chain = Chain::genesis("acme");
    let mut forged = vec![honest[0].clone()];
    for number in 0..6 {
        let number = if number == 1 { 77 } else { number };
        let entry = chain.append(record(number)).expect("entry");
        forged.push(Line::Entry(Box::new(entry)).to_text().expect("line"));
    }
    assert_eq!(check(&forged).status(), Status::Unanchored, "only a signature can tell");
    forged.insert(4, honest[4].clone());
    forged.push(honest[8].clone());
    assert_eq!(faults(&check(&forged)), [(FaultKind::Rewritten, Some(3))]);
}

#[test]
fn two_writers_who_fork_the_chain_are_named() {
    let mut chain = Chain::genesis("acme");
    let mut lines = vec![Line::header(chain.clone()), Line::Entry(Box::new(chain.append(record(0)).expect("entry")))];
    let mut other = chain.clone();
    lines.push(Line::Entry(Box::new(chain.append(record(1)).expect("entry"))));
    lines.push(Line::Entry(Box::new(other.append(record(2)).expect("entry"))));
    lines.push(Line::Entry(Box::new(other.append(record(3)).expect("entry"))));
    let lines: Vec<_> = lines.iter().map(|line| line.to_text().expect("line")).collect();
    assert_eq!(faults(&check(&lines)), [(FaultKind::Forked, Some(2))]);
}

#[test]
fn two_checkpoints_of_one_size_that_disagree_are_a_fork() {
    let mut lines = log(2, &[]);
    let mut other = Chain::genesis("acme");
    other.append(record(8)).and_then(|_| other.append(record(9))).expect("entry");
    lines.push(signed(&other).to_text().expect("line"));
    assert_eq!(faults(&check(&lines)), [(FaultKind::Forked, Some(2))]);
}

#[test]
fn lines_of_another_tenant_are_named() {
    let mut other = Chain::genesis("rival");
    let entry = other.append(AuditRecord { tenant_id: "rival".into(), ..record(1) }).expect("entry");
    let mut lines = log(3, &[]);
    lines.insert(2, Line::Entry(Box::new(entry)).to_text().expect("line"));
    lines.push(signed(&other).to_text().expect("line"));
    assert_eq!(faults(&check(&lines)), [(FaultKind::WrongTenant, Some(1)), (FaultKind::WrongTenant, None)]);
    let expected = Expectations { tenant_id: Some("rival".into()), ..Expectations::default() };
    let report = verify(log(1, &[]).concat().as_bytes(), &keys(), &expected);
    assert!(report.faults.iter().all(|fault| fault.kind == FaultKind::WrongTenant) && !report.is_valid());
}

#[test]
fn a_torn_last_line_is_reported_and_the_rest_still_verified() {
    let lines = log(4, &[2]);
    let whole = lines.concat();
    let before = lines[..5].concat().len();
    for cut in before + 1..before + lines[5].len() - 1 {
        let report = verify(&whole.as_bytes()[..cut], &keys(), &Expectations::default());
        assert_eq!((report.status(), report.torn_tail, report.entries), (Status::Valid, Some(6), 3), "{cut}");
    }
    // Only the line break is missing: the line is whole.
    let report = verify(whole.trim_end().as_bytes(), &keys(), &Expectations::default());
    assert_eq!((report.status(), report.torn_tail, report.anchored_through), (Status::Valid, None, 4));
}

#[test]
fn a_part_of_a_log_is_verified_from_its_own_start() {
    let mut chain = Chain::genesis("acme");
    for number in 0..11 {
        chain.append(record(number)).expect("entry");
    }
    let lines = log_from(chain, 7, &[15, 18]);
    let judge = |lines: &[String], first| {
        let expected = Expectations { first_sequence: Some(first), ..Expectations::default() };
        verify(lines.concat().as_bytes(), &keys(), &expected)
    };
    let report = judge(&lines, 12);
    assert_eq!((report.status(), report.first_sequence, report.last_sequence), (Status::Valid, 12, 18), "{report:?}");
    assert_eq!(faults(&judge(&lines, 11)), [(FaultKind::Missing, Some(11))]);
    assert_eq!(faults(&check(&lines)), [(FaultKind::Missing, Some(1))], "who asks for no part expects the whole");
    let mut forged = lines;
    change(&mut forged[0], |header| {
        let frontier = &mut header["header"]["start"]["frontier"];
        let first = frontier[0].take();
        frontier[0] = frontier[1].take();
        frontier[1] = first;
    });
    assert_eq!(faults(&judge(&forged, 12)), [(FaultKind::Rewritten, Some(15))]);
}

#[test]
fn a_line_that_never_ends_costs_no_memory() {
    let keys = keys();
    let mut verifier = Verifier::new(&keys, Expectations::default());
    verifier.push(log(1, &[])[0].as_bytes());
    for _ in 0..100 {
        verifier.push(&[b'x'; 100_000]);
        assert!(verifier.partial.capacity() <= 4 * MAX_LINE_BYTES);
    }
    verifier.push(b"\n");
    verifier.push(log(1, &[])[1..].concat().as_bytes());
    let report = verifier.finish();
    assert_eq!(faults(&report), [(FaultKind::Malformed, None)]);
    assert_eq!((report.faults[0].line, report.entries, report.anchored_through), (Some(2), 1, 1));
}

#[test]
fn faults_are_counted_beyond_those_that_are_listed() {
    let report = verify("x\n".repeat(500).as_bytes(), &keys(), &Expectations::default());
    assert_eq!((report.faults.len(), report.fault_count, report.status()), (100, 500, Status::Invalid));
}

fn any_log() -> impl Strategy<Value = (u64, Vec<u64>)> {
    (1..24_u64, prop::collection::vec(1..24_u64, 0..4))
}

proptest! {
    // Each case signs and checks whole logs, which is slow without optimisation.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_edited_record_is_named_and_nothing_else((count, signed) in any_log(), at in any::<prop::sample::Index>(), key in 0..6_usize) {
        let mut lines = log(count, &signed);
        let sequence = at.index(count as usize) as u64 + 1;
        let place = place(&lines, sequence);
        change(&mut lines[place], |line| {
            let record = &mut line["entry"]["record"];
            match key {
                0 => record["changes"]["limit"][0] = json!(9_007_199_254_740_993_u64),
                1 => record["outcome"] = json!("denied"),
                2 => record["timestamp"] = json!("2026-03-11T12:00:00+00:00"),
                3 => record["metadata"] = json!(null),
                4 => drop(record.as_object_mut().expect("record").remove("agent_id")),
                _ => record["id"] = json!("r"),
            }
        });
        prop_assert_eq!(faults(&check(&lines)), [(FaultKind::Edited, Some(sequence))]);
    }

    #[test]
    fn edited_hashes_and_numbers_are_named((count, signed) in any_log(), at in any::<prop::sample::Index>(), key in 0..3_usize) {
        let mut lines = log(count, &signed);
        let sequence = at.index(count as usize) as u64 + 1;
        let place = place(&lines, sequence);
        change(&mut lines[place], |line| {
            let name = ["sequence", "entry_hash", "chain_hash"][key];
            line["entry"][name] = if key == 0 { json!(sequence + 5) } else { json!("0".repeat(64)) };
        });
        prop_assert_eq!(faults(&check(&lines)), [(FaultKind::Edited, Some(if key == 0 { sequence + 5 } else { sequence }))]);
    }

    #[test]
    fn an_entry_that_was_rehashed_breaks_the_chain_behind_it(count in 2..24_u64, at in any::<prop::sample::Index>()) {
        let mut lines = log(count, &[]);
        let sequence = at.index(count as usize) as u64 + 1;
        let mut chain = Chain::genesis("acme");
        for number in 0..sequence - 1 {
            chain.append(record(number)).expect("entry");
        }
        let place = place(&lines, sequence);
        lines[place] = Line::Entry(Box::new(chain.append(record(99)).expect("entry"))).to_text().expect("line");
        let expected = if sequence < count { (FaultKind::Edited, Some(sequence + 1)) } else { (FaultKind::Rewritten, Some(count)) };
        prop_assert_eq!(faults(&check(&lines)), [expected]);
    }

    #[test]
    fn no_byte_can_be_changed_unnoticed((count, signed) in any_log(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let lines = log(count, &signed);
        let mut bytes = lines.concat().into_bytes();
        // Without its last line break the bundle is still whole.
        let at = at.index(bytes.len() - 1);
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let report = verify(&bytes, &keys(), &Expectations::default());
        prop_assert_eq!(report.status(), Status::Invalid);
    }

    #[test]
    fn a_deleted_entry_is_missing_or_truncated((count, signed) in any_log(), at in any::<prop::sample::Index>()) {
        let mut lines = log(count, &signed);
        let sequence = at.index(count as usize) as u64 + 1;
        let place = place(&lines, sequence);
        lines.remove(place);
        let report = check(&lines);
        let kind = if sequence == count { FaultKind::Truncated } else { FaultKind::Missing };
        prop_assert_eq!(faults(&report), [(kind, Some(sequence))]);
        prop_assert_eq!(report.faults[0].through, Some(sequence));
    }

    #[test]
    fn a_repeated_entry_is_inserted((count, signed) in any_log(), at in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let mut lines = log(count, &signed);
        let sequence = at.index(count as usize) as u64 + 1;
        let line = lines[place(&lines, sequence)].clone();
        let to = 1 + to.index(lines.len());
        // A checkpoint that is parted from its entry is a fault of its own.
        prop_assume!(!lines.get(to).is_some_and(|line| line.starts_with("{\"checkpoint")));
        lines.insert(to, line);
        prop_assert_eq!(faults(&check(&lines)), [(FaultKind::Inserted, Some(sequence))]);
    }

    #[test]
    fn a_made_up_entry_is_inserted_or_a_fork((count, signed) in any_log(), to in any::<prop::sample::Index>(), sequence in 1..30_u64, linked: bool) {
        let mut lines = log(count, &signed);
        let mut chain = Chain::genesis("acme");
        for number in 0..sequence - 1 {
            chain.append(record(number)).expect("entry");
        }
        let mut entry = chain.append(record(99)).expect("entry");
        if !linked {
            entry.chain_hash = entry.entry_hash;
        }
        let fork = linked && sequence <= count;
        let line = Line::Entry(Box::new(entry)).to_text().expect("line");
        // Behind the last entry and its checkpoint such a line may be a genuine one.
        lines.insert(1 + to.index(lines.len() - 2), line);
        let report = check(&lines);
        let kind = if fork { FaultKind::Forked } else { FaultKind::Inserted };
        prop_assert!(report.faults.iter().any(|fault| fault.kind == kind || (sequence > count && fault.kind == FaultKind::Reordered)), "{:?}", report);
    }

    #[test]
    fn swapped_entries_are_reordered_and_nothing_else(count in 2..24_u64, signed in prop::collection::vec(1..24_u64, 0..4), one in any::<prop::sample::Index>(), two in any::<prop::sample::Index>()) {
        let mut lines = log(count, &signed);
        let (one, two) = (one.index(count as usize) as u64 + 1, two.index(count as usize) as u64 + 1);
        prop_assume!(one != two);
        let (here, there) = (place(&lines, one), place(&lines, two));
        lines.swap(here, there);
        let report = check(&lines);
        prop_assert!(report.fault_count > 0);
        prop_assert!(report.faults.iter().all(|fault| fault.kind == FaultKind::Reordered), "{:?}", report.faults);
    }

    #[test]
    fn any_two_lines_that_change_places_are_noticed((count, signed) in any_log(), one in any::<prop::sample::Index>(), two in any::<prop::sample::Index>()) {
        let mut lines = log(count, &signed);
        let (one, two) = (one.index(lines.len()), two.index(lines.len()));
        prop_assume!(one != two);
        lines.swap(one, two);
        prop_assert_eq!(check(&lines).status(), Status::Invalid);
    }

    #[test]
    fn a_tail_that_was_cut_off_is_truncated_for_whoever_knows_of_it((count, signed) in any_log(), keep in any::<prop::sample::Index>()) {
        let lines = log(count, &signed);
        let keep = keep.index(count as usize) as u64;
        let end = place(&lines, keep + 1);
        let Ok((Line::Checkpoint(note), _)) = Line::read(lines[lines.len() - 1].trim_end().as_bytes()) else { panic!("no checkpoint") };
        let bundle = lines[..end].concat();
        let judge = |expected| verify(bundle.as_bytes(), &keys(), &expected);
        for expected in [
            Expectations { last_sequence: Some(count), ..Expectations::default() },
            Expectations { checkpoints: vec![note], ..Expectations::default() },
        ] {
            let report = judge(expected);
            prop_assert_eq!(faults(&report), [(FaultKind::Truncated, Some(keep + 1))]);
            prop_assert_eq!(report.faults[0].through, Some(count));
        }
        prop_assert!(judge(Expectations::default()).last_sequence == keep, "what nobody knows of is not missed");
    }

    #[test]
    fn the_pieces_in_which_a_bundle_arrives_do_not_matter((count, signed) in any_log(), size in 1..200_usize, lost in any::<prop::sample::Index>()) {
        let mut lines = log(count, &signed);
        lines.remove(lost.index(lines.len()));
        let bundle = lines.concat();
        let keys = keys();
        let mut verifier = Verifier::new(&keys, Expectations::default());
        bundle.as_bytes().chunks(size).for_each(|piece| verifier.push(piece));
        prop_assert_eq!(verifier.finish(), check(&lines));
    }

    #[test]
    fn no_bundle_makes_it_panic(lines in prop::collection::vec((0..4_usize, any::<prop::sample::Index>(), 0..30_u64), 0..20)) {
        let log = log(12, &[4, 8]);
        let lines: Vec<_> = lines.into_iter().map(|(kind, at, sequence)| {
            let mut line = log[at.index(log.len())].clone();
            match kind {
                0 if line.starts_with("{\"entry") => change(&mut line, |line| line["entry"]["sequence"] = json!(sequence.wrapping_sub(3))),
                1 => line.truncate(line.len() / 2),
                _ => {}
            }
            line
        }).collect();
        let report = check(&lines);
        prop_assert!(report.last_sequence >= report.first_sequence - 1);
    }
}
