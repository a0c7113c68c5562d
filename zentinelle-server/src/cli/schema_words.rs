//! What kinds of policy and their keys mean, in the words of the core's own documentation.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use serde_json::Value;
use zentinelle_core::PolicyType;

/// What each kind of policy does, in one sentence.
pub(crate) fn kinds() -> BTreeMap<&'static str, String> {
    let schema = schemars::schema_for!(PolicyType).to_value();
    let variants = schema.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    let described = |kind: &PolicyType| {
        let variant = variants.iter().find(|variant| variant.get("const").and_then(Value::as_str) == Some(kind.name()));
        let words = variant.and_then(|variant| variant.get("description")).and_then(Value::as_str).unwrap_or_default();
        (kind.name(), one_line(words))
    };
    PolicyType::ALL.iter().map(described).collect()
}

/// What each key of a kind's `config` means.
pub(crate) fn keys(kind: PolicyType) -> BTreeMap<String, String> {
    let mut generator =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true).into_generator();
    let schema = kind.config_schema(&mut generator).to_value();
    let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let words =
        |property: &Value| property.get("description").and_then(Value::as_str).map(one_line).unwrap_or_default();
    properties.iter().map(|(key, property)| (key.clone(), words(property))).collect()
}

fn one_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_sentence() {
        let kinds = kinds();
        assert_eq!(kinds.len(), PolicyType::ALL.len());
        assert!(kinds.values().all(|words| words.ends_with('.')), "{kinds:?}");
    }

    #[test]
    fn keys_are_described_by_the_configuration_itself() {
        assert_eq!(
            keys(PolicyType::ContextLimit)["max_input_tokens"],
            "Most tokens the prompt may hold. Unit: tokens."
        );
    }
}
