//! The 24 kinds of policy: one trait, one table, one file each.

use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::inquiry::{Approval, Approved, Delegated, Inquiry};
use crate::decision::Verdict;
use crate::document::decode::{Decoded, decode_as};
use crate::error::{Code, Pointer, PolicyError, codes};
use crate::matching::{Case, Pattern, PatternError};
use crate::request::EvaluationError;

/// One kind of policy.
pub trait Evaluator: Sized {
    /// What a policy author writes under `config`.
    type Config: DeserializeOwned + JsonSchema;

    /// Every code this kind of policy can give of its own.
    const CODES: &'static [Code];

    /// Whether a `config` of null means an empty one. Elsewhere null is malformed.
    const NULL_CONFIG_IS_EMPTY: bool = false;

    /// Checks a configuration as a whole and prepares it for many requests. Pointers in
    /// the errors are relative to `config`.
    fn compile(config: Self::Config) -> Result<Self, Vec<PolicyError>>;

    /// Judges one request. Nothing is written: what the request would spend is a charge in
    /// the notes of a satisfied verdict.
    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError>;
}

/// A compiled configuration together with what its author should hear.
#[derive(Debug)]
pub struct Compiled<T> {
    /// The evaluator, or why there is none.
    pub evaluator: Result<T, Vec<PolicyError>>,
    /// Keys nobody reads. They are errors where a policy is written, but do not make a
    /// stored policy unusable.
    pub unknown_keys: Vec<PolicyError>,
}

fn compile<E: Evaluator>(name: &str, config: &Value) -> Compiled<E> {
    let empty = Value::Object(serde_json::Map::new());
    let config = if config.is_null() && E::NULL_CONFIG_IS_EMPTY { &empty } else { config };
    let Decoded { value, unknown_keys, errors } = decode_as::<E::Config>(config, &format!("a `{name}` policy"));
    let evaluator = match value {
        Some(value) if errors.is_empty() => E::compile(value),
        _ => Err(errors),
    };
    Compiled { evaluator, unknown_keys }
}

/// Finding out that a pattern is too large takes milliseconds. After this many the policy is refused
/// whatever the rest are, so they are not looked at.
const MOST_TOO_LARGE: usize = 8;

/// Compiles a list of patterns under `key`; those that do not compile become faults at their place.
fn patterns(key: &str, sources: &[String], case: Case, faults: &mut Vec<PolicyError>) -> Vec<Pattern> {
    let mut compiled = Vec::with_capacity(sources.len());
    let mut too_large = 0;
    for (index, source) in sources.iter().enumerate() {
        match Pattern::new(source, case) {
            Ok(pattern) => compiled.push(pattern),
            Err(error) => {
                let pointer = Pointer::ROOT.key(key).index(index);
                faults.push(PolicyError::new(codes::INVALID_PATTERN, pointer, error.to_string()));
                too_large += usize::from(error == PatternError::TooLarge);
            }
        }
        if too_large == MOST_TOO_LARGE {
            break;
        }
    }
    compiled
}

macro_rules! evaluators {
    ($($(#[doc = $doc:literal])* $name:literal => $module:ident :: $kind:ident,)*) => {
        /// The kinds of policy.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum PolicyType {
            $($(#[doc = $doc])* $kind,)*
        }

        impl PolicyType {
            /// All kinds, in the order of the reference.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The kind as it is written in a policy.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),* }
            }

            /// The kind of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$kind),)* _ => None }
            }

            /// What the kind is for, in one sentence.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$kind => concat!($($doc),*).trim_ascii(),)* }
            }

            /// Every code this kind of policy can give of its own.
            #[must_use]
            pub const fn codes(self) -> &'static [Code] {
                match self { $(Self::$kind => <$module::$kind as Evaluator>::CODES,)* }
            }

            /// The JSON Schema of the kind's `config`.
            pub fn config_schema(self, generator: &mut SchemaGenerator) -> Schema {
                match self {
                    $(Self::$kind => generator.subschema_for::<<$module::$kind as Evaluator>::Config>(),)*
                }
            }

            /// Checks and prepares a `config` of this kind.
            #[must_use]
            pub fn compile(self, config: &Value) -> Compiled<CompiledPolicy> {
                match self {
                    $(Self::$kind => {
                        let Compiled { evaluator, unknown_keys } = compile::<$module::$kind>($name, config);
                        Compiled {
                            evaluator: evaluator.map(|ready| CompiledPolicy::$kind(Arc::new(ready))),
                            unknown_keys,
                        }
                    })*
                }
            }
        }

        /// A configuration prepared for many requests. Cloning is cheap.
        #[derive(Clone)]
        pub enum CompiledPolicy {
            $($(#[doc = $doc])* $kind(Arc<$module::$kind>),)*
        }

        impl CompiledPolicy {
            /// The kind of policy.
            #[must_use]
            pub const fn policy_type(&self) -> PolicyType {
                match self { $(Self::$kind(_) => PolicyType::$kind),* }
            }

            /// Judges one request.
            pub fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
                match self { $(Self::$kind(ready) => ready.evaluate(inquiry)),* }
            }
        }
    };
}

