//! Where hosts put what a tool is called with.
//!
//! Our own clients send `tool_args`, the hooks of coding agents `tool_input`, model providers
//! `input` or `arguments`, gateways `inputs`. All are looked at, so that a second spelling hides nothing.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::request::{Context, EvaluationError};

/// The keys of a request that may hold a tool's input.
pub(super) const INPUT_KEYS: [&str; 5] = ["tool_args", "tool_input", "inputs", "input", "arguments"];

/// Every input that is an object. One that is anything else is passed over.
pub(super) fn objects(context: &Context) -> impl Iterator<Item = (&'static str, &Map<String, Value>)> {
    INPUT_KEYS.into_iter().filter_map(|key| Some((key, context.get(key)?.as_object()?)))
}

/// Every input. `tool_args` and `tool_input` must be objects; the other keys mean other things to
/// some hosts and are passed over when they hold anything else.
pub(super) fn inputs(
    context: &Context,
) -> impl Iterator<Item = Result<(&'static str, &Map<String, Value>), EvaluationError>> {
    INPUT_KEYS.into_iter().filter_map(|key| {
        let input = match key {
            "tool_args" | "tool_input" => context.object(key).transpose()?,
            _ => Ok(context.get(key)?.as_object()?),
        };
        Some(input.map(|input| (key, input)))
    })
}

/// What an approval is bound to: the input, or all of them by key where there are several.
pub(super) fn approved_arguments(context: &Context) -> Option<Cow<'_, Value>> {
    let mut found = INPUT_KEYS.into_iter().filter_map(|key| Some((key, context.get(key)?)));
    let (key, first) = found.next()?;
    let mut more = found.peekable();
    if more.peek().is_none() {
        return Some(Cow::Borrowed(first));
    }
    let mut all = Map::new();
    all.extend(std::iter::once((key, first)).chain(more).map(|(key, input)| (key.to_owned(), input.clone())));
    Some(Cow::Owned(Value::Object(all)))
}
