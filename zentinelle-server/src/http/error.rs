//! What a failed request gets: one kind of body for every route.
//!
//! A denial is an answer, not one of these. Internal text is logged once, here, and never sent.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Permission;
use crate::auth::directory::AuthError;
use crate::store::StoreError;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// No key, or one that is not good.
    #[error("{0}")]
    Unauthenticated(AuthError),
    /// The route declares nobody who may call it.
    #[error("nobody may call this route")]
    NobodyMayCall,
    /// The key is good, but not for this.
    #[error("the key may not do this")]
    Forbidden {
        /// What an operator would need.
        needed: Option<Permission>,
    },
    /// The request names another tenant than the key's.
    #[error("the key belongs to another tenant")]
    ForeignTenant,
    /// Something else the caller may not do, in words.
    #[error("{message}")]
    NotAllowed {
        /// The stable code.
        code: &'static str,
        /// Why.
        message: String,
    },
    /// There is no such thing, or it belongs to another tenant.
    #[error("there is no such {what}")]
    NotFound {
        /// Which kind of thing.
        what: &'static str,
    },
    /// No route has this path.
    #[error("no route has this path")]
    NoRoute,
    /// The route does not take this method.
    #[error("the route does not take this method")]
    Method,
    /// The body is not one JSON value.
    #[error("{0}")]
    Malformed(String),
    /// Fields of the request are missing or wrong.
    #[error("{}", summary(.0))]
    Invalid(BTreeMap<String, Vec<String>>),
    /// A policy or policy document is wrong.
    #[error("the policy is not valid")]
    Policies(Vec<PolicyFault>),
    /// The present state does not allow it.
    #[error("{message}")]
    Conflict {
        /// The stable code.
        code: &'static str,
        /// Why.
        message: String,
    },
    /// The body is larger than the server takes.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The most it takes. Unit: bytes.
        limit: usize,
    },
    /// The body is not JSON by its own account.
    #[error("the body must be JSON")]
    MediaType,
    /// Too many requests.
    #[error("{message}")]
    Throttled {
        /// When to try again. Unit: seconds.
        retry_after: u32,
        /// Why.
        message: String,
    },
    /// A part the server needs does not answer.
    #[error("{0}")]
    Unavailable(String),
    /// The request took longer than it may.
    #[error("the request took longer than {seconds} seconds")]
    TimedOut {
        /// How long it may take. Unit: seconds.
        seconds: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
    /// A fault of the server.
    #[error("the server failed")]
    Internal(String),
}

/// One fault of a policy.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PolicyFault {
    /// The stable code.
    pub(crate) code: String,
    /// What is wrong.
    pub(crate) message: String,
    /// Where, as a JSON Pointer.
    pub(crate) pointer: String,
    /// Of a document: the line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    /// Of a document: the column, from 1. Unit: characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<usize>,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) help: Option<String>,
}

/// The body of a failed request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// The stable code.
    pub(crate) error: String,
    /// What happened, for people.
    pub(crate) detail: String,
    /// The same, under the name some clients read.
    pub(crate) message: String,
    /// The id of the request, also in `X-Request-ID`.
    pub(crate) request_id: String,
    /// Which fields are wrong, and why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) fields: BTreeMap<String, Vec<String>>,
    /// What is wrong with a policy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) faults: Vec<PolicyFault>,
    /// When to try again. Unit: seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u32>,
}

impl ApiError {
    /// One wrong field.
    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(BTreeMap::from([(field.to_owned(), vec![message.into()])]))
    }

    /// The status of the reply.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated(AuthError::Store(error)) | Self::Store(error) => match error {
                StoreError::Exists { .. } | StoreError::Stale { .. } => StatusCode::CONFLICT,
                StoreError::Missing { .. } => StatusCode::NOT_FOUND,
                _ if error.is_unavailable() => StatusCode::SERVICE_UNAVAILABLE,
                StoreError::Unreadable { .. } | StoreError::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
            },
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::NobodyMayCall | Self::Forbidden { .. } | Self::ForeignTenant | Self::NotAllowed { .. } => {
                StatusCode::FORBIDDEN
            }
            Self::NotFound { .. } | Self::NoRoute => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Malformed(_) | Self::Invalid(_) | Self::Policies(_) => StatusCode::BAD_REQUEST,
            Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) | Self::TimedOut { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated(AuthError::Missing) => "not_authenticated",
            Self::Unauthenticated(AuthError::Malformed | AuthError::Invalid) => "invalid_key",
            Self::Unauthenticated(AuthError::SessionEnded) => "session_ended",
            Self::Unauthenticated(AuthError::Credentials) => "invalid_credentials",
            Self::Unauthenticated(AuthError::Store(error)) | Self::Store(error) => match error {
                StoreError::Exists { .. } => "already_exists",
                StoreError::Missing { .. } => "not_found",
                StoreError::Stale { .. } => "stale_version",
                _ if error.is_unavailable() => "unavailable",
                StoreError::Unreadable { .. } | StoreError::Database(_) => "internal_error",
            },
            Self::NobodyMayCall | Self::Forbidden { .. } => "forbidden",
            Self::ForeignTenant => "foreign_tenant",
            Self::NotAllowed { code, .. } | Self::Conflict { code, .. } => code,
            Self::NotFound { .. } => "not_found",
            Self::NoRoute => "no_route",
            Self::Method => "method_not_allowed",
            Self::Malformed(_) => "malformed_json",
            Self::Invalid(_) => "invalid_request",
            Self::Policies(_) => "invalid_policy",
            Self::TooLarge { .. } => "too_large",
            Self::MediaType => "unsupported_media_type",
            Self::Throttled { .. } => "rate_limit_exceeded",
            Self::Unavailable(_) => "unavailable",
            Self::TimedOut { .. } => "timed_out",
            Self::Internal(_) => "internal_error",
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Unauthenticated(AuthError::Missing) => "Authentication credentials were not provided.".to_owned(),
            Self::Unauthenticated(AuthError::Malformed) => "Invalid API key format".to_owned(),
            Self::Unauthenticated(AuthError::Invalid) => "Invalid API key".to_owned(),
            Self::Malformed(why) => format!("JSON parse error - {why}"),
            Self::Forbidden { needed: Some(permission) } => {
                format!("the key may not do this: it needs the permission `{permission}`")
            }
            other => other.to_string(),
        }
    }
}

fn summary(fields: &BTreeMap<String, Vec<String>>) -> String {
    let parts: Vec<String> = fields
        .iter()
        .map(|(field, messages)| match messages.as_slice() {
            [one] => format!("{field}: {one}"),
            several => format!("{field}: {}", several.join("; ")),
        })
        .collect();
    if parts.is_empty() { "the request is not valid".to_owned() } else { parts.join("; ") }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        Self::Unauthenticated(error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<sea_orm::DbErr> for ApiError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(StoreError::Database(error))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(code = self.code(), error = ?self, "a request failed");
        }
        let detail = self.detail();
        let retry_after = match &self {
            Self::Throttled { retry_after, .. } => Some((*retry_after).max(1)),
            _ if status == StatusCode::SERVICE_UNAVAILABLE => Some(1),
            _ => None,
        };
        let body = ErrorBody {
            error: self.code().to_owned(),
            message: detail.clone(),
            detail,
            request_id: super::request_id::current(),
            retry_after,
            fields: if let Self::Invalid(fields) = &self { fields.clone() } else { BTreeMap::new() },
            faults: if let Self::Policies(faults) = &self { faults.clone() } else { Vec::new() },
        };
        let mut response = (status, Json(body)).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("X-Zentinelle-Key"));
        }
        response
    }
}
