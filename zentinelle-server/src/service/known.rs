//! What a tenant knows by name: tools, models and actions that its policies, agents, prices and
//! registry speak of. There is no list of everything, so what nobody named is not here.

use std::collections::BTreeSet;

use serde_json::Value;

use super::prices;
use crate::app::App;
use crate::auth::AgentFacts;
use crate::http::error::ApiError;
use crate::snapshot::Snapshot;
use crate::store::models;

/// Actions that every client may attempt.
const ACTIONS: [&str; 4] = ["llm:invoke", "llm:response", "spawn", "tool_call"];

/// The tools that policies or the agent itself name.
pub(crate) async fn tools(app: &App, agent: &AgentFacts) -> Result<BTreeSet<String>, ApiError> {
    let snapshot = app.snapshots.get(&agent.agent.tenant_id).await?;
    let mut tools = named(&snapshot, "tool_permission", &["allowed_tools", "requires_approval", "tool_configs"]);
    tools.extend(agent.agent.capabilities.iter().filter(|name| is_name(name)).cloned());
    Ok(tools)
}

/// The models of the registry, of policies and of the price table.
pub(crate) async fn models(app: &App, agent: &AgentFacts) -> Result<BTreeSet<String>, ApiError> {
    let tenant = &agent.agent.tenant_id;
    let snapshot = app.snapshots.get(tenant).await?;
    let mut models = named(&snapshot, "model_restriction", &["allowed_models"]);
    models.extend(models::names(app.store.db(), tenant).await?);
    let prices = prices::of_tenant(app, tenant).await?;
    models.extend(prices.rows().map(|row| row.model.clone()).filter(|name| is_name(name)));
    Ok(models)
}

/// The actions of a type of resource, and those that policies name.
pub(crate) async fn actions(app: &App, agent: &AgentFacts, kind: &str) -> Result<BTreeSet<String>, ApiError> {
    let snapshot = app.snapshots.get(&agent.agent.tenant_id).await?;
    let usual = |action: &str| match kind {
        "tool" => action == "tool_call",
        "model" => action.starts_with("llm:"),
        _ => true,
    };
    let mut actions = named(&snapshot, "agent_capability", &["allowed_actions", "require_approval"]);
    actions.extend(ACTIONS.into_iter().filter(|action| usual(action)).map(str::to_owned));
    Ok(actions)
}

/// The names in some keys of a tenant's policies of a type: of lists the entries, of objects the
/// keys. Patterns are no names.
fn named(snapshot: &Snapshot, policy_type: &str, keys: &[&str]) -> BTreeSet<String> {
    let policies = snapshot.engine.policies().policies();
    let configs = policies.filter(|policy| policy.enabled && policy.policy_type == policy_type);
    let mut names = BTreeSet::new();
    for policy in configs {
        for value in keys.iter().filter_map(|key| policy.config.get(*key)) {
            match value {
                Value::Array(entries) => names.extend(entries.iter().filter_map(|one| one.as_str().map(str::to_owned))),
                Value::Object(entries) => names.extend(entries.keys().cloned()),
                _ => {}
            }
        }
    }
    names.retain(|name| is_name(name));
    names
}

fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(['*', '?', '[', '{'])
}
