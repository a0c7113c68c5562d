//! Placeholder.
/// Placeholder.
pub mod text {
    use std::borrow::Cow;
    /// Placeholder.
    pub fn fold(text: &str) -> Cow<'_, str> {
        text.trim().to_lowercase().into()
    }
}
/// Placeholder.
pub mod instant {
    /// Placeholder.
    pub fn parse(value: &serde_json::Value) -> Result<jiff::Timestamp, String> {
        value.as_str().ok_or("no text")?.parse().map_err(|e: jiff::Error| e.to_string())
    }
}
