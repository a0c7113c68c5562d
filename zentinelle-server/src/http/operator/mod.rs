//! `/api/zentinelle/v1` for operators: what they change and what they look at.

pub(crate) mod agent_groups;
pub(crate) mod agents;
pub(crate) mod alert_rules;
pub(crate) mod alerts;
pub(crate) mod compliance;
pub(crate) mod content_rules;
pub(crate) mod exports;
pub(crate) mod incidents;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod legal_holds;
pub(crate) mod models;
pub(crate) mod notifications;
pub(crate) mod policies;
pub(crate) mod policy_documents;
pub(crate) mod policy_tools;
pub(crate) mod prices;
pub(crate) mod reports;
pub(crate) mod resource;
pub(crate) mod retention;
pub(crate) mod risks;
pub(crate) mod secrets;
pub(crate) mod settings;
pub(crate) mod system_prompts;
pub(crate) mod tenants;
pub(crate) mod usage;
pub(crate) mod users;
pub(crate) mod violations;
pub(crate) mod webhooks;

#[cfg(test)]
mod agents_tests;
#[cfg(test)]
mod tests;
