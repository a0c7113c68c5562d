//! JSON Schemas: of policy documents, so that editors complete them, and of the outward forms.

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{PolicyTest, WrittenPolicy};
use crate::agent::{Agent, AgentGroup};
use crate::evaluators::PolicyType;
use crate::event::Event;
use crate::policy::Policy;
use crate::request::Request;
use crate::wire::{DecisionDocument, RequestDocument};

/// One schema of policy documents, in which every kind of policy has its own `config`
/// (JSON Schema draft 2020-12).
#[must_use]
pub fn policy_document_schema() -> Value {
    let mut generator =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true).into_generator();
    let policy = policy_schema(&mut generator);
    let tests = generator.subschema_for::<Vec<PolicyTest>>();
    let metadata = metadata_schema(&policy);
    let mut definitions = Map::new();
    definitions.insert("Policy".to_owned(), policy);
    definitions.extend(generator.take_definitions(true));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Zentinelle policy document",
        "anyOf": [
            {
                "type": "object",
                "description": "Many policies and their tests.",
                "properties": {
                    "$schema": { "type": "string" },
                    "apiVersion": { "type": "string" },
                    "kind": { "type": "string" },
                    "description": { "type": "string" },
                    "policies": { "type": "array", "items": { "$ref": "#/$defs/Policy" } },
                    "tests": tests,
                },
                "required": ["policies"],
                "additionalProperties": false,
            },
            metadata,
            { "$ref": "#/$defs/Policy" },
            { "type": "array", "items": { "$ref": "#/$defs/Policy" } },
        ],
        "$defs": definitions,
    })
}

/// The schema of one policy: the envelope, and for each type what its `config` may hold.
fn policy_schema(generator: &mut SchemaGenerator) -> Value {
    let mut policy = WrittenPolicy::json_schema_value(generator);
    let names: Vec<&str> = PolicyType::ALL.iter().map(|kind| kind.name()).collect();
    let configs: Vec<Value> = PolicyType::ALL.iter().map(|kind| config_rule(*kind, generator)).collect();
    if let Some(properties) = policy.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("type".to_owned(), json!({ "description": "The kind of policy.", "enum": names }));
        properties
            .insert("config".to_owned(), json!({ "description": "The configuration; its keys depend on the type." }));
    }
    if let Some(policy) = policy.as_object_mut() {
        policy.insert("allOf".to_owned(), Value::Array(configs));
    }
    policy
}

/// "If the type is this one, the config is that."
fn config_rule(kind: PolicyType, generator: &mut SchemaGenerator) -> Value {
    let mut config = kind.config_schema(generator).to_value();
    if let Some(properties) = config.get_mut("properties").and_then(Value::as_object_mut) {
        let text = "Whether a violation should open an incident. Default: false.";
        properties.insert("auto_incident".to_owned(), json!({ "description": text, "type": "boolean" }));
        properties.insert("_source".to_owned(), json!({ "description": "Set by tools that apply documents." }));
    }
    json!({
        "if": { "properties": { "type": { "const": kind.name() } }, "required": ["type"] },
        "then": { "properties": { "config": config } },
    })
}

fn metadata_schema(policy: &Value) -> Value {
    let mut metadata = policy.get("properties").cloned().unwrap_or_default();
    if let Some(properties) = metadata.as_object_mut() {
        properties.retain(|key, _| !["type", "config"].contains(&key.as_str()));
    }
    let names: Vec<&str> = PolicyType::ALL.iter().map(|kind| kind.name()).collect();
    json!({
        "type": "object",
        "description": "One policy as a manifest.",
        "properties": {
            "apiVersion": { "const": "zentinelle.ai/v1" },
            "kind": { "const": "Policy" },
            "metadata": {
                "type": "object",
                "properties": metadata,
                "required": ["name"],
                "additionalProperties": false,
            },
            "spec": {
                "type": "object",
                "properties": { "type": { "enum": names }, "config": {} },
                "required": ["type"],
                "additionalProperties": false,
            },
        },
        "required": ["kind", "metadata", "spec"],
        "additionalProperties": false,
    })
}

/// The schemas of the outward forms, by name.
#[must_use]
pub fn wire_schemas() -> Vec<(&'static str, Value)> {
    let schema = |schema: Schema| schema.to_value();
    vec![
        ("agent", schema(schemars::schema_for!(Agent))),
        ("agent_group", schema(schemars::schema_for!(AgentGroup))),
        ("decision", schema(schemars::schema_for!(DecisionDocument))),
        ("event", schema(schemars::schema_for!(Event))),
        ("policy", schema(schemars::schema_for!(Policy))),
        ("policy_document", policy_document_schema()),
        ("policy_set", schema(schemars::schema_for!(Vec<Policy>))),
        ("request", schema(schemars::schema_for!(Request))),
        ("request_document", schema(schemars::schema_for!(RequestDocument))),
    ]
}

/// The schema itself rather than a reference to it.
trait SchemaValue {
    fn json_schema_value(generator: &mut SchemaGenerator) -> Value;
}

impl<T: schemars::JsonSchema> SchemaValue for T {
    fn json_schema_value(generator: &mut SchemaGenerator) -> Value {
        T::json_schema(generator).to_value()
    }
}
