//! Reading requests: strict about what a JSON text is, lenient about what released clients send.
//!
//! A key given twice, invalid UTF-8 and deep nesting are refused. Unknown fields are ignored,
//! and null, empty and absent mean the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use zentinelle_core::document::json;

use super::error::ApiError;
use super::listing::canonical;
use crate::app::App;
use crate::auth::Caller;

/// A JSON body, read into `T`. An empty body reads as an empty object.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T>
where
    Arc<App>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match body(request, state).await? {
            None => read(Value::Object(serde_json::Map::new())).map(Self),
            Some(body) => read(parse(&body)?).map(Self),
        }
    }
}

/// A type whose usual texts are read without a [`Value`] in between.
pub(crate) trait Plain: Sized {
    /// Reads a text that [`JsonBody`] would read as the same. None where that is not certain, as
    /// with every text that is at fault: what is wrong with it is then said as always.
    fn plain(text: &str) -> Option<Self>;
}

/// A [`JsonBody`] of a route that is asked all day long.
pub(crate) struct PlainBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Plain, S: Send + Sync> FromRequest<S> for PlainBody<T>
where
    Arc<App>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let Some(body) = body(request, state).await? else {
            return read(Value::Object(serde_json::Map::new())).map(Self);
        };
        match std::str::from_utf8(&body).ok().and_then(T::plain) {
            Some(plain) => Ok(Self(plain)),
            None => read(parse(&body)?).map(Self),
        }
    }
}

/// The body of a request that says it is JSON, if it has one.
async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Option<Bytes>, ApiError>
where
    Arc<App>: FromRef<S>,
{
    let media_type = request.headers().get(header::CONTENT_TYPE).cloned();
    let limit = || Arc::<App>::from_ref(state).config.limits.max_body_bytes;
    let body = Bytes::from_request(request, state).await.map_err(|rejection| refused(&rejection, limit))?;
    if body.is_empty() {
        return Ok(None);
    }
    if media_type.is_some_and(|media| !is_json(media.to_str().unwrap_or_default())) {
        return Err(ApiError::MediaType);
    }
    Ok(Some(body))
}

/// Reads one JSON value, refusing what two readers might understand differently.
pub(crate) fn parse(body: &[u8]) -> Result<Value, ApiError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| ApiError::Malformed(format!("not UTF-8 from byte {} on", error.valid_up_to())))?;
    json::parse(text).map_err(|problem| ApiError::Malformed(problem.message.clone()))
}

/// Reads a value into a type; the error names the field.
pub(crate) fn read<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = match error.path().to_string().as_str() {
            "." => "body".to_owned(),
            path => path.to_owned(),
        };
        ApiError::Invalid(BTreeMap::from([(path, vec![plain(&error.inner().to_string())])]))
    })
}

/// Serde's words for Rust types, as people say them.
fn plain(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    ["u64", "i64", "u32", "usize"].iter().fold(message.to_owned(), |text, name| text.replace(name, "a whole number"))
}

fn is_json(media: &str) -> bool {
    if media == "application/json" {
        return true;
    }
    let essence = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn refused(rejection: &BytesRejection, limit: impl FnOnce() -> usize) -> ApiError {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge { limit: limit() },
        _ => ApiError::Malformed("the body could not be read to its end".to_owned()),
    }
}

/// The caller whom the access layer admitted.
impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or(ApiError::NobodyMayCall)
    }
}

/// The one id in a path, as the server made it. A text that is no id names nothing.
pub(crate) struct PathId(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let name = PathName::from_request_parts(parts, state).await?;
        canonical(&name.0).map(Self).ok_or(ApiError::NotFound { what: "id" })
    }
}

/// The one name in a path that somebody else chose. One that no thing can have is not found.
pub(crate) struct PathName(pub(crate) String);

/// The longest name in a path. Unit: bytes.
const MOST_NAME: usize = 255;

impl<S: Send + Sync> FromRequestParts<S> for PathName {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let missing = ApiError::NotFound { what: "thing" };
        match axum::extract::Path::<String>::from_request_parts(parts, state).await {
            Ok(path) if path.0.len() <= MOST_NAME && !path.0.chars().any(char::is_control) => Ok(Self(path.0)),
            _ => Err(missing),
        }
    }
}

/// The version a caller believes to change, from `If-Match`; none when the header is absent or `*`.
pub(crate) struct IfMatch(pub(crate) Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or("?").trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let tag = text.strip_prefix("W/").unwrap_or(text).trim_matches('"');
        let version = tag.parse().map_err(|_| ApiError::invalid("If-Match", "expected a version, such as `\"3\"`"))?;
        Ok(Self(Some(version)))
    }
}

/// The query of a request, read into `T`; the error names the field.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(|rejection| {
            let message = rejection.body_text();
            let message = message.strip_prefix("Failed to deserialize query string: ").unwrap_or(&message);
            let (field, message) = message.split_once(": ").unwrap_or(("query", message));
            ApiError::invalid(field, plain(message))
        })
    }
}

/// Field readers for which null, empty and absent are one.
pub(crate) mod lenient {
    use serde::{Deserialize, Deserializer};
    use serde_json::{Map, Value};

    /// A text, or none.
    pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// An object; empty when null.
    pub(crate) fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or_default())
    }

    /// A field of a change: absent leaves a thing as it is, null takes it away.
    pub(crate) fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }

    /// A list; empty when null.
    pub(crate) fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiError, is_json, parse, read};

    #[test]
    fn what_two_readers_may_understand_differently_is_refused() {
        for body in [&b"{\"a\":1,\"a\":2}"[..], b"{", b"\xff", b"{} {}", "[".repeat(5000).as_bytes(), br#""\ud800""#] {
            assert!(matches!(parse(body), Err(ApiError::Malformed(_))), "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn a_wrong_field_is_named_in_plain_words() {
        #[derive(Debug, serde::Deserialize)]
        struct Body {
            #[expect(dead_code)]
            amount: u64,
        }
        let error = read::<Body>(serde_json::json!({"amount": "x"})).expect_err("not a number");
        assert_eq!(error.to_string(), "amount: invalid type: string \"x\", expected a whole number");
    }

    #[test]
    fn json_is_known_by_its_media_type() {
        assert!(is_json("application/json") && is_json("Application/JSON; charset=utf-8"));
        assert!(is_json("application/cloudevents+json") && !is_json("text/plain") && !is_json("multipart/form-data"));
    }
}
