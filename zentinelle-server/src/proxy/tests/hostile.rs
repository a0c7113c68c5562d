//! Providers that refuse, stall, break, flood: bounded memory, the right error, settled money.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Bench, Say, chat, message};

async fn impatient() -> Bench {
    let bench = Bench::configured(|config| {
        config.proxy.first_byte_timeout_seconds = 1;
        config.proxy.idle_timeout_seconds = 1;
        config.proxy.max_reply_bytes = 1 << 20;
    })
    .await;
    bench.budget(100.0).await;
    bench
}

#[tokio::test]
async fn silence_is_answered_in_time() {
    let bench = impatient().await;
    let mut stream = chat();
    stream["stream"] = json!(true);
    for (say, path, body, status) in [
        (Say::Nothing, "/v1/chat/completions", chat(), StatusCode::GATEWAY_TIMEOUT),
        (Say::HeadOnly("application/json"), "/v1/chat/completions", chat(), StatusCode::GATEWAY_TIMEOUT),
        (Say::HeadOnly("text/event-stream"), "/v1/chat/completions", stream, StatusCode::OK),
    ] {
        bench.provider.says(say.clone());
        let began = Instant::now();
        let answer = bench.post(path, body).await;
        assert_eq!(answer.status, status, "{say:?} {}", answer.text());
        assert!(began.elapsed() < Duration::from_secs(5), "{say:?} took {:?}", began.elapsed());
        assert!(
            answer.text().contains("stopped answering") || answer.text().contains("did not answer"),
            "{}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn floods_are_cut_off() {
    let bench = impatient().await;
    let mut stream = message();
    stream["stream"] = json!(true);
    bench.provider.says(Say::Endless("application/json", Bytes::from(vec![b' '; 64 * 1024])));
    let answer = bench.post("/v1/messages", message()).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{}", answer.text());
    assert!(answer.text().contains("larger than"), "{}", answer.text());
    // A stream whose event never ends is no stream.
    bench.provider.says(Say::Endless("text/event-stream", Bytes::from(vec![b'x'; 64 * 1024])));
    let answer = bench.post("/v1/messages", stream).await;
    assert!(answer.text().contains("event: error") && answer.body.len() < 4 << 20, "{} bytes", answer.body.len());
}

/// A provider that says these bytes to whoever connects.
async fn raw(said: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let said = said.clone();
            tokio::spawn(async move {
                let mut asked = [0; 4096];
                let _ = connection.read(&mut asked).await;
                let _ = connection.write_all(&said).await;
            });
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn heads_that_are_none_and_doors_that_are_shut_are_the_gateways_fault() {
    let mut bomb = b"HTTP/1.1 200 OK\r\n".to_vec();
    for number in 0..20_000 {
        bomb.extend_from_slice(format!("x-header-{number}: {}\r\n", "x".repeat(100)).as_bytes());
    }
    let shut = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        format!("http://{}", listener.local_addr().expect("an address"))
    };
    for (url, code) in [
        (raw(bomb).await, "upstream_error"),
        (raw(b"SSH-2.0-OpenSSH\r\n".to_vec()).await, "upstream_error"),
        (raw(Vec::new()).await, "upstream_error"),
        (shut, "upstream_unreachable"),
    ] {
        let bench = Bench::configured(|config| {
            config.proxy.upstreams.get_mut("openai").expect("openai").base_url = url;
        })
        .await;
        bench.budget(1.0).await;
        let answer = bench.post("/v1/chat/completions", chat()).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (StatusCode::BAD_GATEWAY, &json!(code)),
            "{}",
            answer.text()
        );
        if code == "upstream_unreachable" {
            bench.server.eventually(0, async || bench.spent().await).await;
        }
    }
}

#[tokio::test]
async fn what_comes_packed_all_the_same_is_unpacked_and_a_bomb_does_not_go_off() {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;
    let packed = |plain: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).expect("packed");
        Bytes::from(encoder.finish().expect("packed"))
    };
    let bench = impatient().await;
    let reply = json!({ "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_reason": "end_turn",
        "content": [{ "type": "text", "text": "hi there" }], "usage": { "input_tokens": 10, "output_tokens": 5 } });
    let reply = reply.to_string();
    bench.provider.says(Say::Packed("gzip", packed(reply.as_bytes())));
    let answer = bench.post("/v1/messages", message()).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, reply));
    assert_eq!(answer.header("content-encoding"), None);
    // A megabyte is the most a reply may have; this one has a hundred.
    bench.provider.says(Say::Packed("gzip", packed(&vec![b' '; 100 << 20])));
    let answer = bench.post("/v1/messages", message()).await;
    assert!(answer.text().contains("larger than"), "{}", answer.text());
    for (name, body) in [("gzip", Bytes::from_static(b"no gzip")), ("lzma", Bytes::from_static(b"?"))] {
        bench.provider.says(Say::Packed(name, body));
        assert_eq!(bench.post("/v1/messages", message()).await.status, StatusCode::BAD_GATEWAY, "{name}");
    }
}
