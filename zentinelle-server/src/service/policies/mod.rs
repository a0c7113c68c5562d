//! Policies: every change is one transaction of row, revision, audit record and revision count,
//! and is decided by when it returns.

pub(crate) mod candidate;
pub(crate) mod conflicts;
pub(crate) mod diff;
pub(crate) mod documents;
pub(crate) mod draft;
pub(crate) mod simulate;
pub(crate) mod yaml;

use sea_orm::DatabaseTransaction;
use serde_json::{Map, Value, json};
use zentinelle_core::Policy;
use zentinelle_core::audit::{AuditAction, digest};
use zentinelle_core::ids::TenantId;
use zentinelle_core::policy_document::WrittenPolicy;

use super::change::Change;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::{policy, policy_revision};
use crate::store::{StoreError, policies as store, tenants, wire_name};

/// Who keeps a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeper {
    /// People, one by one.
    Api,
    /// A policy document; pruning takes away what the document no longer has.
    Document,
    /// A compliance pack.
    Pack,
}

impl Keeper {
    /// As the database keeps it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Document => "document",
            Self::Pack => "pack",
        }
    }
}

/// One change of one policy that is about to be written.
#[derive(Debug)]
pub(crate) enum Step {
    /// It is new.
    Create(policy::Model),
    /// It was one thing and becomes another.
    Update {
        /// As it is kept.
        before: Box<policy::Model>,
        /// As it will be.
        after: Box<policy::Model>,
    },
    /// It goes.
    Delete(policy::Model),
}

/// What a policy does not have.
const MISSING: ApiError = ApiError::NotFound { what: "policy" };

/// Makes a policy.
pub(crate) async fn create(
    app: &App,
    caller: &Caller,
    written: &WrittenPolicy,
    why: &str,
) -> Result<policy::Model, ApiError> {
    let txn = begin(app, caller).await?;
    let row = new_row(&txn, caller, clock::new_id(), written, Keeper::Api).await?;
    let made = write(&txn, caller, Step::Create(row), or(why, "created")).await?;
    finish(app, caller, txn).await?;
    Ok(made)
}

/// Changes a policy. `change` gets the present one and says what it becomes. `expected` is the
/// version the caller has seen; another one in the database refuses the change.
pub(crate) async fn change(
    app: &App,
    caller: &Caller,
    id: &str,
    expected: Option<i64>,
    why: &str,
    change: impl FnOnce(&policy::Model) -> Result<WrittenPolicy, ApiError>,
) -> Result<policy::Model, ApiError> {
    let txn = begin(app, caller).await?;
    let before = store::by_id(&txn, &caller.tenant, id).await?.ok_or(MISSING)?;
    fresh(&before, expected)?;
    let mut after = before.clone();
    fill(&mut after, &change(&before)?);
    if content(&after) == content(&before) {
        return Ok(before); // nothing to write, nothing to count
    }
    let made = write(&txn, caller, Step::Update { before: Box::new(before), after: Box::new(after) }, why).await?;
    finish(app, caller, txn).await?;
    Ok(made)
}

/// Deletes a policy. Its history stays.
pub(crate) async fn delete(app: &App, caller: &Caller, id: &str, expected: Option<i64>) -> Result<(), ApiError> {
    let txn = begin(app, caller).await?;
    let row = store::by_id(&txn, &caller.tenant, id).await?.ok_or(MISSING)?;
    fresh(&row, expected)?;
    write(&txn, caller, Step::Delete(row), "deleted").await?;
    finish(app, caller, txn).await
}

/// Makes a policy what it was at an earlier version, as a new version. Works for deleted ones too.
pub(crate) async fn restore(
    app: &App,
    caller: &Caller,
    id: &str,
    version: i64,
    expected: Option<i64>,
) -> Result<policy::Model, ApiError> {
    let txn = begin(app, caller).await?;
    let revision = store::revision(&txn, &caller.tenant, id, version).await?;
    let revision = revision.ok_or(ApiError::NotFound { what: "version of this policy" })?;
    let written = draft::of_snapshot(&revision.snapshot)?;
    // A type or key that a later release no longer knows must not come back unseen.
    draft::check(&written, &caller.tenant)?;
    let why = format!("restored version {version}");
    let step = match store::by_id(&txn, &caller.tenant, id).await? {
        Some(before) => {
            fresh(&before, expected)?;
            let mut after = before.clone();
            fill(&mut after, &written);
            Step::Update { before: Box::new(before), after: Box::new(after) }
        }
        None => Step::Create(new_row(&txn, caller, id.to_owned(), &written, Keeper::Api).await?),
    };
    let made = write(&txn, caller, step, &why).await?;
    finish(app, caller, txn).await?;
    Ok(made)
}

/// Begins a change. Changes of one tenant wait in line from here on, so what is read afterwards
/// stays as it is until the end.
pub(crate) async fn begin(app: &App, caller: &Caller) -> Result<DatabaseTransaction, ApiError> {
    let txn = app.store.begin().await?;
    tenants::bump_revision(&txn, &caller.tenant).await?;
    Ok(txn)
}

/// Commits a change and puts it into force.
pub(crate) async fn finish(app: &App, caller: &Caller, txn: DatabaseTransaction) -> Result<(), ApiError> {
    txn.commit().await?;
    app.policies_changed(&caller.tenant).await;
    Ok(())
}

