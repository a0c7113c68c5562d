//! Keeping from the model what must not reach it, and no more than that.
//!
//! A host shows a tool's result to the model even when its hook objects, unless the hook gives
//! it something else to show. What is given has the form of the tool's output, because hosts
//! check it; only texts are replaced. The result is judged again: what is sent has passed.

use serde_json::Value;
use zentinelle_core::engine::{Decision, Engine};
use zentinelle_core::request::Request;
use zentinelle_core::scan::{Category, Detectors, Scanner};

use super::mask::mask;
use super::request::{texts, with_output};
use super::state::Uncounted;

/// Texts shorter than this, without a blank, are names that a tool's form may need: a type, a
/// state. They go only when they are themselves at fault.
const SHORTEST_CONTENT: usize = 24;

/// Most texts judged one by one; in a result with more, every text goes.
const MAX_TEXTS: usize = 500;

/// The output without what is at fault.
pub(crate) fn withhold(engine: &Engine, request: &Request, output: &Value, decision: &Decision) -> Value {
    let judge = Judge { engine, request };
    let code = decision.primary().map_or_else(|| "no_policy".to_owned(), |violation| violation.code.to_string());
    let notice = format!("[withheld by policy: {code}]");
    let scanner = scanner(decision);
    if texts(output).len() <= MAX_TEXTS {
        let targeted = rewrite(output, &|text| {
            if judge.passes(text) {
                return None;
            }
            let rest = scanner.as_ref().map(|scanner| scanner.redact(text, &scanner.scan(text)));
            Some(rest.filter(|rest| judge.passes(rest)).unwrap_or_else(|| notice.clone()))
        });
        if let Some(shown) = judge.shown(&targeted) {
            return shown;
        }
    }
    let is_content = |text: &str| text.len() >= SHORTEST_CONTENT || text.contains(char::is_whitespace);
    let emptied = rewrite(output, &|text| is_content(text).then(|| notice.clone()));
    judge.shown(&emptied).unwrap_or(Value::String(notice))
}

/// What finds the parts at fault, when nothing but secrets and personal data is: these have an
/// end. An instruction may go on in the words around it, so such a text goes whole.
fn scanner(decision: &Decision) -> Option<Scanner> {
    let mut categories = Vec::new();
    for (_, violation) in decision.determining() {
        match violation.code.as_str() {
            "output_filter.secret" => categories.push(Category::Secret),
            "output_filter.pii" => categories.extend([Category::Pii, Category::Phi]),
            _ => return None,
        }
    }
    (decision.refusal().is_none() && !categories.is_empty()).then(|| Scanner::new(Detectors::of(&categories)))
}

fn rewrite(value: &Value, replace: &dyn Fn(&str) -> Option<String>) -> Value {
    match value {
        Value::String(text) => replace(text).map_or_else(|| value.clone(), Value::String),
        Value::Array(items) => items.iter().map(|item| rewrite(item, replace)).collect(),
        Value::Object(keys) => keys
            .iter()
            .map(|(key, value)| (key.clone(), rewrite(value, replace)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// Asks the same question about another output.
struct Judge<'a> {
    engine: &'a Engine,
    request: &'a Request,
}

impl Judge<'_> {
    /// The value as it may be shown: it passes, and wears the masks that policies ask for.
    fn shown(&self, value: &Value) -> Option<Value> {
        let decision = self.decide(value);
        let masked = mask(&decision, value).ok()?;
        decision.is_permitted().then(|| masked.unwrap_or_else(|| value.clone()))
    }

    fn passes(&self, text: &str) -> bool {
        text.trim().is_empty() || self.passes_value(&text.into())
    }

    fn passes_value(&self, value: &Value) -> bool {
        self.decide(value).is_permitted()
    }

    fn decide(&self, value: &Value) -> Decision {
        self.engine.decide(&with_output(self.request, value), &Uncounted)
    }
}
