//! The demonstration organisation of `zentinelle serve --demo`: the starter policies of the
//! repository in force, agents with a past, people who can sign in, and commands to try.

mod past;
mod present;
mod reports;
mod scenario;
mod waiting;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, Set};
use serde_json::{Map, Value, json};
use zentinelle_core::ids::{AgentId, TenantId};
use zeroize::Zeroizing;

pub(crate) use self::present::live;
use self::scenario::Organisation;
use crate::app::App;
use crate::auth::key::KeyKind;
use crate::auth::{Caller, Role};
use crate::clock::{self, Clock};
use crate::http::error::ApiError;
use crate::service::keys::{self, NewKey};
use crate::service::policies::Keeper;
use crate::service::policies::documents::{self, Manner};
use crate::service::{passwords, tenants, users};
use crate::store::entities::{agent, policy};
use crate::store::users as users_store;

/// The agent that the printed commands act as.
const AGENT: &str = "demo-agent";
/// The policies of a coding agent, as the repository's examples have them.
const POLICIES: &str = include_str!("../../../examples/policies/coding-agent.yaml");

/// The keys that the printed commands use.
pub(crate) struct Keys {
    enrolment: String,
    agent: String,
    operator: String,
    /// The password of everybody in the organisation, new at every start.
    password: Option<Zeroizing<String>>,
    people: Vec<String>,
}

/// Fills an empty organisation, and issues fresh keys for the commands: earlier ones were shown
/// once and are not known any more.
///
/// The first time, the organisation lives through so many days.
pub(crate) async fn seed(app: &App, days: u32) -> Result<Keys, ApiError> {
    let tenant = TenantId::new(tenants::STANDALONE);
    let caller = Caller::local(tenant.clone());
    let scenario = scenario::read()?;
    let present = policy::Entity::find().filter(policy::Column::TenantId.eq(tenant.as_str()));
    if present.count(app.store.db()).await? == 0 {
        let written = documents::read(POLICIES, &tenant).map_err(ApiError::Policies)?;
        let manner = Manner { keeper: Keeper::Document, prune: false, dry_run: false };
        // They are as old as what was decided by them.
        let founded = if days > 0 { past::beginning(clock::now_micros(), days) } else { clock::now_micros() };
        let founding = documents::apply(app, &caller, &written, manner, "the demonstration's policies");
        clock::by(Clock::at(founded), founding).await?;
        if days > 0 {
            let started = std::time::Instant::now();
            // Without its past the organisation is as good to try.
            match past::live(app, &tenant, &scenario, days).await {
                Ok(()) => tracing::info!(days, took_ms = started.elapsed().as_millis(), "the demonstration has a past"),
                Err(error) => tracing::error!(?error, "the demonstration's past ended early"),
            }
        }
    }
    let (password, people) = if days > 0 { people(app, &caller, &scenario).await? } else { (None, Vec::new()) };
    let txn = app.store.begin().await?;
    enrol(&txn, &tenant, AGENT, "Demonstration agent").await?;
    let enrolment = keys::issue(&txn, app.directory.hasher(), &caller, NewKey::new(KeyKind::Enrolment, "demo")).await?;
    let own = NewKey { agent_id: Some(AgentId::new(AGENT)), ..NewKey::new(KeyKind::Agent, AGENT) };
    let own = keys::issue(&txn, app.directory.hasher(), &caller, own).await?;
    let operator = NewKey { role: Some(Role::Admin), ..NewKey::new(KeyKind::Operator, "demo") };
    let operator = keys::issue(&txn, app.directory.hasher(), &caller, operator).await?;
    txn.commit().await?;
    app.policies_changed(&tenant).await;
    if days > 0
        && let Err(error) = waiting::leave(app, &tenant, &scenario).await
    {
        tracing::error!(?error, "nothing waits for approval in the demonstration");
    }
    Ok(Keys {
        enrolment: enrolment.key.text.to_string(),
        agent: own.key.text.to_string(),
        operator: operator.key.text.to_string(),
        password,
        people,
    })
}

