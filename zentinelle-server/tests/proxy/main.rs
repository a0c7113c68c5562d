//! The proxy for model calls as a stranger meets it: the real binary before a mock of the providers that
//! is kind, careless or hostile.

#![allow(missing_docs)]

mod credentials;
mod evasion;
mod hostile;
mod money;
#[path = "../support/running.rs"]
mod running;
mod setup;
mod unchanged;
