//! `zentinelle hook` as its hosts see it: JSON in, JSON and exit code out, one process a call.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with policies and counters of its own.
struct Hooked {
    folder: TempDir,
    host: &'static str,
    arguments: Vec<String>,
}

impl Hooked {
    fn new(host: &'static str, policies: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("policies.yaml"), policies).unwrap();
        Self { folder, host, arguments: Vec::new() }
    }

    fn claude(policies: &str) -> Self {
        Self::new("claude-code", policies)
    }

    fn with(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = bare(self.folder.path());
        command.args(["hook", self.host, "--policies"]).arg(self.path("policies.yaml"));
        command.arg("--state").arg(self.path("state/hook.json")).args(&self.arguments);
        command
    }

    fn ask_raw(&self, stdin: &[u8]) -> Output {
        answer(self.command(), stdin)
    }

    fn ask(&self, event: &Value) -> Output {
        self.ask_raw(event.to_string().as_bytes())
    }

    /// The answer to an event that must be decided: exit code 0, and JSON or nothing.
    fn decide(&self, event: &Value) -> Value {
        let output = self.ask(event);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        if output.stdout.is_empty() { Value::Null } else { serde_json::from_slice(&output.stdout).unwrap() }
    }

    /// What is said on stderr about an event that cannot be decided: exit code 2, no answer.
    fn blocked(&self, stdin: &[u8]) -> String {
        let output = self.ask_raw(stdin);
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    }
}

