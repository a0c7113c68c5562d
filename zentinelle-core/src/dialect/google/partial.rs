//! Arguments of a function that arrive in pieces, each with the path it belongs to:
//! `{"jsonPath": "$.place.city", "stringValue": "Par", "willContinue": true}`.

use serde_json::{Map, Value};

use super::super::json_spans::{Json, Node};
use super::super::read::raw;

/// Most bytes of arguments that are joined; what is beyond makes them unreadable.
const MAX_BYTES: usize = 1 << 20;
/// Largest place in a list, and deepest path.
const MAX_PLACE: usize = 4096;
const MAX_STEPS: usize = 64;

/// Joins the pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct PartialArguments {
    value: Map<String, Value>,
    bytes: usize,
    /// A piece that could not be put in its place.
    broken: bool,
}

enum Step {
    Key(String),
    Place(usize),
}

impl PartialArguments {
    /// Takes arguments that are said whole.
    pub(super) fn whole(&mut self, json: &str) {
        match serde_json::from_str(json) {
            Ok(Value::Object(entries)) => self.value.extend(entries),
            _ => self.broken = true,
        }
    }

    /// Takes one piece.
    pub(super) fn add(&mut self, piece: &Node<'_>, source: &[u8]) {
        self.bytes = self.bytes.saturating_add(piece.range.len());
        let path = piece.text_at("jsonPath").unwrap_or_default();
        let Some(steps) = steps(&path).filter(|_| self.bytes <= MAX_BYTES) else {
            self.broken = true;
            return;
        };
        let value = if let Some(text) = piece.text_at("stringValue") {
            Value::from(text.into_owned())
        } else if let Some(number) = piece.get("numberValue") {
            serde_json::from_str(raw(source, number)).unwrap_or(Value::Null)
        } else if let Some(flag) = piece.get("boolValue") {
            Value::Bool(matches!(flag.json, Json::Bool(true)))
        } else if piece.get("nullValue").is_some() {
            Value::Null
        } else {
            // Only opens the path.
            return;
        };
        self.broken |= put(&mut self.value, &steps, value).is_none();
    }

    /// The arguments as JSON text; a text that is no JSON when a piece had no place.
    pub(super) fn finish(self) -> String {
        let json = Value::Object(self.value).to_string();
        if self.broken { format!("{json} …") } else { json }
    }
}

/// Puts a value where a path leads; a text is added to the text that is there.
fn put(root: &mut Map<String, Value>, steps: &[Step], value: Value) -> Option<()> {
    let (first, rest) = steps.split_first()?;
    let Step::Key(key) = first else { return None };
    let mut target = root.entry(key.clone()).or_insert(Value::Null);
    for step in rest {
        target = match step {
            Step::Key(key) => {
                if target.is_null() {
                    *target = Value::Object(Map::new());
                }
                target.as_object_mut()?.entry(key.clone()).or_insert(Value::Null)
            }
            Step::Place(place) => {
                if target.is_null() {
                    *target = Value::Array(Vec::new());
                }
                let items = target.as_array_mut()?;
                while items.len() <= *place {
                    items.push(Value::Null);
                }
                items.get_mut(*place)?
            }
        };
    }
    match (target, value) {
        (Value::String(text), Value::String(more)) => text.push_str(&more),
        (target, value) => *target = value,
    }
    Some(())
}

/// `$.a.b[0]` and `$['a']["b"]` as steps.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    let mut steps = Vec::new();
    while !rest.is_empty() && steps.len() < MAX_STEPS {
        if let Some(inner) = rest.strip_prefix('[') {
            let (step, after) = if let Some(quote) = inner.chars().next().filter(|letter| matches!(letter, '\'' | '"'))
            {
                let (key, after) = inner.get(1..)?.split_once(&format!("{quote}]"))?;
                (Step::Key(key.to_owned()), after)
            } else {
                let (place, after) = inner.split_once(']')?;
                (Step::Place(place.parse().ok().filter(|place| *place <= MAX_PLACE)?), after)
            };
            steps.push(step);
            rest = after;
        } else {
            let bare = rest.strip_prefix('.').unwrap_or(rest);
            let end = bare.find(['.', '[']).unwrap_or(bare.len());
            let (key, after) = bare.split_at_checked(end)?;
            if key.is_empty() {
                return None;
            }
            steps.push(Step::Key(key.to_owned()));
            rest = after;
        }
    }
    (rest.is_empty() && !steps.is_empty()).then_some(steps)
}

#[cfg(test)]
mod tests {
    use super::super::super::json_spans::parse;
    use super::*;

    fn joined(pieces: &[&str]) -> String {
        let mut arguments = PartialArguments::default();
        for piece in pieces {
            arguments.add(&parse(piece.as_bytes()).unwrap(), piece.as_bytes());
        }
        arguments.finish()
    }

    #[test]
    fn pieces_find_their_places() {
        let json = joined(&[
            r#"{"jsonPath": "$.place.city", "stringValue": "Par", "willContinue": true}"#,
            r#"{"jsonPath": "$.place.city", "stringValue": "is"}"#,
            r#"{"jsonPath": "$.days[1]", "numberValue": 3}"#,
            r#"{"jsonPath": "$['a.b']", "boolValue": true}"#,
        ]);
        let expected = serde_json::json!({ "place": { "city": "Paris" }, "days": [null, 3], "a.b": true });
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), expected);
    }

    #[test]
    fn a_piece_without_a_place_makes_the_arguments_unreadable() {
        for path in ["", "$", "$..a", "$[0]", "$.a[99999999]", "$.a[x]"] {
            let json = joined(&[&format!(r#"{{"jsonPath": "{path}", "stringValue": "x"}}"#)]);
            assert!(serde_json::from_str::<Value>(&json).is_err(), "{path}");
        }
    }
}
