//! `ai_guardrail`: blocks topics and content patterns.
//!
//! Applies to requests that carry `input_text` or `output_text`, the outputs and descriptions
//! of tools, earlier words of the model (`assistant_texts`), or declare a `topic`. Topics match
//! whole words of the normalised text, so `art` is not in `start`; patterns are tried on the
//! text as it came and as it reads once hidden characters are gone. Looking for prompt
//! injection is the job of `prompt_injection`.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;

use super::texts::{Place, find_in};
use super::{Evaluator, Inquiry};
use crate::decision::{Notes, Verdict, Violation};
use crate::error::{Code, PolicyError};
use crate::matching::text::{Words, contains_words, fold, fold_prose, visible};
use crate::matching::{Case, Pattern};
use crate::request::{Context, EvaluationError};
use crate::scan::Severity;

const BLOCKED_PATTERN: Code = Code::new("ai_guardrail.blocked_pattern");
const BLOCKED_TOPIC: Code = Code::new("ai_guardrail.blocked_topic");
const FOREIGN_TOPIC: Code = Code::new("ai_guardrail.topic_not_allowed");

/// Configuration of an `ai_guardrail` policy.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Regular expressions that must occur in no text, letter case ignored. Default: none.
    pub blocked_content_patterns: Vec<String>,
    /// Topics that no text and no declared topic may hold, as whole words. Default: none.
    pub blocked_topics: Vec<String>,
    /// The only topics that may be declared; empty allows all. Default: empty.
    pub allowed_topics: Vec<String>,
    /// Whether a declared topic outside `allowed_topics` denies; if not, it warns. Default: false.
    pub block_on_topic_ambiguity: bool,
    /// A name for the strictness, shown to people. Changes nothing. Default: none.
    pub safety_level: Option<String>,
}

/// See the module.
pub struct AiGuardrail {
    patterns: Vec<Pattern>,
    blocked: Vec<Topic>,
    allowed: Vec<Topic>,
    strict: bool,
}

struct Topic {
    written: String,
    folded: Words,
}

impl Evaluator for AiGuardrail {
    type Config = Config;

    const CODES: &'static [Code] = &[BLOCKED_PATTERN, BLOCKED_TOPIC, FOREIGN_TOPIC];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let mut faults = Vec::new();
        let patterns = super::patterns(
            "blocked_content_patterns",
            &config.blocked_content_patterns,
            Case::Insensitive,
            &mut faults,
        );
        let blocked = topics("blocked_topics", config.blocked_topics, &mut faults);
        let allowed = topics("allowed_topics", config.allowed_topics, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self { patterns, blocked, allowed, strict: config.block_on_topic_ambiguity })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let context = &inquiry.request.context;
        let declared = context.name("topic")?;
        let mut applies = declared.is_some();
        if !self.patterns.is_empty() || !self.blocked.is_empty() {
            for key in ["input_text", "output_text"] {
                let Some(text) = context.name(key)? else { continue };
                applies = true;
                if let Some(violation) = self.judge(text) {
                    return Ok(violation.into());
                }
            }
            if let Some(violation) = self.judge_nested(context) {
                return Ok(violation.into());
            }
        }
        let Some(topic) = declared else {
            return Ok(if applies { Verdict::satisfied() } else { Verdict::NotApplicable });
        };
        Ok(self.judge_topic(topic))
    }
}

impl AiGuardrail {
    fn judge(&self, text: &str) -> Option<Violation> {
        let shown = visible(text);
        // A borrowed form is the text itself.
        let hidden = matches!(shown, Cow::Owned(_));
        let hit = |pattern: &Pattern| pattern.is_match(text) || (hidden && pattern.is_match(&shown));
        if self.patterns.iter().any(hit) {
            let message = "the text matches a blocked pattern";
            let violation = Violation::new(BLOCKED_PATTERN, "/config/blocked_content_patterns", message);
            return Some(violation.with_severity(Severity::High));
        }
        if self.blocked.is_empty() {
            return None;
        }
        let folded = fold(&shown);
        let topic = self.blocked.iter().find(|topic| topic.folded.occur_in(&folded))?;
        Some(blocked(topic))
    }

    /// What tools return and say of themselves, and what the model is said to have said: text a
    /// model will read.
    fn judge_nested(&self, context: &Context) -> Option<Violation> {
        ["tool_outputs", "rag_context", "tool_descriptions", "assistant_texts"].into_iter().find_map(|key| {
            let value = context.get(key)?;
            find_in(value, &Place::Fact(key), &mut |text, _| self.judge(text))
        })
    }

    fn judge_topic(&self, declared: &str) -> Verdict {
        let folded = fold_prose(declared);
        if let Some(topic) = self.blocked.iter().find(|topic| topic.folded.occur_in(&folded)) {
            return blocked(topic).into();
        }
        let allows = |topic: &Topic| topic.folded.occur_in(&folded) || contains_words(topic.folded.phrase(), &folded);
        if self.allowed.is_empty() || self.allowed.iter().any(allows) {
            return Verdict::satisfied();
        }
        let message = "the declared topic is none of the allowed ones";
        if self.strict {
            return Verdict::violated(FOREIGN_TOPIC, "/config/allowed_topics", message);
        }
        let mut notes = Notes::none();
        notes.warn(FOREIGN_TOPIC, message);
        Verdict::Satisfied(notes)
    }
}

fn blocked(topic: &Topic) -> Violation {
    let message = format!("topic `{}` is blocked", topic.written);
    Violation::new(BLOCKED_TOPIC, "/config/blocked_topics", message)
}

/// Folds topics once. An empty one would match everything, so it is a fault.
fn topics(key: &str, written: Vec<String>, faults: &mut Vec<PolicyError>) -> Vec<Topic> {
    let mut topics = Vec::with_capacity(written.len());
    for (index, written) in written.into_iter().enumerate() {
        let folded = fold_prose(&written).trim().to_owned();
        if folded.is_empty() {
            let fault = PolicyError::invalid(key, format!("item {} of `{key}` is empty", index + 1));
            faults.push(fault.with_help("remove it or name a topic"));
        }
        topics.push(Topic { written, folded: Words::new(&folded) });
    }
    topics
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated};

    #[test]
    fn topics_are_words_and_not_letters() {
        let config = r#"{ "blocked_topics": ["art", "insider trading"] }"#;
        let verdict = |text: &str| judge("ai_guardrail", config, &format!(r#"{{ "input_text": "{text}" }}"#));
        assert!(matches!(verdict("please start the car"), crate::Verdict::Satisfied(_)));
        assert_eq!(violated(&verdict("modern ART")), "ai_guardrail.blocked_topic");
        assert_eq!(violated(&verdict("in\u{200b}sider   trading")), "ai_guardrail.blocked_topic");
    }

    #[test]
    fn what_tools_returned_is_looked_at_however_nested() {
        let context = r#"{ "tool_outputs": [{ "body": ["about weapons"] }] }"#;
        let verdict = judge("ai_guardrail", r#"{ "blocked_topics": ["weapons"] }"#, context);
        assert_eq!(violated(&verdict), "ai_guardrail.blocked_topic");
    }
}
