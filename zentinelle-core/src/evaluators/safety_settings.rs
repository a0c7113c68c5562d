//! Placeholder, replaced by the real evaluator.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Evaluator, Inquiry};
use crate::decision::Verdict;
use crate::error::{Code, PolicyError};
use crate::request::EvaluationError;

/// Placeholder.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {}

/// Placeholder.
pub struct SafetySettings(Config);

impl Evaluator for SafetySettings {
    type Config = Config;

    const CODES: &'static [Code] = &[];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        Ok(Self(config))
    }

    fn evaluate(&self, _: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let _ = &self.0;
        Ok(Verdict::NotApplicable)
    }
}
