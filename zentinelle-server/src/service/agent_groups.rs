//! Agent groups: named sets of agents that policies address together.

use serde_json::json;
use zentinelle_core::audit::AuditAction;

use super::change::Change;
use super::fields;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::agent_groups;
use crate::store::entities::agent_group;

/// The longest name and slug. Unit: characters.
const MOST_NAME: usize = 255;
/// The longest description. Unit: characters.
const MOST_DESCRIPTION: usize = 4_000;
/// How far a group can be trusted.
const TIERS: [&str; 3] = ["standard", "restricted", "trusted"];

/// What is said of a group; none leaves a thing as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupEdit {
    /// Its short name, unique in the tenant.
    pub(crate) slug: Option<String>,
    /// Its name.
    pub(crate) name: Option<String>,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// How far it is trusted: standard, restricted or trusted.
    pub(crate) tier: Option<String>,
    /// The colour people see it in.
    pub(crate) color: Option<String>,
}

impl GroupEdit {
    fn apply(self, row: &mut agent_group::Model) -> Result<(), ApiError> {
        if let Some(slug) = self.slug {
            if !fields::is_slug(&slug, MOST_NAME) {
                return Err(ApiError::invalid("slug", "may hold letters, digits, `_` and `-`"));
            }
            row.slug = slug;
        }
        if let Some(tier) = self.tier {
            if !TIERS.contains(&tier.as_str()) {
                return Err(ApiError::invalid("tier", format!("expected one of {}", TIERS.join(", "))));
            }
            row.tier = tier;
        }
        for (field, most, new, place) in [
            ("name", MOST_NAME, self.name.filter(|name| !name.is_empty()), &mut row.name),
            ("description", MOST_DESCRIPTION, self.description, &mut row.description),
            ("color", 30, self.color, &mut row.color),
        ] {
            let Some(new) = new else { continue };
            fields::text(field, &new, most)?;
            *place = new;
        }
        Ok(())
    }
}

/// A page of groups.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<agent_group::Model>, ApiError> {
    Ok(agent_groups::list(app.store.db(), &caller.tenant, after, limit).await?)
}

/// One group.
pub(crate) async fn get(app: &App, caller: &Caller, id: &str) -> Result<agent_group::Model, ApiError> {
    let found = agent_groups::by_id(app.store.db(), &caller.tenant, id).await?;
    found.ok_or(ApiError::NotFound { what: "agent group" })
}

/// Makes a group. Without a slug, its name makes one.
pub(crate) async fn create(app: &App, caller: &Caller, mut edit: GroupEdit) -> Result<agent_group::Model, ApiError> {
    let Some(name) = edit.name.clone().filter(|name| !name.is_empty()) else {
        return Err(ApiError::invalid("name", "This field is required."));
    };
    edit.slug.get_or_insert_with(|| slug_of(&name));
    let now = clock::now_micros();
    let mut row = agent_group::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id: clock::new_id(),
        slug: String::new(),
        name: String::new(),
        description: String::new(),
        tier: "standard".to_owned(),
        color: String::new(),
        created_at: now,
        updated_at: now,
    };
    edit.apply(&mut row)?;
    let txn = app.store.begin().await?;
    agent_groups::insert(&txn, row.clone()).await?;
    recorded(caller, AuditAction::Create, &row).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

/// Changes a group.
pub(crate) async fn edit(
    app: &App,
    caller: &Caller,
    id: &str,
    edit: GroupEdit,
) -> Result<agent_group::Model, ApiError> {
    let txn = app.store.begin().await?;
    let found = agent_groups::by_id(&txn, &caller.tenant, id).await?;
    let mut row = found.ok_or(ApiError::NotFound { what: "agent group" })?;
    edit.apply(&mut row)?;
    row.updated_at = clock::now_micros();
    agent_groups::update(&txn, row.clone()).await?;
    recorded(caller, AuditAction::Update, &row).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

/// Removes a group; its agents then stand in none.
pub(crate) async fn delete(app: &App, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let txn = app.store.begin().await?;
    let found = agent_groups::by_id(&txn, &caller.tenant, id).await?;
    let row = found.ok_or(ApiError::NotFound { what: "agent group" })?;
    let members = agent_groups::delete(&txn, &caller.tenant, id).await?;
    recorded(caller, AuditAction::Delete, &row).record(&txn).await?;
    txn.commit().await?;
    for member in members {
        app.agent_changed(&caller.tenant, &member).await;
    }
    Ok(())
}

fn recorded<'c>(caller: &'c Caller, action: AuditAction, row: &'c agent_group::Model) -> Change<'c> {
    Change {
        caller,
        action,
        resource_type: "agent_group",
        resource_id: &row.id,
        resource_name: &row.name,
        changes: json!({ "slug": row.slug, "name": row.name, "tier": row.tier, "description": row.description }),
    }
}

/// A name in the letters of a slug.
fn slug_of(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .collect();
    plain.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}
