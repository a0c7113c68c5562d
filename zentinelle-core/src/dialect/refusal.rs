//! Refusals in the shape the client's own SDK raises as its own exception.

use serde_json::json;

use super::route::Dialect;

/// A refusal's content type and body, in the error shape of `dialect`. `code` is the host's own,
/// such as `policy_denied`; `status` is the HTTP status it is sent with.
#[must_use]
pub fn refusal(dialect: Dialect, status: u16, code: &str, message: &str, request_id: &str) -> (&'static str, String) {
    let body = match dialect {
        Dialect::OpenAi => {
            let kind = match status {
                401 => "authentication_error",
                403 => "policy_violation",
                429 => "rate_limit_error",
                500.. => "server_error",
                _ => "invalid_request_error",
            };
            json!({ "error": { "message": message, "type": kind, "code": code, "param": null } })
        }
        Dialect::Anthropic => {
            let kind = match status {
                401 => "authentication_error",
                403 => "permission_error",
                404 => "not_found_error",
                413 => "request_too_large",
                429 => "rate_limit_error",
                504 => "timeout_error",
                529 => "overloaded_error",
                500.. => "api_error",
                _ => "invalid_request_error",
            };
            json!({ "type": "error", "error": { "type": kind, "message": message }, "request_id": request_id })
        }
        Dialect::Google => {
            let word = match status {
                401 => "UNAUTHENTICATED",
                403 => "PERMISSION_DENIED",
                404 => "NOT_FOUND",
                429 => "RESOURCE_EXHAUSTED",
                503 => "UNAVAILABLE",
                504 => "DEADLINE_EXCEEDED",
                500.. => "INTERNAL",
                _ => "INVALID_ARGUMENT",
            };
            json!({ "error": { "code": status, "message": message, "status": word, "details": [{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": code,
                "domain": "zentinelle",
                "metadata": { "request_id": request_id },
            }] } })
        }
    };
    ("application/json", body.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn each_vendor_reads_the_reason_where_it_looks_for_it() {
        for (dialect, at) in [
            (Dialect::OpenAi, ["/error/message", "/error/code"]),
            (Dialect::Anthropic, ["/error/message", "/error/type"]),
            (Dialect::Google, ["/error/message", "/error/details/0/reason"]),
        ] {
            let (content_type, body) = refusal(dialect, 403, "policy_denied", "model \"x\" is blocked", "req_1");
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(content_type, "application/json");
            assert_eq!(body.pointer(at[0]).unwrap(), "model \"x\" is blocked");
            assert!(["policy_denied", "permission_error"].contains(&body.pointer(at[1]).unwrap().as_str().unwrap()));
        }
    }
}
