//! What the server does, one file a subject. Services make ids and instants and check rules;
//! the store keeps them; HTTP only carries them.

pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod bounds;
pub(crate) mod change;
pub(crate) mod decide;
pub(crate) mod keys;
pub(crate) mod packs;
pub(crate) mod policies;
pub(crate) mod secrets;
pub(crate) mod settings;
pub(crate) mod tenants;
