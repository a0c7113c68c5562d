//! `safety_settings`: demands minimum safety thresholds of Gemini models.
//!
//! Applies to calls to a model when the provider is Google's or the model is of the Gemini or
//! PaLM family. Of a category named twice the weakest entry counts; a threshold that is not
//! known ranks below all others. A category with a minimum must be named, because a provider's
//! own default may be off.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Evaluator, Inquiry};
use crate::decision::{Notes, Verdict, Violation};
use crate::error::{Code, PolicyError};
use crate::matching::text::fold;
use crate::request::{ActionKind, Context, EvaluationError};
use crate::scan::Severity;

const SWITCHED_OFF: Code = Code::new("safety_settings.switched_off");
const TOO_WEAK: Code = Code::new("safety_settings.too_weak");
const NOT_STATED: Code = Code::new("safety_settings.not_stated");
const AT_MINIMUM: Code = Code::new("safety_settings.at_minimum");

/// Configuration of a `safety_settings` policy. Null is an empty one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The least threshold of each category, such as `HARM_CATEGORY_HARASSMENT`.
    pub min_thresholds: BTreeMap<String, Threshold>,
    /// Whether no category may be switched off. Default: true.
    pub block_none_disabled: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { min_thresholds: BTreeMap::new(), block_none_disabled: true }
    }
}

/// From which probability of harm on a reply is blocked, the weakest first. As a minimum, a word
/// that is none of these counts as the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(from = "String")]
#[schemars(extend("enum" = ["BLOCK_NONE", "BLOCK_ONLY_HIGH", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_LOW_AND_ABOVE"]))]
pub enum Threshold {
    /// Nothing is blocked.
    None,
    /// High probability is blocked.
    OnlyHigh,
    /// Medium and high probability are blocked.
    MediumAndAbove,
    /// All but negligible probability is blocked.
    LowAndAbove,
}

impl Threshold {
    /// The threshold of that exact name; the provider knows no other spelling.
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "BLOCK_NONE" => Some(Self::None),
            "BLOCK_ONLY_HIGH" => Some(Self::OnlyHigh),
            "BLOCK_MEDIUM_AND_ABOVE" => Some(Self::MediumAndAbove),
            "BLOCK_LOW_AND_ABOVE" => Some(Self::LowAndAbove),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::None => "BLOCK_NONE",
            Self::OnlyHigh => "BLOCK_ONLY_HIGH",
            Self::MediumAndAbove => "BLOCK_MEDIUM_AND_ABOVE",
            Self::LowAndAbove => "BLOCK_LOW_AND_ABOVE",
        }
    }
}

impl From<String> for Threshold {
    fn from(name: String) -> Self {
        Self::from_name(&name).unwrap_or(Self::LowAndAbove)
    }
}

/// See the module.
pub struct SafetySettings(Config);

impl Evaluator for SafetySettings {
    type Config = Config;

    const CODES: &'static [Code] = &[SWITCHED_OFF, TOO_WEAK, NOT_STATED, AT_MINIMUM];

    const NULL_CONFIG_IS_EMPTY: bool = true;

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        Ok(Self(config))
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let context = &inquiry.request.context;
        if inquiry.request.action.kind() != ActionKind::ModelCall || !is_google(context)? {
            return Ok(Verdict::NotApplicable);
        }
        let settings = read_settings(context)?;
        if self.0.block_none_disabled
            && let Some((category, _)) =
                settings.iter().find(|(_, threshold)| threshold.is_none_or(|known| known == Threshold::None))
        {
            let message = format!("category `{category}` has no threshold that blocks anything");
            return Ok(severe(SWITCHED_OFF, "/config/block_none_disabled", message));
        }
        let mut notes = Notes::none();
        for (category, &minimum) in &self.0.min_thresholds {
            // An unknown threshold is `None` and so less than any known one.
            let weakest = settings.iter().filter(|(named, _)| named == category).map(|(_, known)| *known).min();
            let Some(weakest) = weakest else {
                let message = format!("category `{category}` is not stated, the minimum is {}", minimum.name());
                return Ok(severe(NOT_STATED, "/config/min_thresholds", message));
            };
            if weakest < Some(minimum) {
                let found = weakest.map_or("unknown", Threshold::name);
                let message = format!("the threshold of `{category}` is {found}, the minimum is {}", minimum.name());
                return Ok(severe(TOO_WEAK, "/config/min_thresholds", message));
            }
            if weakest == Some(minimum) && minimum != Threshold::LowAndAbove {
                notes.warn(AT_MINIMUM, format!("the threshold of `{category}` is at its minimum, {}", minimum.name()));
            }
        }
        Ok(Verdict::Satisfied(notes))
    }
}

fn severe(code: Code, pointer: &'static str, message: String) -> Verdict {
    Violation::new(code, pointer, message).with_severity(Severity::High).into()
}

