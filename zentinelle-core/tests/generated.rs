//! Generated files are committed and must not drift. `make generate` writes them.

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

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use zentinelle_core::PolicyType;
use zentinelle_core::policy_document::wire_schemas;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Compares a file with what it should hold; writes it when asked to.
fn check(path: &str, expected: &str) -> Option<String> {
    let file = root().join(path);
    if std::env::var_os("ZENTINELLE_GENERATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, expected).unwrap();
        return None;
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    (found != expected).then(|| path.to_owned())
}

#[test]
fn schemas_and_reference_pages_are_up_to_date() {
    let mut drifted = Vec::new();
    for (name, schema) in wire_schemas() {
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        drifted.extend(check(&format!("docs/reference/schemas/{name}.json"), &text));
    }
    drifted.extend(check("docs/reference/policy-types.md", &policy_types()));
    assert!(drifted.is_empty(), "run `make generate`; these files have drifted: {drifted:#?}");
}

/// The reference page of all policy types, made from the doc comments of their configs.
fn policy_types() -> String {
    let mut page = String::from(
        "# Policy types\n\nGenerated from the doc comments of the evaluators by `make generate`; do not edit.\n\n\
         Every type also accepts `auto_incident` (true or false): whether a violation should open an incident.\n",
    );
    let (_, document) = wire_schemas().into_iter().find(|(name, _)| *name == "policy_document").unwrap();
    let policy = &document["$defs"]["Policy"];
    for kind in PolicyType::ALL {
        let rules = policy["allOf"].as_array().unwrap();
        let rule = rules.iter().find(|rule| rule["if"]["properties"]["type"]["const"] == kind.name()).unwrap();
        let config = resolve(&document, &rule["then"]["properties"]["config"]);
        let about = config["description"].as_str().unwrap_or_default();
        write!(page, "\n## `{kind}`\n\n{}\n\n{about}\n", kind.summary()).unwrap();
        keys(&document, config, &mut page);
        let codes: Vec<_> = kind.codes().iter().map(|code| format!("`{code}`")).collect();
        write!(page, "\nCodes: {}\n", codes.join(", ")).unwrap();
    }
    page
}

fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        Some(name) => &document["$defs"][name],
        None => schema,
    }
}

fn keys(document: &Value, config: &Value, page: &mut String) {
    let Some(properties) = config["properties"].as_object() else { return };
    let own = properties.iter().filter(|(key, _)| !["auto_incident", "_source"].contains(&key.as_str()));
    let mut own = own.peekable();
    if own.peek().is_some() {
        page.push_str("\n| key | type | meaning |\n| --- | --- | --- |\n");
    }
    for (key, schema) in own {
        let meaning = schema["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|");
        writeln!(page, "| `{key}` | {} | {meaning} |", type_of(document, schema)).unwrap();
    }
}

fn type_of(document: &Value, schema: &Value) -> String {
    let target = resolve(document, schema);
    let name = |name: &str| match name {
        "array" => "list".to_owned(),
        "boolean" => "true or false".to_owned(),
        "string" => "text".to_owned(),
        "integer" => "whole number".to_owned(),
        other => other.to_owned(),
    };
    let words = |values: &Vec<Value>| {
        values.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
    };
    if let Some(values) = target["enum"].as_array() {
        return words(values);
    }
    if let Some(constant) = target["const"].as_str() {
        return format!("`{constant}`");
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(options) = target[key].as_array() {
            let mut options: Vec<_> = options.iter().map(|option| type_of(document, option)).collect();
            options.dedup();
            return options.join(" or ");
        }
    }
    match &target["type"] {
        Value::String(kind) if kind == "array" => format!("list of {}", type_of(document, &target["items"])),
        Value::String(kind) => name(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).map(name).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    }
}

#[test]
fn codes_are_unique_and_named_after_their_type() {
    let mut seen = std::collections::BTreeSet::new();
    for kind in PolicyType::ALL {
        assert!(!kind.codes().is_empty(), "{kind} has no code");
        for code in kind.codes() {
            assert!(code.as_str().starts_with(&format!("{kind}.")), "{code} is not named after {kind}");
            assert!(seen.insert(code.to_string()), "{code} is used twice");
        }
    }
}

#[test]
fn every_type_reports_an_unknown_key_and_names_the_nearest() {
    for kind in PolicyType::ALL {
        let compiled = kind.compile(&serde_json::json!({ "no_such_key_anywhere": 1 }));
        assert_eq!(compiled.unknown_keys.len(), 1, "{kind} swallows unknown keys");
        assert_eq!(compiled.unknown_keys[0].code().as_str(), "policy.unknown_key");
    }
}
