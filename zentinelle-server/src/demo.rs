//! The demonstration organisation of `zentinelle serve --demo`: the starter policies of the
//! repository in force, one agent enrolled, and commands to try.

use std::net::SocketAddr;

use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, Set};
use serde_json::{Map, Value, json};
use zentinelle_core::ids::{AgentId, TenantId};

use crate::app::App;
use crate::auth::key::KeyKind;
use crate::auth::{Caller, Role};
use crate::clock;
use crate::http::error::ApiError;
use crate::service::keys::{self, NewKey};
use crate::service::policies::Keeper;
use crate::service::policies::documents::{self, Manner};
use crate::service::tenants;
use crate::store::entities::{agent, policy};

/// The agent that the printed commands act as.
const AGENT: &str = "demo-agent";
/// The policies of a coding agent, as the repository's examples have them.
const POLICIES: &str = include_str!("../../examples/policies/coding-agent.yaml");

/// The keys that the printed commands use.
pub(crate) struct Keys {
    enrolment: String,
    agent: String,
    operator: String,
}

/// Fills an empty organisation, and issues fresh keys for the commands: earlier ones were shown
/// once and are not known any more.
pub(crate) async fn seed(app: &App) -> Result<Keys, ApiError> {
    let tenant = TenantId::new(tenants::STANDALONE);
    let caller = Caller::local(tenant.clone());
    let present = policy::Entity::find().filter(policy::Column::TenantId.eq(tenant.as_str()));
    if present.count(app.store.db()).await? == 0 {
        let written = documents::read(POLICIES, &tenant).map_err(ApiError::Policies)?;
        let manner = Manner { keeper: Keeper::Document, prune: false, dry_run: false };
        documents::apply(app, &caller, &written, manner, "the demonstration's policies").await?;
    }
    let txn = app.store.begin().await?;
    enrol(&txn, &tenant, AGENT, "Demonstration agent").await?;
    let enrolment = keys::issue(&txn, app.directory.hasher(), &caller, NewKey::new(KeyKind::Enrolment, "demo")).await?;
    let own = NewKey { agent_id: Some(AgentId::new(AGENT)), ..NewKey::new(KeyKind::Agent, AGENT) };
    let own = keys::issue(&txn, app.directory.hasher(), &caller, own).await?;
    let operator = NewKey { role: Some(Role::Admin), ..NewKey::new(KeyKind::Operator, "demo") };
    let operator = keys::issue(&txn, app.directory.hasher(), &caller, operator).await?;
    txn.commit().await?;
    app.policies_changed(&tenant).await;
    Ok(Keys {
        enrolment: enrolment.key.text.to_string(),
        agent: own.key.text.to_string(),
        operator: operator.key.text.to_string(),
    })
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
    pub(crate) fn commands(&self, address: SocketAddr) -> String {
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
        format!(
            "\nZentinelle listens on {url} with a demonstration organisation.\n\
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