/// Writes one step: row, revision and audit record. Returns the policy as it now is.
pub(crate) async fn write(
    txn: &DatabaseTransaction,
    caller: &Caller,
    step: Step,
    why: &str,
) -> Result<policy::Model, ApiError> {
    let now = clock::now_micros();
    let (action, row, changes, default_why) = match step {
        Step::Create(mut row) => {
            (row.created_at, row.updated_at) = (now, now);
            store::insert(txn, row.clone()).await?;
            (AuditAction::Create, row, json!({}), String::new())
        }
        Step::Update { before, mut after } => {
            // One that was not made through here, such as the demo's, begins its history now.
            if store::last_version(txn, &caller.tenant, &before.id).await? < before.version {
                let made_by = before.created_by.clone();
                store::append_revision(txn, revision(&before, made_by, "as found", before.updated_at)).await?;
            }
            (after.version, after.updated_at) = (before.version + 1, now);
            store::replace(txn, after.as_ref().clone()).await?;
            let changed = diff::fields(&content(&before), &content(&after));
            (AuditAction::Update, *after, audited(&changed), format!("changed {}", changed.names().join(", ")))
        }
        Step::Delete(mut row) => {
            store::delete(txn, &caller.tenant, &row.id).await?;
            (row.version, row.updated_at) = (row.version + 1, now);
            (AuditAction::Delete, row, json!({}), String::new())
        }
    };
    let mut revision = revision(&row, caller.actor(), or(why, &default_why), now);
    if let (AuditAction::Delete, Some(snapshot)) = (action, revision.snapshot.as_object_mut()) {
        snapshot.insert("deleted".to_owned(), true.into());
    }
    store::append_revision(txn, revision).await?;
    let mut changes = changes;
    if let Some(changes) = changes.as_object_mut() {
        changes.insert("version".to_owned(), row.version.into());
        changes.insert("policy_type".to_owned(), row.policy_type.as_str().into());
        changes.insert("config_digest".to_owned(), digest(&row.config).to_string().into());
    }
    let record =
        Change { caller, action, resource_type: "policy", resource_id: &row.id, resource_name: &row.name, changes };
    record.record(txn).await?;
    Ok(row)
}

/// A version of a policy for the history.
fn revision(row: &policy::Model, changed_by: String, why: &str, at: i64) -> policy_revision::Model {
    let mut snapshot = content(row);
    snapshot.insert("version".to_owned(), row.version.into());
    policy_revision::Model {
        tenant_id: row.tenant_id.clone(),
        policy_id: row.id.clone(),
        version: row.version,
        snapshot: Value::Object(snapshot),
        changed_by,
        change_summary: why.to_owned(),
        changed_at: at,
    }
}

/// What the audit trail keeps of a change: of the config only which keys, since the revision has
/// it in full and the trail is exported to many places.
fn audited(changed: &diff::Fields) -> Value {
    let mut kept = Map::new();
    for (field, change) in &changed.changed {
        let short = if field == "config" { json!({ "keys": diff::touched(change) }) } else { change.clone() };
        kept.insert(field.clone(), short);
    }
    json!({ "changed": kept })
}

/// Refuses a change to a version other than the one the caller has seen.
fn fresh(row: &policy::Model, expected: Option<i64>) -> Result<(), ApiError> {
    match expected {
        Some(version) if version != row.version => Err(StoreError::Stale { what: "policy" }.into()),
        _ => Ok(()),
    }
}

fn or<'t>(text: &'t str, default: &'t str) -> &'t str {
    if text.is_empty() { default } else { text }
}

/// A row for a policy that is new. One whose id was used before goes on counting its versions.
pub(crate) async fn new_row(
    txn: &DatabaseTransaction,
    caller: &Caller,
    id: String,
    written: &WrittenPolicy,
    keeper: Keeper,
) -> Result<policy::Model, ApiError> {
    let version = store::last_version(txn, &caller.tenant, &id).await? + 1;
    let mut row = policy::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id,
        name: String::new(),
        description: String::new(),
        policy_type: String::new(),
        scope_level: String::new(),
        scope_id: None,
        config: Value::Null,
        priority: 0,
        enabled: true,
        enforcement: String::new(),
        inheritance: String::new(),
        version,
        source: keeper.name().to_owned(),
        created_by: caller.actor(),
        created_at: 0,
        updated_at: 0,
    };
    fill(&mut row, written);
    Ok(row)
}

/// Puts what an author wrote into a row.
pub(crate) fn fill(row: &mut policy::Model, written: &WrittenPolicy) {
    let Policy { name, description, policy_type, scope, config, priority, enabled, enforcement, inheritance, .. } =
        written.to_policy(&TenantId::new(row.tenant_id.as_str()));
    row.name = name;
    row.description = description;
    row.policy_type = policy_type;
    row.scope_level = scope.level().name().to_owned();
    row.scope_id = scope.id().map(str::to_owned);
    row.config = config;
    row.priority = priority;
    row.enabled = enabled;
    row.enforcement = enforcement.name().to_owned();
    row.inheritance = wire_name(&inheritance);
}

/// Everything of a policy that its author decides: what revisions keep.
pub(crate) fn content(row: &policy::Model) -> Map<String, Value> {
    let mut scope = json!({ "type": row.scope_level });
    if let (Some(id), Some(scope)) = (&row.scope_id, scope.as_object_mut()) {
        scope.insert("id".to_owned(), id.as_str().into());
    }
    let content = json!({
        "name": row.name, "description": row.description, "policy_type": row.policy_type, "scope": scope,
        "enforcement": row.enforcement, "inheritance": row.inheritance, "priority": row.priority,
        "enabled": row.enabled, "config": row.config, "source": row.source,
    });
    match content {
        Value::Object(content) => content,
        _ => Map::new(),
    }
}
