//! The organisation, and who is asking.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::shared::display;
use crate::auth::Identity;
use crate::clock;
use crate::graphql::ask::{Ask, Resolvers};
use crate::graphql::page;
use crate::http::error::ApiError;
use crate::service::settings;
use crate::store::entities::{agent, alert, incident, policy, system_prompt};
use crate::store::{StoreError, agents, alerts, incidents, keyset, policies, system_prompts, tenants};

pub(super) fn register(to: &mut Resolvers) {
    to.query("me", me);
    to.query("myOrganization", async |ask: Ask, _: Value| organization(&ask).await);
    to.query("find", find);
    to.mutation("updateOrganizationSettings", update);
}

async fn me(ask: Ask, _: Value) -> Result<Value, ApiError> {
    let Identity::Operator { role, scopes, name } = &ask.caller.identity else {
        return Err(ApiError::Forbidden { needed: None });
    };
    let row = tenants::by_id(ask.db(), ask.tenant()).await?.ok_or(StoreError::Missing { what: "tenant" })?;
    let mut permissions: Vec<String> = ask
        .app
        .graphql
        .guards()
        .filter(|guard| *role >= guard.least && (scopes.is_empty() || scopes.contains(&guard.may)))
        .map(|guard| guard.may.to_string())
        .collect();
    permissions.sort_unstable();
    permissions.dedup();
    let person = ask.caller.signed_in.as_deref();
    let id = match person {
        Some(person) if !person.user_id.is_empty() => person.user_id.clone(),
        None if !ask.caller.key_id.is_empty() => ask.caller.key_id.to_string(),
        _ => ask.caller.actor(),
    };
    Ok(json!({
        "id": id, "name": person.map_or(name.as_ref(), |person| person.name.as_str()),
        "email": person.and_then(|person| person.email.as_deref()), "role": role.name().to_uppercase(),
        "permissions": permissions, "organization": row.name, "tenantId": row.id,
        "signedInBy": ask.caller.signed_in_by().name(), "csrfToken": null,
    }))
}

async fn organization(ask: &Ask) -> Result<Value, ApiError> {
    let row = tenants::by_id(ask.db(), ask.tenant()).await?.ok_or(StoreError::Missing { what: "tenant" })?;
    let kept = settings::get(&ask.app, &ask.caller).await?;
    let settings = serde_json::to_value(&kept.settings).unwrap_or_default();
    let slug: String =
        row.name.to_lowercase().split(|letter: char| !letter.is_alphanumeric()).collect::<Vec<_>>().join("-");
    Ok(json!({
        "id": row.id, "name": row.name, "slug": slug, "tier": "self-hosted", "website": null,
        "deploymentModel": "self-hosted", "zentinelleTier": "community", "settings": settings,
        "createdAt": clock::iso(row.created_at),
    }))
}

#[derive(Deserialize)]
struct Update {
    settings: Wanted,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    name: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What the reference's settings are called here. Every one of them has an effect; one that
/// would have none is refused.
async fn update(ask: Ask, args: Update) -> Result<Value, ApiError> {
    let wanted = args.settings;
    let mut changes = Map::new();
    for (key, value) in wanted.rest.into_iter().filter(|(_, value)| !value.is_null()) {
        match (key.as_str(), &value) {
            ("defaultPolicyMode", Value::String(mode)) => {
                let no_policy = match mode.as_str() {
                    "permit" | "allow" | "audit" | "disabled" => "permit",
                    "deny" | "block" | "enforce" => "deny",
                    _ => return Err(ApiError::invalid("defaultPolicyMode", "expected deny or permit")),
                };
                changes.insert("no_policy".to_owned(), no_policy.into());
            }
            ("auditLogging", Value::Bool(true)) => {} // it cannot be switched off, so it is on
            ("auditLogging", _) => return Err(ApiError::invalid("auditLogging", "the audit trail is always kept")),
            (key, _) => {
                let message = "has no effect here: notices go out through webhooks, which have a page of their own";
                return Err(ApiError::invalid(key, message));
            }
        }
    }
    if let Some(name) = wanted.name {
        crate::service::tenants::rename(&ask.app, &ask.caller, &name).await?;
    }
    if !changes.is_empty() {
        settings::change(&ask.app, &ask.caller, None, changes).await?;
    }
    Ok(json!({ "organization": organization(&ask).await? }))
}

#[derive(Deserialize)]
struct Find {
    text: String,
    first: Option<i64>,
}

/// Looks for a text in the names of what people look for most.
async fn find(ask: Ask, args: Find) -> Result<Vec<Value>, ApiError> {
    let limit = page::size("first", args.first, 10)?;
    crate::service::fields::text("text", &args.text, 200)?;
    let search = Some(args.text);
    let mut found = Vec::new();
    let window = || keyset::Window { limit, descending: true, backwards: false, from: None };
    let sees = |permission: &str| {
        let Identity::Operator { scopes, .. } = &ask.caller.identity else { return false };
        scopes.is_empty() || scopes.iter().any(|scope| scope.to_string() == permission)
    };
    let hit = |kind: &str, id: &str, title: &str, detail: &str| json!({ "kind": kind, "id": id, "title": title, "detail": detail });
    if sees("agents:read") {
        let wanted = agents::Listed { search: search.clone(), ..agents::Listed::default() }.select(ask.tenant());
        let order = keyset::Order::By(agent::Column::CreatedAt);
        let (rows, _) = keyset::read(ask.db(), wanted, order, agent::Column::Id, window()).await?;
        found.extend(rows.iter().map(|row| hit("agent", &row.id, &row.name, &row.agent_id)));
    }
    if sees("policies:read") {
        let wanted = policies::Listed { search: search.clone(), ..policies::Listed::default() }.select(ask.tenant());
        let order = keyset::Order::By(policy::Column::UpdatedAt);
        let (rows, _) = keyset::read(ask.db(), wanted, order, policy::Column::Id, window()).await?;
        found.extend(rows.iter().map(|row| hit("policy", &row.id, &row.name, &display(&row.policy_type))));
    }
    if sees("incidents:read") {
        let wanted = incidents::Listed { search: search.clone(), ..incidents::Listed::default() }.select(ask.tenant());
        let order = keyset::Order::By(incident::Column::CreatedAt);
        let (rows, _) = keyset::read(ask.db(), wanted, order, incident::Column::Id, window()).await?;
        found.extend(rows.iter().map(|row| hit("incident", &row.id, &row.title, &display(&row.status))));
    }
    if sees("alerts:read") {
        let wanted = alerts::Listed { search: search.clone(), ..alerts::Listed::default() }.select(ask.tenant());
        let order = keyset::Order::By(alert::Column::CreatedAt);
        let (rows, _) = keyset::read(ask.db(), wanted, order, alert::Column::Id, window()).await?;
        found.extend(rows.iter().map(|row| hit("alert", &row.id, &row.title, &display(&row.status))));
    }
    if sees("prompts:read") {
        let wanted = system_prompts::Listed { search }.select(ask.tenant());
        let order = keyset::Order::By(system_prompt::Column::UpdatedAt);
        let (rows, _) = keyset::read(ask.db(), wanted, order, system_prompt::Column::Id, window()).await?;
        found.extend(rows.iter().map(|row| hit("prompt", &row.id, &row.title, &row.slug)));
    }
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}
