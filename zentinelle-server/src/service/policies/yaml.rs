//! Writing policy documents: values as YAML that the core reads back as the very same values.

use serde_json::{Map, Value};

/// Keys in the order in which people read a policy; all others follow by the alphabet.
const FIRST: [&str; 10] =
    ["id", "name", "description", "type", "scope", "enforcement", "inheritance", "priority", "enabled", "config"];

/// A document with these policies.
pub(crate) fn document(policies: &[Map<String, Value>]) -> String {
    if policies.is_empty() {
        return "policies: []\n".to_owned();
    }
    let mut text = "policies:\n".to_owned();
    for (index, policy) in policies.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let first = FIRST.iter().filter_map(|key| policy.get_key_value(*key));
        let rest = policy.iter().filter(|(key, _)| !FIRST.contains(&key.as_str()));
        for (number, (key, value)) in first.chain(rest).enumerate() {
            text.push_str(if number == 0 { "  - " } else { "    " });
            entry(&mut text, key, value, 4);
        }
    }
    text
}

/// One key with its value, whose first line has been indented already.
fn entry(text: &mut String, key: &str, value: &Value, indent: usize) {
    scalar_text(text, key);
    text.push(':');
    match value {
        Value::Object(keys) if !keys.is_empty() => {
            text.push('\n');
            for (key, value) in keys {
                blanks(text, indent + 2);
                entry(text, key, value, indent + 2);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            list(text, items, indent + 2);
        }
        value => {
            text.push(' ');
            scalar(text, value);
            text.push('\n');
        }
    }
}

fn list(text: &mut String, items: &[Value], indent: usize) {
    for item in items {
        blanks(text, indent);
        text.push_str("- ");
        match item {
            Value::Object(keys) if !keys.is_empty() => {
                for (number, (key, value)) in keys.iter().enumerate() {
                    if number > 0 {
                        blanks(text, indent + 2);
                    }
                    entry(text, key, value, indent + 2);
                }
            }
            // A list in a list stands on its own lines.
            Value::Array(inner) if !inner.is_empty() => {
                text.push('\n');
                list(text, inner, indent + 2);
            }
            item => {
                scalar(text, item);
                text.push('\n');
            }
        }
    }
}

fn scalar(text: &mut String, value: &Value) {
    match value {
        Value::String(word) => scalar_text(text, word),
        Value::Array(_) => text.push_str("[]"),
        Value::Object(_) => text.push_str("{}"),
        Value::Null | Value::Bool(_) | Value::Number(_) => text.push_str(&value.to_string()),
    }
}

/// Plain where nobody could read it as anything but this text, else in double quotes.
fn scalar_text(text: &mut String, word: &str) {
    if is_plain(word) {
        text.push_str(word);
        return;
    }
    text.push('"');
    for letter in word.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            letter if is_shown(letter) => text.push(letter),
            letter => {
                let number = u32::from(letter);
                let escaped = if number > 0xffff { format!("\\U{number:08X}") } else { format!("\\u{number:04X}") };
                text.push_str(&escaped);
            }
        }
    }
    text.push('"');
}

/// Whether a letter may stand in a document as it is: printable, and no kind of line break.
fn is_shown(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter, '\u{85}' | '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
        && !matches!(u32::from(letter) & 0xffff, 0xfffe | 0xffff)
}

fn is_plain(word: &str) -> bool {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let begins = word.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    let within = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b' ');
    begins && !word.ends_with(' ') && word.bytes().all(within) && !WORDS.contains(&word.to_ascii_lowercase().as_str())
}

fn blanks(text: &mut String, number: usize) {
    text.extend(std::iter::repeat_n(' ', number));
}

#[cfg(test)]
mod tests {
    use super::document;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};
    use zentinelle_core::document::source;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[-#:?&*!|>%@`'\" ,~.0-9a-z\\n]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(".{0,6}", inner, 0..4)
                    .prop_map(|keys| Value::Object(keys.into_iter().collect())),
            ]
        })
    }

    fn read_back(policies: &[Map<String, Value>]) -> Value {
        let text = document(policies);
        let parsed = source::parse(&text);
        assert!(parsed.problems.is_empty(), "{text}\n{:?}", parsed.problems);
        parsed.documents.first().expect("one").value.clone()
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(config in any_value(), name in ".{1,10}") {
            // `<<` is a merge key to some readers, which the core refuses wherever it stands.
            prop_assume!(!config.to_string().contains("\"<<\""));
            let policy = json!({"id": "a", "name": name, "config": config, "zz": 1});
            let policy = policy.as_object().cloned().expect("an object");
            let found = read_back(&[policy.clone(), policy.clone()]);
            prop_assert_eq!(found, json!({"policies": [policy.clone(), policy]}));
        }
    }

    #[test]
    fn it_reads_as_a_person_would_write_it() {
        let policy = json!({
            "name": "No shells", "type": "tool_permission", "enabled": true,
            "config": {"denied_tools": ["shell", "yes", "*"], "tool_configs": {}, "deep": [{"a": 1, "b": [[2]]}]},
        });
        let text = document(&[policy.as_object().cloned().expect("an object")]);
        let expected = "policies:\n  - name: No shells\n    type: tool_permission\n    enabled: true\n    config:\n      \
                        deep:\n        - a: 1\n          b:\n            - \n              - 2\n      denied_tools:\n        \
                        - shell\n        - \"yes\"\n        - \"*\"\n      tool_configs: {}\n";
        assert_eq!(text, expected);
        assert_eq!(read_back(&[]), json!({"policies": []}));
    }
}
