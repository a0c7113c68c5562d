//! System prompts: written once, versioned, and given to the agents they apply to.

pub(crate) mod analysis;
pub(crate) mod catalogue;
pub(crate) mod library;
pub(crate) mod trial;
pub(crate) mod usage;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use zentinelle_core::audit::AuditAction;

use super::change::Change;
use super::fields;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::{system_prompt, system_prompt_revision};
use crate::store::page::{Page, Paged};
use crate::store::{StoreError, system_prompts as store, wire_name};

/// The longest prompt. Unit: characters.
const MOST_PROMPT: usize = 200_000;
/// The most names in `applies_to`.
const MOST_APPLIES: usize = 200;
/// The most lines that are compared line by line; longer differences are told as a whole.
const MOST_COMPARED: usize = 2_000;

/// A system prompt as an operator writes it. In a change, what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = SystemPromptInput)]
pub(crate) struct PromptInput {
    /// Its short name, unique in the tenant: lower-case letters, digits, `-` and `_`.
    pub(crate) slug: Option<String>,
    /// Its name for people.
    title: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// The text. Required.
    prompt_text: Option<String>,
    /// What kind of prompt it is. Default: system.
    prompt_type: Option<PromptType>,
    /// Whether it is in use; agents get only what is active. Default: active.
    status: Option<PromptStatus>,
    /// Who sees it. Default: organization.
    visibility: Option<Visibility>,
    /// The slug of a category; empty for none.
    category: Option<String>,
    /// The slugs of tags.
    tags: Option<Vec<String>>,
    /// What people read beside the text: models, examples, limits.
    details: Option<Details>,
    /// The services or agent types it is for; empty for all.
    applies_to: Option<Vec<String>>,
    /// Whether agents get it. Default: true.
    enabled: Option<bool>,
    /// Of a change: the version it was made on. Another one in force is a conflict.
    version: Option<i64>,
}

/// What kind of prompt it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PromptType {
    /// Says what the model is.
    #[default]
    System,
    /// Gives it a character.
    Persona,
    /// Gives it one task.
    Task,
    /// Is one step of several.
    Chain,
    /// Shows examples.
    FewShot,
    /// Sets bounds.
    Safety,
    /// Says how answers look.
    Format,
}

/// Whether a prompt is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PromptStatus {
    /// It is being written.
    Draft,
    /// Agents get it.
    #[default]
    Active,
    /// It was in use once.
    Archived,
}

/// Who sees a prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PromptVisibility)]
pub(crate) enum Visibility {
    /// Everybody in the organisation.
    #[default]
    Organization,
    /// Whoever made it, and administrators.
    Private,
    /// Everybody in the organisation; it may be shown outside.
    Public,
}

/// What people read beside the text of a prompt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = PromptDetails)]
pub(crate) struct Details {
    /// The vendors whose models it was written for.
    pub(crate) compatible_providers: Vec<String>,
    /// The models it was written for.
    pub(crate) compatible_models: Vec<String>,
    /// The temperature it works best with.
    pub(crate) recommended_temperature: Option<f64>,
    /// How many tokens an answer should have at most.
    pub(crate) recommended_max_tokens: Option<u32>,
    /// What variables are when nobody says.
    #[schema(value_type = Object)]
    pub(crate) variable_defaults: serde_json::Map<String, Value>,
    /// What variables mean.
    #[schema(value_type = Object)]
    pub(crate) variable_descriptions: serde_json::Map<String, Value>,
    /// What somebody may ask.
    pub(crate) example_input: String,
    /// What should come back.
    pub(crate) example_output: String,
    /// What it is good for.
    pub(crate) use_cases: Vec<String>,
    /// How to use it well.
    pub(crate) best_practices: String,
    /// What it is not good for.
    pub(crate) limitations: String,
}

