//! What the host says on stdin, read strictly.
//!
//! Both hosts send one JSON object. Keys this command does not know are passed over, since
//! hosts add some with every release; a key it does know must have the expected form.

use std::io::Read;

use serde_json::{Map, Value};

use super::failure::Failure;
use crate::args::Host;

/// Most bytes read from stdin: a tool's output may be long, but not without end.
const MAX_INPUT: u64 = 32 * 1024 * 1024;

/// Events that decide nothing: there is no call to stop and no text to keep back. Those that
/// repeat a call (`PermissionRequest`) come after the event in which it is judged.
const PASSIVE: [&str; 28] = [
    "AfterAgent",
    "AfterModel",
    "BeforeToolSelection",
    "ConfigChange",
    "CwdChanged",
    "Elicitation",
    "ElicitationResult",
    "FileChanged",
    "InstructionsLoaded",
    "Notification",
    "PermissionDenied",
    "PermissionRequest",
    "PostCompact",
    "PostToolBatch",
    "PreCompact",
    "PreCompress",
    "SessionEnd",
    "SessionStart",
    "Setup",
    "Stop",
    "StopFailure",
    "SubagentStart",
    "SubagentStop",
    "TaskCompleted",
    "TaskCreated",
    "TeammateIdle",
    "WorktreeCreate",
    "WorktreeRemove",
];

/// One reading of stdin.
#[derive(Debug)]
pub(crate) enum Input {
    /// Something to judge.
    Judged(Box<Event>),
    /// An event that decides nothing.
    Passive,
}

/// An event to judge.
#[derive(Debug)]
pub(crate) struct Event {
    /// The event as the host names it; the answer repeats it.
    pub(crate) name: String,
    /// What happens.
    pub(crate) what: What,
    /// The conversation.
    pub(crate) session_id: Option<String>,
    /// Where the agent works.
    pub(crate) cwd: Option<String>,
    /// The call's id, which both events of a call share.
    pub(crate) tool_use_id: Option<String>,
    /// How the host asks its user: `default`, `plan`, `acceptEdits`, `bypassPermissions` and others.
    pub(crate) permission_mode: Option<String>,
    /// The sub-agent that acts, if it is not the agent itself.
    pub(crate) subagent_id: Option<String>,
    /// What kind of sub-agent that is.
    pub(crate) subagent_type: Option<String>,
}

/// What happens in an event.
#[derive(Debug)]
pub(crate) enum What {
    /// A tool is about to run.
    Call(Call),
    /// A tool has run; the host has not yet shown the result to the model.
    Result {
        /// The call that was made.
        call: Call,
        /// What came of it, in the tool's own form.
        output: Value,
    },
    /// A person has said something.
    Prompt(String),
    /// A model is about to be asked.
    Model(String),
}

/// One call of a tool.
#[derive(Debug)]
pub(crate) struct Call {
    /// The tool's name; `mcp__<server>__<tool>` for tools of MCP servers.
    pub(crate) tool: String,
    /// What it is called with.
    pub(crate) input: Map<String, Value>,
}

impl Call {
    /// Server and tool of an MCP tool.
    pub(crate) fn mcp(&self) -> Option<(&str, &str)> {
        let rest = self.tool.strip_prefix("mcp__")?;
        rest.split_once("__").filter(|(server, tool)| !server.is_empty() && !tool.is_empty())
    }
}

impl Input {
    /// Reads and understands one event.
    pub(crate) fn read(host: Host, stdin: impl Read) -> Result<Self, Failure> {
        let mut bytes = Vec::new();
        let read = stdin.take(MAX_INPUT + 1).read_to_end(&mut bytes);
        read.map_err(|error| Failure::new(format!("stdin cannot be read: {error}")))?;
        if bytes.len() as u64 > MAX_INPUT {
            return Err(Failure::new(format!("the event is longer than {MAX_INPUT} bytes")));
        }
        let keys = serde_json::from_slice::<Value>(&bytes).map_err(|error| {
            // serde_json's own message may quote the text.
            let (line, column) = (error.line(), error.column());
            Failure::new(format!("stdin holds no JSON (line {line}, column {column})"))
                .help("this command is called by the agent's hook; see `zentinelle help hook`")
        })?;
        let Value::Object(keys) = keys else {
            return Err(Failure::new("stdin holds JSON, but not an object"));
        };
        Self::understand(host, Keys(keys))
    }

