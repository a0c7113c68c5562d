//! What a request asks the mock to do.

use std::time::Duration;

use serde_json::Value;

/// What the words `[[name]]` and `[[name=value]]` in any text of a request ask for, or after `--` in
/// the name of a model (`gpt-5--error=429`).
///
/// | word | what happens |
/// |---|---|
/// | `first=MS`, `gap=MS`, `chunks=N`, `split=N` | pace: first byte, between chunks, number of chunks, characters a chunk |
/// | `stamp` | each chunk tells when it was sent |
/// | `say=TEXT`, `secret`, `email` | what the reply says |
/// | `think`, `think=secret` | reasoning before the reply |
/// | `tool=NAME` (again and again), `args=JSON`, `split_name` | the model calls tools |
/// | `id=N` | the number in identifiers, so that two replies can be the same |
/// | `escaped` | letters in JSON are written as escapes |
/// | `no_usage`, `input_tokens=N`, `output_tokens=N` | what usage is told |
/// | `error=STATUS`, `retry_after=S`, `flaky=ID` | the vendor's error; with `flaky` only to the first request of that id |
/// | `error_midstream`, `crlf`, `noise`, `bytewise`, `one_line` | how a stream is written |
/// | `gzip`, `br`, `deflate`, `unasked` | how the body is coded, where the client accepts it; `unasked`: even where not |
/// | `mark=ID` | found again in what was seen |
///
/// The hostile ones: `hangup`, `stall`, `stall_midstream`, `reset_midstream`, `truncate`, `endless`,
/// `endless_line`, `endless_body`, `header_bomb`, `many_headers`, `bad_json`, `long_length`,
/// `short_length`, `gzip_bomb`, `bad_gzip`, `redirect=URL`, `wrong_type`, `lying_type`, `duplicate_keys`,
/// `deep`, `huge_event`, `early_hints`, `cookies`, `empty`, `not_http`.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    words: Vec<(String, String)>,
}

impl Scenario {
    /// Reads the words of every text in a JSON body.
    #[must_use]
    pub fn of(body: &Value) -> Self {
        let mut scenario = Self::default();
        scenario.gather(body);
        scenario
    }

    /// Reads the words of one text.
    pub fn read(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = memchr::memmem::find(rest.as_bytes(), b"[[") {
            let Some(after) = rest.get(at + 2..) else { return };
            let Some((inside, left)) = after.split_once("]]") else { return };
            self.add(inside);
            rest = left;
        }
    }

    /// Reads the words after `--` in the name of a model.
    pub fn read_model(&mut self, model: &str) {
        model.split("--").skip(1).for_each(|word| self.add(word));
    }

    fn add(&mut self, word: &str) {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        self.words.push((name.trim().to_owned(), value.to_owned()));
    }

    fn gather(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.read(text),
            Value::Array(items) => items.iter().for_each(|item| self.gather(item)),
            Value::Object(fields) => fields.values().for_each(|field| self.gather(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether a word was said.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The value of a word that was said; the last one counts.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values(name).last()
    }

    /// The values of a word that was said more than once.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.words.iter().filter(move |(said, _)| said == name).map(|(_, value)| value.as_str())
    }

    /// The value of a word, as a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.value(name)?.trim().parse().ok()
    }

    pub(crate) fn milliseconds(&self, name: &str) -> Duration {
        Duration::from_millis(self.number(name).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_found_in_any_text_and_in_the_model() {
        let mut scenario = Scenario::of(&json!({"messages": [{"content": [{"text": "hi [[gap=20]] [[say=a = b]]"}]}],
            "system": "[[tool=one]][[tool=two]] [[open"}));
        scenario.read_model("gpt-5--error=429");
        assert_eq!(scenario.number("gap"), Some(20));
        assert_eq!(scenario.value("say"), Some("a = b"));
        assert_eq!(scenario.values("tool").collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(scenario.number("error"), Some(429));
        assert!(!scenario.has("open"));
    }
}
