use super::super::testing::{judge, violated, warned};
use crate::decision::{Obligation, Verdict};

fn called(config: &str, facts: &str) -> Verdict {
    judge("tool_permission", config, &format!("{{ {facts} }}"))
}

#[test]
fn every_name_a_call_goes_by_must_pass() {
    let config = r#"{ "denied_tools": ["shell"], "allowed_tools": ["search"] }"#;
    for (facts, code) in [
        (r#""tool_name": "search", "tool": "Shell""#, "tool_permission.denied"),
        (r#""@action": "tool:shell", "tool_name": "search""#, "tool_permission.denied"),
        (r#""tool_name": "search", "tool": "fetch""#, "tool_permission.not_allowed"),
        (r#""@action": "tool:""#, "tool_permission.name_missing"),
    ] {
        assert_eq!(violated(&called(config, facts)), code, "{facts}");
    }
    assert!(warned(&called(config, r#""@action": "TOOL:search", "tool": "search""#)).is_empty());
}

#[test]
fn globs_have_keys_of_their_own() {
    let config =
        r#"{ "denied_tool_globs": ["mcp__*__delete_*"], "allowed_tools": ["db.*"], "allowed_tool_globs": ["mcp__*"] }"#;
    assert_eq!(violated(&called(config, r#""tool": "MCP__gh__delete_repo""#)), "tool_permission.denied");
    assert_eq!(violated(&called(config, r#""tool": "db.read""#)), "tool_permission.not_allowed");
    assert!(warned(&called(config, r#""tool": "mcp__gh__list""#)).is_empty());
}

#[test]
fn an_approval_is_asked_for_after_everything_else() {
    let config =
        r#"{ "requires_approval": ["execute_sql"], "tool_configs": { "execute_sql": { "read_only": true } } }"#;
    let verdict = called(config, r#""tool": "Execute_SQL", "tool_args": { "sql": "DROP TABLE t" }"#);
    assert_eq!(violated(&verdict), "tool_permission.not_read_only");
    let Verdict::Violated(violation) = called(config, r#""tool": "execute_sql", "tool_args": { "sql": "SELECT 1" }"#)
    else {
        panic!("it passed without an approval");
    };
    assert_eq!(violation.code.as_str(), "tool_permission.approval_required");
    let remedy = violation.remedy.unwrap();
    assert_eq!(remedy.subject.as_deref(), Some("execute_sql"));
    assert!(remedy.arguments.is_some());
}

#[test]
fn rows_are_capped_by_an_obligation_unless_the_cap_is_zero() {
    let cap = |rows: &str| {
        let config = format!(r#"{{ "tool_configs": {{ "q": {{ "max_rows": {rows} }} }} }}"#);
        match called(&config, r#""tool": "q""#) {
            Verdict::Satisfied(notes) => notes.obligations().to_vec(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(cap("100"), [Obligation::CapRows { tool: "q".into(), max_rows: 100 }]);
    assert_eq!(cap("0"), []);
}

#[test]
fn every_statement_and_every_path_of_every_input_is_judged() {
    let config =
        r#"{ "tool_configs": { "Move": { "allowed_paths": ["/srv/data"], "blocked_paths": ["/srv/data/.git"] } } }"#;
    for (facts, code) in [
        (r#""tool_input": { "file_path": "/srv/data/a", "paths": ["/srv/x"] }"#, "tool_permission.path_not_allowed"),
        (r#""tool_args": { "path": "/srv/data/a" }, "input": { "path": "/etc" }"#, "tool_permission.path_not_allowed"),
        (r#""tool_input": { "source": "/etc/x", "destination": "/srv/data/x" }"#, "tool_permission.path_not_allowed"),
        (r#""tool_input": { "path": "/srv/data/.GIT/config" }"#, "tool_permission.path_blocked"),
        (r#""tool_input": { "path": "/srv/../../x" }"#, "tool_permission.path_unreadable"),
        (r#""tool_input": { "source": "fn main() {}" }"#, "tool_permission.path_missing"),
        (r#""tool_input": { "path": { "a": 1 } }"#, "request.unreadable"),
        (r#""tool_args": "text""#, "request.wrong_type"),
    ] {
        assert_eq!(violated(&called(config, &format!(r#""tool": "move", {facts}"#))), code, "{facts}");
    }
    let config = r#"{ "tool_configs": { "db": { "read_only": true } } }"#;
    let facts = r#""tool": "db", "tool_args": { "query": "SELECT 1" }, "tool_input": { "statement": "CALL purge()" }"#;
    assert_eq!(violated(&called(config, facts)), "tool_permission.not_read_only");
}

#[test]
fn commands_are_found_wherever_a_tool_takes_them() {
    let config = r#"{ "block_dangerous_commands": true, "blocked_patterns": ["internal[.]test"] }"#;
    for facts in [
        r#""tool_input": { "command": "cd x && rm -rf /" }"#,
        r#""tool_input": { "command": ["bash", "-lc", "rm -rf ~"] }"#,
        r#""tool_input": { "command": ["rm", "-rf", "/"] }"#,
        r#""tool_args": { "command": "rm", "args": ["-r", "/"] }"#,
        r#""arguments": "rm -rf /""#,
        r#""arguments": "{\"commands\": [\"ls\", \"rm -rf /\"]}""#,
    ] {
        let verdict = called(config, &format!(r#""tool": "Bash", {facts}"#));
        assert_eq!(violated(&verdict), "tool_permission.command_dangerous", "{facts}");
    }
    let hidden =
        called(config, "\"tool\": \"Write\", \"tool_input\": { \"edits\": [{ \"new\": \"inter\u{ad}nal.test\" }] }");
    assert_eq!(violated(&hidden), "tool_permission.pattern_blocked");
    assert!(warned(&called(config, r#""tool": "Write", "tool_input": { "content": "rm -rf /" }"#)).is_empty());
}
