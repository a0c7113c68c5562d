//! `/api/zentinelle/v1`: what operators call.

pub(crate) mod jobs;
pub(crate) mod legal_holds;
pub(crate) mod retention;
pub(crate) mod webhooks;