/// Gives everybody in the organisation one password, which is new at every start: earlier ones
/// were shown once.
async fn people(
    app: &App,
    caller: &Caller,
    scenario: &Organisation,
) -> Result<(Option<Zeroizing<String>>, Vec<String>), ApiError> {
    let password = passwords::temporary()?;
    let hash = passwords::hash(&password).await?;
    let mut shown = Vec::new();
    for person in &scenario.people {
        let txn = app.store.begin().await?;
        let known = users_store::by_email(&txn, &caller.tenant, &person.email).await?;
        let role = Role::from_name(&person.role).unwrap_or(Role::Viewer);
        let id = match known {
            Some(row) => row.id,
            None => {
                let row = users::blank(caller, person.email.clone(), person.name.clone(), role);
                users::insert(&txn, caller, &row).await?;
                row.id
            }
        };
        users::set_password(&txn, caller, &id, hash.clone(), None).await?;
        txn.commit().await?;
        shown.push(format!("{} ({})", person.email, person.role));
    }
    Ok((Some(password), shown))
}

/// Makes an agent of this machine, unless it is there.
pub(crate) async fn enrol(
    txn: &sea_orm::DatabaseTransaction,
    tenant: &TenantId,
    id: &str,
    name: &str,
) -> Result<(), ApiError> {
    let known = agent::Entity::find()
        .filter(agent::Column::TenantId.eq(tenant.as_str()))
        .filter(agent::Column::AgentId.eq(id))
        .count(txn)
        .await?;
    if known > 0 {
        return Ok(());
    }
    let now = clock::now_micros();
    let row = agent::ActiveModel {
        tenant_id: Set(tenant.as_str().to_owned()),
        id: Set(clock::new_id()),
        agent_id: Set(id.to_owned()),
        name: Set(name.to_owned()),
        description: Set("Made by this machine's own command.".to_owned()),
        agent_type: Set("claude_code".to_owned()),
        status: Set("active".to_owned()),
        health: Set("unknown".to_owned()),
        capabilities: Set(json!([])),
        metadata: Set(Value::Object(Map::new())),
        config: Set(json!({})),
        sub_organization_id: Set(None),
        deployment_id: Set(None),
        group_id: Set(None),
        enrolled_by: Set(None),
        registered_at: Set(now),
        last_heartbeat_at: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
    };
    agent::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}

impl Keys {
    /// What to try, ready to be copied.
    pub(crate) fn commands(&self, address: SocketAddr, open: bool) -> String {
        let url = format!("http://{address}");
        let evaluate = |command: &str| {
            let body =
                json!({ "action": "tool_call", "context": { "tool": "Bash", "tool_input": { "command": command } } });
            curl(&format!("{url}/api/zentinelle/v1/evaluate"), &self.agent, &body)
        };
        let register = json!({ "agent_type": "claude_code", "name": "My agent" });
        let register = curl(&format!("{url}/api/v1/agents/register"), &self.enrolment, &register);
        let list =
            format!("  curl -sS {url}/api/zentinelle/v1/policies \\\n    -H 'X-Zentinelle-Key: {}'", self.operator);
        let portal = match (open, &self.password) {
            (true, _) => format!("{url}/zentinelle/   (open mode: everybody on this machine is an administrator)"),
            (false, _) => format!("{url}/zentinelle/"),
        };
        let people = self.password.as_ref().map_or_else(String::new, |password| {
            format!(
                "\nTo sign in as somebody, with the password {}:\n  {}\n",
                password.as_str(),
                self.people.join("\n  ")
            )
        });
        format!(
            "\nZentinelle listens on {url} with a demonstration organisation.\n\
             \nThe portal: {portal}\n{people}\
             \nEnrol an agent:\n{register}\n\
             \nAsk for something that is allowed:\n{}\n\
             \nAsk for something that is denied:\n{}\n\
             \nSee its policies, as an administrator:\n{list}\n\
             \nDocumentation of every route: {url}/api/docs\n",
            evaluate("cargo test"),
            evaluate("rm -rf /"),
        )
    }
}

fn curl(url: &str, key: &str, body: &Value) -> String {
    format!(
        "  curl -sS {url} \\\n    -H 'X-Zentinelle-Key: {key}' -H 'Content-Type: application/json' \\\n    -d '{body}'"
    )
}