impl PromptInput {
    fn write_to(self, row: &mut system_prompt::Model) -> Result<(), ApiError> {
        if let Some(slug) = &self.slug {
            row.slug = slug_of(slug)?;
        }
        if let Some(title) = &self.title {
            row.title = fields::required("title", Some(title), fields::MOST_NAME)?;
        }
        if let Some(text) = self.prompt_text {
            if text.trim().is_empty() {
                return Err(ApiError::invalid("prompt_text", "is missing"));
            }
            fields::text("prompt_text", &text, MOST_PROMPT)?;
            row.variables = json!(variables(&text));
            row.prompt_text = text;
        }
        if let Some(description) = self.description {
            fields::text("description", &description, fields::MOST_PROSE)?;
            row.description = description;
        }
        if let Some(prompt_type) = &self.prompt_type {
            row.prompt_type = wire_name(prompt_type);
        }
        if let Some(visibility) = &self.visibility {
            row.visibility = wire_name(visibility);
        }
        if let Some(category) = self.category {
            if !category.is_empty() && !catalogue::CATEGORIES.iter().any(|(slug, ..)| *slug == category) {
                return Err(ApiError::invalid("category", format!("there is no category `{category}`")));
            }
            row.category = category;
        }
        if let Some(tags) = self.tags {
            if let Some(unknown) = tags.iter().find(|tag| !catalogue::TAGS.iter().any(|(slug, ..)| slug == tag)) {
                return Err(ApiError::invalid("tags", format!("there is no tag `{unknown}`")));
            }
            row.tags = json!(tags);
        }
        if let Some(details) = self.details {
            let details = serde_json::to_value(details).map_err(|error| ApiError::Internal(error.to_string()))?;
            fields::json("details", &details)?;
            row.details = details;
        }
        if let Some(applies_to) = self.applies_to {
            fields::names("applies_to", &applies_to, MOST_APPLIES)?;
            row.applies_to = json!(applies_to);
        }
        // Agents get what is active, and nothing else: one fact, two names for it.
        let status = match (self.status, self.enabled) {
            (Some(status), _) => Some(status),
            (None, Some(true)) => Some(PromptStatus::Active),
            (None, Some(false)) if row.status == "active" => Some(PromptStatus::Archived),
            (None, _) => None,
        };
        if let Some(status) = status {
            row.status = wire_name(&status);
            row.enabled = status == PromptStatus::Active;
        }
        Ok(())
    }
}

fn slug_of(given: &str) -> Result<String, ApiError> {
    let slug = fields::required("slug", Some(given), 100)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    if !slug.bytes().all(plain) {
        return Err(ApiError::invalid("slug", "may hold lower-case letters, digits, `-` and `_`"));
    }
    Ok(slug)
}

/// The names in `{{double braces}}`, sorted.
pub(crate) fn variables(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once("{{") {
        let Some((inside, after)) = behind.split_once("}}") else { break };
        // Of `{{ {{name}}` the inner pair counts.
        let name = inside.rsplit("{{").next().unwrap_or_default().trim();
        let sound = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if !name.is_empty() && name.chars().count() <= 100 && name.chars().all(sound) {
            names.insert(name.to_owned());
        }
        rest = after;
    }
    names
}

/// About how many tokens a text has, by the estimate that calls are metered with.
pub(crate) fn estimated_tokens(text: &str) -> usize {
    usize::try_from(zentinelle_core::dialect::estimate_text(text)).unwrap_or(usize::MAX)
}

/// The prompts of the caller's tenant.
pub(crate) async fn list(app: &App, caller: &Caller, page: &Page) -> Result<Paged<system_prompt::Model>, ApiError> {
    Ok(store::page(app.store.db(), &caller.tenant, page).await?)
}

/// One prompt.
pub(crate) async fn get(app: &App, caller: &Caller, id: &str) -> Result<system_prompt::Model, ApiError> {
    Ok(store::by_id(app.store.db(), &caller.tenant, id).await?)
}

