//! The system prompt library.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::shared::{display, input};
use crate::clock;
use crate::graphql::ask::{Ask, ById, Id, Nothing, Resolvers, optional};
use crate::graphql::page::{self, PageArgs};
use crate::http::error::ApiError;
use crate::service::system_prompts::library::{self, Seen, Wanted};
use crate::service::system_prompts::{self as service, PromptInput, analysis, catalogue, trial, usage};
use crate::store::entities::system_prompt;

/// The most versions of a prompt that are listed.
const MOST_VERSIONS: u64 = 500;

pub(super) fn register(to: &mut Resolvers) {
    to.query("systemPrompts", async |ask: Ask, args: Listed| {
        let most = usize::try_from(page::size("first", args.first, page::MOST_LIST.min(100))?).unwrap_or(usize::MAX);
        let wanted = Wanted {
            search: args.search,
            category: args.category_slug.filter(|slug| !slug.is_empty()),
            prompt_types: args.system_prompt_type.into_iter().filter(|word| !word.is_empty()).collect(),
            provider: args.provider.filter(|word| !word.is_empty()),
            tags: args.tag_slugs.unwrap_or_default(),
            favorites: args.favorites_only.unwrap_or_default(),
            ..Wanted::default()
        };
        // Nobody verifies prompts here, so none is.
        if args.verified_only.unwrap_or_default() {
            return Ok(Vec::new());
        }
        let mut rows = match args.featured_only {
            Some(true) => featured(&ask, &wanted, most).await?,
            _ => found(&ask, &wanted).await?,
        };
        rows.truncate(most);
        Ok::<_, ApiError>(rows)
    });
    to.query("systemPromptsPage", async |ask: Ask, args: PageArgs<Filter>| {
        let filter = args.filter();
        let wanted = Wanted {
            search: filter.search,
            category: filter.category_slug.filter(|slug| !slug.is_empty()),
            prompt_types: filter.prompt_type.unwrap_or_default(),
            statuses: filter.status.unwrap_or_default(),
            visibilities: filter.visibility.unwrap_or_default(),
            tags: filter.tag_slug.into_iter().filter(|slug| !slug.is_empty()).collect(),
            favorites: filter.favorites_only.unwrap_or_default(),
            ..Wanted::default()
        };
        page::of_rows(&args, "systemPromptsPage", found(&ask, &wanted).await?, "id")
    });
    to.query("systemPrompt", async |ask: Ask, args: One| {
        let Some(id) = args.id.map(|id| id.0).or(args.slug) else { return Ok(None) };
        let found = optional(library::one(&ask.app, &ask.caller, &id).await)?;
        Ok::<_, ApiError>(found.map(|(row, seen)| view(row, &seen)))
    });
    to.query("promptCategories", async |ask: Ask, _: Value| categories(&ask).await);
    to.query("promptCategory", async |ask: Ask, args: One| {
        let wanted = args.id.map(|id| id.0).or(args.slug).unwrap_or_default();
        let slug = catalogue::category_slug(&wanted).unwrap_or_default();
        let all = categories(&ask).await?;
        Ok::<_, ApiError>(all.into_iter().find(|one| one.get("slug").and_then(Value::as_str) == Some(slug)))
    });
    to.query("promptTags", async |_: Ask, args: Tags| {
        let wanted = args.tag_type.filter(|word| !word.is_empty());
        let fits = |kind: &str| wanted.as_deref().is_none_or(|wanted| wanted == kind);
        let tags = catalogue::TAGS.iter().filter(|(_, _, kind, _)| fits(kind)).map(|(slug, ..)| catalogue::tag(slug));
        Ok::<_, ApiError>(tags.collect::<Vec<_>>())
    });
    to.query("featuredPrompts", async |ask: Ask, args: Limit| {
        let most = usize::try_from(page::size("limit", args.limit, 6)?).unwrap_or(usize::MAX);
        featured(&ask, &Wanted::default(), most).await
    });
    to.batch("prompt_usage", async |app, tenant, ids| {
        let rows = crate::store::system_prompts::by_ids(app.store.db(), &tenant, &ids).await?;
        let counts = usage::counts(&app.store, &tenant, &rows).await?;
        Ok(counts.into_iter().map(|(id, count)| (id, json!(count))).collect())
    });
    for parent in ["SystemPromptType", "SystemPromptDjangoType"] {
        to.field(parent, "usageCount", async |ask: Ask, _: Value| {
            let found = ask.load("prompt_usage", ask.of_parent("id")).await?;
            Ok::<_, ApiError>(if found.is_null() { json!(0) } else { found })
        });
    }
    to.query("popularPrompts", async |ask: Ask, args: Limit| {
        let mut rows = library::all(&ask.app, &ask.caller, &Wanted::default()).await?;
        rows.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.favorites + seen.forks));
        rows.truncate(usize::try_from(page::size("limit", args.limit, 6)?).unwrap_or(usize::MAX));
        Ok::<_, ApiError>(rows.into_iter().map(|(row, seen)| view(row, &seen)).collect::<Vec<_>>())
    });
    to.query("myPrompts", async |ask: Ask, _: Nothing| found(&ask, &Wanted { mine: true, ..Wanted::default() }).await);
    to.query("myFavorites", async |ask: Ask, _: Nothing| {
        found(&ask, &Wanted { favorites: true, ..Wanted::default() }).await
    });
    to.query("promptVersions", async |ask: Ask, args: ById| {
        let (row, _) = library::one(&ask.app, &ask.caller, args.id.known("system prompt")?).await?;
        let versions = service::versions(&ask.app, &ask.caller, &row.id, None, MOST_VERSIONS).await?;
        let view = |version: crate::store::entities::system_prompt_revision::Model| {
            json!({ "version": version.version, "name": row.title, "changedBy": version.changed_by,
                "createdAt": clock::iso(version.changed_at),
                "tokenCount": service::estimated_tokens(&version.prompt_text), "promptText": version.prompt_text })
        };
        Ok::<_, ApiError>(versions.into_iter().map(view).collect::<Vec<_>>())
    });
    to.query("promptDiff", async |ask: Ask, args: Diff| {
        library::one(&ask.app, &ask.caller, args.id.known("system prompt")?).await?;
        let versions = service::versions(&ask.app, &ask.caller, &args.id.0, None, MOST_VERSIONS).await?;
        let text = |wanted: i64| {
            let found = versions.iter().find(|version| version.version == wanted);
            found.map(|version| json!(version.prompt_text)).ok_or(ApiError::NotFound { what: "version" })
        };
        let (old, new) = (text(args.from)?, text(args.to)?);
        let mut changes = Vec::new();
        super::policies::differences("/promptText", &old, &new, &mut changes);
        Ok::<_, ApiError>(changes)
    });
    to.field("SystemPromptDjangoType", "renderedPreview", async |ask: Ask, args: Variables| {
        Ok::<_, ApiError>(rendered(&ask.parent, &args.variables))
    });
    mutations(to);
}

