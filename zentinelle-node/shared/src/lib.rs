//! What the JavaScript packages have in common: texts and numbers in, texts and numbers out.
//!
//! `zentinelle-node` (an addon) and `zentinelle-wasm` (a module for browsers) wrap these types in classes of the
//! same names and nothing else, so that one TypeScript surface stands on either. There is no clock and no
//! randomness in here: an instant comes in as milliseconds since 1970, a seed as a number.
//!
//! A decision is not written out when it is made, because most callers only ask whether it permits. It stays
//! here under a small number, see [`Engine::decide`], until somebody asks for more or lets it go.

mod decisions;
mod engine;
#[cfg(feature = "compact")]
mod evidence;
mod fault;
mod keys;
mod ledger;
#[cfg(feature = "compact")]
mod policies;
mod request;
#[cfg(feature = "compact")]
mod scanning;
mod stored;
mod utf16;

pub use decisions::{DENY, LENT_ONCE, NO_POLICY, NOTHING, PERMIT, PERMITTED};
pub use engine::{Assessment, Engine, Job};
#[cfg(feature = "compact")]
pub use evidence::verify_audit;
pub use fault::{Class, Fault};
pub use keys::{KeyRing, SigningKey, audit_digest};
pub use ledger::Ledger;
#[cfg(feature = "compact")]
pub use policies::{diff, policy_types, test, validate};
#[cfg(feature = "compact")]
pub use scanning::{Scanner, Stream, judge};

use jiff::Timestamp;

/// Milliseconds since 1970, as JavaScript tells the time.
fn instant(milliseconds: f64) -> Result<Timestamp, Fault> {
    let unreadable = || {
        Fault::new(
            Class::Argument,
            "argument.invalid_instant",
            "the instant is no time between the years -9999 and 9999",
        )
        .with_help("give milliseconds since 1970, as `Date.now()` does")
    };
    if !milliseconds.is_finite() || milliseconds.abs() > 1e15 {
        return Err(unreadable());
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked above to be far smaller than an i64")]
    Timestamp::from_millisecond(milliseconds as i64).map_err(|_| unreadable())
}

/// An outcome as JSON. Everything written here is made of texts, numbers and lists, which can always be written.
fn json(value: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(value)
        .map_err(|_| Fault::new(Class::Internal, "internal.unwritable", "the answer could not be written as JSON"))
}

/// Options of a call, as JSON written by the TypeScript side.
fn options<T: serde::de::DeserializeOwned>(text: &str, subject: &str) -> Result<T, Fault> {
    let value =
        zentinelle_core::document::json::parse(text).map_err(|problem| Fault::problem(Class::Argument, &problem))?;
    zentinelle_core::document::decode::decode_as::<T>(&value, subject)
        .strict()
        .map_err(|errors| Fault::errors(Class::Argument, errors))
}
