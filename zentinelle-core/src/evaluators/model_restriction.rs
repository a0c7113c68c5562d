//! `model_restriction`: says which models and providers may be used.
//!
//! Applies to every request that names a model or a provider, and to every model call. A blocked
//! model or provider always denies. Where either allow list has entries, the model or the
//! provider must be on its list, so a model call that names neither is denied.
//!
//! A blocked model is also found behind a vendor prefix (`vendor/model`). Allowed names are
//! compared letter for letter, prefix included.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Evaluator, Inquiry};
use crate::decision::Verdict;
use crate::error::{Code, PolicyError};
use crate::matching::{AllowList, DenyList};
use crate::request::{ActionKind, EvaluationError};

const MODEL_BLOCKED: Code = Code::new("model_restriction.model_blocked");
const PROVIDER_BLOCKED: Code = Code::new("model_restriction.provider_blocked");
const NOT_ALLOWED: Code = Code::new("model_restriction.not_allowed");
const MISSING: Code = Code::new("model_restriction.model_missing");

/// Configuration of a `model_restriction` policy. An empty list restricts nothing.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Models that may be used. Default: empty.
    pub allowed_models: Vec<String>,
    /// Providers whose models may all be used. Default: empty.
    pub allowed_providers: Vec<String>,
    /// Models that may not be used, with or without a vendor prefix. Default: empty.
    pub blocked_models: Vec<String>,
    /// Providers that may not be used. Default: empty.
    pub blocked_providers: Vec<String>,
}

/// See the module.
pub struct ModelRestriction {
    allowed_models: AllowList,
    allowed_providers: AllowList,
    blocked_models: DenyList,
    blocked_providers: DenyList,
}

impl Evaluator for ModelRestriction {
    type Config = Config;

    const CODES: &'static [Code] = &[MODEL_BLOCKED, PROVIDER_BLOCKED, NOT_ALLOWED, MISSING];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        Ok(Self {
            allowed_models: AllowList::new(config.allowed_models),
            allowed_providers: AllowList::new(config.allowed_providers),
            blocked_models: DenyList::new(config.blocked_models),
            blocked_providers: DenyList::new(config.blocked_providers),
        })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let restricts = !(self.allowed_models.is_empty() && self.allowed_providers.is_empty());
        if !restricts && self.blocked_models.is_empty() && self.blocked_providers.is_empty() {
            return Ok(Verdict::NotApplicable);
        }
        let request = inquiry.request;
        let model = request.context.name("model")?;
        let provider = request.context.name("provider")?;
        if model.is_none() && provider.is_none() {
            return Ok(if restricts && request.action.kind() == ActionKind::ModelCall {
                Verdict::violated(MISSING, self.allowing_key(), "the call names neither a model nor a provider")
            } else {
                Verdict::NotApplicable
            });
        }
        if let Some(model) = model
            && let Some(entry) = suffixes(model).find_map(|name| self.blocked_models.find(name))
        {
            let message = format!("model `{model}` is blocked by `{entry}`");
            return Ok(Verdict::violated(MODEL_BLOCKED, "/config/blocked_models", message));
        }
        if let Some(provider) = provider
            && let Some(entry) = self.blocked_providers.find(provider)
        {
            let message = format!("provider `{provider}` is blocked by `{entry}`");
            return Ok(Verdict::violated(PROVIDER_BLOCKED, "/config/blocked_providers", message));
        }
        let allowed = !restricts
            || model.is_some_and(|model| self.allowed_models.contains(model))
            || provider.is_some_and(|provider| self.allowed_providers.contains(provider));
        if !allowed {
            let message = match (model, provider) {
                (Some(model), Some(provider)) => {
                    format!("neither model `{model}` nor provider `{provider}` is allowed")
                }
                (Some(model), None) => format!("model `{model}` is not allowed, and no provider is named"),
                (None, provider) => {
                    format!("provider `{}` is not allowed, and no model is named", provider.unwrap_or_default())
                }
            };
            return Ok(Verdict::violated(NOT_ALLOWED, self.allowing_key(), message));
        }
        Ok(Verdict::satisfied())
    }
}

impl ModelRestriction {
    fn allowing_key(&self) -> &'static str {
        if self.allowed_models.is_empty() { "/config/allowed_providers" } else { "/config/allowed_models" }
    }
}

/// The name itself, then what follows each slash in it.
fn suffixes(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.split_once('/').map(|(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated, warned};

    #[test]
    fn a_vendor_prefix_does_not_walk_round_a_block_list() {
        let config = r#"{ "blocked_models": ["m-1"] }"#;
        for model in ["m-1", "M-1", "vendor/m-1", "router/vendor/M-1 "] {
            let context = format!(r#"{{ "model": "{model}" }}"#);
            assert_eq!(violated(&judge("model_restriction", config, &context)), "model_restriction.model_blocked");
        }
        assert!(warned(&judge("model_restriction", config, r#"{ "model": "m-1/other" }"#)).is_empty());
    }

    #[test]
    fn a_model_call_must_say_what_it_calls() {
        let config = r#"{ "allowed_providers": ["acme"] }"#;
        for action in ["llm:invoke", "AI_Request", "model_request"] {
            let context = format!(r#"{{ "@action": "{action}", "model": null }}"#);
            assert_eq!(violated(&judge("model_restriction", config, &context)), "model_restriction.model_missing");
        }
    }

    #[test]
    fn an_allowed_model_keeps_its_prefix() {
        let config = r#"{ "allowed_models": ["m-1"] }"#;
        let verdict = judge("model_restriction", config, r#"{ "model": "vendor/m-1" }"#);
        assert_eq!(violated(&verdict), "model_restriction.not_allowed");
    }
}
