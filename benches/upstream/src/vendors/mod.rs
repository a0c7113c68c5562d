//! The words of each vendor. Shapes follow the vendors' public references and the types of their
//! official clients.

pub(crate) mod anthropic;
pub(crate) mod google;
pub(crate) mod openai;
pub(crate) mod responses;

use serde_json::Value;

use crate::reply::{Piece, Reply};
use crate::scenario::Scenario;

/// One server-sent event.
#[derive(Debug)]
pub(crate) struct Event {
    /// The `event:` line; none where the vendor writes none.
    pub(crate) name: Option<&'static str>,
    pub(crate) data: String,
}

impl Event {
    pub(crate) fn data(data: &Value) -> Self {
        Self { name: None, data: data.to_string() }
    }

    /// An event named as its own `type` says.
    pub(crate) fn typed(name: &'static str, data: &Value) -> Self {
        Self { name: Some(name), data: data.to_string() }
    }

    fn write(&self, line_end: &str) -> String {
        let name = self.name.map(|name| format!("event: {name}{line_end}")).unwrap_or_default();
        format!("{name}data: {}{line_end}{line_end}", self.data)
    }
}

/// The same JSON with every letter inside a string written as an escape.
pub(crate) fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 6);
    let (mut in_string, mut after_backslash) = (false, false);
    for letter in json.chars() {
        match letter {
            'a'..='z' | 'A'..='Z' if in_string && !after_backslash => {
                out.push_str(&format!("\\u{:04x}", u32::from(letter)))
            }
            other => out.push(other),
        }
        if letter == '"' && !after_backslash {
            in_string = !in_string;
        }
        after_backslash = letter == '\\' && !after_backslash;
    }
    out
}

/// Paces and roughens a stream as the scenario says. `error` is what the vendor sends when it fails midway.
pub(crate) fn stream(mut events: Vec<Event>, scenario: &Scenario, error: Event) -> Reply {
    if scenario.has("escaped") {
        for event in events.iter_mut().filter(|event| event.data.starts_with('{')) {
            event.data = escaped(&event.data);
        }
    }
    let line_end = if scenario.has("crlf") { "\r\n" } else { "\n" };
    let (first, gap) = (scenario.milliseconds("first"), scenario.milliseconds("gap"));
    let half = events.len() / 2;
    let mut pieces = vec![Piece::Wait(first)];
    pieces.retain(|_| !first.is_zero());
    if scenario.has("one_line") {
        pieces.push(Piece::text(events.iter().map(|event| event.write(line_end)).collect::<String>()));
        return Reply::stream(pieces);
    }
    for (index, event) in events.iter().enumerate() {
        if index > 0 && !gap.is_zero() {
            pieces.push(Piece::Wait(gap));
        }
        if scenario.has("noise") {
            pieces.push(Piece::text(format!(": a comment{line_end}{line_end}")));
            if index == half {
                pieces.push(Piece::text(format!("retry: 1000{line_end}")));
            }
        }
        if index == half && index > 0 {
            if scenario.has("error_midstream") {
                pieces.push(Piece::text(error.write(line_end)));
                return Reply::stream(pieces);
            }
            if let Some(broken) = broken_off(scenario, event, line_end) {
                pieces.extend(broken);
                return Reply::stream(pieces);
            }
        }
        pieces.push(Piece::text(event.write(line_end)));
    }
    Reply::stream(pieces)
}

/// What ends a stream before its end, or keeps it from ever ending.
fn broken_off(scenario: &Scenario, event: &Event, line_end: &str) -> Option<Vec<Piece>> {
    let again = Piece::Endless(event.write(line_end).into());
    let line = vec![Piece::text("data: {\"filler\":\""), Piece::Endless(vec![b'x'; 16 << 10].into())];
    let kinds = [
        ("stall_midstream", vec![Piece::Stall]),
        ("reset_midstream", vec![Piece::Reset]),
        ("truncate", vec![Piece::Close]),
        ("endless", vec![again]),
        ("endless_line", line),
    ];
    kinds.into_iter().find(|(name, _)| scenario.has(name)).map(|(_, pieces)| pieces)
}
