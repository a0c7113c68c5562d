//! The OpenAPI document, and a page to browse it that needs nothing from elsewhere.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use utoipa_swagger_ui::Config;

use super::error::{ApiError, ErrorBody};
use crate::app::App;

/// Nothing but this server's own files; the page's styles are partly written into its elements.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Zentinelle API</title>
<link rel="icon" href="/api/docs/favicon-32x32.png">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<body>
<div id="page"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
"#;
const START: &str = r##"SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
  docExpansion: "none",
  tagsSorter: "alpha",
});
"##;

/// The files of the page that are served; the library holds more.
const FILES: [&str; 4] = ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png", "favicon-16x16.png"];

/// The description of this interface, as OpenAPI.
#[utoipa::path(
    get, path = "/api/openapi.json", operation_id = "docs_openapi", tag = "operations",
    responses((status = 200, description = "An OpenAPI 3.1 document", body = Object)),
    security(("public" = []))
)]
pub(crate) async fn openapi(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    served(&app, "application/json", Body::from(app.openapi.clone()))
}

/// A page to browse the description.
#[utoipa::path(
    get, path = "/api/docs", operation_id = "docs_page", tag = "operations",
    responses((status = 200, description = "A page for people", body = String, content_type = "text/html")),
    security(("public" = []))
)]
pub(crate) async fn page(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    served(&app, "text/html; charset=utf-8", Body::from(PAGE))
}

/// A file of that page.
#[utoipa::path(
    get, path = "/api/docs/{file}", tag = "operations", operation_id = "docs_file",
    params(("file" = String, Path, description = "Which file")),
    responses(
        (status = 200, description = "The file", body = String, content_type = "application/octet-stream"),
        (status = 404, description = "There is no such file", body = ErrorBody),
    ),
    security(("public" = []))
)]
pub(crate) async fn file(State(app): State<Arc<App>>, Path(file): Path<String>) -> Result<Response, ApiError> {
    if file == "start.js" {
        return served(&app, "text/javascript; charset=utf-8", Body::from(START));
    }
    let known = FILES.contains(&file.as_str());
    let found = known.then(|| utoipa_swagger_ui::serve(&file, Arc::new(Config::from("/api/openapi.json"))));
    let Some(Ok(Some(found))) = found else { return Err(ApiError::NotFound { what: "file" }) };
    let mut response = served(&app, &found.content_type, Body::from(found.bytes.into_owned()))?;
    if found.gzpipped {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

fn served(app: &App, kind: &str, body: Body) -> Result<Response, ApiError> {
    if !app.config.docs.enabled {
        return Err(ApiError::NoRoute);
    }
    let kind = HeaderValue::from_str(kind).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    Ok((headers, body).into_response())
}