pub mod agent_capability;
pub mod agent_delegation;
pub mod agent_memory;
pub mod ai_guardrail;
pub mod audit_policy;
pub mod behavioral_baseline;
pub mod budget_limit;
pub mod context_limit;
pub mod data_access;
pub mod data_retention;
pub mod human_oversight;
mod inquiry;
mod lists;
pub mod model_restriction;
pub mod multimodal_policy;
pub mod network_policy;
#[cfg(feature = "scan")]
pub mod output_filter;
#[cfg(feature = "scan")]
pub mod prompt_injection;
pub mod rate_limit;
pub mod resource_quota;
pub mod safety_settings;
pub mod secret_access;
pub mod session_policy;
pub mod session_quota;
pub mod system_prompt;
#[cfg(test)]
pub(crate) mod testing;
#[cfg_attr(not(feature = "scan"), allow(dead_code, reason = "types that need scanners tell places"))]
mod texts;
mod tool_call;
pub mod tool_permission;
#[cfg(not(feature = "scan"))]
mod without_scanners;
#[cfg(not(feature = "scan"))]
pub use self::without_scanners::{output_filter, prompt_injection};

evaluators! {
    /// Limits the servers an agent or user may start.
    "resource_quota" => resource_quota::ResourceQuota,
    /// Caps what is spent in a calendar month.
    "budget_limit" => budget_limit::BudgetLimit,
    /// Caps requests per minute and hour, and tokens per day.
    "rate_limit" => rate_limit::RateLimit,
    /// Says which tools may be called, and with which arguments.
    "tool_permission" => tool_permission::ToolPermission,
    /// Says which secret bundles and vendor keys may be fetched.
    "secret_access" => secret_access::SecretAccess,
    /// Says which models and providers may be used.
    "model_restriction" => model_restriction::ModelRestriction,
    /// Caps the tokens of one model call.
    "context_limit" => context_limit::ContextLimit,
    /// Says which destinations may be reached.
    "network_policy" => network_policy::NetworkPolicy,
    /// Stops personal data, secrets and configured patterns in output.
    "output_filter" => output_filter::OutputFilter,
    /// Says which actions an agent may take.
    "agent_capability" => agent_capability::AgentCapability,
    /// Asks a human for risky calls.
    "human_oversight" => human_oversight::HumanOversight,
    /// Protects the system prompt.
    "system_prompt" => system_prompt::SystemPrompt,
    /// Blocks topics and content patterns.
    "ai_guardrail" => ai_guardrail::AiGuardrail,
    /// Guards the memory an agent keeps.
    "agent_memory" => agent_memory::AgentMemory,
    /// Demands the facts an audit trail needs.
    "audit_policy" => audit_policy::AuditPolicy,
    /// Limits length, messages, idle time and hours of a session.
    "session_policy" => session_policy::SessionPolicy,
    /// Says which sources and kinds of data may be read.
    "data_access" => data_access::DataAccess,
    /// Limits age and place of data.
    "data_retention" => data_retention::DataRetention,
    /// Detects direct and indirect prompt injection.
    "prompt_injection" => prompt_injection::PromptInjection,
    /// Limits agents that start agents.
    "agent_delegation" => agent_delegation::AgentDelegation,
    /// Notices departures from an agent's usual behaviour.
    "behavioral_baseline" => behavioral_baseline::BehavioralBaseline,
    /// Caps the cumulative volume of a session.
    "session_quota" => session_quota::SessionQuota,
    /// Demands minimum safety thresholds of Gemini models.
    "safety_settings" => safety_settings::SafetySettings,
    /// Says which media a model call may carry.
    "multimodal_policy" => multimodal_policy::MultimodalPolicy,
}

impl fmt::Display for PolicyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for CompiledPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CompiledPolicy({})", self.policy_type())
    }
}
