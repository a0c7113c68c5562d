//! Upstreams that refuse, stall, lie or never end: the right error in the caller's format, bounded memory,
//! and a server that goes on.

use std::time::Duration;

use serde_json::json;
use zentinelle_upstream::Seen;

use crate::setup::{Proxied, Speaks};

const MASKED: &str =
    "policies: [{ name: masked, id: masked, type: output_filter, config: { mask_secrets: true, mask_pii: true } }]";
const MEGABYTE: u64 = 1 << 20;

/// Times short enough for a test.
fn impatient() -> serde_json::Value {
    json!({"first_byte_timeout_seconds": 1, "idle_timeout_seconds": 1, "connect_timeout_ms": 500,
        "max_reply_bytes": 4 << 20, "max_held_bytes": 64 << 20})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_an_upstream_answers_the_caller_gets_an_error_it_can_read() {
    let proxied = Proxied::start_with(MASKED, impatient()).await;
    // A first call, so that what is allocated once does not count.
    assert_eq!(proxied.ask(Speaks::Chat, "hello", false).await.status, 200);
    // The mock makes its bomb at first use, which may take it longer than the server waits.
    let _ = proxied.ask(Speaks::Chat, "[[gzip_bomb]]", false).await;
    let before = proxied.server.resident_bytes();
    let cases = [
        ("hangup", 502),
        ("reset", 502),
        ("not_http", 502),
        ("bad_json", 502),
        ("empty", 502),
        ("long_length", 502),
        ("short_length", 502),
        ("bad_gzip", 502),
        ("gzip_bomb", 502),
        ("redirect=http://169.254.169.254/latest", 502),
        ("endless_body", 502),
        ("header_bomb", 502),
        ("many_headers", 502),
        ("deep", 502),
        ("stall", 504),
        ("duplicate_keys", 502),
    ];
    for speaks in Speaks::ALL {
        for (word, status) in cases {
            for streams in [false, true] {
                // It is a key of the other formats, and of whole replies.
                if word == "duplicate_keys" && (streams || speaks == Speaks::Google) {
                    continue;
                }
                let answer = proxied.ask(speaks, &format!("[[{word}]]"), streams).await;
                let text = answer.text();
                let told: String = text.chars().take(300).collect();
                if speaks == Speaks::Google && streams && answer.status == 200 {
                    // JSON may be one of Google's streams, so it is only found out on the way.
                    assert!(!speaks.claims_a_good_end(&text), "{word}: {told}");
                    continue;
                }
                assert_eq!(answer.status, status, "{speaks:?} {word} {streams}: {told}");
                let message = speaks.error(answer.status, &answer.body);
                assert!(!message.contains("127.0.0.1"), "addresses are ours to know: {message}");
                assert!(answer.took < Duration::from_secs(8), "{speaks:?} {word} took {:?}", answer.took);
            }
        }
    }
    let grown = proxied.server.resident_bytes().saturating_sub(before) / MEGABYTE;
    assert!(grown < 96, "{grown} MB more than before");
    assert_eq!(proxied.ask(Speaks::Messages, "hello", true).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_breaks_off_ends_soon_and_does_not_look_whole() {
    let proxied = Proxied::start_with(MASKED, impatient()).await;
    for speaks in Speaks::ALL {
        for word in ["truncate", "reset_midstream", "stall_midstream", "error_midstream", "endless_line"] {
            let answer = proxied.ask(speaks, &format!("[[{word}]]"), true).await;
            assert_eq!(answer.status, 200, "{speaks:?} {word}: {}", answer.text());
            assert!(answer.took < Duration::from_secs(6), "{speaks:?} {word} took {:?}", answer.took);
            assert!(!speaks.claims_a_good_end(&answer.text()), "{speaks:?} {word}: {}", answer.text());
            assert!(answer.body.len() < 8 << 20, "{speaks:?} {word}: {} bytes", answer.body.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_breaks_off_is_not_told_as_a_policy() {
    let proxied = Proxied::start_with(MASKED, impatient()).await;
    for speaks in Speaks::ALL {
        for word in ["truncate", "reset_midstream", "stall_midstream"] {
            let text = proxied.ask(speaks, &format!("[[{word}]]"), true).await.text();
            for of_policies in ["content_filter", "permission_error", "SAFETY"] {
                assert!(!text.contains(of_policies), "{speaks:?} {word}: {text}");
            }
            assert!(text.contains("error"), "{speaks:?} {word}: nothing says that it broke off: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_huge_event_does_not_become_huge_memory() {
    let proxied = Proxied::start_with(MASKED, impatient()).await;
    assert_eq!(proxied.ask(Speaks::Chat, "hello", true).await.status, 200);
    let before = proxied.server.resident_bytes();
    let answer = proxied.ask(Speaks::Chat, "[[huge_event]]", true).await;
    let grown = proxied.server.resident_bytes().saturating_sub(before) / MEGABYTE;
    assert!(grown < 64, "an event of 64 MB took {grown} MB");
    assert!(!Speaks::Chat.claims_a_good_end(&answer.text()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_called_json_is_not_delivered_unseen() {
    let policies = "policies: [{ name: cut, id: cut, type: output_filter, config: { block_secrets: true } }]";
    let proxied = Proxied::start_with(policies, impatient()).await;
    for speaks in Speaks::ALL {
        for lie in ["lying_type", "wrong_type"] {
            for streams in [false, true] {
                let answer = proxied.ask(speaks, &format!("[[secret]] [[{lie}]] [[split=3]]"), streams).await;
                assert!(!answer.text().contains(zentinelle_upstream::texts::SECRET), "{speaks:?} {lie} {streams}");
                let joined: String = answer.text().chars().filter(char::is_ascii_alphanumeric).collect();
                assert!(!joined.contains("ghpa8Fk2LmQ9xTz4"), "{speaks:?} {lie} {streams}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_holds_the_upstream_back() {
    let proxied = Proxied::start_with(MASKED, json!({"idle_timeout_seconds": 30})).await;
    assert_eq!(proxied.ask(Speaks::Chat, "hello", true).await.status, 200);
    let before = proxied.server.resident_bytes();
    let mut open = Vec::new();
    for speaks in Speaks::ALL {
        for _ in 0..8 {
            let (path, body) = speaks.call("[[endless]]", true);
            let request = proxied.client.post(format!("{}{path}", proxied.server.url)).json(&body);
            let reply = request.header("X-Zentinelle-Key", &proxied.server.agent).send().await.expect("answered");
            assert_eq!(reply.status(), 200);
            open.push(reply);
        }
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    let grown = proxied.server.resident_bytes().saturating_sub(before) / MEGABYTE;
    assert!(grown < 64, "{} streams that nobody reads took {grown} MB", open.len());
    drop(open);
    all_end(proxied.upstream.seen()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_endless_replies_at_once_stay_within_the_bound_for_all() {
    let proxied = Proxied::start_with(MASKED, impatient()).await;
    let before = proxied.server.resident_bytes();
    let proxied = std::sync::Arc::new(proxied);
    let calls = (0..60).map(|number| {
        let proxied = std::sync::Arc::clone(&proxied);
        tokio::spawn(async move {
            let speaks = Speaks::ALL[number % 4];
            let answer = proxied.ask(speaks, "[[endless_body]]", false).await;
            assert!([502, 503].contains(&answer.status), "{}: {}", answer.status, answer.text());
            speaks.error(answer.status, &answer.body);
        })
    });
    let mut most = 0;
    for call in calls.collect::<Vec<_>>() {
        most = most.max(proxied.server.resident_bytes());
        call.await.expect("answered as it should be");
    }
    let grown = most.saturating_sub(before) / MEGABYTE;
    // Buffers that grow have up to twice the room they need, and are copied when they outgrow it.
    assert!(grown < 4 * 64, "60 endless replies took {grown} MB, where 64 MB may be held");
    assert_eq!(proxied.ask(Speaks::Chat, "hello", false).await.status, 200);
    all_end(proxied.upstream.seen()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_ends_the_upstreams_call() {
    let proxied = Proxied::start(MASKED).await;
    for speaks in Speaks::ALL {
        for words in ["[[chunks=1000]] [[gap=50]]", "[[stall]]", "[[stall_midstream]]"] {
            let (path, body) = speaks.call(words, true);
            let request = proxied.client.post(format!("{}{path}", proxied.server.url)).json(&body);
            let request = request.header("X-Zentinelle-Key", &proxied.server.agent).timeout(Duration::from_millis(300));
            if let Ok(mut reply) = request.send().await {
                while let Ok(Some(_)) = reply.chunk().await {}
            }
            all_end(proxied.upstream.seen()).await;
        }
    }
}

/// Waits until no reply of the mock is being written any more.
async fn all_end(seen: &Seen) {
    for _ in 0..100 {
        if seen.open() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} calls to the upstream are still open", seen.open());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_is_an_error_in_every_format() {
    let proxied = Proxied::start_with(
        MASKED,
        json!({"connect_timeout_ms": 500, "upstreams": {
            "openai": {"base_url": "http://127.0.0.1:9", "api_key": "x", "private": true},
            "anthropic": {"base_url": "http://127.0.0.1:9", "api_key": "x", "private": true},
            "google": {"base_url": "http://127.0.0.1:9", "api_key": "x", "private": true}}}),
    )
    .await;
    for speaks in Speaks::ALL {
        let answer = proxied.ask(speaks, "hello", true).await;
        assert_eq!(answer.status, 502, "{}", answer.text());
        assert!(!speaks.error(502, &answer.body).contains("127.0.0.1"));
    }
}