fn mutations(to: &mut Resolvers) {
    to.mutation("createSystemPrompt", async |ask: Ask, args: Create| -> Result<Value, ApiError> {
        let name = args.input.get("name").and_then(Value::as_str).unwrap_or_default();
        let mut new = written(&args.input, None)?;
        new.slug = Some(library::free_slug(&ask.app, &ask.caller, name).await?);
        let row = service::create(&ask.app, &ask.caller, new).await?;
        prompt(&ask, &row.id).await
    });
    to.mutation("updateSystemPrompt", async |ask: Ask, args: Update| -> Result<Value, ApiError> {
        let (row, _) = library::one(&ask.app, &ask.caller, args.id.known("system prompt")?).await?;
        service::update(&ask.app, &ask.caller, &row.id, written(&args.input, Some(&row))?).await?;
        prompt(&ask, &row.id).await
    });
    to.mutation("deleteSystemPrompt", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let (row, _) = library::one(&ask.app, &ask.caller, args.id.known("system prompt")?).await?;
        service::delete(&ask.app, &ask.caller, &row.id).await?;
        Ok(json!({}))
    });
    to.mutation("forkSystemPrompt", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let row = library::fork(&ask.app, &ask.caller, args.id.known("system prompt")?).await?;
        prompt(&ask, &row.id).await
    });
    to.mutation("togglePromptFavorite", async |ask: Ask, args: Marked| -> Result<Value, ApiError> {
        let id = args.prompt_id.known("system prompt")?;
        Ok(json!({ "isFavorited": library::toggle_favorite(&ask.app, &ask.caller, id).await? }))
    });
    to.mutation("rateSystemPrompt", async |ask: Ask, args: Rated| -> Result<Value, ApiError> {
        let id = args.prompt_id.known("system prompt")?;
        let kept = library::rate(&ask.app, &ask.caller, id, args.rating, &args.review).await?;
        let rated = prompt(&ask, id).await?.get("prompt").cloned();
        Ok(json!({ "ratingObj": { "id": kept.id, "extUserId": kept.user_id, "prompt": rated, "rating": kept.rating,
            "review": kept.review, "createdAt": clock::iso(kept.created_at), "updatedAt": clock::iso(kept.updated_at) } }))
    });
    to.mutation("restorePrompt", async |ask: Ask, args: Restore| -> Result<Value, ApiError> {
        let (row, _) = library::one(&ask.app, &ask.caller, args.id.known("system prompt")?).await?;
        let row = service::restore(&ask.app, &ask.caller, &row.id, args.version).await?;
        Ok(json!({ "id": row.id }))
    });
    to.mutation("analyzeSystemPrompt", async |_: Ask, args: Analyse| -> Result<Value, ApiError> {
        crate::service::fields::text("promptText", &args.prompt_text, 200_000)?;
        let found = analysis::analyse(&args.prompt_text, &args.prompt_type);
        let improvements = found.improvements.iter().map(|one| {
            json!({ "category": one.category, "originalText": one.original, "suggestedText": one.suggestion,
                "explanation": one.why, "severity": one.severity })
        });
        Ok(json!({ "overallScore": found.share(), "strengths": found.strengths, "tokenEfficiency": found.token_words(),
            "improvements": improvements.collect::<Vec<_>>(),
            "message": "The score is the share of checks that hold; each check is listed. No model was asked." }))
    });
    to.mutation("testSystemPrompt", async |ask: Ask, args: Test| -> Result<Value, ApiError> {
        let trial = trial::put(&ask.app, &ask.caller, &args.system_prompt, &args.user_message).await?;
        let objections = trial.objections();
        let errors: Vec<&str> = objections.iter().map(|one| one.message.as_str()).collect();
        let problems: Vec<Value> =
            objections.iter().map(|one| json!({ "code": one.code, "message": one.message, "path": [] })).collect();
        let mut said = vec![match trial.policies {
            0 => "No policy in force judges what is said. No model was asked.".to_owned(),
            some => format!("Judged by the policies in force about what is said: {some}. No model was asked."),
        }];
        said.extend(trial.warnings());
        let good = objections.is_empty();
        Ok(json!({ "success": good, "ok": good, "response": "", "modelUsed": "", "inputTokens": trial.tokens,
            "outputTokens": 0, "error": errors.first(), "errors": errors, "message": said.join(" "),
            "problems": problems }))
    });
}

