//! The one convention of what a change answers.
//!
//! Documented payloads keep `errors` as texts beside `problems`; new ones have `errors` as
//! problems. Fields that must be there and are not are filled with the empty value of their type.

use async_graphql_parser::types::Type;
use serde_json::{Map, Value, json};

use super::contract::{Contract, core, is_list};
use super::error;
use crate::http::error::ApiError;

/// What a payload type has.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    fields: Vec<(String, Value)>,
    documented: bool,
    tells: bool,
}

impl Shape {
    /// The shape of a payload type.
    pub(crate) fn of(contract: &Contract, payload: &str) -> Self {
        let fields = contract.fields(payload);
        let documented = fields.iter().any(|field| field.name.node == "problems");
        let tells = fields.iter().any(|field| field.name.node == "errors");
        let fields = fields.iter().map(|field| (field.name.node.to_string(), empty(&field.ty.node))).collect();
        Self { fields, documented, tells }
    }

    /// The payload of a change that was made, or was refused for a reason the caller can act on.
    pub(crate) fn payload(&self, outcome: Result<Value, ApiError>) -> Result<Value, ApiError> {
        let mut payload = match outcome {
            Ok(Value::Object(mut made)) => {
                for key in ["success", "ok"] {
                    made.entry(key).or_insert(Value::Bool(true));
                }
                made
            }
            Ok(_) => Map::from_iter([("success".to_owned(), json!(true)), ("ok".to_owned(), json!(true))]),
            Err(refused) if self.tells && error::is_answer(&refused) => self.refused(&refused),
            Err(failed) => return Err(failed),
        };
        for (name, empty) in &self.fields {
            payload.entry(name).or_insert_with(|| empty.clone());
        }
        Ok(Value::Object(payload))
    }

    fn refused(&self, refused: &ApiError) -> Map<String, Value> {
        let problems = error::problems(refused);
        let text = refused.to_string();
        let errors = if self.documented { json!([text]) } else { problems.clone() };
        [
            ("success", json!(false)),
            ("ok", json!(false)),
            ("error", json!(text)),
            ("message", json!(text)),
            ("errors", errors),
            ("problems", problems),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
    }
}

/// The value of a field that nothing was said for.
fn empty(ty: &Type) -> Value {
    match core(ty) {
        _ if ty.nullable => Value::Null,
        _ if is_list(ty) => json!([]),
        "Int" => json!(0),
        "Float" => json!(0.0),
        "Boolean" => json!(false),
        "String" | "ID" => json!(""),
        _ => Value::Null,
    }
}
