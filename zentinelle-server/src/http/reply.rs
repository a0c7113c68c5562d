//! Replies that are written once, from where their parts lie.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::error::ApiError;

/// Few replies are longer. Unit: bytes.
const USUAL_BYTES: usize = 4_096;

/// A reply that borrows what it says.
pub(crate) fn json(reply: &impl Serialize) -> Result<Response, ApiError> {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut text, reply).map_err(|error| ApiError::Internal(error.to_string()))?;
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(([kind], text).into_response())
}
