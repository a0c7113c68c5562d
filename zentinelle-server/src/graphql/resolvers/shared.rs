//! What resolvers of several subjects share.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::clock;
pub(super) use crate::clock::of_id as made_at;
use crate::graphql::ask::{Ask, Id};
use crate::http::error::ApiError;
use crate::http::extract;
pub(super) use crate::service::fields::in_words as display;
use crate::store::agents;
use crate::store::entities::agent;

/// Options of a choice.
pub(super) fn options(words: &[&str]) -> Value {
    words.iter().map(|word| json!({ "value": word, "label": display(word) })).collect()
}

/// Builds what a service takes out of what a client wrote; null and absent are one.
pub(super) fn input<T: DeserializeOwned>(mut value: Value) -> Result<T, ApiError> {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    extract::read(value)
}

/// An instant, or null.
pub(super) fn at(micros: Option<i64>) -> Option<String> {
    clock::iso_or_none(micros)
}

/// The agent with an id, its row's or its own.
pub(super) async fn agent_of(ask: &Ask, id: &str) -> Result<agent::Model, ApiError> {
    crate::service::fields::text("id", id, 255)?;
    agents::by_any_id(ask.db(), ask.tenant(), id).await?.ok_or(ApiError::NotFound { what: "agent" })
}

/// Puts the agent's own id in the place of whichever id a filter has.
pub(super) async fn own_id(ask: &Ask, id: &mut Option<String>) -> Result<(), ApiError> {
    if let Some(given) = id.as_deref().filter(|given| !given.is_empty()) {
        crate::service::fields::text("endpointId", given, 255)?;
        if let Some(row) = agents::by_any_id(ask.db(), ask.tenant(), given).await? {
            *id = Some(row.agent_id);
        }
    }
    Ok(())
}

/// The id of a change that clients may write twice: beside the input, and in it.
pub(super) fn same_id(beside: &Id, input: &Map<String, Value>) -> Result<(), ApiError> {
    let within = input.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    if within.is_some_and(|id| crate::http::listing::canonical(id).unwrap_or_else(|| id.to_owned()) != beside.0) {
        return Err(ApiError::invalid("input.id", "is another id than the one beside the input"));
    }
    Ok(())
}

/// What one of several changes did.
pub(super) fn each(id: &str, outcome: &Result<(), ApiError>) -> Value {
    match outcome {
        Ok(()) => json!({ "id": id, "success": true, "errors": [] }),
        Err(error) => json!({ "id": id, "success": false, "errors": crate::graphql::error::problems(error) }),
    }
}

/// The payload of several changes. A fault of the server ends them all.
pub(super) fn bulk(outcomes: Vec<(String, Result<(), ApiError>)>) -> Result<Value, ApiError> {
    let mut results = Vec::with_capacity(outcomes.len());
    let mut changed = 0_u64;
    for (id, outcome) in outcomes {
        if let Err(error) = outcome {
            if error.status().is_server_error() {
                return Err(error);
            }
            results.push(each(&id, &Err(error)));
        } else {
            changed += 1;
            results.push(each(&id, &Ok(())));
        }
    }
    Ok(json!({ "results": results, "changed": changed }))
}

/// Refuses more changes at once than a page has.
pub(super) fn not_too_many(ids: &[String]) -> Result<(), ApiError> {
    if ids.len() > 200 { Err(ApiError::invalid("ids", "at most 200 at once")) } else { Ok(()) }
}

/// An id for what is named by several things together: always the same for the same name.
pub(super) fn made_id(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}
