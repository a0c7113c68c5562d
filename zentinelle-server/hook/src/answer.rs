//! Answers in each host's own form.
//!
//! Claude Code: <https://code.claude.com/docs/en/hooks>. Gemini CLI:
//! <https://geminicli.com/docs/hooks/reference>. Both read JSON from stdout on exit code 0.

use serde_json::{Map, Value, json};

use super::event::{Event, Input, What};
use crate::args::{HookArgs, Host};

/// What the host is to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// Nothing was judged.
    Silent,
    /// Go on.
    Proceed {
        /// Something the model should know.
        note: Option<String>,
        /// The input to call the tool with instead.
        updated_input: Option<Map<String, Value>>,
        /// What the model may see in place of the result.
        updated_output: Option<Value>,
    },
    /// Ask the user.
    Ask {
        /// Why.
        reason: String,
    },
    /// Do not go on.
    Deny {
        /// Why not.
        reason: String,
    },
    /// Keep a result, or the parts of it that are at fault, from the model.
    Withhold {
        /// Why.
        reason: String,
        /// What the model may see instead, in the form of the tool's output.
        output: Value,
    },
}

impl Answer {
    /// The answer in one word.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Silent => "none",
            Self::Proceed { .. } => "proceed",
            Self::Ask { .. } => "ask",
            Self::Deny { .. } => "deny",
            Self::Withhold { .. } => "withhold",
        }
    }
}

/// The text for stdout; none where silence says it.
pub(crate) fn render(args: &HookArgs, input: &Input, answer: &Answer) -> Option<String> {
    let Input::Judged(event) = input else { return None };
    let value = match args.host {
        Host::ClaudeCode => claude_code(event, answer, args.auto_approve),
        Host::GeminiCli => gemini_cli(event, answer, args.auto_approve),
    }?;
    Some(format!("{value}\n"))
}

fn said(reason: &str) -> String {
    format!("Zentinelle, {reason}")
}

fn claude_code(event: &Event, answer: &Answer, auto_approve: bool) -> Option<Value> {
    let is_call = matches!(event.what, What::Call(_));
    let permission = |decision: &str, reason: &str| {
        json!({"hookSpecificOutput": {
            "hookEventName": event.name,
            "permissionDecision": decision,
            "permissionDecisionReason": said(reason),
        }})
    };
    Some(match answer {
        Answer::Silent => return None,
        Answer::Proceed { note, updated_input, updated_output } => {
            let mut keys = Map::new();
            if auto_approve && is_call {
                keys.insert("permissionDecision".to_owned(), "allow".into());
                keys.insert("permissionDecisionReason".to_owned(), "permitted by policy".into());
            }
            keys.extend(updated_input.clone().map(|input| ("updatedInput".to_owned(), input.into())));
            if let Some(output) = updated_output {
                show_instead(&mut keys, event, output);
            }
            keys.extend(note.clone().map(|note| ("additionalContext".to_owned(), note.into())));
            if keys.is_empty() {
                return None;
            }
            keys.insert("hookEventName".to_owned(), event.name.as_str().into());
            json!({"hookSpecificOutput": keys})
        }
        Answer::Ask { reason } => permission("ask", reason),
        Answer::Deny { reason } if is_call => permission("deny", reason),
        Answer::Deny { reason } => json!({"decision": "block", "reason": said(reason)}),
        Answer::Withhold { reason, .. } if event.name == "PostToolUseFailure" => {
            // The host does not let a failed call's message be replaced.
            json!({"hookSpecificOutput": {"hookEventName": event.name, "additionalContext": said(reason)}})
        }
        Answer::Withhold { reason, output } => {
            let mut keys = Map::new();
            keys.insert("hookEventName".to_owned(), event.name.as_str().into());
            show_instead(&mut keys, event, output);
            json!({"decision": "block", "reason": said(reason), "hookSpecificOutput": keys})
        }
    })
}

/// Gives Claude Code something else to show the model.
fn show_instead(keys: &mut Map<String, Value>, event: &Event, output: &Value) {
    keys.insert("updatedToolOutput".to_owned(), output.clone());
    if let What::Result { call, .. } = &event.what
        && call.tool.starts_with("mcp__")
    {
        // The name of the same key in older releases, for MCP tools alone.
        keys.insert("updatedMCPToolOutput".to_owned(), output.clone());
    }
}

fn gemini_cli(event: &Event, answer: &Answer, auto_approve: bool) -> Option<Value> {
    Some(match answer {
        Answer::Silent => return None,
        Answer::Proceed { note, updated_input, updated_output } => {
            let mut keys = Map::new();
            if auto_approve && matches!(event.what, What::Call(_)) {
                keys.insert("decision".to_owned(), "allow".into());
            }
            if let Some(input) = updated_input {
                keys.insert("hookSpecificOutput".to_owned(), json!({"tool_input": input}));
            }
            if let Some(output) = updated_output {
                let text = super::request::texts(output).join("\n");
                keys.insert("hookSpecificOutput".to_owned(), json!({"tool_output": text}));
            }
            keys.extend(note.clone().map(|note| ("systemMessage".to_owned(), note.into())));
            if keys.is_empty() {
                return None;
            }
            keys.into()
        }
        Answer::Ask { reason } | Answer::Deny { reason } => json!({"decision": "deny", "reason": said(reason)}),
        Answer::Withhold { reason, output } => {
            // The reason takes the result's place; what may be seen of it follows.
            let rest = super::request::texts(output).join("\n");
            json!({"decision": "deny", "reason": format!("{}\n\n{rest}", said(reason))})
        }
    })
}
