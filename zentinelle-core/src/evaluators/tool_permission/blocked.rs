//! Patterns that no input may match, with the reason a refusal tells.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// One of `blocked_patterns`: a regular expression as a text, or an object that also says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedPattern {
    /// The regular expression. It ignores letter case.
    pub pattern: String,
    /// Why it is blocked, for the people and models that read the refusal; without one they are told
    /// which item of the list matched.
    pub reason: Option<String>,
    /// Whether it is written as an object, for the places of faults.
    pub(super) is_object: bool,
}

/// The object's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Explained {
    pattern: String,
    #[serde(default)]
    reason: Option<String>,
}

impl<'de> Deserialize<'de> for BlockedPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = BlockedPattern;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a regular expression, or an object with `pattern` and `reason`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(BlockedPattern { pattern: text.to_owned(), reason: None, is_object: false })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let Explained { pattern, reason } = Explained::deserialize(MapAccessDeserializer::new(map))?;
                let reason = reason.filter(|reason| !reason.trim().is_empty());
                Ok(BlockedPattern { pattern, reason, is_object: true })
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for BlockedPattern {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BlockedPattern".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string", "description": "A regular expression." },
                {
                    "type": "object",
                    "properties": {
                        "pattern": { "type": "string", "description": "A regular expression." },
                        "reason": {
                            "type": ["string", "null"],
                            "description": "Why it is blocked, as the refusal says it. Default: which item matched.",
                        },
                    },
                    "required": ["pattern"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::testing::judge;
    use crate::decision::Verdict;
    use crate::evaluators::PolicyType;

    fn message(config: &str) -> String {
        match judge("tool_permission", config, r#"{ "tool": "x", "tool_input": { "a": "one two" } }"#) {
            Verdict::Violated(violation) => violation.message.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refusal_tells_the_reason_or_the_item_and_never_the_pattern() {
        let told = message(r#"{ "blocked_patterns": ["zero", { "pattern": "ONE", "reason": "ones are not sent" }] }"#);
        assert_eq!(told, "ones are not sent (item 2 of `blocked_patterns`)");
        for config in [
            r#"{ "blocked_patterns": ["zero", "two"] }"#,
            r#"{ "blocked_patterns": ["zero", { "pattern": "two" }] }"#,
            r#"{ "tool_configs": { "x": { "blocked_patterns": ["zero", { "pattern": "two", "reason": " " }] } } }"#,
        ] {
            assert_eq!(message(config), "the tool's input matches item 2 of `blocked_patterns`", "{config}");
        }
    }

    #[test]
    fn thousands_of_patterns_that_are_too_large_are_not_all_tried() {
        let patterns: Vec<_> = (0..3000).map(|number| format!(r"(\w{{90}}){{{}}}", 50 + number % 40)).collect();
        for (kind, key) in [("tool_permission", "blocked_patterns"), ("output_filter", "blocked_patterns")] {
            let compiled = PolicyType::from_name(kind).unwrap().compile(&json!({ key: patterns }));
            assert_eq!(compiled.evaluator.err().map(|faults| faults.len()), Some(8), "{kind}");
        }
    }

    #[test]
    fn a_fault_in_an_object_is_placed_inside_it() {
        let faults = |patterns: serde_json::Value| {
            let compiled = PolicyType::ToolPermission.compile(&json!({ "blocked_patterns": patterns }));
            let told = compiled.evaluator.err().unwrap_or_default().into_iter().chain(compiled.unknown_keys);
            told.map(|fault| fault.pointer().as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            faults(json!(["a", { "pattern": "(" }, "("])),
            ["/blocked_patterns/1/pattern", "/blocked_patterns/2"]
        );
        assert_eq!(faults(json!(["a", { "reason": "b" }])), ["/blocked_patterns/1/pattern"]);
        assert_eq!(faults(json!([{ "pattern": 5 }])), ["/blocked_patterns/0/pattern"]);
        assert_eq!(faults(json!([7])), ["/blocked_patterns/0"]);
        assert_eq!(faults(json!([{ "pattern": "a", "raison": "b" }])), ["/blocked_patterns/0/raison"]);
    }
}
