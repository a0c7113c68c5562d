//! The recurring work, one file each. All of it may run twice.

pub(crate) mod agents;
pub(crate) mod alert_rules;
pub(crate) mod baselines;
pub(crate) mod keys;
pub(crate) mod retention;
pub(crate) mod roll_up;

#[cfg(test)]
mod tests;
