//! Every transcript of a provider's body, decoded; and what holds for all of them.

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
    reason = "a test reads files, prints what it ran, and may panic"
)]

#[path = "../fuzz/fuzz_targets/stream_laws.rs"]
mod stream_laws;
#[path = "support/transcripts.rs"]
mod transcripts;

use proptest::prelude::*;
use serde_json::Value;
use transcripts::{Transcript, call_json, delta_json, reply_json, transcripts};
use zentinelle_core::dialect::{
    Call, Edit, Frame, GuardOptions, Guarded, Reply, StreamGuard, Text, ToolAnswer, rewrite,
};

fn assert_all(faults: Vec<String>, count: usize) {
    assert!(faults.is_empty(), "{} of {count} transcripts differ:\n{}", faults.len(), faults.join("\n"));
    println!("{count} transcripts hold");
}

/// Every text knows its literal: replacing it by itself changes nothing a reader can see, and
/// replacing it by another changes that text and nothing else.
fn assert_places(name: &str, body: &[u8], texts: &[&Text]) {
    for text in texts {
        let literal: String = serde_json::from_slice(&body[text.range.clone()]).unwrap();
        assert_eq!(literal, text.text, "{name} at {}", text.pointer);
    }
    let mut seen: Vec<&Text> = texts.to_vec();
    seen.sort_by_key(|text| text.range.start);
    seen.dedup_by_key(|text| text.range.start);
    let edits: Vec<Edit> = seen.iter().map(|text| Edit::text(text, &text.text)).collect();
    let same: Value = serde_json::from_slice(&rewrite(body, &edits).unwrap()).unwrap();
    let before: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(same, before, "{name}");
    for text in seen.iter().filter(|text| before.pointer(text.pointer.as_str()).is_some_and(Value::is_string)) {
        let mut expected = before.clone();
        *expected.pointer_mut(text.pointer.as_str()).unwrap() = "masked".into();
        let changed = rewrite(body, &[Edit::text(text, "masked")]).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&changed).unwrap(), expected, "{name} at {}", text.pointer);
    }
}

#[test]
fn every_request_decodes_to_what_stands_beside_it() {
    let all = transcripts("requests");
    let mut faults = Vec::new();
    for transcript in &all {
        let call = Call::decode(&transcript.route, "", &transcript.body).unwrap();
        faults.extend(transcript.check(call_json(&call)));
        let texts: Vec<&Text> = call.texts().into_iter().map(|(_, text)| text).collect();
        assert_places(&transcript.name, &transcript.body, &texts);
        let capped = rewrite(&transcript.body, &call.cap_output(3)).unwrap();
        let capped = Call::decode(&transcript.route, "", &capped).unwrap();
        if transcript.route.operation.generates() {
            assert_eq!(capped.max_output_tokens, Some(3), "{}", transcript.name);
        }
        if let Some(edit) = call.ask_for_usage() {
            let asked = rewrite(&transcript.body, &[edit]).unwrap();
            assert!(Call::decode(&transcript.route, "", &asked).unwrap().include_usage, "{}", transcript.name);
        }
    }
    assert_all(faults, all.len());
}

