//! What no policy has to say about is delivered as it came, byte for byte, and in time.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::setup::{OPENAI_KEY, Proxied, Speaks};

/// Policies that look at everything and find nothing.
const WATCHFUL: &str = "policies:
  - { name: masked, id: masked, type: output_filter, config: { mask_secrets: true, mask_pii: true } }
  - { name: tools, id: tools, type: tool_permission, config: { denied_tools: [launch_missiles] } }
  - { name: guarded, id: guarded, type: prompt_injection, config: {} }
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_without_findings_arrives_byte_for_byte() {
    let proxied = Proxied::start(WATCHFUL).await;
    for speaks in Speaks::ALL {
        for how in [
            "",
            "[[crlf]]",
            "[[noise]]",
            "[[crlf]] [[noise]]",
            "[[think]]",
            "[[split=1]]",
            "[[one_line]]",
            "[[escaped]]",
            "[[tool=get_weather]]",
            "[[tool=get_weather]] [[tool=get_time]] [[split=3]]",
            "[[chunks=300]]",
            "[[no_usage]]",
            "[[bytewise]]",
            "[[error_midstream]]",
            "[[error=429]]",
            "[[say=caf\u{e9} \u{1f600} \u{2028} \\\" end]]",
            "[[gzip]]",
        ] {
            for streams in [false, true] {
                let (path, mut body) = speaks.call(&format!("[[id=7]] [[input_tokens=9]] {how}"), streams);
                if speaks == Speaks::Chat && streams {
                    // What is not asked for is asked for by the proxy, and taken out again.
                    body["stream_options"] = json!({"include_usage": true});
                }
                let straight = proxied.client.post(format!("{}{path}", proxied.upstream.url())).json(&body);
                let straight = proxied.finish(straight.header("Authorization", format!("Bearer {OPENAI_KEY}"))).await;
                let through = proxied.send(&path, &body).await;
                assert_eq!(through.status, straight.status, "{speaks:?} {how} {streams}: {}", through.text());
                assert_eq!(through.text(), straight.text(), "{speaks:?} {how} streamed {streams}");
                let kind = |answer: &crate::setup::Answer| answer.headers.get("content-type").cloned();
                assert_eq!(kind(&through), kind(&straight), "{speaks:?} {how}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage_that_the_client_did_not_ask_for_is_not_told() {
    let proxied = Proxied::start(WATCHFUL).await;
    for path in ["/v1/chat/completions", "/v1/completions"] {
        let body = json!({"model": "gpt-4o", "stream": true, "prompt": "[[id=7]]", "messages": [{"role": "user", "content": "[[id=7]]"}]});
        let straight = proxied.client.post(format!("{}{path}", proxied.upstream.url())).json(&body);
        let straight = proxied.finish(straight).await;
        let through = proxied.send(path, &body).await;
        // Asked for usage, OpenAI says in every chunk that it is still to come; nobody minds that.
        assert_eq!(through.text().replace(",\"usage\":null", ""), straight.text(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_body_of_a_call_leaves_as_it_came() {
    let proxied = Proxied::start(WATCHFUL).await;
    let bodies = [
        "{ \"model\" : \"gpt-4o\",\r\n\t\"messages\":[{\"role\":\"user\",\"content\":\"caf\\u00e9 \\ud83d\\ude00 [[mark=0]]\"}],\"x\":1.0e5,\"y\":{\"b\":1,\"a\":[ ]} }",
        "{\"messages\":[{\"content\":\"[[mark=1]] \\/ \u{e9}\",\"role\":\"user\",\"z\":null}],\"temperature\":0.10,\"model\":\"gpt-4o\",\"big\":12345678901234567890123}\n",
    ];
    for (number, body) in bodies.iter().enumerate() {
        let request =
            proxied.client.post(format!("{}/v1/chat/completions", proxied.server.url)).body((*body).to_owned());
        let request =
            request.header("X-Zentinelle-Key", &proxied.server.agent).header("Content-Type", "application/json");
        let answer = proxied.finish(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(proxied.upstream.seen().marked(&number.to_string())[0].body, *body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_of_a_provider_arrive_and_ours_beside_them() {
    let proxied = Proxied::start(WATCHFUL).await;
    for streams in [false, true] {
        let answer = proxied.ask(Speaks::Chat, "[[cookies]]", streams).await;
        let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        assert_eq!(header("x-zentinelle-decision").as_deref(), Some("permit"));
        assert!(header("x-zentinelle-evaluation-id").is_some());
        assert!(header("x-request-id").is_some());
        assert_eq!(header("transfer-encoding").filter(|value| value.contains(',')), None);
    }
    let limited = proxied.ask(Speaks::Chat, "[[error=429]] [[retry_after=17]]", true).await;
    assert_eq!(limited.headers.get("retry-after").and_then(|value| value.to_str().ok()), Some("17"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_arrives_while_the_model_still_writes() {
    let proxied = Proxied::start(WATCHFUL).await;
    for speaks in Speaks::ALL {
        // About a hundred bytes may be held back: twenty of these hundred chunks.
        let (path, body) = speaks.call("[[chunks=100]] [[gap=40]]", true);
        let request = proxied.client.post(format!("{}{path}", proxied.server.url)).json(&body);
        let request = request.header("X-Zentinelle-Key", &proxied.server.agent);
        let begun = Instant::now();
        let mut reply = request.send().await.expect("answered");
        let mut held = Vec::new();
        while !String::from_utf8_lossy(&held).contains("word") {
            held.extend(reply.chunk().await.expect("a chunk").expect("more"));
        }
        assert!(begun.elapsed() < Duration::from_millis(2_000), "{speaks:?}: first text after {:?}", begun.elapsed());
    }
}
