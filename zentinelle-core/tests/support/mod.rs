//! Shared by the integration tests.
#![allow(dead_code, reason = "each integration test is its own crate and uses a part")]
#![allow(unreachable_pub, reason = "a test crate has no outside")]

pub mod generate;
pub mod vectors;