#[test]
fn every_reply_decodes_to_what_stands_beside_it() {
    let all = transcripts("replies");
    let mut faults = Vec::new();
    for transcript in &all {
        let reply = Reply::decode(&transcript.route, &transcript.body).unwrap();
        faults.extend(transcript.check(reply_json(&reply)));
        assert_places(&transcript.name, &transcript.body, &reply.said());
        for call in reply.tool_calls.iter().filter(|call| !call.range.is_empty()) {
            let changed = rewrite(&transcript.body, &[call.edit(r#"{"other":1}"#)]).unwrap();
            let changed = Reply::decode(&transcript.route, &changed).unwrap();
            assert_eq!(changed.tool_calls[call.index].arguments, r#"{"other":1}"#, "{}", transcript.name);
        }
    }
    assert_all(faults, all.len());
}

fn frames(transcript: &Transcript, pieces: &[&[u8]]) -> Vec<Frame> {
    let mut decoder = transcript.decoder();
    let mut frames: Vec<Frame> = pieces.iter().flat_map(|piece| decoder.push(piece).unwrap()).collect();
    frames.extend(decoder.finish());
    frames
}

#[test]
fn every_stream_decodes_to_what_stands_beside_it_however_it_is_split() {
    let all = transcripts("streams");
    let mut faults = Vec::new();
    for transcript in &all {
        let body = &transcript.body;
        let whole = frames(transcript, &[body]);
        faults.extend(
            transcript
                .check(whole.iter().map(|frame| frame.deltas.iter().map(delta_json).collect::<Value>()).collect()),
        );
        let single: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(frames(transcript, &single), whole, "{} byte by byte", transcript.name);
        assert_split_anywhere(transcript, &whole);
        let joined: Vec<u8> = whole.iter().flat_map(|frame| frame.raw.clone()).collect();
        assert_eq!(joined, *body, "{}", transcript.name);
    }
    assert_all(faults, all.len());
}

/// Splits once, at every byte in turn. The part behind the split is followed for as long as the
/// split can still be felt, which is to the end of the next frame but one.
fn assert_split_anywhere(transcript: &Transcript, whole: &[Frame]) {
    let body = &transcript.body;
    let ends: Vec<usize> = whole
        .iter()
        .scan(0, |end, frame| {
            *end += frame.raw.len();
            Some(*end)
        })
        .collect();
    let (mut before, mut done) = (transcript.decoder(), 0);
    for cut in 0..body.len() {
        let stop = ends.iter().copied().filter(|end| *end > cut).nth(2).unwrap_or(body.len());
        let mut decoder = before.clone();
        let mut found = decoder.push(&body[cut..stop]).unwrap();
        if stop == body.len() {
            found.extend(decoder.finish());
        }
        assert!(!found.is_empty(), "{} split at {cut}", transcript.name);
        assert_eq!(found, whole[done..done + found.len()], "{} split at {cut}", transcript.name);
        done += before.push(&body[cut..=cut]).unwrap().len();
    }
}

/// What a client receives when every tool call is allowed.
fn received(transcript: &Transcript, step: usize) -> (Vec<u8>, usize) {
    let mut guard = StreamGuard::new(&transcript.route, transcript.framing, GuardOptions::default());
    let (mut out, mut judged, mut ended) = (Vec::new(), 0, false);
    let mut drain = |guard: &mut StreamGuard| {
        while let Some(said) = guard.poll() {
            match said {
                Guarded::Release(bytes) => out.extend(bytes),
                Guarded::JudgeTool(key, _) => {
                    judged += 1;
                    guard.answer(key, ToolAnswer::Allow);
                }
                Guarded::End => ended = true,
                other => panic!("{}: {other:?}", transcript.name),
            }
        }
    };
    for piece in transcript.body.chunks(step) {
        guard.push(piece);
        drain(&mut guard);
    }
    guard.finish();
    drain(&mut guard);
    assert!(ended && guard.held_bytes() == 0, "{}", transcript.name);
    (out, judged)
}

#[test]
fn a_stream_without_findings_leaves_byte_for_byte() {
    for transcript in transcripts("streams") {
        let (whole, judged) = received(&transcript, transcript.body.len());
        assert_eq!(whole, transcript.body, "{}", transcript.name);
        for step in [1, 2, 3, 7, 31, 100] {
            let (out, again) = received(&transcript, step);
            assert_eq!((out, again), (transcript.body.clone(), judged), "{} by {step}", transcript.name);
        }
        let calls = transcript.name.contains("tools") || transcript.name.contains("function");
        assert!(!calls || judged > 0, "{}", transcript.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The laws the fuzzers try, on transcripts with some of their bytes changed, lost or doubled.
    #[test]
    fn damaged_transcripts_keep_to_the_laws_of_streams(
        which in any::<prop::sample::Index>(),
        step in any::<u8>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), 0_u8..3, any::<u8>()), 0..6),
    ) {
        let all = transcripts("streams");
        let transcript = &all[which.index(all.len())];
        let mut stream = transcript.body.clone();
        for (place, kind, byte) in damage {
            let place = place.index(stream.len());
            match kind {
                0 => stream[place] = byte,
                1 => drop(stream.remove(place)),
                _ => stream.insert(place, b"\n\r\"{}[],:"[usize::from(byte % 9)]),
            }
        }
        stream_laws::hold(&transcript.path, transcript.framing, usize::from(step % 64) + 1, &stream);
    }
}
