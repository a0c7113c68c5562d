//! Runs the real command on real files.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use tempfile::TempDir;

/// Policies that several tests share: two limits on prompts, and a rate.
pub(crate) const POLICIES: &str = "\
policies:
  - name: Prompt cap
    description: Long prompts are slow and dear.
    type: context_limit
    config: { max_input_tokens: 1000 }
  - name: Search prompt cap
    type: context_limit
    scope: sub_organization:search
    config: { max_input_tokens: 500 }
  - name: Two a minute
    type: rate_limit
    scope: endpoint:busy
    config: { requests_per_minute: 2 }
";

/// Requests that several tests share.
pub(crate) const REQUESTS: &str = r#"{"id":"short","action":"llm:invoke","context":{"model":"gpt-4o","input_tokens":10},"now":"2026-03-11T12:00:00Z"}
{"id":"long","action":"llm:invoke","context":{"model":"gpt-4o","input_tokens":5000},"now":"2026-03-11T12:00:01Z"}
{"id":"near","action":"llm:invoke","context":{"model":"gpt-4o","input_tokens":950},"now":"2026-03-11T12:00:02Z"}

{"id":4,"agent":{"agent_id":"a1","sub_organization_id":"search"},"action":"tool:read_file","context":{"input_tokens":700},"now":"2026-03-11T12:00:03Z"}
"#;

/// A folder with files, and the command running in it.
pub(crate) struct Folder(TempDir);

/// What a run of the command gave.
pub(crate) struct Ran {
    pub(crate) args: Vec<String>,
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Folder {
    /// A folder with the shared policies and requests.
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("folder")).with("policies.yaml", POLICIES).with("requests.jsonl", REQUESTS)
    }

    /// The same folder with one more file.
    pub(crate) fn with(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        fs::write(self.path(name), text).expect("write");
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The command in this folder, as it runs outside of any terminal.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::cargo_bin("zentinelle").expect("the binary is built");
        command.current_dir(self.0.path());
        for name in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs the command with arguments written as one text.
    pub(crate) fn run(&self, args: &str) -> Ran {
        self.run_with(args, "")
    }

    /// Runs the command with something on its standard input.
    pub(crate) fn run_with(&self, args: &str, input: impl Into<Vec<u8>>) -> Ran {
        let args: Vec<String> = args.split_whitespace().map(str::to_owned).collect();
        let output = self.command().args(&args).write_stdin(input).output().expect("run");
        Ran {
            args,
            code: output.status.code().expect("code"),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

impl Ran {
    /// All of it, as a snapshot keeps it.
    pub(crate) fn page(&self) -> String {
        let mut page = format!("$ zentinelle {}\n{}", self.args.join(" "), self.out);
        if !self.err.is_empty() {
            page += &format!("---- standard error\n{}", self.err);
        }
        page + &format!("---- exit code {}", self.code)
    }

    /// The lines of the output as JSON.
    pub(crate) fn json_lines(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }

    /// The whole output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).expect("JSON")
    }
}
