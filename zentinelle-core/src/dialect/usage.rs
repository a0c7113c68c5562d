//! What a reply consumed, in classes that do not overlap.

/// Tokens by class. The classes do not overlap: what was read from a cache is not counted again
/// as input, what was thought is not counted again as output.
///
/// | vendor | how it counts | what is done here |
/// | --- | --- | --- |
/// | OpenAI | the prompt includes what was read from the cache, the completion includes reasoning | both are subtracted |
/// | Anthropic | cache reads and writes are beside `input_tokens`; thinking is within `output_tokens` | taken as they are; `reasoning` only where it is stated apart |
/// | Google | the prompt includes cached content; thoughts are beside the candidates; prompts of tools are beside the prompt | cached content is subtracted, tool prompts are added to the input |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Input that was neither read from nor written to a cache.
    pub input: u64,
    /// Input read from a cache.
    pub cached_read: u64,
    /// Input written to a cache for the usual short time.
    pub cached_write: u64,
    /// Input written to a cache for longer: an hour (Anthropic), twelve (OpenAI).
    pub cached_write_long: u64,
    /// Output that is no reasoning.
    pub output: u64,
    /// Output that is reasoning.
    pub reasoning: u64,
    /// The vendor's own total, or the sum of the classes if that is greater.
    pub total: u64,
}

impl Usage {
    /// Everything that went in.
    #[must_use]
    pub const fn all_input(&self) -> u64 {
        self.input
            .saturating_add(self.cached_read)
            .saturating_add(self.cached_write)
            .saturating_add(self.cached_write_long)
    }

    /// Everything that came out.
    #[must_use]
    pub const fn all_output(&self) -> u64 {
        self.output.saturating_add(self.reasoning)
    }
}
