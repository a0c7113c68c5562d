//! Judging a value: is it random enough for a secret, or a stand-in for one?

use super::super::window::{ALNUM, DIGIT, HEX, HEX_DASH, LOWER, UPPER, is};

/// How many different symbols the value behaves as if it were made of: the inverse of the
/// chance that two of its bytes are equal. Forty random base64 characters score about 25,
/// forty of English about 12, sixteen for hexadecimal at most. Whole numbers only, so that
/// every platform gives the same answer.
pub(crate) fn variety(value: &[u8]) -> usize {
    let mut counts = [0_usize; 256];
    for byte in value {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let pairs: usize = counts.iter().map(|count| count * count).sum();
    (value.len() * value.len()).checked_div(pairs).unwrap_or(0)
}

/// Whether every byte is a hexadecimal digit, as in a commit or a digest.
pub(crate) fn is_hex(value: &[u8]) -> bool {
    value.iter().all(|byte| is(HEX, *byte))
}

/// Whether the value has the form of a UUID.
pub(crate) fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value
            .iter()
            .enumerate()
            .all(|(i, byte)| is(HEX_DASH, *byte) && (*byte == b'-') == [8, 13, 18, 23].contains(&i))
}

/// Whether the value mixes capitals, small letters and digits.
pub(crate) fn is_mixed(value: &[u8]) -> bool {
    [UPPER, LOWER, DIGIT].iter().all(|class| value.iter().any(|byte| is(*class, *byte)))
}

/// Whether the value has at least one digit.
pub(crate) fn has_digit(value: &[u8]) -> bool {
    value.iter().any(|byte| is(DIGIT, *byte))
}

/// Whether the value has some spread; refuses `xxxx…`, `****` and `0000…`.
pub(crate) fn is_varied(value: &[u8]) -> bool {
    has_digit(value) && variety(value) >= 6
}

/// Whether the value is plainly a stand-in, as manuals and templates have them.
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    let Some(first) = value.first() else { return true };
    let opens =
        value.starts_with(b"<") || value.starts_with(b"${") || value.starts_with(b"{{") || value.starts_with(b"$(");
    let filler = b"xX*.-_#?".contains(first) && value.iter().all(|byte| byte == first);
    let lower = value.to_ascii_lowercase();
    opens
        || filler
        || [
            &b"your_"[..],
            b"your-",
            b"your ",
            b"yourapi",
            b"yourkey",
            b"yoursecret",
            b"example",
            b"placeholder",
            b"changeme",
            b"change-me",
            b"change_me",
            b"redacted",
            b"xxxxxxxx",
        ]
        .iter()
        .any(|word| memchr::memmem::find(&lower, word).is_some())
}

/// Whether an authorization token looks made rather than spoken: long enough, and with a
/// digit, inner punctuation next to capitals, or capitals within words.
pub(crate) fn is_token_like(value: &[u8]) -> bool {
    let value = value.strip_suffix(b".").unwrap_or(value);
    let inner_capital = value.windows(2).any(|pair| matches!(pair, [a, b] if is(LOWER, *a) && is(UPPER, *b)));
    let punctuation = value.iter().any(|byte| !is(ALNUM, *byte) && *byte != b'-');
    value.len() >= 16 && (has_digit(value) || inner_capital || punctuation) && !is_placeholder(value)
}
