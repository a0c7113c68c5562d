//! What the benches measure with: policies, requests, texts and scale models.
//!
//! Everything here is set-up. A bench prepares its policies once, checks that the answers
//! are the expected ones, and times the question alone.

pub mod catalogue;
pub mod scale;
pub mod texts;
pub mod token_patterns;
