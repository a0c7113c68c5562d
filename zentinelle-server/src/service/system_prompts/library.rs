//! The library around system prompts: favourites, ratings, forks, and finding what is wanted.

use hashbrown::HashMap;
use serde_json::{Value, json};
use zentinelle_core::audit::AuditAction;

use super::{PromptInput, catalogue, change, shown};
use crate::app::App;
use crate::auth::{Caller, Identity, Role};
use crate::clock;
use crate::http::error::ApiError;
use crate::service::fields;
use crate::store::entities::{prompt_favorite, prompt_rating, system_prompt};
use crate::store::{StoreError, prompt_library as store, system_prompts as prompts};

/// Which prompts are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// With this text in the title, description or text, whatever the letter case.
    pub(crate) search: Option<String>,
    /// In this category.
    pub(crate) category: Option<String>,
    /// Of these kinds; empty for all.
    pub(crate) prompt_types: Vec<String>,
    /// In these states; empty for all.
    pub(crate) statuses: Vec<String>,
    /// Seen by these; empty for all.
    pub(crate) visibilities: Vec<String>,
    /// For this vendor.
    pub(crate) provider: Option<String>,
    /// With all of these tags.
    pub(crate) tags: Vec<String>,
    /// Only those the caller marked.
    pub(crate) favorites: bool,
    /// Only those the caller made.
    pub(crate) mine: bool,
}

impl Wanted {
    fn fits(&self, row: &system_prompt::Model, seen: &Seen) -> bool {
        let has = |list: &Value, word: &str| {
            list.as_array().is_some_and(|list| list.iter().any(|item| item.as_str() == Some(word)))
        };
        let text = self.search.as_deref().unwrap_or_default().to_lowercase();
        let found = [&row.title, &row.slug, &row.description, &row.prompt_text]
            .iter()
            .any(|field| field.to_lowercase().contains(&text));
        let providers = row.details.get("compatible_providers").cloned().unwrap_or_default();
        let any = |words: &[String], word: &String| words.is_empty() || words.contains(word);
        found
            && self.category.as_ref().is_none_or(|category| *category == row.category)
            && any(&self.prompt_types, &row.prompt_type)
            && any(&self.statuses, &row.status)
            && any(&self.visibilities, &row.visibility)
            && self.provider.as_ref().is_none_or(|provider| has(&providers, provider))
            && self.tags.iter().all(|tag| has(&row.tags, tag))
            && (!self.favorites || seen.favorite)
            && (!self.mine || seen.mine)
    }
}

/// What others, and the caller, think of a prompt.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    /// How many marked it.
    pub(crate) favorites: usize,
    /// Whether the caller did.
    pub(crate) favorite: bool,
    /// How often it was forked.
    pub(crate) forks: usize,
    /// The mean of the ratings.
    pub(crate) mean: Option<f64>,
    /// The caller's rating.
    pub(crate) own: Option<i64>,
    /// Whether the caller made it.
    pub(crate) mine: bool,
}

/// Every prompt the caller may see, newest first, with what people think of it.
pub(crate) async fn all(
    app: &App,
    caller: &Caller,
    wanted: &Wanted,
) -> Result<Vec<(system_prompt::Model, Seen)>, ApiError> {
    fields::optional("search", wanted.search.as_deref(), fields::MOST_NAME)?;
    let rows = store::all(app.store.db(), &caller.tenant).await?;
    let (favorites, ratings) = (
        store::favorites(app.store.db(), &caller.tenant).await?,
        store::ratings(app.store.db(), &caller.tenant).await?,
    );
    let me = caller.actor();
    let mut seen: HashMap<String, (Seen, Vec<i64>)> = HashMap::new();
    for one in favorites {
        let (seen, _) = seen.entry(one.prompt_id).or_default();
        seen.favorites += 1;
        seen.favorite |= one.user_id == me;
    }
    for one in ratings {
        let (seen, all) = seen.entry(one.prompt_id).or_default();
        all.push(one.rating);
        if one.user_id == me {
            seen.own = Some(one.rating);
        }
    }
    for parent in rows.iter().filter_map(|row| row.parent_id.clone()) {
        seen.entry(parent).or_default().0.forks += 1;
    }
    let found = rows.into_iter().filter(|row| may_see(caller, row)).map(|row| {
        let (mut one, ratings) = seen.remove(&row.id).unwrap_or_default();
        one.mine = row.created_by == me;
        let sum: i64 = ratings.iter().sum();
        one.mean = (!ratings.is_empty()).then(|| sum as f64 / ratings.len() as f64);
        (row, one)
    });
    Ok(found.filter(|(row, seen)| wanted.fits(row, seen)).collect())
}

