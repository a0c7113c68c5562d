//! Policies: what is in force, what was, and how it is changed.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use zentinelle_core::PolicyType;

use super::shared::{bulk, display, input, not_too_many};
use crate::clock;
use crate::graphql::ask::{Ask, ById, Id, Resolvers};
use crate::graphql::page::{self, PageArgs};
use crate::http::error::ApiError;
use crate::http::operator::policy_tools::config_schema;
use crate::service::policies::{self, Keeper, documents, draft};
use crate::store::entities::{policy, policy_revision};
use crate::store::{keyset, policies as store};

/// The levels of scope, broad to narrow.
const SCOPES: [&str; 6] = ["organization", "sub_organization", "deployment", "group", "endpoint", "user"];
/// The most versions that a reply lists.
const MOST_VERSIONS: u64 = 500;

pub(super) fn register(to: &mut Resolvers) {
    to.query("policies", async |ask: Ask, args: Policies| {
        let wanted = store::Listed {
            search: args.search,
            policy_type: keyset::word(args.policy_type),
            scope_type: keyset::word(args.scope_type),
            ..store::Listed::default()
        };
        page::list(&ask, wanted.select(ask.tenant()), store::SORTS, policy::Column::Id, view).await
    });
    to.query("policiesPage", async |ask: Ask, args: PageArgs<store::Listed>| {
        let select = args.filter().select(ask.tenant());
        args.read(&ask, "policies", select, store::SORTS, policy::Column::Id, view).await
    });
    to.query("policy", async |ask: Ask, args: ById| -> Result<Option<Value>, ApiError> {
        Ok(store::by_id(ask.db(), ask.tenant(), &args.id.0).await?.map(view))
    });
    to.query("policyOptions", async |_: Ask, _: Value| Ok::<_, ApiError>(options()));
    to.query("policySchema", async |_: Ask, args: OfType| -> Result<Option<Value>, ApiError> {
        Ok(PolicyType::from_name(&args.policy_type).map(config_schema))
    });
    to.query("policyRevisions", revisions);
    to.query("policyDiff", diff);
    to.query("policyExport", export);
    to.mutation("createPolicy", create);
    to.mutation("updatePolicy", update);
    to.mutation("togglePolicyEnabled", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let row = known(&ask, &args.id).await?;
        let row = change(&ask, &row.id, json!({ "enabled": !row.enabled })).await?;
        Ok(json!({ "policy": view(row) }))
    });
    to.mutation("duplicatePolicy", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let row = known(&ask, &args.id).await?;
        let mut written = draft::of_row(&row);
        written.insert("name".to_owned(), format!("{} (copy)", row.name).into());
        written.insert("enabled".to_owned(), false.into()); // a copy that takes part at once would surprise
        let written = draft::read(Value::Object(written), ask.tenant())?;
        let made = policies::create(&ask.app, &ask.caller, &written, &format!("a copy of {}", row.id)).await?;
        Ok(json!({ "policy": view(made) }))
    });
    to.mutation("deletePolicy", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        policies::delete(&ask.app, &ask.caller, &args.id.0, None).await?;
        Ok(json!({}))
    });
    to.mutation("validatePolicy", async |ask: Ask, args: DraftArgs| -> Result<Value, ApiError> {
        draft::read(args.input.written(), ask.tenant())?;
        Ok(json!({}))
    });
    to.mutation("restorePolicy", async |ask: Ask, args: Restore| -> Result<Value, ApiError> {
        let row = policies::restore(&ask.app, &ask.caller, &args.id.0, args.version, None).await?;
        Ok(json!({ "policy": view(row) }))
    });
    to.mutation("importPolicies", import);
    to.mutation("setPolicies", set_many);
    to.batch("policy", async |app, tenant, ids| {
        let rows = store::by_ids(app.store.db(), &tenant, &ids).await?;
        Ok(rows.into_iter().map(|row| (row.id.clone(), view(row))).collect())
    });
    to.field("PolicyType", "scopeName", async |ask: Ask, _: Value| {
        let (level, id) = (ask.of_parent("scopeType"), ask.of_parent("scopeId"));
        let found = match level {
            "group" => ask.load("agent_group", id).await?,
            "endpoint" => ask.load("agent", id).await?,
            _ => Value::Null,
        };
        let name = found.get("name").and_then(Value::as_str).unwrap_or(id).to_owned();
        Ok::<_, ApiError>(Some(name).filter(|name| !name.is_empty()))
    });
}

/// A policy, as it is answered.
pub(super) fn view(row: policy::Model) -> Value {
    json!({
        "id": row.id, "name": row.name, "description": row.description, "policyType": row.policy_type,
        "scopeType": row.scope_level, "scopeId": row.scope_id.unwrap_or_default(), "config": row.config, "priority": row.priority,
        "enforcement": row.enforcement, "enabled": row.enabled, "version": row.version,
        "createdAt": clock::iso(row.created_at), "updatedAt": clock::iso(row.updated_at),
        "createdByUsername": row.created_by, "source": row.source, "inheritance": row.inheritance,
    })
}

