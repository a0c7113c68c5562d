//! `/api/zentinelle/v1` for operators: what they change and what they look at.

pub(crate) mod keys;
pub(crate) mod policies;
pub(crate) mod policy_documents;
pub(crate) mod policy_tools;
pub(crate) mod secrets;
pub(crate) mod settings;
pub(crate) mod tenants;

#[cfg(test)]
mod tests;
