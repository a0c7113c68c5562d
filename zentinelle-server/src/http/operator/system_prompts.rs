//! `system-prompts`, their versions, and what changed between them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::resource::resource;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathId, Query};
use crate::http::listing;
use crate::service::system_prompts::{self, Line, PromptInput};
use crate::store::entities::{system_prompt, system_prompt_revision};

/// A system prompt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SystemPrompt {
    /// Its id.
    id: String,
    /// Its short name.
    slug: String,
    /// Its name for people.
    title: String,
    /// The text.
    prompt_text: String,
    /// The names in `{{double braces}}`.
    #[schema(value_type = Vec<String>)]
    variables: Value,
    /// About how many tokens it has, by the upper estimate that calls are metered with.
    estimated_tokens: usize,
    /// The services or agent types it is for; empty for all.
    #[schema(value_type = Vec<String>)]
    applies_to: Value,
    /// Grows with every change of the text.
    version: i64,
    /// Whether agents get it.
    enabled: bool,
    /// Who made it.
    created_by: String,
    /// When it was made.
    created_at: String,
    /// When it was changed last.
    updated_at: String,
}

impl From<system_prompt::Model> for SystemPrompt {
    fn from(row: system_prompt::Model) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            title: row.title,
            estimated_tokens: system_prompts::estimated_tokens(&row.prompt_text),
            prompt_text: row.prompt_text,
            variables: row.variables,
            applies_to: row.applies_to,
            version: row.version,
            enabled: row.enabled,
            created_by: row.created_by,
            created_at: clock::iso(row.created_at),
            updated_at: clock::iso(row.updated_at),
        }
    }
}

/// A page of system prompts, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SystemPrompts {
    /// How many there are in all.
    count: u64,
    /// Where the next page begins.
    next_cursor: Option<String>,
    /// The page.
    results: Vec<SystemPrompt>,
}

resource! {
    path: "/api/zentinelle/v1/system-prompts", tag: "prompts", operations: "system_prompt" / "system_prompts", noun: "a" "system prompt",
    permissions: "system_prompts", service: system_prompts, shown: SystemPrompt, page: SystemPrompts, input: PromptInput,
}

/// Which versions are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionsQuery {
    /// How many. Default: 50, at most 500.
    limit: Option<u64>,
    /// Only versions before this one: the `next_cursor` of the page before.
    cursor: Option<i64>,
}

/// A page of versions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PromptVersions {
    /// Where the next page begins.
    next_cursor: Option<i64>,
    /// The page.
    results: Vec<PromptVersion>,
}

/// One version of a prompt's text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PromptVersion {
    /// Its number.
    version: i64,
    /// The text.
    prompt_text: String,
    /// About how many tokens it has.
    estimated_tokens: usize,
    /// Who wrote it.
    changed_by: String,
    /// When.
    changed_at: String,
}

impl From<system_prompt_revision::Model> for PromptVersion {
    fn from(row: system_prompt_revision::Model) -> Self {
        Self {
            version: row.version,
            estimated_tokens: system_prompts::estimated_tokens(&row.prompt_text),
            prompt_text: row.prompt_text,
            changed_by: row.changed_by,
            changed_at: clock::iso(row.changed_at),
        }
    }
}

/// The versions of a prompt.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/system-prompts/{id}/versions", tag = "prompts",
    operation_id = "list_system_prompt_versions",
    params(("id" = String, Path, description = "The prompt's id"), VersionsQuery),
    responses(
        (status = 200, description = "A page of versions", body = PromptVersions),
        (status = "4XX", description = "There is no such system prompt", body = ErrorBody),
    ),
    security(("operator_key" = ["system_prompts:read"]))
)]
pub(crate) async fn versions(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    Query(query): Query<VersionsQuery>,
) -> Result<Json<PromptVersions>, ApiError> {
    let page = listing::page(query.limit, None, None, 50, 500)?;
    let rows = system_prompts::versions(&app, &caller, &id, query.cursor, page.limit).await?;
    let results: Vec<PromptVersion> = rows.into_iter().map(Into::into).collect();
    let next_cursor = results.last().map(|last| last.version).filter(|version| *version > 1);
    Ok(Json(PromptVersions { next_cursor, results }))
}

/// Which version to bring back.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RestoreSystemPrompt)]
pub(crate) struct Restore {
    /// Its number.
    version: i64,
}

/// Brings an earlier text back, as a new version.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/system-prompts/{id}/restore", tag = "prompts",
    operation_id = "restore_system_prompt",
    params(("id" = String, Path, description = "The prompt's id")), request_body = Restore,
    responses(
        (status = 200, description = "The system prompt", body = SystemPrompt),
        (status = "4XX", description = "There is no such system prompt or version", body = ErrorBody),
    ),
    security(("operator_key" = ["system_prompts:write"]))
)]
pub(crate) async fn restore(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    JsonBody(which): JsonBody<Restore>,
) -> Result<Json<SystemPrompt>, ApiError> {
    Ok(Json(system_prompts::restore(&app, &caller, &id, which.version).await?.into()))
}

/// Which versions to compare.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DiffQuery {
    /// The earlier version.
    from: i64,
    /// The later version.
    to: i64,
}

/// What changed between two versions, line by line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PromptDiff {
    /// The prompt.
    prompt_id: String,
    /// The earlier version.
    from_version: i64,
    /// The later version.
    to_version: i64,
    /// The lines of both, in order.
    lines: Vec<Line>,
}

/// What changed between two versions of a prompt.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/system-prompts/{id}/diff", tag = "prompts", operation_id = "diff_system_prompt",
    params(("id" = String, Path, description = "The prompt's id"), DiffQuery),
    responses(
        (status = 200, description = "What changed", body = PromptDiff),
        (status = "4XX", description = "There is no such system prompt or version", body = ErrorBody),
    ),
    security(("operator_key" = ["system_prompts:read"]))
)]
pub(crate) async fn diff(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    Query(query): Query<DiffQuery>,
) -> Result<Json<PromptDiff>, ApiError> {
    let lines = system_prompts::diff(&app, &caller, &id, query.from, query.to).await?;
    Ok(Json(PromptDiff { prompt_id: id, from_version: query.from, to_version: query.to, lines }))
}