fn revision_view(row: policy_revision::Model) -> Value {
    let of = |key: &str| row.snapshot.get(key).cloned().unwrap_or_default();
    // A revision is named by its policy and version; its id is made of both.
    let name = format!("{}:{}", row.policy_id, row.version);
    let id = super::shared::made_id(&name);
    json!({
        "id": id, "policy": { "pk": row.policy_id }, "version": row.version, "name": of("name"),
        "policyType": of("policy_type"), "enforcement": of("enforcement"), "config": of("config"),
        "scopeType": row.snapshot.pointer("/scope/type"), "enabled": of("enabled"), "priority": of("priority"),
        "changedBy": row.changed_by, "changeSummary": row.change_summary, "createdAt": clock::iso(row.changed_at),
    })
}

fn options() -> Value {
    let kind = |kind: &PolicyType| {
        json!({
            "value": kind.name(), "label": display(kind.name()), "description": kind.summary(),
            "category": category(kind.name()), "configSchema": config_schema(*kind),
        })
    };
    let labelled = |word: &&str| json!({ "value": word, "label": display(word) });
    let levels = [
        ("enforce", "A violation denies."),
        ("audit", "A violation is recorded and denies nothing."),
        ("disabled", "The policy takes no part."),
    ];
    json!({
        "policyTypes": PolicyType::ALL.iter().map(kind).collect::<Vec<_>>(),
        "scopeTypes": SCOPES.iter().map(labelled).collect::<Vec<_>>(),
        "enforcementLevels": levels.iter().map(|(word, words)| {
            json!({ "value": word, "label": display(word), "description": words })
        }).collect::<Vec<_>>(),
    })
}

/// Under which heading a form shows a type.
fn category(name: &str) -> &'static str {
    match name.split('_').next().unwrap_or_default() {
        "budget" | "rate" | "context" | "cost" | "token" => "Limits",
        "tool" | "agent" | "network" | "secret" | "data" | "resource" | "session" => "Access",
        "model" | "system" | "output" | "ai" | "prompt" => "Models",
        "audit" | "compliance" | "human" | "approval" | "retention" => "Oversight",
        _ => "Security",
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policies {
    search: Option<String>,
    policy_type: Option<String>,
    scope_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfType {
    policy_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Revisions {
    policy_id: String,
}

async fn revisions(ask: Ask, args: Revisions) -> Result<Vec<Value>, ApiError> {
    crate::service::fields::text("policyId", &args.policy_id, 255)?;
    let rows = store::revisions(ask.db(), ask.tenant(), &args.policy_id, None, 0, MOST_VERSIONS).await?;
    Ok(rows.into_iter().map(revision_view).collect())
}

#[derive(Deserialize)]
struct Diff {
    id: Id,
    from: i64,
    to: i64,
}

async fn diff(ask: Ask, args: Diff) -> Result<Value, ApiError> {
    let mut versions = Vec::with_capacity(2);
    for version in [args.from, args.to] {
        let row = store::revision(ask.db(), ask.tenant(), &args.id.0, version).await?;
        let mut snapshot = row.ok_or(ApiError::NotFound { what: "version of this policy" })?.snapshot;
        if let Some(keys) = snapshot.as_object_mut() {
            keys.remove("version");
        }
        versions.push(snapshot);
    }
    let mut found = Vec::new();
    if let [old, new] = versions.as_slice() {
        differences("", old, new, &mut found);
    }
    Ok(Value::Array(found))
}

/// What differs between two values, field by field.
pub(super) fn differences(path: &str, old: &Value, new: &Value, found: &mut Vec<Value>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                let at = format!("{path}/{key}");
                match new.get(key) {
                    Some(later) => differences(&at, value, later, found),
                    None => found.push(json!({ "path": at, "kind": "removed", "before": value, "after": null })),
                }
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                found.push(json!({ "path": format!("{path}/{key}"), "kind": "added", "before": null, "after": value }));
            }
        }
        (old, new) if old == new => {}
        (old, new) => found.push(json!({ "path": path, "kind": "changed", "before": old, "after": new })),
    }
}

#[derive(Deserialize)]
struct Export {
    ids: Option<Vec<Id>>,
}

async fn export(ask: Ask, args: Export) -> Result<String, ApiError> {
    let mut rows = store::all(ask.db(), ask.tenant()).await?;
    if let Some(ids) = args.ids {
        rows.retain(|row| ids.iter().any(|id| id.0 == row.id));
    }
    Ok(documents::export(&rows))
}

async fn known(ask: &Ask, id: &Id) -> Result<policy::Model, ApiError> {
    crate::service::fields::text("id", &id.0, 255)?;
    store::by_id(ask.db(), ask.tenant(), &id.0).await?.ok_or(ApiError::NotFound { what: "policy" })
}

