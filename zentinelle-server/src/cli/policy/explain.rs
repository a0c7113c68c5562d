//! `zentinelle policy explain`: what policies mean, whom they are about, and which of them wins.

mod standing;
mod text;

use serde::Serialize;
use serde_json::Value;
use zentinelle_core::ids::TenantId;
use zentinelle_core::policy::Inheritance;
use zentinelle_core::policy_document::diff::whom;
use zentinelle_core::{Agent, Enforcement, Policy, PolicyType, Scope};

use crate::cli::error::CommandError;
use crate::cli::output::Console;
use crate::cli::policies::Policies;
use crate::cli::{Format, schema_words};
use crate::exit::Exit;
use standing::{Contest, Standing};

/// Say in words what policies mean, whom they are about, and which of them wins.
///
/// Name an agent, a user or a place to see which policies apply there.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A policy document; `-` reads the standard input.
    #[arg(value_name = "FILE")]
    file: String,
    /// Only policies of this type.
    #[arg(long = "type", value_name = "TYPE")]
    policy_type: Option<String>,
    /// The tenant of policies that name none.
    #[arg(long, value_name = "ID", default_value = "local")]
    tenant: String,
    /// What applies to this agent.
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// What applies when an agent acts for this user.
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// What applies to agents of this team.
    #[arg(long, value_name = "ID")]
    team: Option<String>,
    /// What applies to agents of this deployment.
    #[arg(long, value_name = "ID")]
    deployment: Option<String>,
    /// What applies to agents of this group.
    #[arg(long, value_name = "ID")]
    group: Option<String>,
    /// How to write it.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What is said of a document.
#[derive(Serialize)]
struct Explanation {
    /// By type, in the order of the reference.
    types: Vec<TypeExplanation>,
    /// Whom `standings` is about, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    whom: Option<String>,
    /// What became of each policy that covers them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    standings: Vec<Standing>,
}

#[derive(Serialize)]
struct TypeExplanation {
    #[serde(rename = "type")]
    name: String,
    description: String,
    policies: Vec<PolicyExplanation>,
    /// Which policy takes which other's place, where both apply.
    contests: Vec<Contest>,
}

#[derive(Serialize)]
struct PolicyExplanation {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    scope: Scope,
    /// Whom it is about, in words.
    whom: String,
    /// What a violation does, in words.
    consequence: &'static str,
    enforcement: Enforcement,
    enabled: bool,
    priority: i64,
    floor: bool,
    settings: Vec<Setting>,
}

#[derive(Serialize)]
struct Setting {
    key: String,
    value: Value,
    #[serde(skip_serializing_if = "String::is_empty")]
    meaning: String,
}

/// Explains the document.
pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    if let Some(name) = args.policy_type.as_deref().filter(|name| PolicyType::from_name(name).is_none()) {
        return Err(CommandError::Argument {
            message: format!("there is no policy type `{name}`"),
            help: "`zentinelle policy types` lists them".to_owned(),
        });
    }
    let read = Policies::read(std::slice::from_ref(&args.file), "explained", console)?;
    let tenant = TenantId::new(args.tenant.as_str());
    let chosen = |policy: &Policy| args.policy_type.as_deref().is_none_or(|name| name == policy.policy_type);
    let policies: Vec<Policy> = read.document().for_tenant(&tenant).into_iter().filter(chosen).collect();
    let mut explanation = Explanation { types: types(&policies), whom: None, standings: Vec::new() };
    if let Some((agent, words)) = selected(args) {
        explanation.whom = Some(words);
        explanation.standings = standing::standings(&policies, agent, args.user.as_deref());
    }
    match args.format {
        Format::Json => console.json(&explanation)?,
        Format::Text => text::show(&explanation, console)?,
    }
    Ok(Exit::Success)
}

/// The agent that the arguments describe, and who that is in words; none if they name nobody.
fn selected(args: &Args) -> Option<(Agent, String)> {
    let named = [&args.agent, &args.user, &args.team, &args.deployment, &args.group];
    if named.iter().all(|argument| argument.is_none()) {
        return None;
    }
    let mut agent = Agent::new(args.tenant.as_str(), args.agent.as_deref().unwrap_or_default());
    let mut words = match &args.agent {
        Some(id) => format!("agent `{id}`"),
        None => "an agent".to_owned(),
    };
    if let Some(id) = &args.team {
        agent.sub_organization_id = Some(id.as_str().into());
        words += &format!(" of team `{id}`");
    }
    if let Some(id) = &args.deployment {
        agent.deployment_id = Some(id.as_str().into());
        words += &format!(" in deployment `{id}`");
    }
    if let Some(id) = &args.group {
        agent.group_id = Some(id.as_str().into());
        words += &format!(" in group `{id}`");
    }
    if let Some(id) = &args.user {
        words += &format!(" acting for user `{id}`");
    }
    Some((agent, words))
}

fn types(policies: &[Policy]) -> Vec<TypeExplanation> {
    let words = schema_words::kinds();
    let explained = |kind: &PolicyType| {
        let of_kind: Vec<&Policy> = policies.iter().filter(|policy| policy.policy_type == kind.name()).collect();
        if of_kind.is_empty() {
            return None;
        }
        let keys = schema_words::keys(*kind);
        let setting = |(key, value): (&String, &Value)| Setting {
            key: key.clone(),
            value: value.clone(),
            meaning: keys.get(key).cloned().unwrap_or_default(),
        };
        let policy = |policy: &&Policy| PolicyExplanation {
            id: policy.id.to_string(),
            name: policy.name.clone(),
            description: policy.description.clone(),
            scope: policy.scope.clone(),
            whom: whom(&policy.scope),
            consequence: consequence(policy),
            enforcement: policy.enforcement,
            enabled: policy.enabled,
            priority: policy.priority,
            floor: policy.inheritance == Inheritance::Floor,
            settings: policy.config.as_object().into_iter().flatten().map(setting).collect(),
        };
        Some(TypeExplanation {
            name: kind.name().to_owned(),
            description: words.get(kind.name()).cloned().unwrap_or_default(),
            policies: of_kind.iter().map(policy).collect(),
            contests: standing::contests(&of_kind),
        })
    };
    PolicyType::ALL.iter().filter_map(explained).collect()
}

fn consequence(policy: &Policy) -> &'static str {
    match (policy.enabled, policy.enforcement) {
        (false, _) => "switched off",
        (true, Enforcement::Enforce) => "violations are denied",
        (true, Enforcement::Audit) => "violations are only reported",
        (true, Enforcement::Disabled) => "exempts from broader policies of its type",
    }
}
