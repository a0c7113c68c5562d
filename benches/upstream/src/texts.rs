//! What the mock says when it is asked for something that a policy looks for. All of it is made up.

/// A reply that gives a credential away.
pub const SECRET: &str = "ghp_a8Fk2LmQ9xTz4RvB7nYc1WdE6sHj3UgP0oKq";
/// A reply that gives personal data away.
pub const EMAIL: &str = "grace.hopper@navy-example.org";
/// A reply that nothing is found in.
pub const CLEAN: &str = "The quick brown fox jumps over the lazy dog, and the mock upstream says hello.";
/// A reply in JSON mode.
pub const JSON: &str = r#"{"name":"Ada","age":36}"#;
/// What the model thinks where thinking is asked for.
pub const REASONING: &str = "Let me look at this from two sides before I answer.";

/// A word that tells when it was sent, in letters alone so that no detector takes it for a number.
#[must_use]
pub fn stamp(micros: u64) -> String {
    format!("{micros:x}")
        .bytes()
        .map(|digit| char::from(if digit < b'a' { digit - b'0' + b'g' } else { digit }))
        .collect()
}

/// When a word made by [`stamp`] was sent; none for another word. Unit: microseconds.
#[must_use]
pub fn read_stamp(word: &str) -> Option<u64> {
    let hex: Option<String> = word
        .bytes()
        .map(|letter| match letter {
            b'a'..=b'f' => Some(char::from(letter)),
            b'g'..=b'p' => Some(char::from(letter - b'g' + b'0')),
            _ => None,
        })
        .collect();
    u64::from_str_radix(&hex?, 16).ok()
}