/// The command in an environment that names neither policies nor folders of the user's.
fn bare(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("zentinelle"));
    command.current_dir(folder).env_clear().env("HOME", folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn answer(mut command: Command, stdin: &[u8]) -> Output {
    use std::io::Write;
    let mut child = command.spawn().unwrap();
    // A command that refuses its arguments does not wait for stdin.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap()
}

fn call(tool: &str, input: Value) -> Value {
    json!({
        "session_id": "s1", "transcript_path": "/tmp/t.jsonl", "cwd": "/repo", "permission_mode": "default",
        "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input, "tool_use_id": "toolu_1",
    })
}

fn permission(answer: &Value) -> &str {
    assert_eq!(answer["hookSpecificOutput"]["hookEventName"], "PreToolUse", "{answer}");
    answer["hookSpecificOutput"]["permissionDecision"].as_str().unwrap()
}

const TOOLS: &str = "
policies:
  - name: Tools
    type: tool_permission
    config:
      denied_tools: [WebSearch, mcp__mail__send]
      requires_approval: [Deploy]
";

const THREE_CALLS: &str = "
policies:
  - name: Pace
    type: rate_limit
    config: {requests_per_minute: 3}
";

const NO_SECRETS: &str = "
policies:
  - name: No secrets
    type: output_filter
    config: {block_secrets: true}
";

/// Made for this test, in the form of a GitHub token.
const TOKEN: &str = "ghp_n4Kq8sVt2LxY7bRz0WcJ5mHd9PfG3aTu6EoX";

#[test]
fn a_permitted_call_is_answered_with_silence() {
    let hooked = Hooked::claude(TOOLS);
    assert_eq!(hooked.decide(&call("Read", json!({"file_path": "/repo/a.rs"}))), Value::Null);
    let answer = hooked.with("--auto-approve").decide(&call("Read", json!({"file_path": "/repo/a.rs"})));
    assert_eq!(permission(&answer), "allow");
}

#[test]
fn a_denied_call_names_policy_and_code() {
    let hooked = Hooked::claude(TOOLS);
    for tool in ["WebSearch", "websearch", "mcp__mail__send"] {
        let answer = hooked.decide(&call(tool, json!({"query": "x"})));
        assert_eq!(permission(&answer), "deny");
        let reason = answer["hookSpecificOutput"]["permissionDecisionReason"].as_str().unwrap();
        assert!(reason.contains("policy `Tools`") && reason.contains("[tool_permission."), "{reason}");
    }
}

#[test]
fn a_call_that_a_person_may_approve_is_asked_about_where_somebody_is_asked() {
    let hooked = Hooked::claude(TOOLS);
    assert_eq!(permission(&hooked.decide(&call("Deploy", json!({})))), "ask");
    let mut unattended = call("Deploy", json!({}));
    unattended["permission_mode"] = "bypassPermissions".into();
    assert_eq!(permission(&hooked.decide(&unattended)), "deny");
}

#[test]
fn a_sub_agent_is_held_to_the_same_policies_and_written_down() {
    let hooked = Hooked::claude(TOOLS).with("--audit-log").with("audit.jsonl");
    let mut event = call("WebSearch", json!({"query": "x"}));
    event["agent_id"] = "sub-7".into();
    event["agent_type"] = "Explore".into();
    assert_eq!(permission(&hooked.decide(&event)), "deny");
    let log = std::fs::read_to_string(hooked.path("audit.jsonl")).unwrap();
    let line: Value = serde_json::from_str(log.trim()).unwrap();
    assert_eq!((&line["subagent_id"], &line["answer"]), (&json!("sub-7"), &json!("deny")));
    assert!(!log.contains("query"), "{log}");
}

#[test]
fn a_secret_in_a_result_is_kept_from_the_model_and_the_rest_is_not() {
    let hooked = Hooked::claude(NO_SECRETS);
    let event = |stdout: &str| {
        json!({
            "session_id": "s1", "hook_event_name": "PostToolUse", "tool_name": "Bash",
            "tool_input": {"command": "cat notes"},
            "tool_response": {"stdout": stdout, "stderr": "", "interrupted": false},
        })
    };
    assert_eq!(hooked.decide(&event("all tests passed")), Value::Null);
    let answer = hooked.decide(&event(&format!("first\ntoken={TOKEN}\nlast")));
    assert_eq!(answer["decision"], "block");
    assert!(!answer.to_string().contains(TOKEN), "{answer}");
    let shown = &answer["hookSpecificOutput"]["updatedToolOutput"];
    assert_eq!(shown["interrupted"], false);
    let stdout = shown["stdout"].as_str().unwrap();
    assert!(stdout.starts_with("first\n") && stdout.ends_with("]\nlast") && stdout.contains("REDACTED"), "{stdout}");

    let body = "MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF8PbnGy0AHB7MhgHcTz6sE2I2yPB";
    let kind = "RSA PRIVATE";
    let key = format!("before\n-----BEGIN {kind} KEY-----\n{body}\n{body}\n-----END {kind} KEY-----\nafter");
    for text in [key.clone(), key.replace("-----END", "-----")] {
        let answer = hooked.decide(&event(&text));
        assert_eq!(answer["decision"], "block");
        assert!(!answer.to_string().contains(body), "a key goes with all its lines: {answer}");
    }
}

#[test]
fn gemini_is_answered_in_its_own_form() {
    let hooked = Hooked::new("gemini-cli", TOOLS);
    let event = |tool: &str| json!({"hook_event_name": "BeforeTool", "tool_name": tool, "tool_input": {}});
    assert_eq!(hooked.decide(&event("read_file")), Value::Null);
    for tool in ["WebSearch", "Deploy"] {
        let answer = hooked.decide(&event(tool));
        assert_eq!(answer["decision"], "deny");
        assert!(answer["reason"].as_str().unwrap().contains("[tool_permission."), "{answer}");
    }
    let filtered = Hooked::new("gemini-cli", NO_SECRETS);
    let answer = filtered.decide(&json!({
        "hook_event_name": "AfterTool", "tool_name": "run_shell_command", "tool_input": {"command": "env"},
        "tool_response": {"llmContent": format!("A=1\nB={TOKEN}"), "returnDisplay": "done"},
    }));
    assert_eq!(answer["decision"], "deny");
    let reason = answer["reason"].as_str().unwrap();
    assert!(reason.contains("A=1") && !reason.contains(TOKEN), "{reason}");
}

#[test]
fn limits_hold_from_one_process_to_the_next_and_results_are_not_counted() {
    let hooked = Hooked::claude(THREE_CALLS);
    let read = call("Read", json!({"file_path": "/repo/a"}));
    let mut result = read.clone();
    result["hook_event_name"] = "PostToolUse".into();
    result["tool_response"] = "text".into();
    for _ in 0..3 {
        assert_eq!(hooked.decide(&read), Value::Null);
        assert_eq!(hooked.decide(&result), Value::Null);
    }
    assert_eq!(permission(&hooked.decide(&read)), "deny");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| std::fs::metadata(hooked.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("state/hook.json"), mode("state")), (0o600, 0o700));
    }
}

#[test]
fn calls_at_the_same_time_share_a_limit_exactly() {
    let hooked = Hooked::claude(
        "
policies:
  - name: Pace
    type: rate_limit
    config: {requests_per_hour: 7}
",
    );
    let event = call("Read", json!({"file_path": "/repo/a"}));
    let admitted = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..20).map(|_| scope.spawn(|| hooked.decide(&event) == Value::Null)).collect();
        calls.into_iter().filter_map(|call| call.join().unwrap().then_some(())).count()
    });
    assert_eq!(admitted, 7);
}

#[test]
fn a_decision_without_a_limit_leaves_no_state_behind() {
    let hooked = Hooked::claude(TOOLS);
    hooked.decide(&call("Read", json!({"file_path": "/repo/a"})));
    assert!(!hooked.path("state").exists());
}

