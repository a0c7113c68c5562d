//! Every broken document in `fixtures/policies/invalid/` beside what its author is told.
//!
//! `make generate` rewrites the `.txt` files; read them before committing.

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

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use zentinelle_core::document::diagnostic::{SourceFile, Style, render};
use zentinelle_core::policy_document::read;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/policies").join(name)
}

fn documents(name: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "yaml" || e == "json")).collect();
    files.sort();
    files
}

#[test]
fn every_broken_document_is_explained() {
    let mut codes = BTreeSet::new();
    let mut differing = Vec::new();
    let files = documents("invalid");
    for path in &files {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let (_, problems) = read(&text);
        assert!(!problems.is_empty(), "{name} is fine");
        codes.extend(problems.iter().map(|problem| problem.code.to_string()));
        let rendered = render(&problems, &SourceFile { name, text: &text }, Style { color: false });
        let expected = path.with_extension("txt");
        if std::env::var_os("ZENTINELLE_GENERATE").is_some() {
            std::fs::write(&expected, &rendered).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != rendered {
            differing.push(format!("{name}:\n{rendered}"));
        }
    }
    assert!(!files.is_empty());
    assert!(differing.is_empty(), "these are rendered differently than recorded:\n{}", differing.join("\n"));
    let expected = [
        "document.alias",
        "document.duplicate_id",
        "document.duplicate_key",
        "document.key_not_text",
        "document.merge_key",
        "document.no_policy",
        "document.number",
        "document.syntax",
        "document.tag",
        "document.too_deep",
        "document.unknown_form",
        "policy.invalid_pattern",
        "policy.invalid_value",
        "policy.missing_key",
        "policy.out_of_range",
        "policy.unknown_key",
        "policy.unknown_type",
        "policy.unknown_value",
        "policy.wrong_type",
    ];
    let missing: Vec<_> = expected.iter().filter(|code| !codes.contains(**code)).collect();
    assert!(missing.is_empty(), "no broken document shows {missing:?}");
}

#[test]
fn every_valid_document_is_read_without_a_word() {
    let files = documents("valid");
    assert!(!files.is_empty());
    for path in files {
        let (document, problems) = read(&std::fs::read_to_string(&path).unwrap());
        assert!(problems.is_empty(), "{}: {problems:#?}", path.display());
        assert!(!document.policies().is_empty());
    }
}
