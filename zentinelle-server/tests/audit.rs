//! `zentinelle audit verify` as auditors use it.

mod support;

use support::Folder;
use zentinelle_core::audit::{AuditAction, AuditRecord, Chain, Checkpoint, CheckpointSigner, Line, Outcome};

/// A log of five entries, signed at the end, and the key.
fn bundle() -> (String, String) {
    let mut chain = Chain::genesis("acme");
    let mut text = Line::header(chain.clone()).to_text().expect("header");
    for number in 0..5 {
        let now = jiff::Timestamp::constant(1_773_230_400 + number, 0);
        let record =
            AuditRecord::new(format!("r{number}"), "acme", now, AuditAction::Decide, "request", Outcome::Denied);
        text += &Line::Entry(Box::new(chain.append(record).expect("append"))).to_text().expect("entry");
    }
    let signer = CheckpointSigner::new("log.example", &[7; 32]).expect("signer");
    let note = signer.sign(&Checkpoint::new("acme", chain.tree_head()));
    text += &Line::Checkpoint(note).to_text().expect("checkpoint");
    (text, format!("{}\n", signer.key()))
}

#[test]
fn a_signed_log_is_valid_and_an_edited_one_is_not() {
    let (text, key) = bundle();
    let edited = text.replacen("denied", "success", 1);
    let cut: String = text.lines().take(4).map(|line| format!("{line}\n")).collect();
    let swapped = {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.swap(2, 3);
        lines.join("\n") + "\n"
    };
    let folder = Folder::new()
        .with("key", key)
        .with("whole", &text)
        .with("edited", edited)
        .with("cut", cut)
        .with("swapped", swapped)
        .with("empty", "");
    let pages: Vec<String> = [
        "audit verify whole --key key",
        "audit verify edited --key key",
        "audit verify swapped --key key",
        "audit verify cut --key key --through 5",
        "audit verify whole",
        "audit verify whole --key key --tenant other",
        "audit verify empty --key key",
    ]
    .into_iter()
    .map(|args| folder.run(args).page())
    .collect();
    insta::assert_snapshot!(pages.join("\n\n"));
    let answer = folder.run("audit verify edited --key key --format json");
    assert_eq!((answer.code, &answer.json()["valid"]), (1, &serde_json::json!(false)));
    assert_eq!(answer.json()["status"], "invalid");
    assert_eq!(folder.run_with("audit verify - --key key --format json", text).json()["valid"], true);
}

#[test]
fn a_key_that_is_none_is_refused() {
    let folder = Folder::new().with("whole", bundle().0).with("key", "log.example+00000000+AAAA\n").with("none", "\n");
    let pages = ["key", "none", "missing"].map(|key| folder.run(&format!("audit verify whole --key {key}")).page());
    insta::assert_snapshot!(pages.join("\n\n"));
    assert_eq!(folder.run("audit verify whole --head 5").code, 2);
}
