//! `/api/zentinelle/v1`: the server's own paths, also used by coding-agent hooks and gateways.

pub(crate) mod agents;
pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod evaluate;
pub(crate) mod events;
pub(crate) mod interaction;
pub(crate) mod scan;
pub(crate) mod standing;

#[cfg(test)]
mod tests;
