//! `zentinelle evaluate` as people and programs use it.

mod support;

use serde_json::{Value, json};
use support::Folder;
use zentinelle_core::wire::DecisionDocument;

const EVALUATE: &str = "evaluate --policies policies.yaml --requests requests.jsonl";

#[test]
fn people_get_a_line_for_each_decision_and_a_sum() {
    insta::assert_snapshot!(Folder::new().run(EVALUATE).page());
}

#[test]
fn an_explanation_shows_the_path_and_the_change_that_would_flip_the_answer() {
    insta::assert_snapshot!(Folder::new().run(&format!("{EVALUATE} --explain")).page());
}

#[test]
fn colours_and_wrapping_are_for_terminals() {
    let folder = Folder::new();
    let mut command = folder.command();
    let output =
        command.args(EVALUATE.split(' ')).args(["--color", "always"]).env("COLUMNS", "64").output().expect("run");
    insta::assert_snapshot!(String::from_utf8(output.stdout).expect("text").replace('\u{1b}', "␛"));
}

#[test]
fn programs_get_one_line_for_each_line_in_the_same_order() {
    let lines = Folder::new().run(&format!("{EVALUATE} --format json")).json_lines();
    let ids: Vec<&Value> = lines.iter().map(|line| &line["id"]).collect();
    assert_eq!(ids, [&json!("short"), &json!("long"), &json!("near"), &json!(4)]);
    let allowed: Vec<&Value> = lines.iter().map(|line| &line["allowed"]).collect();
    assert_eq!(allowed, [true, false, true, false]);
    for line in lines {
        let decision: DecisionDocument = serde_json::from_value(line).expect("the core's wire form");
        assert_eq!(decision.tenant_id.as_str(), "local");
    }
}

#[test]
fn a_line_that_is_no_request_is_denied_and_loses_no_other() {
    let folder = Folder::new().with(
        "requests.jsonl",
        b"{\"id\":1,\"action\":\"x\"}\n{\"id\":2,\"actoin\":\"x\"}\nnot json\n{\"id\":4,\"action\":\"\"}\n\xff\xfe\n{\"id\":6,\"id\":7,\"action\":\"x\"}\n{\"id\":8,\"action\":\"x\"}",
    );
    insta::assert_snapshot!(folder.run(EVALUATE).page());
    let ran = folder.run(&format!("{EVALUATE} --format json"));
    assert_eq!(ran.code, 2);
    let lines = ran.json_lines();
    assert_eq!(lines.len(), 7);
    for (line, number) in [(1, 2), (2, 3), (3, 4), (4, 5), (5, 6)] {
        assert_eq!(lines[line]["code"], "request.malformed");
        assert_eq!((&lines[line]["allowed"], &lines[line]["effect"]), (&json!(false), &json!("deny")));
        assert_eq!(lines[line]["line"], number);
    }
    assert_eq!((&lines[1]["id"], &lines[2]["id"]), (&json!(2), &Value::Null));
    assert_eq!(lines[6]["id"], 8);
    let keys = |line: &Value| line.as_object().expect("object").keys().cloned().collect::<Vec<_>>();
    for key in keys(&lines[0]) {
        assert!(lines[1].get(&key).is_some(), "`{key}` stands in every line");
    }
}

#[test]
fn limits_count_over_the_whole_run_and_a_dry_run_spends_nothing() {
    let request = r#"{"action":"tool_call"}"#;
    let requests = [request; 3].join("\n");
    let folder = Folder::new();
    let evaluate = "evaluate -p policies.yaml -r - --agent busy --format json";
    let effects = |ran: support::Ran| ran.json_lines().iter().map(|line| line["effect"].clone()).collect::<Vec<_>>();
    assert_eq!(effects(folder.run_with(evaluate, requests.as_str())), ["permit", "permit", "deny"]);
    let asked = folder.run_with(&format!("{evaluate} --dry-run"), requests.as_str());
    assert_eq!(effects(asked), ["permit", "permit", "permit"]);
}

#[test]
fn a_tenant_has_its_own_policies_and_those_of_nobody_in_particular() {
    let folder = Folder::new().with(
        "policies.yaml",
        "policies:\n- { name: everybody, type: context_limit, config: { max_input_tokens: 10 } }\n- { name: acme, \
         tenant_id: acme, priority: 1, type: context_limit, config: { max_input_tokens: 99 } }\n",
    );
    let requests = "{\"tenant_id\":\"acme\",\"action\":\"x\",\"context\":{\"input_tokens\":50}}\n\
                    {\"agent\":{\"tenant_id\":\"other\"},\"action\":\"x\",\"context\":{\"input_tokens\":50}}\n";
    let lines = folder.run_with("evaluate -p policies.yaml -r - --format json", requests).json_lines();
    assert_eq!((&lines[0]["allowed"], &lines[0]["tenant_id"]), (&json!(true), &json!("acme")));
    assert_eq!((&lines[1]["allowed"], &lines[1]["tenant_id"]), (&json!(false), &json!("other")));
}

