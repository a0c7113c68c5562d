//! `zentinelle replay` as people and programs use it.

mod support;

use serde_json::json;
use support::{Folder, POLICIES};

/// Out of order, and in all three forms.
const RECORDED: &str = r#"{"id":"r2","action":"tool_call","agent_id":"busy","now":"2026-03-11T12:00:30Z"}
{"id":"e1","tenant_id":"local","agent_id":"busy","event_type":"tool_call","occurred_at":"2026-03-11T12:00:00Z","payload":{"tool":"grep"}}
{"id":"e2","tenant_id":"local","agent_id":"a1","event_type":"evaluation","occurred_at":"2026-03-11T12:00:40Z","payload":{"action":"llm:invoke","allowed":false,"context":{"input_tokens":700}}}
{"id":"d1","tenant_id":"local","agent_id":"a1","action":"llm:invoke","now":"2026-03-11T12:00:50Z","context":{"input_tokens":9000},"policies_evaluated":[],"effect":"permit","allowed":true}
{"id":"r3","action":"tool_call","agent_id":"busy","now":"2026-03-11T12:00:45Z"}
"#;

#[test]
fn a_candidate_is_compared_with_what_was_recorded() {
    let folder = Folder::new().with("recorded.jsonl", RECORDED);
    let ran = folder.run("replay --policies policies.yaml --requests recorded.jsonl");
    // The third of three requests in one minute is the one that came last, not the one that stands last.
    insta::assert_snapshot!(ran.page());
    assert_eq!(folder.run("replay --policies policies.yaml --requests recorded.jsonl --exit-code").code, 1);
}

#[test]
fn a_candidate_is_compared_with_a_baseline() {
    let folder = Folder::new()
        .with("recorded.jsonl", RECORDED)
        .with("candidate.yaml", POLICIES.replace("max_input_tokens: 1000", "max_input_tokens: 10000"));
    let replay = "replay --policies candidate.yaml --baseline policies.yaml --requests recorded.jsonl";
    insta::assert_snapshot!(folder.run(replay).page());
    let answer = folder.run(&format!("{replay} --format json")).json();
    assert_eq!((&answer["newly_denied"]["requests"], &answer["newly_allowed"]["requests"]), (&json!(0), &json!(1)));
    assert_eq!(answer["newly_allowed"]["by_policy"], json!({ "Prompt cap": 1 }));
    let same = folder.run("replay -p policies.yaml -b policies.yaml -r recorded.jsonl --exit-code");
    assert_eq!(same.code, 0);
    assert!(same.out.ends_with("no answer changes\n"), "{}", same.out);
}

#[test]
fn lines_that_cannot_be_replayed_are_named_and_not_counted() {
    let recorded = "{\"action\":\"x\",\"now\":\"2026-03-11T12:00:00Z\"}\n{\"id\":1,\"policies_evaluated\":[]}\n{\"event_type\":\"x\"}\n";
    let folder = Folder::new().with("recorded.jsonl", recorded);
    insta::assert_snapshot!(folder.run("replay --policies policies.yaml --requests recorded.jsonl").page());
}

#[test]
fn low_coverage_is_said_first() {
    let policies = "policies: [{ name: p, type: context_limit, scope: 'user:nobody', config: {} }]\n";
    let folder = Folder::new().with("policies.yaml", policies).with("recorded.jsonl", RECORDED);
    let ran = folder.run("replay --policies policies.yaml --requests recorded.jsonl --no-policy permit");
    assert!(ran.out.contains("covered  0 of 5 (0.0 %)"), "{}", ran.out);
    assert!(ran.out.contains("to 5 no policy applies at all"), "{}", ran.out);
}
