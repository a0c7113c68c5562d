//! Every golden vector through the engine.
//!
//! `ZENTINELLE_VECTORS=<dir>` runs another directory of the same format.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test reads files, prints what it ran, and may panic"
)]

mod support;

use std::collections::BTreeMap;

use support::vectors::{Case, Kind, Step, known_differences, load, needs_backtracking, run};

#[test]
fn every_vector_holds() {
    let cases = load();
    let known = known_differences();
    let (mut passed, mut differing, mut failed) = (0, Vec::new(), Vec::new());
    let mut per_file: BTreeMap<String, usize> = BTreeMap::new();
    for case in &cases {
        *per_file.entry(group(case)).or_default() += 1;
        let faults = run(case);
        match (faults.is_empty(), known.contains_key(&case.id)) {
            (true, false) => passed += 1,
            (false, true) => differing.push(&case.id),
            (false, false) if needs_backtracking(case) => differing.push(&case.id),
            (true, true) => failed.push(format!("{}: listed as a known difference but holds", case.id)),
            (false, false) => failed.push(format!("{} ({})\n    {}", case.id, case.note, faults.join("\n    "))),
        }
    }
    for (file, count) in &per_file {
        println!("{file}: {count} cases");
    }
    println!(
        "vectors: {} cases, {passed} passed, {} known differences, {} failed",
        cases.len(),
        differing.len(),
        failed.len()
    );
    assert!(!cases.is_empty(), "no vectors were found: an empty run proves nothing");
    assert!(failed.is_empty(), "{} vectors fail:\n{}", failed.len(), failed.join("\n"));
}

fn group(case: &Case) -> String {
    match case.kind {
        Kind::Engine => "engine".to_owned(),
        Kind::Evaluator => case.policies.first().map_or("?", |policy| policy.policy_type.as_str()).to_owned(),
    }
}

#[test]
fn a_wrong_expectation_is_noticed() {
    let mut case = load().into_iter().find(|case| run(case).is_empty()).unwrap();
    let flip = |step: &mut Step| {
        let expect = step.expect_ours.as_mut().unwrap_or(&mut step.expect);
        expect.allowed = !expect.allowed;
    };
    case.steps.iter_mut().for_each(flip);
    assert!(!run(&case).is_empty(), "the runner accepts anything");
}
