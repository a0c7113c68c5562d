//! `/api/zentinelle/v1`: the server's own paths, also used by coding-agent hooks and gateways.

pub(crate) mod agents;
pub(crate) mod evaluate;
pub(crate) mod events;
pub(crate) mod standing;

#[cfg(test)]
mod tests;
