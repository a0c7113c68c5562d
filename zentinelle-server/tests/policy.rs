//! `zentinelle policy` as people and programs use it.

mod support;

use serde_json::json;
use support::{Folder, POLICIES};

const TESTED: &str = r#"policies:
  - { name: Prompt cap, type: context_limit, config: { max_input_tokens: 1000 } }
tests:
  - name: a short prompt passes
    request: { action: "llm:invoke", context: { input_tokens: 10 } }
    expect: permit
  - name: a long prompt is denied
    request: { action: "llm:invoke", tenant_id: acme, context: { input_tokens: 1001 } }
    expect: { effect: deny, code: context_limit.exceeded }
"#;

const FAILING: &str = r#"  - name: this one is wrong
    request: { action: "llm:invoke", context: { input_tokens: 2000 } }
    expect: permit
  - name: this one asks nothing
    request: { action: "" }
    expect: deny
"#;

const FAULTY: &str = "\
policies:
  - name: Prompt cap
    type: context_limit
    enforcement: enforced
    config: { max_input_token: 8000, max_output_tokens: many }
  - name: Prompt cap
    type: rate_limits
    scope: planet:mars
";

#[test]
fn valid_documents_are_counted_by_type() {
    insta::assert_snapshot!(Folder::new().with("tested.yaml", TESTED).run("policy validate policies.yaml").page());
}

#[test]
fn every_fault_of_a_document_is_shown_at_once() {
    let folder = Folder::new().with("faulty.yaml", FAULTY);
    let ran = folder.run("policy validate policies.yaml faulty.yaml");
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.page());
    let answer = folder.run("policy validate faulty.yaml --format json").json();
    assert_eq!(answer["valid"], json!(false));
    let problems = answer["files"][0]["problems"].as_array().expect("problems");
    assert!(problems.len() >= 5, "{problems:?}");
    assert_eq!((&problems[0]["line"], &problems[0]["code"]), (&json!(4), &json!("policy.unknown_value")));
}

#[test]
fn documents_are_tested_by_their_own_tests() {
    let folder = Folder::new().with("tested.yaml", TESTED).with("failing.yaml", format!("{TESTED}{FAILING}"));
    assert_eq!(folder.run("policy test tested.yaml").code, 0);
    insta::assert_snapshot!(folder.run("policy test tested.yaml failing.yaml").page());
    let answer = folder.run("policy test failing.yaml --format json").json();
    assert_eq!((&answer["passed"], &answer["failed"]), (&json!(2), &json!(2)));
    assert_eq!(answer["tests"][2]["decision"]["code"], "context_limit.exceeded");
}

#[test]
fn no_test_at_all_is_a_failure_unless_allowed() {
    let folder = Folder::new();
    let ran = folder.run("policy test policies.yaml");
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.page());
    assert_eq!(folder.run("policy test policies.yaml --allow-empty").code, 0);
}

#[test]
fn differences_are_told_in_words() {
    let new = POLICIES
        .replace("max_input_tokens: 1000", "max_input_tokens: 2000, max_output_tokens: 5")
        .replace("sub_organization:search", "user:bob")
        .replace("Two a minute", "Twice a minute");
    let folder = Folder::new().with("new.yaml", new);
    insta::assert_snapshot!(folder.run("policy diff policies.yaml new.yaml").page());
    assert_eq!(folder.run("policy diff policies.yaml new.yaml --exit-code").code, 1);
    let same = folder.run("policy diff policies.yaml policies.yaml --exit-code");
    assert_eq!((same.code, same.out.as_str()), (0, "no difference\n"));
    let changes = folder.run("policy diff policies.yaml new.yaml --format json").json();
    let kinds: Vec<&str> = changes.as_array().expect("list").iter().filter_map(|c| c["change"].as_str()).collect();
    assert_eq!(kinds, ["changed", "changed", "added", "removed"]);
}

#[test]
fn one_schema_names_all_types() {
    let folder = Folder::new();
    let schema = folder.run("policy schema");
    for name in folder.run("policy types --format json").json().as_array().expect("types") {
        let name = name["name"].as_str().expect("name");
        assert!(schema.out.contains(&format!("\"const\": \"{name}\"")), "{name}");
    }
    assert!(schema.json()["$defs"].is_object());
    assert_eq!(folder.run("policy schema --out schema.json").out, "");
    assert_eq!(std::fs::read_to_string(folder.path("schema.json")).expect("file"), schema.out);
    assert!(folder.run("policy schema --name decision").json()["properties"]["policies_evaluated"].is_object());
    assert_eq!(folder.run("policy schema --name decisions").code, 2);
    assert_eq!(folder.run("policy schema --out missing/schema.json").code, 2);
}

#[test]
fn policies_are_explained_in_words() {
    let folder = Folder::new();
    insta::assert_snapshot!(folder.run("policy explain policies.yaml").page());
    insta::assert_snapshot!(folder.run("policy explain policies.yaml --type context_limit --team search").page());
    let explained = folder.run("policy explain policies.yaml --agent busy --user bob --format json").json();
    let applying =
        explained["standings"].as_array().expect("list").iter().filter(|standing| standing["applies"] == true);
    assert_eq!(applying.map(|standing| &standing["id"]).collect::<Vec<_>>(), ["prompt-cap", "two-a-minute"]);
    insta::assert_snapshot!(folder.run("policy explain policies.yaml --type context_limits").page());
}

#[test]
fn an_exemption_is_said_to_be_one() {
    let folder = Folder::new().with(
        "policies.yaml",
        format!(
            "{POLICIES}  - {{ name: Bob is exempt, type: context_limit, scope: 'user:bob', enforcement: disabled }}\n"
        ),
    );
    insta::assert_snapshot!(folder.run("policy explain policies.yaml --type context_limit --user bob").page());
}

#[test]
fn the_types_are_listed_with_what_they_do() {
    let ran = Folder::new().run("policy types");
    assert_eq!(ran.out.lines().count(), 24);
    insta::assert_snapshot!(ran.page());
}
