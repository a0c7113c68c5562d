//! The organisation, and who is asking.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::shared::display;
use crate::auth::{Identity, Permission};
use crate::clock;
use crate::graphql::ask::{Ask, Resolvers};
use crate::graphql::page;
use crate::http::error::ApiError;
use crate::service::{fields, settings, webhooks};
use crate::store::entities::{agent, alert, incident, policy, system_prompt};
use crate::store::{StoreError, agents, alerts, incidents, keyset, policies, recovery_codes, system_prompts, tenants};

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
    let user = person.map_or("", |person| person.user_id.as_str());
    let left = if user.is_empty() { None } else { Some(recovery_codes::left(ask.db(), ask.tenant(), user).await?) };
    Ok(json!({
        "recoveryCodesLeft": left,
        "id": id, "name": person.map_or(name.as_ref(), |person| person.name.as_str()),
        "email": person.and_then(|person| person.email.as_deref()), "role": role.name().to_uppercase(),
        "permissions": permissions, "organization": row.name, "tenantId": row.id,
        "signedInBy": ask.caller.signed_in_by().name(), "csrfToken": null,
    }))
}

async fn organization(ask: &Ask) -> Result<Value, ApiError> {
    let row = tenants::by_id(ask.db(), ask.tenant()).await?.ok_or(StoreError::Missing { what: "tenant" })?;
    let kept = settings::get(&ask.app, &ask.caller).await?.settings;
    let mut settings = serde_json::to_value(&kept).unwrap_or_default();
    let hook = webhooks::of_settings(&ask.app, &ask.caller).await?;
    // An address of Slack is a secret: it is shown to those who may see webhooks at all.
    let sees = Permission::parse("webhooks:read").is_some_and(|needed| ask.caller.may(&needed));
    let url = hook.as_ref().filter(|_| sees).map_or("", |hook| hook.url.as_str());
    let slack = hook.as_ref().is_some_and(|hook| hook.enabled && hook.format == "slack");
    for (key, value) in [
        ("contactEmail", json!(kept.notifications.contact_email)),
        ("timezone", json!(kept.time_zone)),
        ("emailNotifications", json!(kept.notifications.email)),
        ("slackNotifications", json!(slack)),
        ("webhookUrl", json!(url)),
        ("defaultPolicyMode", json!(kept.default_enforcement)),
        ("auditLogging", json!(true)),
    ] {
        settings[key] = value;
    }
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

/// What settings are called here that have other names in [`settings`].
const NAMES: [(&str, &str); 3] = [
    ("notifications.email", "emailNotifications"),
    ("notifications.contact_email", "contactEmail"),
    ("time_zone", "timezone"),
];

/// Changes the settings by the names the reference has for them. Every one of them has an effect; one that
/// would have none is refused.
async fn update(ask: Ask, args: Update) -> Result<Value, ApiError> {
    let wanted = args.settings;
    let kept = settings::get(&ask.app, &ask.caller).await?.settings;
    let mut notifications = serde_json::to_value(&kept.notifications).unwrap_or_default();
    let mut changes = Map::new();
    let (mut url, mut slack) = (None, None);
    for (key, value) in wanted.rest.into_iter().filter(|(_, value)| !value.is_null()) {
        match (key.as_str(), value) {
            ("defaultPolicyMode", Value::String(mode)) => {
                let (key, value) = match mode.as_str() {
                    "enforce" | "block" => ("default_enforcement", "enforce"),
                    "audit" | "warn" | "monitor" => ("default_enforcement", "audit"),
                    "permit" | "allow" => ("no_policy", "permit"),
                    "deny" => ("no_policy", "deny"),
                    _ => return Err(ApiError::invalid("defaultPolicyMode", "expected enforce, audit, deny or permit")),
                };
                changes.insert(key.to_owned(), value.into());
            }
            ("auditLogging", Value::Bool(true)) => {} // it cannot be switched off, so it is on
            ("auditLogging", _) => return Err(ApiError::invalid("auditLogging", "the audit trail is always kept")),
            ("timezone", Value::String(zone)) => {
                changes.insert("time_zone".to_owned(), zone.trim().into());
            }
            ("contactEmail", Value::String(email)) => notifications["contact_email"] = email.trim().into(),
            ("emailNotifications", Value::Bool(on)) => notifications["email"] = on.into(),
            ("slackNotifications", Value::Bool(on)) => slack = Some(on),
            ("webhookUrl", Value::String(text)) => url = Some(text),
            (key, _) => return Err(ApiError::invalid(key, "is no setting, or no value for it")),
        }
    }
    changes.insert("notifications".to_owned(), notifications);
    settings::change(&ask.app, &ask.caller, None, changes).await.map_err(|error| fields::renamed(error, &NAMES))?;
    webhooks::keep_of_settings(&ask.app, &ask.caller, url.as_deref(), slack).await?;
    if let Some(name) = wanted.name {
        crate::service::tenants::rename(&ask.app, &ask.caller, &name).await?;
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
    fields::text("text", &args.text, 200)?;
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
