//! What applies to an agent: its policies, what they come to, and its system prompts.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use zentinelle_core::ids::UserId;
use zentinelle_core::{Enforcement, Policy, PolicyType};

use crate::app::App;
use crate::auth::AgentFacts;
use crate::http::error::ApiError;
use crate::snapshot::{FailMode, Snapshot};
use crate::store::handouts;

/// The services whose prompts are listed when none is named.
const SERVICES: [&str; 3] = ["chat", "lab", "agent"];

/// One policy as agents get to see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct EffectivePolicy {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// Its type.
    #[serde(rename = "type")]
    policy_type: String,
    /// At which level it applies.
    scope: String,
    /// Which policy of a type wins.
    priority: i64,
    /// What a violation does.
    enforcement: String,
    /// Its configuration.
    #[schema(value_type = Object)]
    config: Value,
}

/// What applies to an agent acting for a user, and what it comes to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct EffectivePolicies {
    /// The policies that take part, in the order in which they are evaluated.
    policies: Vec<EffectivePolicy>,
    /// What is answered where no policy applies.
    no_policy: FailMode,
    /// The limits the enforced ones set, and no others: a key that is missing is not limited.
    #[schema(value_type = Object)]
    resolved: Value,
}

/// A system prompt for one service.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Prompt {
    /// The service.
    pub(crate) service: String,
    /// The prompt; empty when there is none.
    pub(crate) prompt: String,
}

/// The policies that apply, of all types or of some.
pub(crate) async fn effective(
    app: &App,
    agent: &Arc<AgentFacts>,
    user: Option<&str>,
    types: &[PolicyType],
) -> Result<EffectivePolicies, ApiError> {
    let snapshot = app.snapshots.get(&agent.agent.tenant_id).await?;
    let all = of(&snapshot, agent, user);
    let wanted = |policy: &&&Policy| types.is_empty() || types.iter().any(|kind| kind.name() == policy.policy_type);
    let policies = all.iter().filter(wanted).map(|policy| EffectivePolicy {
        id: policy.id.as_str().to_owned(),
        name: policy.name.clone(),
        policy_type: policy.policy_type.clone(),
        scope: policy.scope.level().name().to_owned(),
        priority: policy.priority,
        enforcement: policy.enforcement.name().to_owned(),
        config: policy.config.clone(),
    });
    let prompt = composed(app, agent, &all, None).await?;
    Ok(EffectivePolicies {
        policies: policies.collect(),
        no_policy: snapshot.settings.no_policy,
        resolved: resolved(&all, prompt),
    })
}

/// The policies that take part for an agent acting for a user.
pub(crate) fn of<'s>(snapshot: &'s Snapshot, agent: &AgentFacts, user: Option<&str>) -> Vec<&'s Policy> {
    let user = user.and_then(UserId::non_empty);
    snapshot.engine.policies().effective(&agent.agent, user.as_ref())
}

/// The prompts of every usual service, and the one for all.
pub(crate) async fn prompts(
    app: &App,
    agent: &Arc<AgentFacts>,
    user: Option<&str>,
) -> Result<(Vec<Prompt>, String), ApiError> {
    let snapshot = app.snapshots.get(&agent.agent.tenant_id).await?;
    let all = of(&snapshot, agent, user);
    let mut prompts = Vec::with_capacity(SERVICES.len());
    for service in SERVICES {
        let prompt = composed(app, agent, &all, Some(service)).await?;
        prompts.push(Prompt { service: service.to_owned(), prompt });
    }
    Ok((prompts, composed(app, agent, &all, None).await?))
}

/// The prompt of one service.
pub(crate) async fn prompt(
    app: &App,
    agent: &Arc<AgentFacts>,
    user: Option<&str>,
    service: String,
) -> Result<Prompt, ApiError> {
    let snapshot = app.snapshots.get(&agent.agent.tenant_id).await?;
    let prompt = composed(app, agent, &of(&snapshot, agent, user), Some(&service)).await?;
    Ok(Prompt { service, prompt })
}

