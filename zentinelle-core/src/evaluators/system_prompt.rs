//! `system_prompt`: protects the system prompt.
//!
//! Applies to requests that carry one: as `system_prompt_override`, which stands in for
//! `system_prompt`, or as system messages in `messages`. A call to a model must carry one when
//! sections are required. With a `system_prompt` stated, a system message that says something
//! else is an override too.
//!
//! Sections are found as plain text, whatever their letter case: this tells that a section is
//! there, not that it is meant.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use smallvec::SmallVec;

use super::{Evaluator, Inquiry};
use crate::decision::{Notes, Verdict, Violation};
use crate::error::{Code, PolicyError};
use crate::matching::text::fold;
use crate::request::{ActionKind, Context, EvaluationError, Number};
use crate::scan::Severity;

const OVERRIDDEN: Code = Code::new("system_prompt.overridden");
const TOO_LONG: Code = Code::new("system_prompt.too_long");
const MISSING: Code = Code::new("system_prompt.missing");
const SECTION_MISSING: Code = Code::new("system_prompt.section_missing");
const KEYWORD_MISSING: Code = Code::new("system_prompt.keyword_missing");

/// Configuration of a `system_prompt` policy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether the request may bring its own system prompt. Default: true.
    pub allow_user_override: bool,
    /// The greatest length; zero admits no prompt. Unit: characters. Default: none.
    pub max_length: Option<Number>,
    /// Texts that must occur, whatever their letter case.
    pub required_sections: Vec<String>,
    /// Texts whose absence raises a warning, letter for letter.
    pub required_keywords: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            allow_user_override: true,
            max_length: None,
            required_sections: Vec::new(),
            required_keywords: Vec::new(),
        }
    }
}

/// See the module.
pub struct SystemPrompt {
    may_override: bool,
    max_length: Option<Number>,
    /// As written, and in lower case.
    sections: Vec<(String, String)>,
    keywords: Vec<String>,
}

/// The texts that make up the system prompt of one request; usually one.
type Prompt<'a> = SmallVec<[&'a str; 2]>;

impl Evaluator for SystemPrompt {
    type Config = Config;

    const CODES: &'static [Code] = &[];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        // An empty section is found in everything.
        let sections = config.required_sections.into_iter().filter(|section| !section.is_empty());
        Ok(Self {
            may_override: config.allow_user_override,
            max_length: config.max_length,
            sections: sections.map(|section| (section.clone(), section.to_lowercase())).collect(),
            keywords: config.required_keywords,
        })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let reads_prompt = self.max_length.is_some() || !self.sections.is_empty() || !self.keywords.is_empty();
        if self.may_override && !reads_prompt {
            return Ok(Verdict::NotApplicable);
        }
        let context = &inquiry.request.context;
        if !self.may_override && context.is_set("system_prompt_override") {
            return Ok(overridden("the request brings its own system prompt"));
        }
        let prompt = match self.gather(context)? {
            Ok(prompt) => prompt,
            Err(violated) => return Ok(violated),
        };
        if prompt.is_empty() {
            if self.sections.is_empty() || inquiry.request.action.kind() != ActionKind::ModelCall {
                return Ok(Verdict::NotApplicable);
            }
            let message = "the call carries no system prompt, and sections of it are required";
            return Ok(Verdict::violated(MISSING, "/config/required_sections", message));
        }
        Ok(self.judge(&prompt))
    }
}