/// Makes a prompt.
pub(crate) async fn create(app: &App, caller: &Caller, input: PromptInput) -> Result<system_prompt::Model, ApiError> {
    if input.prompt_text.is_none() {
        return Err(ApiError::invalid("prompt_text", "is missing"));
    }
    let now = clock::now_micros();
    let slug = slug_of(input.slug.as_deref().unwrap_or_default())?;
    let mut row = system_prompt::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id: clock::new_id(),
        title: slug.clone(),
        slug,
        description: String::new(),
        prompt_text: String::new(),
        prompt_type: wire_name(&PromptType::default()),
        status: wire_name(&PromptStatus::default()),
        visibility: wire_name(&Visibility::default()),
        category: String::new(),
        tags: json!([]),
        parent_id: None,
        details: json!({}),
        applies_to: json!([]),
        variables: json!([]),
        version: 1,
        enabled: true,
        created_by: caller.actor(),
        created_at: now,
        updated_at: now,
    };
    input.write_to(&mut row)?;
    let txn = app.store.begin().await?;
    store::insert(&txn, row.clone()).await?;
    store::keep_revision(&txn, &row, &caller.actor()).await?;
    change(caller, AuditAction::Create, &row, json!({ "after": shown(&row) })).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

/// Changes a prompt. A changed text is a new version.
pub(crate) async fn update(
    app: &App,
    caller: &Caller,
    id: &str,
    input: PromptInput,
) -> Result<system_prompt::Model, ApiError> {
    rewrite(app, caller, id, async |_, _| Ok(input)).await
}

/// Brings an earlier text back, as a new version.
pub(crate) async fn restore(
    app: &App,
    caller: &Caller,
    id: &str,
    version: i64,
) -> Result<system_prompt::Model, ApiError> {
    rewrite(app, caller, id, async |txn: &sea_orm::DatabaseTransaction, row: &system_prompt::Model| {
        let revision = store::revision(txn, &caller.tenant, &row.id, version).await?;
        Ok(PromptInput { prompt_text: Some(revision.prompt_text), ..PromptInput::default() })
    })
    .await
}

async fn rewrite(
    app: &App,
    caller: &Caller,
    id: &str,
    input: impl AsyncFnOnce(&sea_orm::DatabaseTransaction, &system_prompt::Model) -> Result<PromptInput, StoreError>,
) -> Result<system_prompt::Model, ApiError> {
    let txn = app.store.begin().await?;
    let before = store::locked(&txn, &caller.tenant, id).await?;
    let input = input(&txn, &before).await?;
    if input.version.is_some_and(|version| version != before.version) {
        return Err(StoreError::Stale { what: "system prompt" }.into());
    }
    let mut row = before.clone();
    input.write_to(&mut row)?;
    if row == before {
        return Ok(row);
    }
    row.updated_at = clock::now_micros();
    if row.prompt_text != before.prompt_text {
        row.version += 1;
        store::keep_revision(&txn, &row, &caller.actor()).await?;
    }
    store::update(&txn, row.clone()).await?;
    let changes = json!({ "before": shown(&before), "after": shown(&row) });
    change(caller, AuditAction::Update, &row, changes).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

/// Removes a prompt; its versions stay.
pub(crate) async fn delete(app: &App, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let txn = app.store.begin().await?;
    let row = store::locked(&txn, &caller.tenant, id).await?;
    store::delete(&txn, &caller.tenant, id).await?;
    change(caller, AuditAction::Delete, &row, json!({ "before": shown(&row) })).record(&txn).await?;
    txn.commit().await?;
    Ok(())
}

/// A page of a prompt's versions, newest first.
pub(crate) async fn versions(
    app: &App,
    caller: &Caller,
    id: &str,
    before: Option<i64>,
    most: u64,
) -> Result<Vec<system_prompt_revision::Model>, ApiError> {
    store::by_id(app.store.db(), &caller.tenant, id).await?;
    Ok(store::revisions(app.store.db(), &caller.tenant, id, before, most).await?)
}

/// What changed between two versions of a prompt.
pub(crate) async fn diff(app: &App, caller: &Caller, id: &str, from: i64, to: i64) -> Result<Vec<Line>, ApiError> {
    store::by_id(app.store.db(), &caller.tenant, id).await?;
    let earlier = store::revision(app.store.db(), &caller.tenant, id, from).await?;
    let later = store::revision(app.store.db(), &caller.tenant, id, to).await?;
    Ok(lines(&earlier.prompt_text, &later.prompt_text))
}

fn change<'c>(caller: &'c Caller, action: AuditAction, row: &'c system_prompt::Model, changes: Value) -> Change<'c> {
    Change { caller, action, resource_type: "system_prompt", resource_id: &row.id, resource_name: &row.slug, changes }
}

/// What the audit trail says of a prompt: its text stands in the versions.
fn shown(row: &system_prompt::Model) -> Value {
    json!({
        "slug": row.slug, "title": row.title, "version": row.version, "applies_to": row.applies_to,
        "enabled": row.enabled, "status": row.status, "visibility": row.visibility, "category": row.category,
        "tags": row.tags, "prompt_digest": zentinelle_core::audit::digest(&json!(row.prompt_text)).to_string(),
    })
}

/// Whether a line stayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PromptLineChange)]
pub(crate) enum LineChange {
    /// It stands in both.
    Same,
    /// It stands only in the later.
    Added,
    /// It stands only in the earlier.
    Removed,
}

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PromptLine)]
pub(crate) struct Line {
    /// Whether it stayed.
    pub(crate) change: LineChange,
    /// The line.
    pub(crate) text: String,
}

