//! What the model says, before it is put into a vendor's words.

use serde_json::{Value, json};

use crate::reply::STAMP;
use crate::scenario::Scenario;
use crate::texts;

/// One reply of the model.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Tells replies apart.
    pub(crate) number: u64,
    pub(crate) model: String,
    pub(crate) reasoning: Vec<String>,
    /// The text, as the chunks of a stream.
    pub(crate) text: Vec<String>,
    pub(crate) calls: Vec<Call>,
    pub(crate) usage: Option<Usage>,
}

/// A tool call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: Value,
    /// The arguments as text, as the chunks of a stream.
    pub(crate) pieces: Vec<String>,
    /// Whether the name comes in two pieces as well, as some compatible servers send it.
    pub(crate) splits_name: bool,
}

/// What the call cost. Unit: tokens. Input holds what the cache gave; output holds reasoning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) cached: u64,
    pub(crate) output: u64,
    pub(crate) reasoning: u64,
}

/// What a request tells about itself, whatever its vendor.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) model: String,
    pub(crate) json_mode: bool,
    pub(crate) images: usize,
    /// A tool's result was handed in after the last thing the user said.
    pub(crate) has_tool_result: bool,
    pub(crate) input_bytes: usize,
}

impl Answer {
    pub(crate) fn of(asked: &Asked, scenario: &Scenario, number: u64) -> Self {
        let calls = if asked.has_tool_result { Vec::new() } else { calls(scenario) };
        let text = chunks(&text(asked, scenario, &calls), scenario);
        let reasoning = match scenario.value("think") {
            None => Vec::new(),
            Some("secret") => split(&format!("The token is {}, I must not say so.", texts::SECRET), 9),
            Some(_) => split(texts::REASONING, 12),
        };
        let input = scenario.number("input_tokens").unwrap_or(asked.input_bytes as u64 / 4 + 1);
        let usage = Usage {
            input,
            cached: scenario.number("cached_tokens").unwrap_or(0).min(input),
            output: scenario.number("output_tokens").unwrap_or(text.len() as u64 + 2 * calls.len() as u64),
            reasoning: reasoning.len() as u64,
        };
        let model = asked.model.split("--").next().unwrap_or_default().to_owned();
        let number = scenario.number("id").unwrap_or(number);
        Self { number, model, reasoning, text, calls, usage: (!scenario.has("no_usage")).then_some(usage) }
    }

    /// The whole text.
    pub(crate) fn said(&self) -> String {
        self.text.concat()
    }

    /// The identifier of a tool call, with a vendor's prefix.
    pub(crate) fn call_id(&self, prefix: &str, index: usize) -> String {
        format!("{prefix}{:08}{index:02}", self.number)
    }
}

fn text(asked: &Asked, scenario: &Scenario, calls: &[Call]) -> String {
    if let Some(said) = scenario.value("say") {
        return said.to_owned();
    }
    if scenario.has("secret") {
        return format!("Sure, the token is {} and nothing else is needed.", texts::SECRET);
    }
    if scenario.has("email") {
        return format!("Write to {} before noon, she will know.", texts::EMAIL);
    }
    if asked.json_mode {
        return texts::JSON.to_owned();
    }
    if asked.has_tool_result {
        return "The tool says it is sunny, so take a hat.".to_owned();
    }
    match (asked.images, calls.is_empty()) {
        (0, true) => texts::CLEAN.to_owned(),
        (0, false) => String::new(),
        (images, _) => format!("I see {images} image{}.", if images == 1 { "" } else { "s" }),
    }
}

fn chunks(text: &str, scenario: &Scenario) -> Vec<String> {
    if scenario.has("stamp") {
        let count = scenario.number("chunks").unwrap_or(10);
        return (0..count).map(|_| format!("{STAMP} ")).collect();
    }
    if let Some(count) = scenario.number("chunks") {
        return (0..count)
            .map(|number| if number % 8 == 7 { "word\n".to_owned() } else { "word ".to_owned() })
            .collect();
    }
    match scenario.number("split") {
        Some(length) => split(text, usize::try_from(length).unwrap_or(1)),
        None => text.split_inclusive(' ').map(str::to_owned).collect(),
    }
}

fn calls(scenario: &Scenario) -> Vec<Call> {
    let length = scenario.number("split").and_then(|length| usize::try_from(length).ok()).unwrap_or(7);
    let made = scenario.values("tool").map(|name| {
        let name = if name.is_empty() { "get_weather" } else { name };
        let arguments = match scenario.value("args").and_then(|text| serde_json::from_str(text).ok()) {
            Some(arguments) => arguments,
            None if name == "shell" => json!({"command": "rm -rf / --no-preserve-root"}),
            None => json!({"city": "Paris", "unit": "celsius"}),
        };
        let pieces = split(&arguments.to_string(), length);
        Call { name: name.to_owned(), arguments, pieces, splits_name: scenario.has("split_name") }
    });
    made.collect()
}

/// Cuts a text after so many characters, again and again.
fn split(text: &str, length: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(length.max(1)).map(|piece| piece.iter().collect()).collect()
}
