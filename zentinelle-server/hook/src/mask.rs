//! Masking what a policy lets through only in part.

use serde_json::Value;
use zentinelle_core::decision::{MaskedSpan, Obligation};
use zentinelle_core::engine::Decision;

use super::failure::Failure;

/// Where a request keeps what is sent or shown; see [`super::request`].
const MASKED_FACT: &str = "/context/output";

/// The value with everything masked that the decision wants masked; none when it wants nothing.
/// A mask that cannot be put on is a failure: going on without it would show what it hides.
pub(crate) fn mask(decision: &Decision, value: &Value) -> Result<Option<Value>, Failure> {
    let mut masked = None;
    for obligation in decision.obligations() {
        let Obligation::Mask { pointer, spans } = obligation else { continue };
        let text = pointer
            .as_str()
            .strip_prefix(MASKED_FACT)
            .and_then(|below| masked.get_or_insert_with(|| value.clone()).pointer_mut(below));
        let done = match text {
            Some(Value::String(text)) => replace(text, spans).map(|new| *text = new),
            _ => None,
        };
        if done.is_none() {
            return Err(Failure::new(format!("a policy wants `{pointer}` masked, which cannot be done here"))
                .help("deny such contents with `block_pii` or `block_secrets` instead"));
        }
    }
    Ok(masked)
}

/// The text with its spans replaced; none when they do not lie in it in order.
fn replace(text: &str, spans: &[MaskedSpan]) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        out.push_str(text.get(from..span.start)?);
        out.push_str(&span.replacement);
        from = span.end;
    }
    out.push_str(text.get(from..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_do_not_suit_the_text_mask_nothing_by_accident() {
        let span = |start, end| MaskedSpan { start, end, replacement: "*".into() };
        assert_eq!(replace("héllo you", &[span(0, 6), span(7, 10)]).as_deref(), Some("* *"));
        assert_eq!(replace("héllo", &[span(2, 3)]), None, "inside a letter");
        assert_eq!(replace("hello", &[span(2, 9)]), None, "past the end");
        assert_eq!(replace("hello", &[span(3, 4), span(0, 1)]), None, "out of order");
    }
}