#[test]
fn counters_that_cannot_be_read_block_and_say_how_to_mend_it() {
    let hooked = Hooked::claude(THREE_CALLS);
    let event = call("Read", json!({"file_path": "/repo/a"})).to_string();
    std::fs::create_dir(hooked.path("state")).unwrap();
    for state in ["", "{}", "nonsense", r#"{"version":9,"totals":[]}"#, r#"{"version":1,"totals":[{}]}"#] {
        std::fs::write(hooked.path("state/hook.json"), state).unwrap();
        let said = hooked.blocked(event.as_bytes());
        assert!(said.contains("hook.json") && said.contains("help: "), "{said}");
        assert_eq!(std::fs::read_to_string(hooked.path("state/hook.json")).unwrap(), state, "left as it was");
    }
}

#[test]
fn policies_that_are_missing_or_faulty_block_every_call() {
    let hooked = Hooked::claude("policies:\n  - name: A\n    type: tool_permision\n    config: {}\n");
    let event = call("Read", json!({"file_path": "/repo/a"})).to_string();
    let said = hooked.blocked(event.as_bytes());
    assert!(said.contains("tool_permission") && said.contains("policies.yaml:3"), "{said}");
    std::fs::remove_file(hooked.path("policies.yaml")).unwrap();
    assert!(hooked.blocked(event.as_bytes()).contains("policies.yaml"));
}

#[test]
fn policies_are_found_in_the_projects_root_and_nowhere_deeper() {
    let folder = tempfile::tempdir().unwrap();
    let (deep, event) = (folder.path().join("a/b"), call("WebSearch", json!({"query": "x"})).to_string());
    std::fs::create_dir_all(deep.join(".zentinelle")).unwrap();
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    let ask = |from: &Path| {
        let mut command = bare(from);
        command.args(["hook", "claude-code"]);
        answer(command, event.as_bytes())
    };
    std::fs::write(deep.join(".zentinelle/policies.yaml"), "policies: []").unwrap();
    let said = String::from_utf8(ask(&deep).stderr).unwrap();
    assert!(said.contains("there are no policies"), "{said}");
    std::fs::create_dir(folder.path().join(".zentinelle")).unwrap();
    std::fs::write(folder.path().join(".zentinelle/policies.yaml"), TOOLS).unwrap();
    let output = ask(&deep);
    assert_eq!(permission(&serde_json::from_slice(&output.stdout).unwrap()), "deny");
}

#[test]
fn without_any_policy_for_the_caller_the_setting_decides() {
    let policies = "
policies:
  - name: Of another
    type: tool_permission
    scope: user:somebody
    config: {denied_tools: [Bash]}
";
    let event = call("Read", json!({"file_path": "/repo/a"}));
    assert_eq!(permission(&Hooked::claude(policies).decide(&event)), "deny");
    assert_eq!(Hooked::claude(policies).with("--no-policy=permit").decide(&event), Value::Null);
}

#[test]
fn failing_open_is_only_done_when_asked_for_and_says_so() {
    let hooked = Hooked::claude(TOOLS).with("--fail-open");
    let output = hooked.ask_raw(b"not json");
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stderr).unwrap().contains("because of `--fail-open`"));
    assert_eq!(permission(&hooked.decide(&call("WebSearch", json!({})))), "deny", "denials still hold");
}

#[test]
fn no_input_and_no_argument_leads_to_exit_code_1() {
    let hooked = Hooked::claude(NO_SECRETS);
    let sound = call("Bash", json!({"command": "ls"})).to_string().into_bytes();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for round in 0..200 {
        let mut bytes = sound.clone();
        match round % 4 {
            0 => bytes = (0..random(400)).map(|_| u8::try_from(random(256)).unwrap()).collect(),
            1 => bytes.truncate(random(sound.len())),
            2 => (0..1 + random(8)).for_each(|_| {
                let at = random(bytes.len());
                bytes[at] = u8::try_from(random(256)).unwrap();
            }),
            _ => bytes = "[{\"a\":".repeat(random(5_000)).into_bytes(),
        }
        let code = hooked.ask_raw(&bytes).status.code();
        assert!(matches!(code, Some(0 | 2)), "{code:?} for {:?}", String::from_utf8_lossy(&bytes));
    }
    for arguments in [&["hook"][..], &["hook", "emacs"], &["hook", "claude-code", "--no-such"]] {
        let mut command = bare(hooked.folder.path());
        command.args(arguments);
        assert_eq!(answer(command, &sound).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn the_starter_pack_passes_an_ordinary_session_and_stops_what_it_promises_to() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let pack = std::fs::read_to_string(examples.join("policies/coding-agent.yaml")).unwrap();
    for (file, at_least, stopped) in [("session", 60, false), ("stopped", 40, true), ("results", 6, true)] {
        let events = std::fs::read_to_string(examples.join(format!("requests/claude-code-{file}.jsonl"))).unwrap();
        assert!(events.lines().count() >= at_least);
        let hooked = Hooked::claude(&pack);
        for event in events.lines() {
            let answer = hooked.decide(&serde_json::from_str(event).unwrap());
            assert_eq!(answer != Value::Null, stopped, "{event}\n{answer}");
        }
    }
}