#[test]
fn without_any_policy_the_flag_answers() {
    let folder = Folder::new()
        .with("policies.yaml", "policies: [{ name: p, type: context_limit, scope: 'user:alice', config: {} }]\n");
    let ask = |flags: &str| folder.run_with(&format!("evaluate -p policies.yaml -r - {flags}"), "{\"action\":\"x\"}\n");
    assert_eq!(ask("--exit-code").code, 1);
    assert_eq!(ask("--exit-code --no-policy permit").code, 0);
    assert_eq!(ask("").code, 0);
    assert_eq!(ask("--format json").json_lines()[0]["effect"], "no_policy");
}

#[test]
fn faulty_policies_decide_nothing() {
    let folder = Folder::new().with(
        "policies.yaml",
        "policies:\n  - name: Prompt cap\n    type: context_limit\n    config: { max_input_token: 8000 }\n  - name: Other\n    type: contxt_limit\n",
    );
    let ran = folder.run(EVALUATE);
    assert_eq!(ran.out, "");
    insta::assert_snapshot!(ran.page());
}

#[test]
fn an_id_used_in_two_files_is_refused() {
    let folder = Folder::new().with("more.yaml", "policies: [{ name: Prompt cap, type: context_limit }]\n");
    insta::assert_snapshot!(folder.run("evaluate -p policies.yaml more.yaml -r requests.jsonl").page());
}

#[test]
fn arguments_that_cannot_be_meant_are_refused_with_advice() {
    let folder = Folder::new().with("key", "ed25519:AAAA\n").with("binary", b"policies:\n\xff").with("empty.jsonl", "");
    let pages: Vec<String> = [
        "evaluate --policies missing.yaml --requests requests.jsonl",
        "evaluate --policies policies.yaml --requests .",
        "evaluate --policies - --requests -",
        "evaluate --policies binary --requests requests.jsonl",
        "evaluate --policies policies.yaml --requests requests.jsonl --approval-key key",
        "evaluate --policies policies.yaml --requests requests.jsonl --approval-key k=key",
        "evaluate --policies policies.yaml --requests empty.jsonl",
        "evaluate --requests requests.jsonl",
        "evaluate --policies policies.yaml --requests requests.jsonl --format xml",
        "evaluat",
    ]
    .into_iter()
    .map(|args| folder.run(args).page())
    .collect();
    insta::assert_snapshot!(pages.join("\n\n"));
}

#[test]
fn what_an_agent_names_cannot_drive_the_terminal() {
    let request = "{\"id\":\"a\\u001b[2Jb\",\"action\":\"tool:\\u202ex\\nok\"}\n";
    let ran = Folder::new().run_with("evaluate -p policies.yaml -r - --explain", request);
    assert!(
        ran.out.chars().all(|letter| letter == '\n' || (!letter.is_control() && letter != '\u{202e}')),
        "{}",
        ran.out
    );
}

#[test]
fn an_answer_comes_before_the_next_question() {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::{Command, Stdio};
    let folder = Folder::new();
    let mut child = Command::new(folder.command().get_program())
        .args(["evaluate", "-r", "-", "--format", "json", "-p"])
        .arg(folder.path("policies.yaml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("spawn");
    let (mut input, output) = (child.stdin.take().expect("stdin"), child.stdout.take().expect("stdout"));
    let mut output = BufReader::new(output);
    for id in 0..3 {
        writeln!(input, "{{\"id\":{id},\"action\":\"x\"}}").expect("ask");
        let mut line = String::new();
        output.read_line(&mut line).expect("answer");
        assert!(line.starts_with(&format!("{{\"id\":{id},")), "{line}");
    }
    drop(input);
    assert!(child.wait().expect("end").success());
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    use std::process::{Command, Stdio};
    let many = "{\"action\":\"x\"}\n".repeat(5_000);
    let folder = Folder::new().with("requests.jsonl", many);
    for args in [EVALUATE, "policy schema", "completions zsh", "policy types", "scan requests.jsonl --redact"] {
        let (reader, writer) = std::io::pipe().expect("pipe");
        drop(reader);
        let ended = Command::new(folder.command().get_program())
            .args(args.split(' '))
            .current_dir(folder.path("."))
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .expect("run");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{args}");
        assert_eq!(ended.status.code(), Some(141), "{args}");
    }
}
