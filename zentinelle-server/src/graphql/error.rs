//! What a failed field says: words, a code to act on in `extensions.code`, and the path.
//!
//! Internal text is logged here, once, and never sent.

use async_graphql::{Error, ErrorExtensions as _};
use serde_json::{Value, json};

use crate::auth::Permission;
use crate::http::error::ApiError;

/// Why a root field was not answered at all.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Nobody is known.
    Unauthenticated,
    /// Somebody is, and may not.
    Forbidden {
        /// What the field asks for.
        needed: Permission,
    },
}

impl Refusal {
    /// The error of the field.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Unauthenticated => coded("Authentication credentials were not provided.", "UNAUTHENTICATED"),
            Self::Forbidden { needed } => {
                let message = format!("You may not do this: it needs the permission `{needed}`.");
                coded(&message, "FORBIDDEN").extend_with(|_, extensions| extensions.set("needed", needed.to_string()))
            }
        }
    }
}

/// An error with a code.
pub(crate) fn coded(message: &str, code: &str) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code))
}

/// The code clients act on.
pub(crate) fn code(error: &ApiError) -> String {
    match error {
        ApiError::Unauthenticated(_) => "UNAUTHENTICATED".to_owned(),
        ApiError::Forbidden { .. } => "FORBIDDEN".to_owned(),
        other => other.code().to_ascii_uppercase(),
    }
}

/// The error of a field. A fault of the server is logged and told without its details.
pub(crate) fn of(error: &ApiError) -> Error {
    if error.status().is_server_error() {
        tracing::error!(code = error.code(), ?error, "a field failed");
    }
    let problems = problems(error);
    coded(&error.to_string(), &code(error)).extend_with(|_, extensions| {
        if let Ok(problems) = async_graphql::Value::from_json(problems) {
            extensions.set("problems", problems);
        }
    })
}

/// Whether a change that fails so tells it in its payload instead of failing the field.
pub(crate) fn is_answer(error: &ApiError) -> bool {
    use axum::http::StatusCode;
    matches!(error.status(), StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::CONFLICT)
        || matches!(error, ApiError::NotAllowed { .. })
}

/// What is wrong, one by one: `{ code, message, path }`.
pub(crate) fn problems(error: &ApiError) -> Value {
    match error {
        ApiError::Invalid(fields) => fields
            .iter()
            .flat_map(|(field, messages)| messages.iter().map(move |message| (field, message)))
            .map(|(field, message)| json!({ "code": "INVALID", "message": message, "path": path_of(field) }))
            .collect(),
        ApiError::Policies(faults) => faults
            .iter()
            .map(|fault| json!({ "code": fault.code, "message": fault.message, "path": pointer(&fault.pointer) }))
            .collect(),
        other => json!([{ "code": code(other), "message": other.to_string(), "path": [] }]),
    }
}

/// The steps of a path such as `config.limits[0]`, its names as the schema writes them.
fn path_of(field: &str) -> Vec<String> {
    field.split(['.', '[', ']']).filter(|step| !step.is_empty()).map(camel).collect()
}

fn pointer(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

/// A snake_case name in camelCase.
pub(crate) fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}