/// Whether the call goes to a model that has these settings. A model of null is a fault.
fn is_google(context: &Context) -> Result<bool, EvaluationError> {
    let model = match context.raw("model") {
        Some(Value::Null) => return Err(EvaluationError::wrong_type("model", "a text", &Value::Null)),
        _ => context.text("model")?.unwrap_or_default(),
    };
    let provider = fold(context.text("provider")?.unwrap_or_default());
    let of_google = ["google", "vertex", "gemini"].iter().any(|name| {
        // Also `vertex_ai` or `google-genai`, but no word that merely begins alike.
        provider.strip_prefix(name).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    });
    if of_google || model.is_empty() {
        return Ok(of_google);
    }
    let model = fold(model);
    Ok(model.contains("gemini") || model.contains("palm"))
}

/// The categories the request states, each with its threshold; an unknown one is none. Entries
/// that name no category or no threshold state nothing.
fn read_settings(context: &Context) -> Result<Vec<(&str, Option<Threshold>)>, EvaluationError> {
    const KEY: &str = "safety_settings";
    let entries = match context.raw(KEY) {
        None => return Ok(Vec::new()),
        Some(Value::Array(entries)) => entries,
        Some(other) => return Err(EvaluationError::wrong_type(KEY, "a list", other)),
    };
    let mut settings = Vec::with_capacity(entries.len());
    for entry in entries {
        let Value::Object(entry) = entry else {
            return Err(EvaluationError::unreadable(KEY, "an entry of context `safety_settings` is no object"));
        };
        let text = |key: &str| match entry.get(key) {
            None | Some(Value::Null) => Ok(""),
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => {
                let message = format!("the `{key}` of an entry of context `safety_settings` is no text");
                Err(EvaluationError::unreadable(KEY, message))
            }
        };
        let (category, threshold) = (text("category")?, text("threshold")?);
        if !category.is_empty() && !threshold.is_empty() {
            settings.push((category, Threshold::from_name(threshold)));
        }
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{judge, violated, warned};
    use super::*;

    const MEDIUM: &str = r#"{ "min_thresholds": { "H": "BLOCK_MEDIUM_AND_ABOVE" }, "block_none_disabled": false }"#;

    fn call(config: &str, thresholds: &[&str]) -> Verdict {
        let settings: Vec<_> = thresholds.iter().map(|word| json!({ "category": "H", "threshold": word })).collect();
        let context = json!({ "@action": "model_request", "provider": "Vertex_AI", "safety_settings": settings });
        judge("safety_settings", config, &context.to_string())
    }

    #[test]
    fn the_weakest_entry_counts_and_an_unknown_one_is_weakest() {
        assert_eq!(warned(&call(MEDIUM, &["BLOCK_MEDIUM_AND_ABOVE"])), ["safety_settings.at_minimum"]);
        assert!(warned(&call(MEDIUM, &["BLOCK_LOW_AND_ABOVE"])).is_empty());
        for weak in ["BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF", "block_low_and_above"] {
            let verdict = call(MEDIUM, &[weak, "BLOCK_LOW_AND_ABOVE"]);
            assert_eq!(violated(&verdict), "safety_settings.too_weak", "{weak}");
        }
        assert_eq!(violated(&call(MEDIUM, &[])), "safety_settings.not_stated");
    }

    #[test]
    fn nothing_may_be_switched_off_unless_that_is_permitted() {
        for weak in ["BLOCK_NONE", "block_none", "OFF", "WHATEVER"] {
            assert_eq!(violated(&call("null", &[weak])), "safety_settings.switched_off", "{weak}");
            assert!(warned(&call(r#"{ "block_none_disabled": false }"#, &[weak])).is_empty());
        }
    }

    #[test]
    fn an_unknown_minimum_is_the_strongest() {
        let config = r#"{ "min_thresholds": { "H": "STRICT" } }"#;
        assert_eq!(violated(&call(config, &["BLOCK_MEDIUM_AND_ABOVE"])), "safety_settings.too_weak");
        assert!(warned(&call(config, &["BLOCK_LOW_AND_ABOVE"])).is_empty());
    }

    #[test]
    fn other_models_have_other_settings() {
        let of = |facts: &str| judge("safety_settings", MEDIUM, &format!(r#"{{ "@action": "llm:invoke", {facts} }}"#));
        assert_eq!(of(r#""provider": "openai", "model": "gpt""#), Verdict::NotApplicable);
        assert_eq!(of(r#""provider": "googlers""#), Verdict::NotApplicable);
        assert_eq!(violated(&of(r#""model": "models/Gemini-2""#)), "safety_settings.not_stated");
        assert_eq!(violated(&of(r#""provider": "x", "model": null"#)), "request.wrong_type");
    }
}
