//! A system prompt and a message put to the policies before anybody uses them.
//!
//! The engine decides the call as it would for an agent that no policy names, by the organisation's policies in force
//! about what is said. No model is asked, nothing is spent and nothing is recorded. Policies about models, money,
//! tools and sessions say nothing here, because a prompt has none of these.

use serde_json::{Map, Value, json};
use zentinelle_core::engine::{NoPolicy, PolicySet};
use zentinelle_core::{Decision, Engine, MemoryLedger, Policy, Request, wire};

use super::estimated_tokens;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::service::fields;
use crate::service::policies::candidate::stranger;

/// The longest text that is tried. Unit: characters.
const MOST_TEXT: usize = 200_000;
/// The types of policies that judge what is said.
const ABOUT_WORDS: [&str; 4] = ["system_prompt", "prompt_injection", "ai_guardrail", "context_limit"];

/// What came of it.
#[derive(Debug)]
pub(crate) struct Trial {
    /// What the engine says.
    decision: Decision,
    /// How many policies there are to judge it.
    pub(crate) policies: usize,
    /// About how long both texts are. Unit: tokens.
    pub(crate) tokens: usize,
}

/// What one enforced policy has against it.
#[derive(Debug)]
pub(crate) struct Objection {
    /// The code of the violation.
    pub(crate) code: String,
    /// The policy, and what it says.
    pub(crate) message: String,
}

impl Trial {
    /// The objections of enforced policies; with none the prompt may be used.
    pub(crate) fn objections(&self) -> Vec<Objection> {
        let against = |(policy, violation): (&Policy, &zentinelle_core::decision::Violation)| Objection {
            code: violation.code.to_string(),
            message: format!("{}: {}", policy.name, violation.message),
        };
        self.decision.determining().map(against).collect()
    }

    /// What policies say without objecting, and those that are only watching.
    pub(crate) fn warnings(&self) -> Vec<String> {
        wire::warnings(&self.decision)
    }
}

/// Puts them to the policies.
pub(crate) async fn put(app: &App, caller: &Caller, system_prompt: &str, message: &str) -> Result<Trial, ApiError> {
    fields::text("systemPrompt", system_prompt, MOST_TEXT)?;
    fields::text("userMessage", message, MOST_TEXT)?;
    let snapshot = app.snapshots.get(&caller.tenant).await?;
    let in_force = snapshot.engine.policies();
    let judges: Vec<Policy> =
        in_force.policies().filter(|policy| ABOUT_WORDS.contains(&policy.policy_type.as_str())).cloned().collect();
    let policies = judges.len();
    let set = PolicySet::compile(caller.tenant.clone(), in_force.version().clone(), judges);
    let tokens = estimated_tokens(system_prompt).saturating_add(estimated_tokens(message));
    let mut context = Map::new();
    context.insert("system_prompt".to_owned(), json!(system_prompt));
    context.insert("input_text".to_owned(), json!(message));
    context.insert("input_tokens".to_owned(), json!(tokens));
    context.insert("messages".to_owned(), messages(system_prompt, message));
    let mut request = Request::new(stranger(&caller.tenant, "prompt-trial"), "llm:invoke", clock::now());
    request.context = context.into();
    request.dry_run = true;
    let decision = Engine::new(set).with_no_policy(NoPolicy::Permit).decide(&request, &MemoryLedger::default());
    Ok(Trial { decision, policies, tokens })
}

fn messages(system_prompt: &str, message: &str) -> Value {
    json!([{ "role": "system", "content": system_prompt }, { "role": "user", "content": message }])
}
