//! What every ledger outside the process has in common: names, windows, and for Redis the scripts
//! with their arguments and answers. No input or output: a host brings the store.
//!
//! Hosts that use one Redis with one prefix share their totals, in whatever language they are
//! written: the server does, and the Python package. The scripts judge time by the request's
//! instant, never by Redis' clock, and every operation is one of them, so one round trip.

pub mod call;
pub mod keys;
pub mod name;
pub mod window;

pub use call::{Applied, Applying, Arg, Settling, State, Unanswered};
pub use keys::Keys;

/// Exact 64-bit numbers in Lua, and totals as texts: what every script begins with.
pub const NUMBERS: &str = include_str!("lua/numbers.lua");
/// Adds batches, or looks. Called as [`Applying`] says.
pub const APPLY: &str = concat!(include_str!("lua/numbers.lua"), include_str!("lua/apply.lua"));
/// Settles or releases a reservation. Called as [`Settling`] says.
pub const SETTLE: &str = concat!(include_str!("lua/numbers.lua"), include_str!("lua/settle.lua"));
/// How long a reservation stays open for settlement where the host does not say. Unit: seconds.
pub const RESERVATION_SECONDS: u32 = 3_600;
