//! `/api/zentinelle/v1`: what operators call.

pub(crate) mod alert_rules;
pub(crate) mod alerts;
pub(crate) mod content_rules;
pub(crate) mod exports;
pub(crate) mod incidents;
pub(crate) mod jobs;
pub(crate) mod legal_holds;
pub(crate) mod models;
pub(crate) mod notifications;
pub(crate) mod prices;
pub(crate) mod reports;
pub(crate) mod retention;
pub(crate) mod system_prompts;
pub(crate) mod usage;
pub(crate) mod violations;
pub(crate) mod webhooks;

#[cfg(test)]
mod tests;