async fn found(ask: &Ask, wanted: &Wanted) -> Result<Vec<Value>, ApiError> {
    let rows = library::all(&ask.app, &ask.caller, wanted).await?;
    Ok(rows.into_iter().map(|(row, seen)| view(row, &seen)).collect())
}

/// The active prompts that are used most, most used first: what people rely on is what is worth showing.
async fn featured(ask: &Ask, wanted: &Wanted, most: usize) -> Result<Vec<Value>, ApiError> {
    let mut rows = library::all(&ask.app, &ask.caller, wanted).await?;
    rows.retain(|(row, _)| row.status == "active");
    let prompts: Vec<system_prompt::Model> = rows.iter().map(|(row, _)| row.clone()).collect();
    let counts = usage::counts(&ask.app.store, ask.tenant(), &prompts).await?;
    let uses = |id: &str| counts.get(id).copied().unwrap_or_default();
    rows.retain(|(row, _)| uses(&row.id) > 0);
    rows.sort_by_key(|(row, _)| std::cmp::Reverse(uses(&row.id)));
    rows.truncate(most);
    let shown = rows.into_iter().map(|(row, seen)| {
        let mut shown = view(row, &seen);
        shown["isFeatured"] = json!(true);
        shown
    });
    Ok(shown.collect())
}

async fn prompt(ask: &Ask, id: &str) -> Result<Value, ApiError> {
    let (row, seen) = library::one(&ask.app, &ask.caller, id).await?;
    Ok(json!({ "prompt": view(row, &seen) }))
}

async fn categories(ask: &Ask) -> Result<Vec<Value>, ApiError> {
    let rows = library::all(&ask.app, &ask.caller, &Wanted::default()).await?;
    let number = |slug: &str| rows.iter().filter(|(row, _)| row.category == slug).count();
    Ok(catalogue::CATEGORIES.iter().map(|(slug, ..)| catalogue::category(slug, number(slug))).collect())
}

