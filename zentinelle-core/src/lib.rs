//! The Zentinelle policy engine.

pub mod approval;
pub mod audit;
pub mod document;
pub mod error;
pub mod matching;
pub mod scan;
