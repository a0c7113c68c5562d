//! What the server does, one file a subject. Services make ids and instants and check rules;
//! the store keeps them; HTTP only carries them.

pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod change;
pub(crate) mod decide;
pub(crate) mod keys;
pub(crate) mod tenants;
