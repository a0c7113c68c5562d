//! What an agent attempts.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::matching::text::fold;

/// The name of what is attempted, such as `tool_call` or `llm:invoke`.
///
/// Which actions a policy governs is decided on the folded name (white space trimmed,
/// NFKC, letter case folded), so that `Tool_Call` cannot walk round a policy on
/// `tool_call`.
#[derive(Clone, Debug)]
pub struct Action {
    name: Arc<str>,
    folded: Arc<str>,
    kind: ActionKind,
}

/// The kinds of action that policies tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// `tool_call`, or `tool:<name>`.
    ToolCall,
    /// A call to a model: `llm:invoke`, `ai_request` or `model_request`.
    ModelCall,
    /// The reply of a model: `llm:response`, `ai_response` or `model_response`.
    ModelReply,
    /// `secret_access`.
    SecretAccess,
    /// `spawn`: start a server.
    Spawn,
    /// `stop`: stop a server.
    Stop,
    /// Anything else.
    Other,
}

impl Action {
    /// Names an action.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        let folded = match fold(&name) {
            Cow::Borrowed(same) if same.len() == name.len() => Arc::clone(&name),
            folded => Arc::from(folded.as_ref()),
        };
        let kind = match &*folded {
            "tool_call" => ActionKind::ToolCall,
            "llm:invoke" | "ai_request" | "model_request" => ActionKind::ModelCall,
            "llm:response" | "ai_response" | "model_response" => ActionKind::ModelReply,
            "secret_access" => ActionKind::SecretAccess,
            "spawn" => ActionKind::Spawn,
            "stop" => ActionKind::Stop,
            other if other.starts_with("tool:") => ActionKind::ToolCall,
            _ => ActionKind::Other,
        };
        Self { name, folded, kind }
    }

    /// The name as the caller wrote it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name with letter case and look-alikes folded.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// What kind of action this is.
    #[must_use]
    pub fn kind(&self) -> ActionKind {
        self.kind
    }

    /// The tool named by the action itself: `tool:read_file` names `read_file`.
    #[must_use]
    pub fn tool(&self) -> Option<&str> {
        let (head, tool) = self.name.trim_start().split_once(':')?;
        (self.kind == ActionKind::ToolCall && fold(head) == "tool" && !tool.is_empty()).then_some(tool)
    }
}

impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl From<&str> for Action {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(String::deserialize(deserializer)?))
    }
}

impl JsonSchema for Action {
    fn schema_name() -> Cow<'static, str> {
        "Action".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_and_blanks_do_not_change_what_an_action_is() {
        for name in ["tool_call", " Tool_Call ", "TOOL:Shell", "tool:x"] {
            assert_eq!(Action::new(name).kind(), ActionKind::ToolCall, "{name}");
        }
        assert_eq!(Action::new("tool").kind(), ActionKind::Other);
    }

    #[test]
    fn the_tool_in_the_action_keeps_its_own_spelling() {
        assert_eq!(Action::new("TOOL:Read_File").tool(), Some("Read_File"));
        assert_eq!(Action::new("tool:").tool(), None);
        assert_eq!(Action::new("agent:spawn").tool(), None);
    }
}
