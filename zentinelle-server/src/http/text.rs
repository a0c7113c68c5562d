//! Limits on texts that strangers send and the database keeps.

use serde_json::Value;

use super::error::ApiError;

/// Refuses a text that is too long or holds characters no name has.
pub(crate) fn at_most(field: &str, text: &str, most: usize) -> Result<(), ApiError> {
    if text.chars().count() > most {
        return Err(ApiError::invalid(field, format!("longer than {most} characters")));
    }
    if text.contains('\0') {
        return Err(ApiError::invalid(field, "holds a NUL character"));
    }
    Ok(())
}

/// Whether a NUL character stands anywhere in a value: PostgreSQL keeps none.
pub(crate) fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(object) => object.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a text can be an agent's id, an agent's type or a slug: letters, digits, `_` and `-`.
pub(crate) fn is_slug(text: &str, most: usize) -> bool {
    !text.is_empty()
        && text.len() <= most
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{has_nul, is_slug};

    #[test]
    fn a_nul_is_found_however_deep_it_stands() {
        assert!(has_nul(&json!({"a": [{"b": "x\0"}]})) && has_nul(&json!({"a\0": 1})));
        assert!(!has_nul(&json!({"a": [1, null, "x"]})));
    }

    #[test]
    fn slugs_are_plain() {
        assert!(is_slug("vercel-ai", 50) && is_slug("A_1", 3));
        assert!(!is_slug("", 9) && !is_slug("a b", 9) && !is_slug("é", 9) && !is_slug("abc", 2));
    }
}
