//! From a host's event to a request the engine can judge.
//!
//! | event | action | facts |
//! | --- | --- | --- |
//! | a tool is about to run | `tool_call` | `tool_name`, `tool_input`; what the call would send or write as `output` |
//! | a tool has run | `tool_result` | `tool_name`; what came back as `output`, and its texts as `tool_outputs` |
//! | a person has said something | `user_prompt` | `input_text` |
//! | a model is about to be asked | `llm:invoke` | `model`, `provider` |
//!
//! All carry `source`, `session_id`, `cwd` and, where the host says so, `permission_mode`,
//! `tool_use_id`, `subagent_id` and `subagent_type`. Agent, tenant and user are the command's
//! arguments: what the event says of them is a fact, not an identity.

use jiff::Timestamp;
use serde_json::{Map, Value};
use zentinelle_core::agent::{Agent, AgentType};
use zentinelle_core::ids::UserId;
use zentinelle_core::request::Request;

use super::event::{Call, Event, What};
use crate::args::{HookArgs, Host};

/// Inputs that say what is, not what shall be.
const NOT_SENT: [&str; 2] = ["description", "old_string"];

/// Tools whose result repeats what the agent itself has written. Its own words are no foreign
/// instructions, though they may still hold a secret.
const WRITERS: [&str; 7] = ["Edit", "MultiEdit", "NotebookEdit", "TodoWrite", "Write", "replace", "write_file"];

/// Inputs that a writing tool puts into a file.
const WRITTEN: [&str; 4] = ["content", "edits", "new_source", "new_string"];

/// Built-in tools that reach out to the network.
const OUTBOUND: [&str; 4] = ["WebFetch", "WebSearch", "google_web_search", "web_fetch"];

/// The request that stands for an event.
pub(crate) fn request(args: &HookArgs, event: &Event, now: Timestamp) -> Request {
    let mut facts = Facts(Map::new());
    facts.text("source", Some(source(args.host)));
    facts.text("session_id", event.session_id.as_deref());
    facts.text("cwd", event.cwd.as_deref());
    facts.text("tool_use_id", event.tool_use_id.as_deref());
    facts.text("permission_mode", event.permission_mode.as_deref());
    facts.text("subagent_id", event.subagent_id.as_deref());
    facts.text("subagent_type", event.subagent_type.as_deref());
    let action = match &event.what {
        What::Call(call) => {
            facts.call(call);
            "tool_call"
        }
        What::Result { call, output } => {
            facts.result(call, output);
            "tool_result"
        }
        What::Prompt(prompt) => {
            facts.text("input_text", Some(prompt));
            "user_prompt"
        }
        What::Model(model) => {
            facts.text("model", Some(model));
            facts.text("provider", Some("google"));
            "llm:invoke"
        }
    };
    let mut request = Request::new(agent(args), action, now);
    request.user_id = args.user.as_deref().and_then(UserId::non_empty);
    request.context = facts.0.into();
    request
}

fn agent(args: &HookArgs) -> Agent {
    let (name, agent_type) = match args.host {
        Host::ClaudeCode => ("claude-code", AgentType::ClaudeCode),
        Host::GeminiCli => ("gemini-cli", AgentType::Gemini),
    };
    let mut agent = Agent::new(args.tenant.as_str(), args.agent.as_deref().unwrap_or(name));
    agent.agent_type = agent_type;
    agent.group_id = args.group.as_deref().map(Into::into);
    agent
}

fn source(host: Host) -> &'static str {
    match host {
        Host::ClaudeCode => "claude_code_hook",
        Host::GeminiCli => "gemini_cli_hook",
    }
}

struct Facts(Map<String, Value>);

impl Facts {
    fn text(&mut self, key: &str, value: Option<&str>) {
        if let Some(text) = value {
            self.0.insert(key.to_owned(), text.into());
        }
    }

    fn tool(&mut self, call: &Call) {
        self.text("tool_name", Some(&call.tool));
        let (server, tool) = call.mcp().unzip();
        self.text("mcp_server", server);
        self.text("mcp_tool", tool);
    }

