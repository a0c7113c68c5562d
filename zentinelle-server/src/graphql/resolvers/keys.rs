//! Keys of the platform and of model providers.

use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::shared::{at, display};
use crate::auth::key::KeyKind;
use crate::auth::{Permission, Role};
use crate::clock;
use crate::graphql::ask::{Ask, ById, Resolvers};
use crate::graphql::page::{self, PageArgs};
use crate::http::error::ApiError;
use crate::service::keys::{self, NewKey};
use crate::service::secrets::{self, Kind, NewSecret};
use crate::store::entities::{api_key, secret};
use crate::store::{keys as store, keyset, secrets as secret_store};

pub(super) fn register(to: &mut Resolvers) {
    to.query("apiKeys", async |ask: Ask, args: Keys| {
        let wanted = store::Listed { search: args.search, status: keyset::word(args.status) };
        page::list(&ask, wanted.select(ask.tenant()), store::SORTS, api_key::Column::Id, view).await
    });
    to.query("apiKeysPage", async |ask: Ask, args: PageArgs<store::Listed>| {
        let select = args.filter().select(ask.tenant());
        args.read(&ask, "apiKeys", select, store::SORTS, api_key::Column::Id, view).await
    });
    to.query("apiKey", async |ask: Ask, args: ById| -> Result<Option<Value>, ApiError> {
        Ok(store::by_id(ask.db(), ask.tenant(), &args.id.0).await?.map(view))
    });
    to.mutation("createPlatformApiKey", create);
    to.mutation("createEnrolmentToken", enrolment);
    to.mutation("revokeApiKey", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        keys::revoke(&ask.app, &ask.caller, args.id.known("key")?).await?;
        Ok(json!({}))
    });
    // A key that was deleted could not be found in the audit trail any more, so it is revoked.
    to.mutation("deleteApiKey", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let row = store::by_id(ask.db(), ask.tenant(), &args.id.0).await?.ok_or(ApiError::NotFound { what: "key" })?;
        if row.revoked_at.is_none() {
            keys::revoke(&ask.app, &ask.caller, &row.id).await?;
        }
        Ok(json!({ "message": "the key is revoked; its row stays, so that the audit trail can name it" }))
    });
    to.query("providerKeys", async |ask: Ask, _: Value| -> Result<Value, ApiError> {
        let rows = secret_store::list(ask.db(), ask.tenant(), Kind::Provider.name(), None, page::MOST_LIST).await?;
        Ok(rows.into_iter().map(provider_view).collect())
    });
    to.mutation("saveProviderKey", save_provider);
    to.mutation("deleteProviderKey", async |ask: Ask, args: Named| -> Result<Value, ApiError> {
        secrets::delete(&ask.app, &ask.caller, Kind::Provider, &args.name).await?;
        Ok(json!({}))
    });
}

/// A key, as it is answered: never the key itself.
fn view(row: api_key::Model) -> Value {
    let now = clock::now_micros();
    let status = match (row.revoked_at, row.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(end)) if end <= now => "expired",
        _ => "active",
    };
    json!({
        "id": row.id, "name": row.label, "description": row.kind, "status": status, "scopes": row.scopes,
        "rateLimit": null, "expiresAt": at(row.expires_at), "lastUsedAt": at(row.last_used_at),
        "usageCount": row.use_count, "createdAt": clock::iso(row.created_at),
        "updatedAt": clock::iso(row.revoked_at.unwrap_or(row.created_at)), "keyPrefix": row.public_id,
        "createdByUsername": row.created_by, "statusDisplay": display(status), "role": row.role,
    })
}

fn provider_view(row: secret::Model) -> Value {
    json!({ "name": row.name, "provider": row.name, "updatedAt": clock::iso(row.updated_at) })
}

#[derive(Deserialize)]
struct Keys {
    search: Option<String>,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Create {
    name: String,
    scopes: Vec<String>,
}

/// Makes an operator key: of the least role that its scopes need, and of the caller's without any.
async fn create(ask: Ask, args: Create) -> Result<Value, ApiError> {
    let mut scopes = Vec::with_capacity(args.scopes.len());
    let mut role = Role::Viewer;
    for scope in &args.scopes {
        if let Some(named) = Role::from_name(&scope.to_lowercase()) {
            role = role.max(named);
            continue;
        }
        let unknown = || ApiError::invalid("scopes", format!("`{scope}` is no permission and no role"));
        let permission = Permission::parse(scope).filter(|known| ask.app.access.knows(known)).ok_or_else(unknown)?;
        role = role.max(Role::ALL.into_iter().find(|role| role.has(&permission)).unwrap_or(Role::Admin));
        scopes.push(permission);
    }
    if args.scopes.is_empty() {
        return Err(ApiError::invalid("scopes", "name a role (viewer, operator, admin) or the permissions it needs"));
    }
    let new = NewKey { role: Some(role), scopes, ..NewKey::new(KeyKind::Operator, args.name) };
    issued(&ask, new).await
}

async fn issued(ask: &Ask, new: NewKey) -> Result<Value, ApiError> {
    let (row, key) = keys::create(&ask.app, &ask.caller, new).await?;
    Ok(json!({ "apiKey": key.text.as_str(), "keyPrefix": row.public_id, "keyId": row.id }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enrolment {
    name: String,
    expires_in_hours: Option<i64>,
}

async fn enrolment(ask: Ask, args: Enrolment) -> Result<Value, ApiError> {
    let hours = args.expires_in_hours.unwrap_or(24);
    if !(1..=24 * 366).contains(&hours) {
        return Err(ApiError::invalid("expiresInHours", "must be 1 to 8784"));
    }
    let expires_at = Some(clock::now_micros() + hours * 3_600_000_000);
    issued(&ask, NewKey { expires_at, ..NewKey::new(KeyKind::Enrolment, args.name) }).await
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Provider {
    name: String,
    provider: String,
    key: String,
}

/// Keeps a provider's key. There is one for each provider, so the name is the provider's.
async fn save_provider(ask: Ask, args: Provider) -> Result<Value, ApiError> {
    let name = if args.provider.trim().is_empty() { args.name } else { args.provider };
    let new = NewSecret { value: Zeroizing::new(args.key), scope: None, active: true };
    secrets::put(&ask.app, &ask.caller, Kind::Provider, &name, new).await?;
    Ok(json!({ "id": name }))
}
