//! Configuration from environment variables: `ZENTINELLE_DATABASE__URL` is `database.url`.
//!
//! What a variable's text means is decided by the kind of value its key holds. A variable that is
//! set but empty says nothing, because compose files and units pass on variables nobody set.

use serde_json::{Map, Value};

/// How every variable of ours begins.
const PREFIX: &str = "ZENTINELLE_";
/// Which file to read; no key of the configuration itself.
pub(super) const FILE: &str = "ZENTINELLE_CONFIG";
/// Variables with the prefix that belong to clients, hooks and tests.
const NOT_OURS: [&str; 9] = [
    FILE,
    "ZENTINELLE_KEY",
    "ZENTINELLE_ENDPOINT",
    "ZENTINELLE_GENERATE",
    "ZENTINELLE_FAIL_OPEN",
    "ZENTINELLE_AGENT_ID",
    "ZENTINELLE_POLICIES",
    "ZENTINELLE_STATE",
    "ZENTINELLE_COMMIT",
];

/// What the environment says.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// The keys it sets.
    pub(super) value: Map<String, Value>,
    /// Which variable set which key, by JSON Pointer.
    pub(super) names: Vec<(String, String)>,
}

/// Reads the variables that are meant for the configuration. `schema` says what kind each key is.
pub(super) fn read(variables: impl IntoIterator<Item = (String, String)>, schema: &Value) -> Environment {
    let mut environment = Environment::default();
    for (name, text) in variables {
        let Some(path) = path(&name) else { continue };
        if text.is_empty() {
            continue;
        }
        let value = typed(&text, kind(schema, &path));
        environment.names.push((path.iter().map(|key| format!("/{key}")).collect(), name));
        put(&mut environment.value, &path, value);
    }
    environment.names.sort();
    environment
}

/// The keys a variable's name stands for; none when it is not meant for the configuration.
fn path(name: &str) -> Option<Vec<String>> {
    let rest = name.strip_prefix(PREFIX)?;
    if NOT_OURS.contains(&name) || rest.starts_with("TEST_") {
        return None;
    }
    Some(rest.to_ascii_lowercase().split("__").map(str::to_owned).collect())
}

/// The schema of the value that a key holds.
fn kind<'s>(schema: &'s Value, path: &[String]) -> Option<&'s Value> {
    path.iter().try_fold(schema, |schema, key| {
        let named = schema.get("properties").and_then(|properties| properties.get(key));
        named.or_else(|| schema.get("additionalProperties").filter(|more| more.is_object()))
    })
}

/// The text as the kind of value that is wanted. A text that is none of that kind stays a text,
/// which is then reported like any wrong value.
fn typed(text: &str, schema: Option<&Value>) -> Value {
    let wants = |name: &str| match schema.and_then(|schema| schema.get("type")) {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        _ => false,
    };
    let read = if wants("array") && !text.trim_start().starts_with('[') {
        return Value::from_iter(text.split(',').map(str::trim).filter(|item| !item.is_empty()));
    } else if wants("integer") || wants("number") || wants("boolean") || wants("array") {
        serde_json::from_str(text).ok()
    } else {
        None
    };
    read.unwrap_or_else(|| Value::from(text))
}

fn put(object: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [key] => {
            object.insert(key.clone(), value);
        }
        [key, rest @ ..] => {
            let below = object.entry(key).or_insert_with(|| Value::Object(Map::new()));
            // A variable for the whole and one for a part: the part wins over what is no object.
            if !below.is_object() {
                *below = Value::Object(Map::new());
            }
            if let Value::Object(below) = below {
                put(below, rest, value);
            }
        }
    }
}