/// The texts meant for a service, from the policies first and then from the library.
async fn composed(
    app: &App,
    agent: &AgentFacts,
    policies: &[&Policy],
    service: Option<&str>,
) -> Result<String, ApiError> {
    let from_policies = policies
        .iter()
        .filter(|policy| policy.policy_type == PolicyType::SystemPrompt.name())
        .filter(|policy| policy.enforcement != Enforcement::Disabled)
        .filter(|policy| meant_for(policy.config.get("applies_to"), service))
        .filter_map(|policy| Some(policy.config.get("prompt_text")?.as_str()?.to_owned()));
    let mut texts: Vec<String> = from_policies.collect();
    let library = handouts::prompts(app.store.db(), &agent.agent.tenant_id).await?;
    let library = library.into_iter().filter(|prompt| meant_for(Some(&prompt.applies_to), service));
    texts.extend(library.map(|prompt| prompt.prompt_text));
    texts.retain(|text| !text.is_empty());
    Ok(texts.join("\n\n"))
}

/// Whether a list of services names one, or all of them. No list means all.
fn meant_for(applies_to: Option<&Value>, service: Option<&str>) -> bool {
    match applies_to.and_then(Value::as_array) {
        None => true,
        Some(list) if list.is_empty() => true,
        Some(list) => list.iter().filter_map(Value::as_str).any(|name| name == "all" || Some(name) == service),
    }
}

/// The limits of the enforced policies, one section a subject. Where several policies of a type
/// hold together, the stricter value counts.
fn resolved(policies: &[&Policy], system_prompt: String) -> Value {
    let of = |kind: PolicyType| -> Vec<&Value> {
        policies
            .iter()
            .filter(|policy| policy.policy_type == kind.name() && policy.enforcement == Enforcement::Enforce)
            .map(|policy| &policy.config)
            .collect()
    };
    let (guardrails, tools) = (of(PolicyType::AiGuardrail), of(PolicyType::ToolPermission));
    let (budgets, quotas) = (of(PolicyType::BudgetLimit), of(PolicyType::ResourceQuota));
    let (rates, secrets) = (of(PolicyType::RateLimit), of(PolicyType::SecretAccess));
    let mut guardrail = Section::default().any_of("blocked_topics", &guardrails, "blocked_topics");
    if !of(PolicyType::PromptInjection).is_empty() {
        guardrail = guardrail.with("prompt_injection_detection", true.into());
    }
    json!({
        "system_prompt": if system_prompt.is_empty() { Value::Null } else { system_prompt.into() },
        "ai_guardrails": guardrail.0,
        "tool_permissions": Section::default()
            .all_of("allowed", &tools, "allowed_tools")
            .any_of("denied", &tools, "denied_tools")
            .any_of("requires_approval", &tools, "requires_approval").0,
        "rate_limits": Section::default()
            .least("requests_per_minute", &rates, &["requests_per_minute"])
            .least("requests_per_hour", &rates, &["requests_per_hour"])
            .least("tokens_per_day", &rates, &["tokens_per_day"]).0,
        "budget_limits": Section::default()
            .least("monthly_budget_usd", &budgets, &["monthly_budget_usd", "monthly_limit_usd"])
            .least("alert_threshold_percent", &budgets, &["alert_threshold_percent", "alert_at_percent"])
            .either("hard_limit", &budgets).0,
        "resource_quotas": Section::default()
            .least("max_concurrent_servers", &quotas, &["max_concurrent_servers"])
            .least("max_server_hours_per_month", &quotas, &["max_server_hours_per_month"])
            .all_of("allowed_instance_sizes", &quotas, "allowed_instance_sizes")
            .all_of("allowed_services", &quotas, "allowed_services").0,
        "secret_access": Section::default()
            .all_of("allowed_bundles", &secrets, "allowed_bundles")
            .any_of("denied_providers", &secrets, "denied_providers").0,
    })
}

/// One subject of what the policies come to.
#[derive(Default)]
struct Section(Map<String, Value>);

impl Section {
    fn with(mut self, key: &str, value: Value) -> Self {
        self.0.insert(key.to_owned(), value);
        self
    }

    /// What any of the policies lists.
    fn any_of(self, key: &str, configs: &[&Value], name: &str) -> Self {
        let found: BTreeSet<&str> = configs.iter().flat_map(|config| texts(config, name)).collect();
        if found.is_empty() { self } else { self.with(key, json!(found)) }
    }

