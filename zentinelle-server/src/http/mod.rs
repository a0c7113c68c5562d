//! The HTTP surface: every route stands in [`router`], every failure is an [`error::ApiError`].

pub(crate) mod acting;
pub(crate) mod error;
pub(crate) mod extract;
pub(crate) mod health;
pub(crate) mod listing;
pub(crate) mod native;
pub(crate) mod openapi;
pub(crate) mod operator;
pub(crate) mod request_id;
pub(crate) mod router;
pub(crate) mod sdk;

/// The largest body the server takes. Unit: bytes.
pub(crate) const MOST_BODY_BYTES: usize = 20 * 1024 * 1024;
