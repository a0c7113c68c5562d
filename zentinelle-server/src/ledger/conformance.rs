//! One suite for every place totals are kept: the core's memory ledger is the model.

pub(super) mod backends;
mod faults;
mod journal;
mod rules;
mod sequences;
mod server;