/// The shortest way from one text to another, line by line.
fn lines(earlier: &str, later: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (earlier.lines().collect(), later.lines().collect());
    let ahead = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let behind = old.iter().skip(ahead).rev().zip(new.iter().skip(ahead).rev()).take_while(|(a, b)| a == b).count();
    let middle = |all: &[&'_ str]| {
        all.get(ahead..all.len() - behind).unwrap_or_default().iter().map(|line| (*line).to_owned()).collect::<Vec<_>>()
    };
    let line = |change, text: &str| Line { change, text: text.to_owned() };
    let mut out: Vec<Line> = old.iter().take(ahead).map(|text| line(LineChange::Same, text)).collect();
    let (old_middle, new_middle) = (middle(&old), middle(&new));
    if old_middle.len().max(new_middle.len()) > MOST_COMPARED {
        out.extend(old_middle.iter().map(|text| line(LineChange::Removed, text)));
        out.extend(new_middle.iter().map(|text| line(LineChange::Added, text)));
    } else {
        out.extend(compared(&old_middle, &new_middle));
    }
    out.extend(old.iter().skip(old.len() - behind).map(|text| line(LineChange::Same, text)));
    out
}

/// By the longest common run of lines, in time and space that grow with the product of the lengths.
fn compared(old: &[String], new: &[String]) -> Vec<Line> {
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    let at = |common: &[u32], i: usize, j: usize| common.get(i * width + j).copied().unwrap_or_default();
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            let longest =
                if a == b { at(&common, i + 1, j + 1) + 1 } else { at(&common, i + 1, j).max(at(&common, i, j + 1)) };
            if let Some(place) = common.get_mut(i * width + j) {
                *place = longest;
            }
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    let mut push = |change, text: &str| out.push(Line { change, text: text.to_owned() });
    loop {
        match (old.get(i), new.get(j)) {
            (Some(a), Some(b)) if a == b => {
                push(LineChange::Same, a);
                (i, j) = (i + 1, j + 1);
            }
            (Some(a), b) if b.is_none() || at(&common, i + 1, j) >= at(&common, i, j + 1) => {
                push(LineChange::Removed, a);
                i += 1;
            }
            (_, Some(b)) => {
                push(LineChange::Added, b);
                j += 1;
            }
            _ => return out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LineChange, lines, variables};

    #[test]
    fn variables_are_the_names_in_double_braces() {
        let names = variables("Hi {{ name }}, {{user.id}} {{name}} {{}} {{two words}} {{ {{inner}} {{open");
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["inner", "name", "user.id"]);
    }

    #[test]
    fn a_difference_keeps_what_stayed_and_rebuilds_both_texts() {
        let (old, new) = ("a\nb\nc\nd\ne", "a\nc\nx\nd\ny\ne");
        let diff = lines(old, new);
        let text = |without| {
            let kept = diff.iter().filter(|line| line.change != without).map(|line| line.text.as_str());
            kept.collect::<Vec<_>>().join("\n")
        };
        assert_eq!((text(LineChange::Added), text(LineChange::Removed)), (old.to_owned(), new.to_owned()));
        assert_eq!(diff.iter().filter(|line| line.change == LineChange::Same).count(), 4);
        assert!(lines("", "").is_empty());
        assert_eq!(lines("same", "same").len(), 1);
    }
}
