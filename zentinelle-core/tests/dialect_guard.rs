//! What the guard lets through, masks, cuts and holds back, in every format.

#![cfg(feature = "dialect")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

#[path = "support/model_streams.rs"]
mod model_streams;

use model_streams::{Format, heard};
use proptest::prelude::*;
use zentinelle_core::dialect::{
    Action, ChannelKind, Framing, GuardOptions, Guarded, Route, StopReason, StreamGuard, ToolAnswer,
};
use zentinelle_core::scan::{Detectors, Scanner};

/// A secret no detector can miss, and what it is masked to.
const SECRET: &str = "AKIAIOSFODNN7EXAMPLE";

/// What came of a stream.
#[derive(Default)]
struct Outcome {
    out: Vec<u8>,
    judged: Vec<(String, String)>,
    found: Vec<(ChannelKind, &'static str, bool)>,
    cut: Option<(String, String)>,
    ended: bool,
    most_held: usize,
}

impl Outcome {
    fn text(&self) -> String {
        String::from_utf8(self.out.clone()).unwrap()
    }
}

fn drain(guard: &mut StreamGuard, outcome: &mut Outcome, answer: &dyn Fn(&str) -> ToolAnswer) {
    while let Some(said) = guard.poll() {
        match said {
            Guarded::Release(bytes) => outcome.out.extend(bytes),
            Guarded::JudgeTool(key, call) => {
                outcome.judged.push((call.name.clone(), call.arguments.clone()));
                guard.answer(key, answer(&call.name));
            }
            Guarded::Found { channel, findings, late } => {
                outcome.found.extend(findings.iter().map(|finding| (channel.kind, finding.kind, late)));
            }
            Guarded::Cut { code, reason } => outcome.cut = Some((code.to_string(), reason)),
            Guarded::End => outcome.ended = true,
        }
    }
    outcome.most_held = outcome.most_held.max(guard.held_bytes());
}

fn run(
    format: Format,
    stream: &[u8],
    step: usize,
    options: GuardOptions,
    answer: &dyn Fn(&str) -> ToolAnswer,
) -> Outcome {
    let mut guard = StreamGuard::new(&format.route(), format.framing(), options);
    let mut outcome = Outcome::default();
    for piece in stream.chunks(step.max(1)) {
        guard.push(piece);
        drain(&mut guard, &mut outcome, answer);
    }
    guard.finish();
    drain(&mut guard, &mut outcome, answer);
    outcome
}

fn allow(_: &str) -> ToolAnswer {
    ToolAnswer::Allow
}

fn options(action: Action) -> GuardOptions {
    GuardOptions { action, request_id: "req_1".to_owned(), ..GuardOptions::default() }
}

/// Cuts a text into pieces at these places.
fn pieces(text: &str, cuts: &[usize]) -> Vec<String> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
    places.retain(|place| text.is_char_boundary(*place));
    places.extend([0, text.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| text[pair[0]..pair[1]].to_owned()).collect()
}

fn formats() -> impl Strategy<Value = Format> {
    proptest::sample::select(Format::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// For any stream without findings the bytes delivered are the bytes received.
    #[test]
    fn clean_streams_leave_byte_for_byte(
        format in formats(),
        text in "[a-zA-Z0-9 .,\\n\"\\\\@/:=+\u{e9}\u{4f60}\u{1f600}-]{0,200}",
        thought in "[a-z ]{0,60}",
        cuts in proptest::collection::vec(any::<usize>(), 0..12),
        step in 1_usize..200,
        crlf in any::<bool>(),
    ) {
        let scanner = Scanner::new(Detectors::ALL);
        prop_assume!(scanner.scan(&text).is_empty() && scanner.scan(&thought).is_empty());
        let arguments = serde_json::json!({ "said": text }).to_string();
        prop_assume!(scanner.scan(&arguments).is_empty());
        let stream = format.stream(&pieces(&thought, &cuts), &pieces(&text, &cuts), &[("f", pieces(&arguments, &cuts))], crlf);
        for action in [Action::Mask, Action::Cut, Action::Report] {
            let outcome = run(format, &stream, step, options(action), &allow);
            prop_assert!(outcome.out == stream, "{:?}\n{}\n{}", format, String::from_utf8_lossy(&stream), outcome.text());
            prop_assert!(outcome.ended && outcome.judged.len() == 1);
        }
    }

    /// Secrets are masked however they are cut into deltas and bytes, in what is said, in what is
    /// thought, in arguments, and in whatever repeats them.
    #[test]
    fn secrets_cut_into_deltas_are_masked(
        format in formats(),
        before in "[a-z ]{0,40}",
        after in "[a-z .\u{e9}]{0,160}",
        cuts in proptest::collection::vec(any::<usize>(), 0..16),
        step in 1_usize..300,
    ) {
        let text = format!("{before} {SECRET} {after}");
        let masked = Scanner::new(Detectors::ALL).redact(&text, &Scanner::new(Detectors::ALL).scan(&text));
        let arguments = serde_json::json!({ "said": text, "n": 1 }).to_string();
        let stream = format.stream(&pieces(&text, &cuts), &pieces(&text, &cuts), &[("f", pieces(&arguments, &cuts))], false);
        let outcome = run(format, &stream, step, options(Action::Mask), &allow);
        prop_assert!(outcome.ended, "{format:?}");
        prop_assert!(!outcome.text().contains(SECRET), "{:?}\n{}", format, outcome.text());
        let heard = heard(format, &outcome.out);
        prop_assert_eq!(&heard.text, &masked);
        prop_assert_eq!(&heard.thought, &masked);
        let arguments: serde_json::Value = serde_json::from_str(&heard.calls[0].1).unwrap();
        prop_assert_eq!(arguments, serde_json::json!({ "said": masked, "n": 1 }));
        prop_assert_eq!(&outcome.judged[0].0, "f");
    }

    /// Nothing of a denied call leaves, however it is cut, and the stream ends well formed.
    #[test]
    fn denied_tool_calls_never_leak(
        format in formats(),
        cuts in proptest::collection::vec(any::<usize>(), 0..10),
        step in 1_usize..200,
    ) {
        let arguments = r#"{"command":"qwertzuiop"}"#;
        let calls = [("fine", vec!["{}".to_owned()]), ("bad", pieces(arguments, &cuts))];
        let stream = format.stream(&[], &["hello ".to_owned()], &calls, false);
        let answer = |name: &str| match name {
            "bad" => ToolAnswer::Deny("no shells here".to_owned()),
            _ => ToolAnswer::Allow,
        };
        let options = GuardOptions { detectors: Detectors::NONE, ..options(Action::Mask) };
        let outcome = run(format, &stream, step, options, &answer);
        prop_assert_eq!(&outcome.judged[1], &("bad".to_owned(), arguments.to_owned()));
        let cut = outcome.cut.clone().unwrap();
        prop_assert_eq!(cut, ("dialect.tool_denied".to_owned(), "no shells here".to_owned()));
        for four in arguments.as_bytes().windows(4).filter(|four| four.iter().all(u8::is_ascii_lowercase)) {
            let leaked = outcome.out.windows(4).any(|window| window == four);
            prop_assert!(!leaked || b"command".windows(4).any(|known| known == four), "{:?}", format);
        }
        prop_assert!(!outcome.text().contains("\"bad\""), "{}", outcome.text());
        let heard = heard(format, &outcome.out);
        prop_assert!(heard.closed, "{:?}: {}", format, outcome.text());
        prop_assert!(outcome.text().contains("no shells here"));
        prop_assert_eq!(heard.text, "hello ");
    }

    /// Any bytes at all: never a panic, and what is not cut leaves as it came.
    #[test]
    fn any_bytes_are_survived(format in formats(), bytes in proptest::collection::vec(any::<u8>(), 0..300), step in 1_usize..50) {
        let options = GuardOptions { pass_unreadable: true, ..options(Action::Report) };
        let outcome = run(format, &bytes, step, options, &allow);
        prop_assert!(outcome.cut.is_some() || outcome.out == bytes);
    }
}

#[test]
fn a_finding_cuts_before_any_of_it_leaves_and_every_sdk_sees_an_end() {
    for format in Format::ALL {
        let text = format!("{} the key is {SECRET} and more", "fine words ".repeat(60));
        let cuts: Vec<usize> = (0..text.len()).step_by(7).collect();
        let stream = format.stream(&[], &pieces(&text, &cuts), &[], false);
        let outcome = run(format, &stream, 50, options(Action::Cut), &allow);
        let heard = heard(format, &outcome.out);
        assert!(heard.closed && !heard.text.contains("AKIA"), "{format:?}: {}", outcome.text());
        assert!(heard.text.starts_with("fine words") && heard.text.len() > 400, "{format:?}: {}", heard.text);
        assert_eq!(outcome.cut.as_ref().unwrap().0, "dialect.output_blocked", "{format:?}");
        assert!(outcome.text().contains("the output holds a secret (aws_access_key)"), "{format:?}");
        let filtered = heard.stops.contains(&StopReason::Filtered) || heard.error.is_some();
        assert!(filtered, "{format:?}: {:?}", heard.stops);
    }
}

#[test]
fn clean_text_is_held_back_no_longer_than_stated() {
    for format in Format::ALL {
        let text = "plain words of no interest to anybody at all, one after the other. ".repeat(80);
        let cuts: Vec<usize> = (0..text.len()).step_by(4).collect();
        let stream = format.stream(&[], &pieces(&text, &cuts), &[], false);
        let outcome = run(format, &stream, 64, options(Action::Mask), &allow);
        // The frames around some hundred bytes of text, a few hundred bytes each.
        assert!(outcome.most_held < 32_000, "{format:?}: {}", outcome.most_held);
        assert_eq!(outcome.out, stream, "{format:?}");
    }
}

/// Where no wait is wanted, prose leaves with the word after it, and a secret is masked all the same.
#[test]
fn prose_leaves_at_once_where_no_wait_is_wanted_and_secrets_do_not() {
    for format in Format::ALL {
        let words = ["Once upon", " a time", " there was", " a key AKIAIOSF", "ODNN7EXAMPLE", ", or so", " they say."];
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let stream = format.stream(&[], &words, &[], false);
        let options = GuardOptions { max_hold_ms: Some(0), ..options(Action::Mask) };
        let mut guard = StreamGuard::new(&format.route(), format.framing(), options.clone());
        let mut outcome = Outcome::default();
        let split = stream.windows(10).position(|window| window == b" there was").unwrap();
        guard.push(&stream[..split]);
        drain(&mut guard, &mut outcome, &allow);
        assert!(outcome.text().contains("Once upon"), "{format:?}: {}", outcome.text());
        assert_eq!(guard.flush_deadline(), None, "{format:?}");
        guard.push(&stream[split..]);
        guard.finish();
        drain(&mut guard, &mut outcome, &allow);
        assert_eq!(
            heard(format, &outcome.out).text,
            "Once upon a time there was a key [REDACTED:aws_access_key], or so they say."
        );
        for step in 1..80 {
            let outcome = run(format, &stream, step, options.clone(), &allow);
            assert!(
                !outcome.text().contains("AKIA") && !outcome.text().contains("ODNN7"),
                "{format:?}: {}",
                outcome.text()
            );
            assert_eq!(outcome.found, [(ChannelKind::Text, "aws_access_key", false)], "{format:?}");
        }
    }
}

#[test]
fn a_report_changes_nothing() {
    for format in Format::ALL {
        let stream = format.stream(&[], &[format!("key {SECRET} ok")], &[], false);
        let outcome = run(format, &stream, 10, options(Action::Report), &allow);
        assert_eq!(outcome.out, stream, "{format:?}");
        assert_eq!(outcome.found, [(ChannelKind::Text, "aws_access_key", false)], "{format:?}");
    }
}

#[test]
fn arguments_can_be_replaced_where_they_stand() {
    for format in Format::ALL {
        let calls = [("f", vec![r#"{"path":"#.to_owned(), r#""/etc/passwd"}"#.to_owned()])];
        let stream = format.stream(&[], &[], &calls, false);
        let answer = |_: &str| ToolAnswer::Replace(r#"{"path":"/tmp/\"x\""}"#.to_owned());
        let outcome = run(format, &stream, 11, options(Action::Mask), &answer);
        assert!(!outcome.text().contains("/etc/passwd"), "{format:?}: {}", outcome.text());
        assert_eq!(
            heard(format, &outcome.out).calls,
            [("f".to_owned(), r#"{"path":"/tmp/\"x\""}"#.to_owned())],
            "{format:?}"
        );
    }
}

#[test]
fn more_than_may_wait_is_denied() {
    let long = "x".repeat(500);
    for format in Format::ALL {
        let calls = [("f", vec![format!("{{\"a\":\"{long}\"}}")])];
        let stream = format.stream(&[], &[], &calls, false);
        let options = GuardOptions { max_held: 300, ..options(Action::Mask) };
        let outcome = run(format, &stream, 5, options, &allow);
        assert!(!outcome.text().contains("xxxx"), "{format:?}");
        assert!(heard(format, &outcome.out).closed, "{format:?}: {}", outcome.text());
        let options = GuardOptions { max_frame: 300, ..self::options(Action::Mask) };
        let outcome = run(format, &stream, 5, options, &allow);
        assert!(outcome.cut.is_some(), "{format:?}");
    }
}

#[test]
fn a_flush_releases_and_goes_on_watching() {
    for format in Format::ALL {
        let words = ["key AKIAIOSF".to_owned(), "ODNN7EXAMPLE and more".to_owned(), " words to come".repeat(20)];
        let stream = format.stream(&[], &words, &[], false);
        let split = stream.windows(8).position(|window| window == b"ODNN7EXA").unwrap();
        let split = stream[..split].windows(2).rposition(|window| matches!(window, b"\n\n" | b"\n,")).unwrap() + 2;
        let options = GuardOptions { max_hold_ms: Some(20), ..options(Action::Mask) };
        let mut guard = StreamGuard::new(&format.route(), format.framing(), options);
        let mut outcome = Outcome::default();
        guard.push(&stream[..split]);
        drain(&mut guard, &mut outcome, &allow);
        assert!(!outcome.text().contains("AKIA"), "{format:?}");
        assert_eq!(guard.flush_deadline(), Some(20), "{format:?}");
        guard.flush();
        drain(&mut guard, &mut outcome, &allow);
        assert!(outcome.text().contains("AKIAIOSF"), "{format:?}: {}", outcome.text());
        guard.push(&stream[split..]);
        guard.finish();
        drain(&mut guard, &mut outcome, &allow);
        assert!(
            outcome.found.contains(&(ChannelKind::Text, "aws_access_key", true)),
            "{format:?}: {:?}",
            outcome.found
        );
        assert!(!outcome.text().contains("ODNN7EXAMPLE"), "{format:?}: {}", outcome.text());
        assert!(outcome.ended && heard(format, &outcome.out).text.contains(" and more words to come"), "{format:?}");
    }
}

#[test]
fn a_frame_that_cannot_be_read_cuts_unless_it_may_pass() {
    for format in Format::ALL.into_iter().filter(|format| *format != Format::GoogleArray) {
        let stream = b"data: {\"choices\": [oops\n\ndata: [DONE]\n\n";
        let outcome = run(format, stream, 9, options(Action::Mask), &allow);
        assert_eq!(outcome.cut.as_ref().unwrap().0, "dialect.unreadable_frame", "{format:?}");
        assert!(!outcome.text().contains("oops"), "{format:?}");
        let options = GuardOptions { pass_unreadable: true, ..options(Action::Mask) };
        assert_eq!(run(format, stream, 9, options, &allow).out, stream, "{format:?}");
    }
}

#[test]
fn usage_that_the_host_asked_for_is_kept_from_the_client() {
    let stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n\
                  data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";
    let options = GuardOptions { drop_usage: true, ..options(Action::Mask) };
    let mut guard = StreamGuard::new(&Format::Chat.route(), Format::Chat.framing(), options);
    guard.push(stream.as_bytes());
    guard.finish();
    let mut outcome = Outcome::default();
    drain(&mut guard, &mut outcome, &allow);
    assert!(!outcome.text().contains("prompt_tokens") && outcome.text().ends_with("data: [DONE]\n\n"));
    assert_eq!(guard.usage().unwrap().all_input(), 3);
}

/// With `include_usage` OpenAI writes `"usage": null` into every chunk but the one that states it.
#[test]
fn chunks_that_state_no_usage_are_no_usage_and_look_as_if_nobody_had_asked_for_it() {
    let chunk = |usage: &str, first: bool| {
        let (before, after) = if first { (format!("{usage},"), "") } else { (String::new(), usage) };
        let after = if after.is_empty() { String::new() } else { format!(" , {after}") };
        format!(
            "data: {{{before}\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"hi AKIAIOSFODNN7EXAMPLE \"}},\"logprobs\":{{\"content\":[{{\"token\":\"hi\"}}]}}}}]{after}}}\n\n"
        )
    };
    let none = "\"usage\": null";
    let stated = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n";
    let azure = "data: {\"choices\":[],\"prompt_filter_results\":[],\"usage\":null}\n\n";
    let plain = |usage: bool| {
        let none = if usage { none } else { "" };
        let chunks = if usage { chunk(none, true) + &chunk(none, false) } else { chunk("", false).repeat(2) };
        let azure = if usage { azure.to_owned() } else { azure.replace(",\"usage\":null", "") };
        format!("{azure}{chunks}data: {{}}\n\n{}data: [DONE]\n\n", if usage { stated } else { "" })
    };
    let stream = plain(true);
    for step in [1, 7, 5000] {
        // The client asked itself: what upstream says of usage leaves as it came.
        let kept = run(Format::Chat, stream.as_bytes(), step, options(Action::Report), &allow);
        assert_eq!(kept.text(), stream);
        // The host asked: the client's stream is the one it would have had.
        let options = GuardOptions { drop_usage: true, ..options(Action::Report) };
        let mut guard = StreamGuard::new(&Format::Chat.route(), Format::Chat.framing(), options.clone());
        guard.push(chunk(none, true).as_bytes());
        assert_eq!(guard.usage(), None);
        let dropped = run(Format::Chat, stream.as_bytes(), step, options, &allow);
        assert_eq!(dropped.text(), plain(false));
    }
    let masking = GuardOptions { drop_usage: true, ..options(Action::Mask) };
    let masked = run(Format::Chat, stream.as_bytes(), 9, masking, &allow).text();
    assert!(!masked.contains("usage") && !masked.contains("AKIA") && !masked.contains("token"), "{masked}");
}

/// What a stream is counts, not what its `Content-Type` says it is.
#[test]
fn a_stream_that_claims_to_be_framed_otherwise_is_read_or_refused() {
    let words = [format!("the key {SECRET} is mine")];
    for (real, claimed) in [(Format::Google, Format::GoogleArray), (Format::GoogleArray, Format::Google)] {
        for blank in ["", "\n", " \r\n", "\u{feff}"] {
            let mut stream = blank.as_bytes().to_vec();
            stream.extend(real.stream(&[], &words, &[("f", vec!["{}".to_owned()])], false));
            for step in [1, 2, 40, 5000] {
                let outcome = run(claimed, &stream, step, options(Action::Mask), &allow);
                assert!(!outcome.text().contains("AKIA"), "{claimed:?}: {}", outcome.text());
                assert_eq!(outcome.judged.len(), 1, "{claimed:?}");
                let heard =
                    heard(real, outcome.out.trim_ascii_start().strip_prefix(b"\xef\xbb\xbf").unwrap_or(&outcome.out));
                assert!(heard.text.contains("[REDACTED:aws_access_key] is mine"), "{claimed:?}: {}", outcome.text());
                let denied = run(claimed, &stream, step, options(Action::Report), &|_| ToolAnswer::Deny("no".into()));
                assert!(denied.cut.is_some() && !denied.text().contains("functionCall"), "{}", denied.text());
            }
        }
    }
    // A whole reply, or anything else, where events were promised: a reader of events would skip it.
    for format in [Format::Chat, Format::Responses, Format::Anthropic, Format::Google] {
        for stream in
            ["{\"choices\":[{\"message\":{\"content\":\"hi\"}}]}", "<html>hi</html>\n\n", "hi\n\ndata: {}\n\n"]
        {
            if format == Format::Google && stream.starts_with('{') {
                continue;
            }
            let outcome = run(format, stream.as_bytes(), 3, options(Action::Mask), &allow);
            assert_eq!(outcome.cut.as_ref().map(|cut| cut.0.as_str()), Some("dialect.unreadable_frame"), "{format:?}");
            assert!(!outcome.text().contains("hi"), "{format:?}: {}", outcome.text());
        }
    }
}

#[test]
fn arguments_said_differently_once_more_are_judged_as_well() {
    let format = Format::Responses;
    let stream = format.stream(&[], &[], &[("f", vec![r#"{"a":1}"#.to_owned()])], false);
    let stream = String::from_utf8(stream).unwrap();
    let (head, tail) = stream.split_at(stream.find("event: response.completed").unwrap());
    let stream = format!("{head}{}", tail.replace(r#"{\"a\":1}"#, r#"{\"a\":666}"#));
    let outcome = run(format, stream.as_bytes(), 30, options(Action::Mask), &allow);
    assert_eq!(
        outcome.judged.iter().map(|(_, arguments)| arguments.as_str()).collect::<Vec<_>>(),
        [r#"{"a":1}"#, r#"{"a":666}"#]
    );
    assert_eq!(outcome.text(), stream);
}

#[test]
fn a_second_call_at_the_place_of_an_open_one_leaves_none_unjudged() {
    let start = |name: &str| {
        format!(
            "event: content_block_start\ndata: {{\"type\":\"content_block_start\",\"index\":1,\"content_block\":\
             {{\"type\":\"tool_use\",\"id\":\"{name}\",\"name\":\"{name}\",\"input\":{{}}}}}}\n\n"
        )
    };
    let stream = format!("{}{}", start("first"), start("second"));
    let outcome = run(Format::Anthropic, stream.as_bytes(), 30, options(Action::Mask), &allow);
    assert_eq!(outcome.judged.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["first", "second"]);
    assert!(outcome.ended && outcome.text() == stream);
}

#[test]
fn a_broken_upstream_is_told_in_the_clients_own_format() {
    for format in Format::ALL {
        let stream = format.stream(&[], &["half of it".to_owned()], &[("f", vec!["{}".to_owned()])], false);
        let mut guard = StreamGuard::new(&format.route(), format.framing(), options(Action::Mask));
        guard.push(&stream[..stream.len() / 2]);
        guard.abort("the upstream broke off");
        let mut outcome = Outcome::default();
        drain(&mut guard, &mut outcome, &allow);
        assert!(heard(format, &outcome.out).closed, "{format:?}: {}", outcome.text());
        guard.push(b"more");
        guard.finish();
        assert_eq!(guard.poll(), None, "{format:?}");
    }
}

/// The older completions have a stream of their own shape, which says its text once more token by token.
#[test]
fn secrets_in_the_older_completions_are_masked_and_cut_as_well() {
    let chunk = |index: u32, text: &str, finish: &str| {
        let tokens = serde_json::json!({ "tokens": [text], "token_logprobs": [-0.1] });
        let choice = serde_json::json!({ "index": index, "text": text, "logprobs": tokens, "finish_reason": null });
        let chunk = serde_json::json!({ "id": "cmpl-1", "object": "text_completion", "choices": [choice] }).to_string();
        format!("data: {}\n\n", if finish.is_empty() { chunk } else { chunk.replace("\"finish_reason\":null", finish) })
    };
    let stop = "\"finish_reason\":\"stop\"";
    let stream = [
        chunk(0, "key AKIAIOSF", ""),
        chunk(1, "nothing ", ""),
        chunk(0, "ODNN7EXAMPLE here", ""),
        chunk(1, "to see", stop),
        chunk(0, "", stop),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat();
    let route = Route::recognise("POST", "/v1/completions", None);
    for step in [1, 13, 5000] {
        for action in [Action::Mask, Action::Cut] {
            let mut guard = StreamGuard::new(&route, Framing::Sse, options(action));
            let mut outcome = Outcome::default();
            for piece in stream.as_bytes().chunks(step) {
                guard.push(piece);
                drain(&mut guard, &mut outcome, &allow);
            }
            guard.finish();
            drain(&mut guard, &mut outcome, &allow);
            let text = outcome.text();
            assert!(!text.contains("AKIA") && !text.contains("ODNN7"), "{action:?}: {text}");
            assert!(text.ends_with("data: [DONE]\n\n"), "{action:?}: {text}");
            match action {
                Action::Mask => {
                    assert!(text.contains("key [REDACTED:aws_access_key]") && text.contains("to see"), "{text}")
                }
                _ => assert!(text.contains("text_completion") && text.contains("content_filter"), "{text}"),
            }
        }
    }
}
