//! Placeholder.

pub mod injection;
