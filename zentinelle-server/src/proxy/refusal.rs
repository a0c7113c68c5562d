//! Why a call is not made, or its reply not delivered, in the words of the caller's own SDK.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use zentinelle_core::dialect::{DecodeError, Dialect, refusal};
use zentinelle_core::wire;

use crate::clock;
use crate::http::error::ApiError;
use crate::http::request_id;
use crate::service::decide::Answered;
use crate::store::StoreError;

/// Says whether policies permitted a call.
pub(crate) const DECISION: HeaderName = HeaderName::from_static("x-zentinelle-decision");
/// The id of the evaluation's record.
pub(crate) const EVALUATION_ID: HeaderName = HeaderName::from_static("x-zentinelle-evaluation-id");
/// Tells the official SDKs whether to try again.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
/// Anthropic's own name for the id of a request.
const ANTHROPIC_ID: HeaderName = HeaderName::from_static("request-id");
/// The longest that a client is told to wait. Unit: seconds.
const LONGEST_WAIT: i64 = 31 * 86_400;

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The status.
    pub(crate) status: StatusCode,
    /// The stable code.
    pub(crate) code: Cow<'static, str>,
    /// What happened, for people.
    pub(crate) message: String,
    /// When to try again, where that helps. Unit: seconds.
    pub(crate) retry_after: Option<u32>,
}

impl Refusal {
    /// A refusal in full.
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code: Cow::Borrowed(code), message: message.into(), retry_after: None }
    }

    /// The caller may not do this.
    pub(crate) fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// The request makes no sense.
    pub(crate) fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// The upstream failed.
    pub(crate) fn bad_gateway(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "upstream_error", message)
    }

    /// The upstream took too long.
    pub(crate) fn upstream_timeout(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "upstream_timeout", message)
    }

    /// Policies denied it. A limit that opens again is a matter of waiting; anything else is not.
    pub(crate) fn denied(code: &'static str, decided: &Answered) -> Self {
        let violated = decided.decision.primary().map(|violation| &violation.code);
        let mut message = wire::reason(&decided.decision).unwrap_or("denied by policy").to_owned();
        if let Some(code) = violated {
            message = format!("{message} [{code}]");
        }
        if let Some(approval) = &decided.approval {
            message = format!("{message}; approval `{}` was asked for", approval.id);
        }
        let limit = violated.is_some_and(|code| is_limit(code.as_str()));
        let wait = decided.decision.retry_at().map(|at| at.as_second().saturating_sub(clock::now().as_second()));
        match wait {
            Some(wait) if limit => {
                let mut refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, code, message);
                refusal.retry_after = u32::try_from(wait.clamp(1, LONGEST_WAIT)).ok();
                refusal
            }
            _ => Self::forbidden(code, message),
        }
    }

    /// The answer, in a dialect.
    pub(crate) fn into_response(self, dialect: Dialect) -> Response {
        let id = request_id::current();
        let (kind, body) = refusal(dialect, self.status.as_u16(), &self.code, &self.message, &id);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if dialect == Dialect::Anthropic
            && let Ok(id) = HeaderValue::from_str(&id)
        {
            // Where Anthropic's SDK reads the request's id from.
            headers.insert(ANTHROPIC_ID, id);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        } else if self.status.is_client_error() {
            // What policies deny once they deny again.
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        response
    }
}

/// Whether a code is of a rate or a budget.
fn is_limit(code: &str) -> bool {
    ["rate_limit.", "budget_limit.", "session_quota.", "resource_quota."].iter().any(|of| code.starts_with(of))
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        if error.status().is_server_error() {
            tracing::error!(code = error.code(), ?error, "a model call failed");
        }
        let retry_after = match &error {
            ApiError::Throttled { retry_after, .. } => Some(*retry_after),
            _ => None,
        };
        Self { status: error.status(), code: Cow::Borrowed(error.code()), message: error.to_string(), retry_after }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        ApiError::from(error).into()
    }
}

impl From<DecodeError> for Refusal {
    fn from(error: DecodeError) -> Self {
        let code = Cow::Owned(error.code.as_str().to_owned());
        Self { status: StatusCode::BAD_REQUEST, code, message: error.to_string(), retry_after: None }
    }
}