    fn understand(host: Host, mut keys: Keys) -> Result<Self, Failure> {
        let name = keys.required("hook_event_name")?;
        let what = match (host, name.as_str()) {
            (Host::ClaudeCode, "PreToolUse") | (Host::GeminiCli, "BeforeTool") => What::Call(keys.call()?),
            (Host::ClaudeCode, "PostToolUse") | (Host::GeminiCli, "AfterTool") => {
                What::Result { call: keys.call()?, output: keys.0.remove("tool_response").unwrap_or_default() }
            }
            (Host::ClaudeCode, "PostToolUseFailure") => {
                What::Result { call: keys.call()?, output: keys.0.remove("error").unwrap_or_default() }
            }
            (Host::ClaudeCode, "UserPromptSubmit") | (Host::GeminiCli, "BeforeAgent") => {
                What::Prompt(keys.required("prompt")?)
            }
            (Host::GeminiCli, "BeforeModel") => What::Model(keys.model()?),
            (_, name) if PASSIVE.contains(&name) => return Ok(Self::Passive),
            (_, other) => {
                let judged = match host {
                    Host::ClaudeCode => "PreToolUse, PostToolUse, PostToolUseFailure, UserPromptSubmit",
                    Host::GeminiCli => "BeforeTool, AfterTool, BeforeAgent, BeforeModel",
                };
                return Err(Failure::new(format!("the event `{other}` is not known"))
                    .help(format!("wire this command to {judged} in the agent's settings")));
            }
        };
        Ok(Self::Judged(Box::new(Event {
            name,
            what,
            session_id: keys.optional("session_id")?,
            cwd: keys.optional("cwd")?,
            tool_use_id: keys.optional("tool_use_id")?,
            permission_mode: keys.optional("permission_mode")?,
            subagent_id: keys.optional("agent_id")?,
            subagent_type: keys.optional("agent_type")?,
        })))
    }
}

/// The keys of an event, taken one by one.
struct Keys(Map<String, Value>);

impl Keys {
    /// A text that may be missing or null, but nothing else.
    fn optional(&mut self, key: &str) -> Result<Option<String>, Failure> {
        match self.0.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Failure::new(format!("`{key}` in the event is not a text"))),
        }
    }

    fn required(&mut self, key: &str) -> Result<String, Failure> {
        let text = self.optional(key)?.filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| Failure::new(format!("the event has no `{key}`")))
    }

    fn call(&mut self) -> Result<Call, Failure> {
        let tool = self.required("tool_name")?;
        match self.0.remove("tool_input") {
            None | Some(Value::Null) => Ok(Call { tool, input: Map::new() }),
            Some(Value::Object(input)) => Ok(Call { tool, input }),
            Some(_) => Err(Failure::new("`tool_input` in the event is not an object")),
        }
    }

    fn model(&mut self) -> Result<String, Failure> {
        let request = self.0.remove("llm_request").unwrap_or_default();
        let model = request.get("model").and_then(Value::as_str).filter(|model| !model.is_empty());
        model.map(str::to_owned).ok_or_else(|| Failure::new("the event has no `llm_request.model`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(host: Host, text: &str) -> Result<Input, Failure> {
        Input::read(host, text.as_bytes())
    }

    #[test]
    fn an_event_without_a_tool_name_or_with_a_strange_input_is_not_judged_but_refused() {
        for text in [
            r#"{"hook_event_name":"PreToolUse"}"#,
            r#"{"hook_event_name":"PreToolUse","tool_name":"  "}"#,
            r#"{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":"rm"}"#,
            r#"{"hook_event_name":"PreToolUse","tool_name":"Bash","session_id":7}"#,
            r#"{"hook_event_name":"BeforeTool","tool_name":"Bash"}"#,
            r#"{"tool_name":"Bash","tool_input":{}}"#,
            "[]",
            "",
        ] {
            assert!(read(Host::ClaudeCode, text).is_err(), "{text}");
        }
    }

    #[test]
    fn events_that_decide_nothing_are_told_apart_from_unknown_ones() {
        assert!(matches!(read(Host::ClaudeCode, r#"{"hook_event_name":"Stop"}"#), Ok(Input::Passive)));
        assert!(read(Host::ClaudeCode, r#"{"hook_event_name":"ToolWillRun"}"#).is_err());
        assert!(PASSIVE.is_sorted());
    }

    #[test]
    fn an_mcp_tool_is_named_by_server_and_tool() {
        let call = |tool: &str| Call { tool: tool.to_owned(), input: Map::new() };
        assert_eq!(call("mcp__github__create_issue").mcp(), Some(("github", "create_issue")));
        assert_eq!(call("mcp__github").mcp(), None);
        assert_eq!(call("Bash").mcp(), None);
    }
}
