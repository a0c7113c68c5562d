//! How many tokens a call holds, at most.

/// Counts the tokens of one text the way a model does.
pub trait CountTokens {
    /// The number of tokens in `text`, without any structure around it.
    fn count(&self, text: &str) -> u64;
}

impl<F: Fn(&str) -> u64> CountTokens for F {
    fn count(&self, text: &str) -> u64 {
        self(text)
    }
}

/// How many tokens a call holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenEstimate {
    /// Upper estimate of the input tokens.
    pub input: u64,
    /// The part of `input` that is images, sound, film and documents.
    pub media: u64,
    /// Whether texts were counted by a tokenizer rather than estimated.
    pub counted: bool,
}