/// Private prompts are for whoever made them, and for administrators.
fn may_see(caller: &Caller, row: &system_prompt::Model) -> bool {
    let administers = matches!(&caller.identity, Identity::Operator { role: Role::Admin, .. });
    row.visibility != "private" || administers || row.created_by == caller.actor()
}

/// One prompt the caller may see.
pub(crate) async fn one(app: &App, caller: &Caller, id: &str) -> Result<(system_prompt::Model, Seen), ApiError> {
    let found = all(app, caller, &Wanted::default()).await?;
    found
        .into_iter()
        .find(|(row, _)| row.id == id || row.slug == id)
        .ok_or(ApiError::NotFound { what: "system prompt" })
}

/// Makes a copy that goes its own way: a draft in the caller's name.
pub(crate) async fn fork(app: &App, caller: &Caller, id: &str) -> Result<system_prompt::Model, ApiError> {
    let (origin, _) = one(app, caller, id).await?;
    let now = clock::now_micros();
    let new = clock::new_id();
    let end: String = new.chars().rev().take(6).collect();
    let start: String = origin.slug.chars().take(80).collect();
    let row = system_prompt::Model {
        id: new,
        slug: format!("{start}-fork-{end}"),
        title: format!("{} (fork)", origin.title).chars().take(fields::MOST_NAME).collect(),
        status: "draft".to_owned(),
        enabled: false,
        version: 1,
        parent_id: Some(origin.id),
        created_by: caller.actor(),
        created_at: now,
        updated_at: now,
        ..origin
    };
    let txn = app.store.begin().await?;
    prompts::insert(&txn, row.clone()).await?;
    prompts::keep_revision(&txn, &row, &caller.actor()).await?;
    let changes = json!({ "after": shown(&row), "forked_from": row.parent_id });
    change(caller, AuditAction::Create, &row, changes).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

/// Marks a prompt, or takes the mark away. Says whether it is marked now.
pub(crate) async fn toggle_favorite(app: &App, caller: &Caller, id: &str) -> Result<bool, ApiError> {
    let (row, seen) = one(app, caller, id).await?;
    let mark = prompt_favorite::Model {
        tenant_id: row.tenant_id,
        prompt_id: row.id,
        user_id: caller.actor(),
        created_at: clock::now_micros(),
    };
    store::mark(app.store.db(), mark, !seen.favorite).await?;
    Ok(!seen.favorite)
}

/// Rates a prompt from 1 to 5; a second rating takes the place of the first.
pub(crate) async fn rate(
    app: &App,
    caller: &Caller,
    id: &str,
    rating: i64,
    review: &str,
) -> Result<prompt_rating::Model, ApiError> {
    if !(1..=5).contains(&rating) {
        return Err(ApiError::invalid("rating", "must be 1, 2, 3, 4 or 5"));
    }
    fields::text("review", review, fields::MOST_PROSE)?;
    let (row, _) = one(app, caller, id).await?;
    let now = clock::now_micros();
    let rated = prompt_rating::Model {
        tenant_id: row.tenant_id.clone(),
        prompt_id: row.id.clone(),
        user_id: caller.actor(),
        id: clock::new_id(),
        rating,
        review: review.to_owned(),
        created_at: now,
        updated_at: now,
    };
    let txn = app.store.begin().await?;
    let kept = store::rate(&txn, rated).await?;
    change(caller, AuditAction::Update, &row, json!({ "rating": rating })).record(&txn).await?;
    txn.commit().await?;
    Ok(kept)
}

/// A slug for a name that no other prompt has.
pub(crate) async fn free_slug(app: &App, caller: &Caller, name: &str) -> Result<String, StoreError> {
    let mut slug = String::new();
    for letter in name.to_lowercase().chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug: String = slug.trim_end_matches('-').chars().take(80).collect();
    let slug = if slug.is_empty() { "prompt".to_owned() } else { slug };
    let taken = store::all(app.store.db(), &caller.tenant).await?;
    let is_free = |wanted: &str| !taken.iter().any(|row| row.slug == wanted);
    if is_free(&slug) {
        return Ok(slug);
    }
    Ok((2..).map(|number| format!("{slug}-{number}")).find(|slug| is_free(slug)).unwrap_or(slug))
}

/// Puts categories and tags, given by id or slug, into an input.
pub(crate) fn with_catalogue(
    input: &mut PromptInput,
    category: Option<&str>,
    tags: Option<&[String]>,
) -> Result<(), ApiError> {
    if let Some(category) = category {
        let slug = catalogue::category_slug(category);
        input.category = Some(slug.ok_or(ApiError::NotFound { what: "category" })?.to_owned());
    }
    if let Some(tags) = tags {
        let slug = |tag: &String| catalogue::tag_slug(tag).map(str::to_owned).ok_or(ApiError::NotFound { what: "tag" });
        input.tags = Some(tags.iter().map(slug).collect::<Result<_, _>>()?);
    }
    Ok(())
}
