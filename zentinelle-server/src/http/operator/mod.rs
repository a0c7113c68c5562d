//! `/api/zentinelle/v1`: what operators call. Each route names the permission it needs.

pub(crate) mod agent_groups;
pub(crate) mod agents;

#[cfg(test)]
mod agents_tests;