/// Changes the named keys of a policy.
async fn change(ask: &Ask, id: &str, changes: Value) -> Result<policy::Model, ApiError> {
    let change = |before: &policy::Model| {
        let mut written = draft::of_row(before);
        let given = changes.as_object().cloned().unwrap_or_default();
        written.extend(given.into_iter().filter(|(_, value)| !value.is_null()));
        draft::read(Value::Object(written), ask.tenant())
    };
    policies::change(&ask.app, &ask.caller, id, None, "", change).await
}

#[derive(Deserialize)]
struct Create {
    input: CreateInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    name: String,
    description: Option<String>,
    policy_type: String,
    scope_type: Option<String>,
    scope_endpoint_id: Option<String>,
    scope_user_id: Option<String>,
    scope_target: Option<String>,
    config: Option<Value>,
    priority: Option<i64>,
    enforcement: Option<String>,
    enabled: Option<bool>,
}

async fn create(ask: Ask, args: Create) -> Result<Value, ApiError> {
    let new = args.input;
    let endpoint = match &new.scope_endpoint_id {
        Some(id) => Some(super::shared::agent_of(&ask, id).await?.agent_id),
        None => None,
    };
    let target = endpoint.or(new.scope_user_id).or(new.scope_target);
    let written = json!({
        "name": new.name, "description": new.description, "type": new.policy_type,
        "scope": scope(new.scope_type.as_deref(), target.as_deref()), "config": new.config,
        "priority": new.priority, "enforcement": new.enforcement, "enabled": new.enabled,
    });
    let written = draft::read_new(&ask.app, ask.tenant(), written).await?;
    let row = policies::create(&ask.app, &ask.caller, &written, "").await?;
    Ok(json!({ "policy": view(row) }))
}

/// The scope of a policy as a document writes it.
fn scope(level: Option<&str>, target: Option<&str>) -> Value {
    let Some(level) = level.filter(|level| !level.is_empty()) else { return Value::Null };
    match target.filter(|target| !target.is_empty()) {
        Some(target) => json!({ "type": level, "id": target }),
        None => json!({ "type": level }),
    }
}

#[derive(Deserialize)]
struct Update {
    input: Map<String, Value>,
}

async fn update(ask: Ask, args: Update) -> Result<Value, ApiError> {
    let mut given = args.input;
    let id: ById = input(json!({ "id": given.remove("id") }))?;
    let target = given.remove("scopeTarget").and_then(|target| target.as_str().map(str::to_owned));
    if let Some(level) = given.remove("scopeType") {
        given.insert("scope".to_owned(), scope(level.as_str(), target.as_deref()));
    }
    let row = change(&ask, &id.id.0, Value::Object(given)).await?;
    Ok(json!({ "policy": view(row) }))
}

#[derive(Deserialize)]
pub(super) struct DraftArgs {
    pub(super) input: Draft,
}

/// A policy that is not kept yet.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Draft {
    pub(super) id: Option<Id>,
    name: String,
    description: Option<String>,
    policy_type: String,
    scope_type: Option<String>,
    scope_target: Option<String>,
    config: Value,
    priority: Option<i64>,
    enforcement: Option<String>,
    enabled: Option<bool>,
}

impl Draft {
    /// The draft as a document writes it.
    pub(super) fn written(&self) -> Value {
        json!({
            "id": self.id.as_ref().map(|id| &id.0), "name": self.name, "description": self.description,
            "type": self.policy_type, "scope": scope(self.scope_type.as_deref(), self.scope_target.as_deref()),
            "config": self.config, "priority": self.priority, "enforcement": self.enforcement, "enabled": self.enabled,
        })
    }
}

#[derive(Deserialize)]
struct Restore {
    id: Id,
    version: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Import {
    document: String,
    #[serde(default)]
    dry_run: bool,
}

async fn import(ask: Ask, args: Import) -> Result<Value, ApiError> {
    let written = documents::read(&args.document, ask.tenant()).map_err(ApiError::Policies)?;
    let manner = documents::Manner { keeper: Keeper::Api, prune: false, dry_run: args.dry_run };
    let outcomes = documents::apply(&ask.app, &ask.caller, &written, manner, "imported").await?;
    let count = |action| outcomes.iter().filter(|outcome| outcome.action == action).count();
    Ok(json!({
        "created": count(documents::Action::Created), "updated": count(documents::Action::Updated),
        "unchanged": count(documents::Action::Unchanged),
    }))
}

#[derive(Deserialize)]
struct SetMany {
    ids: Vec<Id>,
    enabled: Option<bool>,
    enforcement: Option<String>,
}

async fn set_many(ask: Ask, args: SetMany) -> Result<Value, ApiError> {
    not_too_many(&args.ids.iter().map(|id| id.0.clone()).collect::<Vec<_>>())?;
    let mut outcomes = Vec::with_capacity(args.ids.len());
    for id in args.ids {
        let changes = json!({ "enabled": args.enabled, "enforcement": args.enforcement });
        let outcome = change(&ask, &id.0, changes).await.map(drop);
        outcomes.push((id.0, outcome));
    }
    bulk(outcomes)
}