    fn call(&mut self, call: &Call) {
        self.tool(call);
        let sent = call.input.iter().filter(|(key, _)| !NOT_SENT.contains(&key.as_str()));
        let sent: Map<String, Value> = sent.map(|(key, value)| (key.clone(), value.clone())).collect();
        self.0.insert("output".to_owned(), sent.into());
        self.0.insert("tool_call_count".to_owned(), 1.into());
        if WRITERS.contains(&call.tool.as_str()) {
            let written = WRITTEN.iter().filter_map(|key| call.input.get(*key)).flat_map(texts);
            let bytes: usize = written.map(str::len).sum();
            self.0.insert("bytes_written".to_owned(), bytes.into());
        }
        if OUTBOUND.contains(&call.tool.as_str()) || names_url(call) {
            self.0.insert("is_outbound_call".to_owned(), true.into());
            self.0.insert("is_external_call".to_owned(), true.into());
        }
        self.0.insert("tool_input".to_owned(), Value::Object(call.input.clone()));
    }

    fn result(&mut self, call: &Call, output: &Value) {
        self.tool(call);
        self.output(output, !WRITERS.contains(&call.tool.as_str()));
    }

    /// What came back, and whether it is anybody's words but the agent's.
    fn output(&mut self, output: &Value, foreign: bool) {
        if foreign {
            self.0.insert("tool_outputs".to_owned(), texts(output).into());
        }
        if matches!(output, Value::String(_) | Value::Array(_) | Value::Object(_)) {
            self.0.insert("output".to_owned(), output.clone());
        }
    }
}

/// The same facts about another result of the same call.
pub(crate) fn with_output(request: &Request, output: &Value) -> Request {
    let mut facts = Facts(request.context.to_map());
    let foreign = facts.0.remove("tool_outputs").is_some();
    facts.0.remove("output");
    facts.output(output, foreign);
    let mut request = request.clone();
    request.context = facts.0.into();
    request
}

fn names_url(call: &Call) -> bool {
    ["url", "command"].iter().any(|key| call.input.get(*key).and_then(Value::as_str).is_some_and(|t| t.contains("://")))
}

/// Every text in a value, in order. Keys are not texts: tools choose them, not strangers.
pub(crate) fn texts(value: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) if !text.is_empty() => found.push(text.as_str()),
            Value::Array(items) => open.extend(items.iter().rev()),
            Value::Object(keys) => open.extend(keys.values().rev()),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts_of(tool: &str, input: Value) -> Map<String, Value> {
        let mut facts = Facts(Map::new());
        let Value::Object(input) = input else { unreachable!() };
        facts.call(&Call { tool: tool.to_owned(), input });
        facts.0
    }

    #[test]
    fn what_an_edit_takes_away_is_not_what_it_writes() {
        let facts = facts_of("Edit", json!({"file_path": "/a", "old_string": "secret", "new_string": "new"}));
        assert_eq!(facts["output"], json!({"file_path": "/a", "new_string": "new"}));
        assert_eq!(facts["bytes_written"], 3);
    }

    #[test]
    fn a_command_that_names_a_url_is_outbound() {
        assert_eq!(facts_of("Bash", json!({"command": "curl https://a.test"}))["is_outbound_call"], true);
        assert!(!facts_of("Bash", json!({"command": "ls"})).contains_key("is_outbound_call"));
    }

    #[test]
    fn the_agents_own_words_are_no_foreign_instructions() {
        let result = |tool: &str| {
            let mut facts = Facts(Map::new());
            facts.result(&Call { tool: tool.to_owned(), input: Map::new() }, &json!({"a": ["x", {"b": "y"}]}));
            facts.0
        };
        assert_eq!(result("Write")["output"], json!({"a": ["x", {"b": "y"}]}));
        assert!(!result("Write").contains_key("tool_outputs"));
        assert_eq!(result("Bash")["tool_outputs"], json!(["x", "y"]));
    }
}
