//! People, where they are signed in, and what they do for themselves.

use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::auth::{Permission, Role};
use crate::clock;
use crate::graphql::ask::{Ask, Id, Nothing, Resolvers};
use crate::graphql::page::PageArgs;
use crate::http::error::ApiError;
use crate::service::sessions;
use crate::service::users::{self, NewUser, UserChange};
use crate::store::entities::{user, user_session};
use crate::store::users as store;

pub(super) fn register(to: &mut Resolvers) {
    to.query("usersPage", async |ask: Ask, args: PageArgs<store::Listed>| {
        let select = args.filter().select(ask.tenant());
        args.read(&ask, "users", select, store::SORTS, user::Column::Id, view).await
    });
    to.query("sessions", own_sessions);
    to.mutation("createUser", create);
    to.mutation("updateUser", async |ask: Ask, args: Change| -> Result<Value, ApiError> {
        let id = args.id.known("user")?;
        let change = UserChange { name: args.name, role: args.role.map(role).transpose()?, disabled: args.disabled };
        users::update(&ask.app.store, &ask.caller, id, change).await?;
        ask.app.person_changed(ask.tenant(), id).await;
        Ok(json!({ "id": id }))
    });
    to.mutation("resetPassword", async |ask: Ask, args: One| -> Result<Value, ApiError> {
        let (row, password) = users::reset(&ask.app.store, &ask.caller, args.id.known("user")?, false).await?;
        ask.app.person_changed(ask.tenant(), &row.id).await;
        Ok(json!({ "user": view(row), "temporaryPassword": password.as_str() }))
    });
    to.mutation("changePassword", async |ask: Ask, args: Passwords| -> Result<Value, ApiError> {
        let (current, new) = (Zeroizing::new(args.current), Zeroizing::new(args.new));
        users::change_password(&ask.app, &ask.caller, &current, &new).await?;
        Ok(json!({}))
    });
    to.mutation("setNotificationPreferences", async |ask: Ask, args: Preferences| -> Result<Value, ApiError> {
        users::notify_by_email(&ask.app, &ask.caller, args.email).await?;
        Ok(json!({}))
    });
    to.mutation("beginTotp", async |ask: Ask, _: Nothing| -> Result<Value, ApiError> {
        Ok(json!({ "uri": users::begin_totp(&ask.app, &ask.caller).await?.as_str() }))
    });
    to.mutation("confirmTotp", async |ask: Ask, args: Code| -> Result<Value, ApiError> {
        Ok(shown_once(&users::set_totp(&ask.app, &ask.caller, &args.code, true).await?))
    });
    to.mutation("disableTotp", async |ask: Ask, args: Code| -> Result<Value, ApiError> {
        users::set_totp(&ask.app, &ask.caller, &args.code, false).await?;
        Ok(json!({}))
    });
    to.mutation("renewRecoveryCodes", async |ask: Ask, args: Code| -> Result<Value, ApiError> {
        Ok(shown_once(&users::renew_recovery_codes(&ask.app, &ask.caller, &args.code).await?))
    });
    to.mutation("revokeSession", async |ask: Ask, args: One| -> Result<Value, ApiError> {
        let looks_after = Permission::parse("users:write").is_some_and(|needed| ask.caller.may(&needed));
        let id = args.id.known("session")?;
        sessions::revoke(&ask.app, &ask.caller, id, looks_after).await?;
        Ok(json!({ "id": id }))
    });
}

fn shown_once(codes: &[Zeroizing<String>]) -> Value {
    json!({ "recoveryCodes": codes.iter().map(|code| code.as_str()).collect::<Vec<_>>() })
}

#[derive(Debug, Deserialize)]
struct One {
    id: Id,
}

#[derive(Debug, Deserialize)]
struct Code {
    code: String,
}

#[derive(Debug, Deserialize)]
struct Preferences {
    email: bool,
}

#[derive(Deserialize)]
struct Passwords {
    current: String,
    new: String,
}

#[derive(Deserialize)]
struct New {
    email: String,
    name: String,
    role: String,
    password: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Change {
    id: Id,
    name: Option<String>,
    role: Option<String>,
    disabled: Option<bool>,
}

fn role(text: String) -> Result<Role, ApiError> {
    Role::from_name(&text.to_ascii_lowercase())
        .ok_or_else(|| ApiError::invalid("role", "expected ADMIN, OPERATOR or VIEWER"))
}

async fn create(ask: Ask, args: New) -> Result<Value, ApiError> {
    let new = NewUser { email: args.email, name: args.name, role: role(args.role)? };
    let password = args.password.filter(|password| !password.is_empty()).map(Zeroizing::new);
    let made = users::create(&ask.app.store, &ask.caller, new, password.as_deref().map(String::as_str)).await?;
    Ok(json!({ "user": view(made.0), "temporaryPassword": made.1.as_deref() }))
}

/// One's own sessions; for who looks after people, everybody's.
async fn own_sessions(ask: Ask, _: Nothing) -> Result<Value, ApiError> {
    let looks_after = Permission::parse("users:read").is_some_and(|needed| ask.caller.may(&needed));
    let own = ask.caller.signed_in.as_ref().map_or("", |signed_in| signed_in.user_id.as_str());
    let rows = sessions::list(&ask.app, &ask.caller, (!looks_after).then_some(own)).await?;
    let names = store::names(ask.db(), ask.tenant()).await?;
    let current = ask.caller.signed_in.as_ref().map_or("", |signed_in| signed_in.session_id.as_str());
    let view = |row: user_session::Model| {
        json!({
            "id": row.id, "userId": row.user_id, "userName": names.get(&row.user_id).map_or("", String::as_str),
            "current": row.id == current, "createdAt": clock::iso(row.created_at),
            "lastSeenAt": clock::iso(row.last_seen_at), "expiresAt": clock::iso(row.expires_at),
            "ipAddress": row.ip_address, "userAgent": row.user_agent,
        })
    };
    Ok(rows.into_iter().map(view).collect())
}

/// A person, as they are answered.
fn view(row: user::Model) -> Value {
    let now = clock::now_micros();
    json!({
        "id": row.id, "email": row.email, "name": row.name, "role": row.role.to_ascii_uppercase(),
        "disabled": row.disabled_at.is_some(), "totpEnabled": row.totp_confirmed,
        "notifiedByEmail": row.notify_by_email,
        "lockedUntil": clock::iso_or_none(row.locked_until.filter(|until| *until > now)),
        "lastSignInAt": clock::iso_or_none(row.last_sign_in_at), "createdAt": clock::iso(row.created_at),
    })
}
