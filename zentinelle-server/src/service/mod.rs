//! What the server does, one file a subject. Services make ids and instants and check rules;
//! the store keeps them; HTTP only carries them.

pub(crate) mod agent_config;
pub(crate) mod agent_groups;
pub(crate) mod agent_secrets;
pub(crate) mod agents;
pub(crate) mod change;
pub(crate) mod decide;
pub(crate) mod enrolment;
pub(crate) mod events;
pub(crate) mod keys;
pub(crate) mod standing;
pub(crate) mod tenants;
