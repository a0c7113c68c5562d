//! The HTTP surface: every route stands in [`router`], every failure is an [`error::ApiError`].

pub(crate) mod acting;
pub(crate) mod auth;
mod authzen;
pub(crate) mod client;
pub(crate) mod cors;
pub(crate) mod docs;
pub(crate) mod edge;
pub(crate) mod error;
pub(crate) mod etag;
pub(crate) mod extract;
pub(crate) mod health;
pub(crate) mod listener;
pub(crate) mod listing;
pub(crate) mod metrics;
pub(crate) mod native;
pub(crate) mod openapi;
mod opening;
pub(crate) mod operator;
pub(crate) mod reply;
pub(crate) mod request_id;
pub(crate) mod router;
pub(crate) mod sdk;
pub(crate) mod throttle;

#[cfg(test)]
mod tests;
