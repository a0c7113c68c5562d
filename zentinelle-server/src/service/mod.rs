//! What the server does, one file a subject. Services make ids and instants and check rules;
//! the store keeps them; HTTP only carries them.

pub(crate) mod alert_rules;
pub(crate) mod alerts;
pub(crate) mod cached;
pub(crate) mod change;
pub(crate) mod content_rules;
pub(crate) mod coverage;
pub(crate) mod decide;
pub(crate) mod fields;
pub(crate) mod incidents;
pub(crate) mod interactions;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod legal_holds;
pub(crate) mod metering;
pub(crate) mod models;
pub(crate) mod prices;
pub(crate) mod reports;
pub(crate) mod retention;
pub(crate) mod scan;
pub(crate) mod sheet;
pub(crate) mod summary;
pub(crate) mod system_prompts;
pub(crate) mod tenants;
pub(crate) mod usage;
pub(crate) mod violations;
pub(crate) mod webhooks;
