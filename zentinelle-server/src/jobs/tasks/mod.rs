//! The recurring work, one file each. All of it may run twice.

pub(super) mod agents;
pub(super) mod alert_rules;
pub(super) mod baselines;
pub(super) mod keys;
pub(super) mod retention;
pub(super) mod usage;

#[cfg(test)]
mod tests;