/// A prompt, as it is answered.
fn view(row: system_prompt::Model, seen: &Seen) -> Value {
    let detail =
        |key: &str, empty: Value| row.details.get(key).filter(|value| !value.is_null()).cloned().unwrap_or(empty);
    let list = |key: &str| detail(key, json!([]));
    let text = |key: &str| detail(key, json!(""));
    let tags: Vec<Value> =
        row.tags.as_array().into_iter().flatten().filter_map(Value::as_str).map(catalogue::tag).collect();
    json!({
        "id": row.id, "name": row.title, "slug": row.slug, "description": row.description,
        "promptText": row.prompt_text, "promptType": row.prompt_type,
        "category": catalogue::category(&row.category, 0), "compatibleProviders": list("compatible_providers"),
        "compatibleModels": list("compatible_models"), "recommendedTemperature": detail("recommended_temperature", Value::Null),
        "recommendedMaxTokens": detail("recommended_max_tokens", Value::Null), "templateVariables": row.variables,
        "variableDefaults": detail("variable_defaults", json!({})),
        "variableDescriptions": detail("variable_descriptions", json!({})), "exampleInput": text("example_input"),
        "exampleOutput": text("example_output"), "exampleConversation": [], "useCases": list("use_cases"),
        "bestPractices": text("best_practices"), "limitations": text("limitations"), "version": row.version,
        "changeLog": "", "status": row.status, "visibility": row.visibility, "isFeatured": false, "isVerified": false,
        "favoriteCount": seen.favorites, "forkCount": seen.forks, "avgRating": seen.mean,
        "userId": row.created_by, "createdAt": clock::iso(row.created_at), "updatedAt": clock::iso(row.updated_at),
        "tags": tags, "promptTypeDisplay": display(&row.prompt_type), "statusDisplay": display(&row.status),
        "visibilityDisplay": display(&row.visibility), "isFavorited": seen.favorite, "userRating": seen.own,
        "createdByUsername": row.created_by,
    })
}

/// A prompt's text with its variables filled in: as given, else by their defaults.
fn rendered(prompt: &Value, given: &Value) -> String {
    let text = prompt.get("promptText").and_then(Value::as_str).unwrap_or_default();
    usage::rendered(text, prompt.get("variableDefaults").unwrap_or(&Value::Null), given)
}

/// What the library takes, by the names the schema has for it. Details that are left out stay.
fn written(given: &Map<String, Value>, present: Option<&system_prompt::Model>) -> Result<PromptInput, ApiError> {
    let of = |key: &str| given.get(key).cloned().unwrap_or_default();
    let mut details = present.and_then(|row| row.details.as_object().cloned()).unwrap_or_default();
    for (name, key) in [
        ("compatible_providers", "compatibleProviders"),
        ("compatible_models", "compatibleModels"),
        ("recommended_temperature", "recommendedTemperature"),
        ("recommended_max_tokens", "recommendedMaxTokens"),
        ("variable_defaults", "variableDefaults"),
        ("variable_descriptions", "variableDescriptions"),
        ("example_input", "exampleInput"),
        ("example_output", "exampleOutput"),
        ("use_cases", "useCases"),
        ("best_practices", "bestPractices"),
        ("limitations", "limitations"),
    ] {
        if let Some(value) = given.get(key).filter(|value| !value.is_null()) {
            details.insert(name.to_owned(), value.clone());
        }
    }
    let mut written: PromptInput = input(json!({
        "title": of("name"), "description": of("description"), "prompt_text": of("promptText"),
        "prompt_type": of("promptType"), "status": of("status"), "visibility": of("visibility"), "details": details,
    }))?;
    let category = of("categoryId");
    let tags = of("tagIds")
        .as_array()
        .map(|tags| tags.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>());
    library::with_catalogue(&mut written, category.as_str(), tags.as_deref())?;
    Ok(written)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Listed {
    first: Option<i64>,
    search: Option<String>,
    category_slug: Option<String>,
    system_prompt_type: Option<String>,
    provider: Option<String>,
    tag_slugs: Option<Vec<String>>,
    featured_only: Option<bool>,
    verified_only: Option<bool>,
    favorites_only: Option<bool>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    search: Option<String>,
    prompt_type: Option<Vec<String>>,
    status: Option<Vec<String>>,
    visibility: Option<Vec<String>>,
    category_slug: Option<String>,
    tag_slug: Option<String>,
    favorites_only: Option<bool>,
}

#[derive(Deserialize)]
struct One {
    #[serde(default)]
    id: Option<Id>,
    #[serde(default)]
    slug: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tags {
    #[serde(default)]
    tag_type: Option<String>,
}

#[derive(Deserialize)]
struct Limit {
    #[serde(default)]
    limit: Option<i64>,
}

#[derive(Deserialize)]
struct Create {
    input: Map<String, Value>,
}

#[derive(Deserialize)]
struct Update {
    id: Id,
    input: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marked {
    prompt_id: Id,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rated {
    prompt_id: Id,
    rating: i64,
    #[serde(default)]
    review: String,
}

#[derive(Deserialize)]
struct Restore {
    id: Id,
    version: i64,
}

#[derive(Deserialize)]
struct Diff {
    id: Id,
    from: i64,
    to: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Analyse {
    prompt_text: String,
    #[serde(default = "system")]
    prompt_type: String,
}

fn system() -> String {
    "system".to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    system_prompt: String,
    user_message: String,
}

#[derive(Deserialize)]
struct Variables {
    #[serde(default)]
    variables: Value,
}