impl SystemPrompt {
    /// The system prompt of the request, or the violation of bringing a second one.
    fn gather<'a>(&self, context: &'a Context) -> Result<Result<Prompt<'a>, Verdict>, EvaluationError> {
        let brought =
            if context.is_set("system_prompt_override") { context.name("system_prompt_override")? } else { None };
        let stated = match brought {
            Some(brought) => Some(brought),
            None => context.name("system_prompt")?,
        };
        let mut prompt: Prompt<'a> = stated.into_iter().collect();
        for message in context.list("messages")?.unwrap_or_default() {
            let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
            if !matches!(fold(role).as_ref(), "system" | "developer") {
                continue;
            }
            let before = prompt.len();
            if let Some(content) = message.get("content") {
                gather_texts(content, &mut prompt);
            }
            let Some(stated) = stated else { continue };
            let added = prompt.get(before..).unwrap_or_default();
            if !self.may_override && added.iter().any(|text| text.trim() != stated.trim()) {
                return Ok(Err(overridden("a system message says something else than the system prompt")));
            }
        }
        // What the host states apart from the messages it stands in is one text, not two.
        if let Some(stated) = stated
            && prompt.iter().skip(1).any(|text| text.trim() == stated.trim())
        {
            prompt.remove(0);
        }
        Ok(Ok(prompt))
    }

    fn judge(&self, prompt: &Prompt<'_>) -> Verdict {
        if let Some(limit) = self.max_length {
            let length = prompt.iter().map(|text| text.chars().count() as u64).sum::<u64>();
            if Number::from(length) > limit {
                let message = format!("the system prompt has {length} characters, the limit is {limit}");
                return Verdict::violated(TOO_LONG, "/config/max_length", message);
            }
        }
        if !self.sections.is_empty() {
            let lower: SmallVec<[String; 2]> = prompt.iter().map(|text| text.to_lowercase()).collect();
            let missing = self.sections.iter().find(|(_, section)| !lower.iter().any(|text| text.contains(section)));
            if let Some((section, _)) = missing {
                let message = format!("the system prompt has no section `{section}`");
                return Verdict::violated(SECTION_MISSING, "/config/required_sections", message);
            }
        }
        let mut notes = Notes::none();
        for keyword in self.keywords.iter().filter(|keyword| !prompt.iter().any(|text| text.contains(*keyword))) {
            notes.warn(KEYWORD_MISSING, format!("the system prompt does not say `{keyword}`"));
        }
        Verdict::Satisfied(notes)
    }
}

/// The texts of a message: a text, or a list of parts that have one.
fn gather_texts<'a>(content: &'a Value, prompt: &mut Prompt<'a>) {
    match content {
        Value::String(text) if !text.is_empty() => prompt.push(text),
        Value::Array(parts) => parts.iter().for_each(|part| gather_texts(part, prompt)),
        Value::Object(part) => part.get("text").into_iter().for_each(|text| gather_texts(text, prompt)),
        _ => {}
    }
}

fn overridden(message: &str) -> Verdict {
    Violation::new(OVERRIDDEN, "/config/allow_user_override", message).with_severity(Severity::High).into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated, warned};
    use super::*;

    fn call(config: &str, context: &str) -> Verdict {
        let mut context: Value = serde_json::from_str(context).unwrap();
        context["@action"] = "llm:invoke".into();
        judge("system_prompt", config, &context.to_string())
    }

    #[test]
    fn system_messages_are_part_of_the_prompt() {
        let config = r#"{ "required_sections": ["Safety"], "max_length": 12 }"#;
        let messages = |text: &str| format!(r#"{{ "messages": [{{ "role": "System", "content": {text} }}] }}"#);
        assert!(warned(&call(config, &messages(r#""safety first""#))).is_empty());
        assert_eq!(violated(&call(config, &messages(r#""safety first!""#))), "system_prompt.too_long");
        let parts = r#"[{ "type": "text", "text": "be kind" }]"#;
        assert_eq!(violated(&call(config, &messages(parts))), "system_prompt.section_missing");
        assert_eq!(violated(&call(config, r#"{ "messages": "safety" }"#)), "request.wrong_type");
    }

    #[test]
    fn a_system_message_that_differs_from_the_prompt_is_an_override() {
        let config = r#"{ "allow_user_override": false, "max_length": 8 }"#;
        let with = |text: &str| {
            format!(r#"{{ "system_prompt": "be kind", "messages": [{{ "role": "developer", "content": "{text}" }}] }}"#)
        };
        assert!(warned(&call(config, &with("be kind "))).is_empty());
        assert_eq!(violated(&call(config, &with("be rude"))), "system_prompt.overridden");
    }

    #[test]
    fn sections_are_required_of_model_calls_only() {
        let config = r#"{ "required_sections": ["safety"] }"#;
        assert_eq!(violated(&call(config, "{}")), "system_prompt.missing");
        assert_eq!(violated(&call(config, r#"{ "system_prompt": "" }"#)), "system_prompt.missing");
        assert_eq!(judge("system_prompt", config, "{}"), Verdict::NotApplicable);
        assert_eq!(judge("system_prompt", r#"{ "required_sections": [""] }"#, "{}"), Verdict::NotApplicable);
    }

    #[test]
    fn a_limit_of_zero_admits_no_prompt_and_length_is_in_characters() {
        assert_eq!(violated(&call(r#"{ "max_length": 0 }"#, r#"{ "system_prompt": "x" }"#)), "system_prompt.too_long");
        assert!(warned(&call(r#"{ "max_length": 3 }"#, r#"{ "system_prompt": "äöü" }"#)).is_empty());
    }
}
