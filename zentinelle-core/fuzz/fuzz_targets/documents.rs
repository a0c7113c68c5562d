//! Policy documents of any bytes: never a panic, every span inside the text and on a
//! character's border, and what was read decides without panicking.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zentinelle_core::document::diagnostic::{SourceFile, Style, render, reports};
use zentinelle_core::policy_document::read;
use zentinelle_core::{Agent, Engine, MemoryLedger, Request};

fuzz_target!(|text: &str| {
    let (document, problems) = read(text);
    for span in problems.iter().filter_map(|problem| problem.span.as_ref()) {
        assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{span:?}");
    }
    let file = SourceFile { name: "fuzz.yaml", text };
    let _ = (render(&problems, &file, Style { color: false }), reports(&problems, &file));
    let engine = Engine::new(document.policy_set(&"acme".into(), "fuzz"));
    let request = Request::new(Agent::new("acme", "agent-1"), "tool_call", jiff::Timestamp::UNIX_EPOCH);
    let decision = engine.decide(&request, &MemoryLedger::default());
    let _ = decision.explain().to_string();
});
