//! Counting the tokens of a call: by the model's own tokenizer where it is public, else at most.

use zentinelle_core::dialect::{Call, TokenEstimate};

use super::upstream::Upstream;

/// The tokens a call reads, at most.
pub(crate) fn estimate(_upstream: &Upstream, _model: Option<&str>, call: &Call) -> TokenEstimate {
    call.estimate(None)
}