    /// What each of the policies that have such a list lists. An empty list restricts nothing.
    fn all_of(self, key: &str, configs: &[&Value], name: &str) -> Self {
        let lists = configs.iter().map(|config| texts(config, name).collect::<BTreeSet<&str>>());
        match lists.filter(|list| !list.is_empty()).reduce(|one, other| one.intersection(&other).copied().collect()) {
            Some(found) => self.with(key, json!(found)),
            None => self,
        }
    }

    /// The least of the numbers the policies set.
    fn least(self, key: &str, configs: &[&Value], names: &[&str]) -> Self {
        let numbers = configs.iter().flat_map(|config| names.iter().filter_map(|name| config.get(*name)));
        let measured = numbers.filter_map(|number| Some((measure(number)?, number)));
        match measured.min_by(|(one, _), (other, _)| one.total_cmp(other)) {
            Some((_, number)) => self.with(key, number.clone()),
            None => self,
        }
    }

    /// Whether any of the policies that say so says yes.
    fn either(self, key: &str, configs: &[&Value]) -> Self {
        match configs.iter().filter_map(|config| config.get(key)?.as_bool()).reduce(|one, other| one || other) {
            Some(found) => self.with(key, found.into()),
            None => self,
        }
    }
}

fn texts<'c>(config: &'c Value, name: &str) -> impl Iterator<Item = &'c str> {
    config.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn measure(number: &Value) -> Option<f64> {
    number.as_f64().or_else(|| number.as_str()?.parse().ok()).filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use zentinelle_core::Policy;

    use super::{meant_for, resolved};

    fn policy(kind: &str, enforcement: &str, config: Value) -> Policy {
        let policy = json!({
            "id": kind, "tenant_id": "t", "name": kind, "type": kind, "enforcement": enforcement, "config": config,
        });
        serde_json::from_value(policy).expect("a policy")
    }

    #[test]
    fn what_no_policy_sets_is_not_reported() {
        let nothing = json!({
            "system_prompt": null, "ai_guardrails": {}, "tool_permissions": {}, "rate_limits": {},
            "budget_limits": {}, "resource_quotas": {}, "secret_access": {},
        });
        assert_eq!(resolved(&[], String::new()), nothing);
        let audited = policy("rate_limit", "audit", json!({"requests_per_minute": 5}));
        assert_eq!(resolved(&[&audited], String::new()), nothing);
        let rate = policy("rate_limit", "enforce", json!({"requests_per_hour": 5}));
        assert_eq!(resolved(&[&rate], String::new())["rate_limits"], json!({"requests_per_hour": 5}));
    }

    #[test]
    fn where_several_hold_together_the_stricter_value_counts() {
        let broad = policy("tool_permission", "enforce", json!({"allowed_tools": ["b", "a"], "denied_tools": ["x"]}));
        let floor = policy("tool_permission", "enforce", json!({"allowed_tools": ["b"], "denied_tools": ["c", "x"]}));
        let (loose, tight) =
            (json!({"monthly_budget_usd": 10}), json!({"monthly_budget_usd": 2.5, "hard_limit": true}));
        let (loose, tight) = (policy("budget_limit", "enforce", loose), policy("budget_limit", "enforce", tight));
        let found = resolved(&[&broad, &floor, &loose, &tight], "Be brief.".to_owned());
        assert_eq!(found["tool_permissions"], json!({"allowed": ["b"], "denied": ["c", "x"]}));
        assert_eq!(found["budget_limits"], json!({"monthly_budget_usd": 2.5, "hard_limit": true}));
        assert_eq!(found["system_prompt"], "Be brief.");
    }

    #[test]
    fn a_prompt_without_services_is_for_all_of_them() {
        assert!(meant_for(None, Some("chat")) && meant_for(Some(&json!(["all"])), None));
        assert!(meant_for(Some(&json!(["chat"])), Some("chat")) && !meant_for(Some(&json!(["chat"])), Some("lab")));
        assert!(!meant_for(Some(&json!(["chat"])), None));
    }
}
