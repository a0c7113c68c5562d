//! The system prompt library: prompts and their versions.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::shared::{display, input};
use crate::clock;
use crate::graphql::ask::{Ask, ById, Id, Resolvers, optional};
use crate::graphql::page;
use crate::http::error::ApiError;
use crate::service::system_prompts as service;
use crate::store::entities::{system_prompt, system_prompt_revision};
use crate::store::system_prompts as store;

pub(super) fn register(to: &mut Resolvers) {
    to.query("promptVersions", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let id = args.id.known("prompt")?;
        let rows = service::versions(&ask.app, &ask.caller, id, None, page::MOST_LIST).await?;
        Ok(rows.into_iter().map(version_view).collect())
    });
    to.query("promptDiff", async |ask: Ask, args: Diff| -> Result<Value, ApiError> {
        let id = args.id.known("prompt")?;
        let texts = [args.from, args.to].map(|version| store::revision(ask.db(), ask.tenant(), id, version));
        let [from, to] = texts;
        let (from, to) = (from.await?, to.await?);
        let mut found = Vec::new();
        let (before, after) = (json!({ "promptText": from.prompt_text }), json!({ "promptText": to.prompt_text }));
        super::policies::differences("", &before, &after, &mut found);
        Ok(Value::Array(found))
    });
    to.mutation("createSystemPrompt", async |ask: Ask, args: Write| -> Result<Value, ApiError> {
        let row = service::create(&ask.app, &ask.caller, written(&args.input, true)?).await?;
        Ok(json!({ "prompt": view(row) }))
    });
    to.mutation("updateSystemPrompt", async |ask: Ask, args: Write| -> Result<Value, ApiError> {
        let id = args.id.known("prompt")?;
        let row = service::update(&ask.app, &ask.caller, id, written(&args.input, false)?).await?;
        Ok(json!({ "prompt": view(row) }))
    });
    to.mutation("deleteSystemPrompt", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        service::delete(&ask.app, &ask.caller, args.id.known("prompt")?).await?;
        Ok(json!({}))
    });
    to.mutation("forkSystemPrompt", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let row = service::get(&ask.app, &ask.caller, args.id.known("prompt")?).await?;
        let tail = clock::new_id();
        let tail = tail.get(28..).unwrap_or_default();
        let copy = input(json!({
            "slug": format!("{}-{tail}", row.slug), "title": format!("{} (copy)", row.title),
            "prompt_text": row.prompt_text, "applies_to": row.applies_to, "enabled": false,
        }))?;
        let made = service::create(&ask.app, &ask.caller, copy).await?;
        Ok(json!({ "prompt": view(made) }))
    });
    to.mutation("restorePrompt", async |ask: Ask, args: Restore| -> Result<Value, ApiError> {
        let row = service::restore(&ask.app, &ask.caller, args.id.known("prompt")?, args.version).await?;
        Ok(json!({ "id": row.id }))
    });
    to.query("systemPrompt", async |ask: Ask, args: One| -> Result<Option<Value>, ApiError> {
        match (args.id, args.slug) {
            (Some(id), _) => optional(service::get(&ask.app, &ask.caller, &id.0).await.map(view)),
            (None, Some(slug)) => {
                crate::service::fields::text("slug", &slug, 255)?;
                Ok(store::by_slug(ask.db(), ask.tenant(), &slug).await?.map(view))
            }
            (None, None) => Ok(None),
        }
    });
}

/// A prompt, as it is answered.
pub(super) fn view(row: system_prompt::Model) -> Value {
    let status = if row.enabled { "active" } else { "draft" };
    json!({
        "id": row.id, "name": row.title, "slug": row.slug, "description": "", "promptText": row.prompt_text,
        "promptType": "system", "compatibleProviders": [], "compatibleModels": [], "templateVariables": row.variables,
        "variableDefaults": {}, "variableDescriptions": {}, "exampleInput": "", "exampleOutput": "",
        "exampleConversation": [], "useCases": row.applies_to, "bestPractices": "", "limitations": "",
        "version": row.version, "changeLog": "", "status": status, "visibility": "organization", "isFeatured": false,
        "isVerified": false, "usageCount": 0, "favoriteCount": 0, "forkCount": 0, "userId": row.created_by,
        "createdAt": clock::iso(row.created_at), "updatedAt": clock::iso(row.updated_at), "tags": [],
        "promptTypeDisplay": "System", "statusDisplay": display(status), "visibilityDisplay": "Organization",
        "isFavorited": false, "createdByUsername": row.created_by,
    })
}

fn version_view(row: system_prompt_revision::Model) -> Value {
    json!({
        "version": row.version, "name": format!("Version {}", row.version), "changedBy": row.changed_by,
        "createdAt": clock::iso(row.changed_at), "tokenCount": service::estimated_tokens(&row.prompt_text),
        "promptText": row.prompt_text,
    })
}

#[derive(Deserialize)]
struct Diff {
    id: Id,
    from: i64,
    to: i64,
}

#[derive(Deserialize)]
struct Restore {
    id: Id,
    version: i64,
}

#[derive(Deserialize)]
struct One {
    id: Option<Id>,
    slug: Option<String>,
}

#[derive(Deserialize)]
struct Write {
    #[serde(default)]
    id: Id,
    input: Map<String, Value>,
}

/// A prompt as the service takes it.
fn written(given: &Map<String, Value>, new: bool) -> Result<service::PromptInput, ApiError> {
    let of = |key: &str| given.get(key).cloned().unwrap_or_default();
    let slug = match given.get("name").and_then(Value::as_str) {
        Some(name) if new => json!(slug(name)),
        _ => Value::Null,
    };
    let enabled = match given.get("status").and_then(Value::as_str) {
        None => Value::Null,
        Some("active" | "published") => json!(true),
        Some("draft" | "archived" | "deprecated") => json!(false),
        Some(_) => return Err(ApiError::invalid("status", "expected active, draft or archived")),
    };
    input(json!({
        "slug": slug, "title": of("name"), "prompt_text": of("promptText"), "applies_to": of("useCases"),
        "enabled": enabled,
    }))
}

/// A short name made of a name.
fn slug(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let slug: String = name.chars().map(plain).collect();
    let parts: Vec<&str> = slug.split('-').filter(|part| !part.is_empty()).collect();
    let slug = parts.join("-");
    if slug.is_empty() { format!("prompt-{}", clock::new_id()) } else { slug.chars().take(90).collect() }
}
