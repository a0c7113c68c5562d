//! Bodies of calls and replies of any bytes: never a panic, never an empty call for a body that is
//! none, and every text stands where it says, so that replacing it by itself changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use zentinelle_core::dialect::{Call, Edit, Reply, Route, Text, rewrite};

const PATHS: [&str; 10] = [
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1beta/models/m:generateContent",
    "/v1beta/models/m:countTokens",
    "/v1beta/models/m:embedContent",
    "/v1beta/models/m:batchEmbedContents",
];

fn check(body: &[u8], mut texts: Vec<&Text>) {
    // Numbers beyond what a float holds are JSON that `serde_json` has no value for.
    let Ok(before) = serde_json::from_slice::<Value>(body) else { return };
    texts.sort_by_key(|text| text.range.start);
    texts.dedup_by_key(|text| text.range.start);
    for text in &texts {
        let literal: String = serde_json::from_slice(&body[text.range.clone()]).unwrap();
        assert_eq!(literal, text.text);
    }
    let edits: Vec<Edit> = texts.iter().map(|text| Edit::text(text, &text.text)).collect();
    let after: Value = serde_json::from_slice(&rewrite(body, &edits).unwrap()).unwrap();
    assert_eq!(after, before);
}

fuzz_target!(|body: &[u8]| {
    for path in PATHS {
        let route = Route::recognise("POST", path, None);
        if let Ok(call) = Call::decode(&route, "alt=sse", body) {
            let _ = call.context("p", &call.estimate(None));
            check(body, call.texts().into_iter().map(|(_, text)| text).collect());
            for edits in [call.cap_output(1), call.ask_for_usage().into_iter().collect()] {
                let changed = rewrite(body, &edits).unwrap();
                assert!(Call::decode(&route, "", &changed).is_ok());
            }
        }
        if let Ok(reply) = Reply::decode(&route, body) {
            let _ = reply.context("p");
            check(body, reply.said());
        }
    }
});
