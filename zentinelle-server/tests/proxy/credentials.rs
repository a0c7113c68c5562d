//! Who may call, which key leaves, and where a call may go.

use serde_json::{Value, json};

use crate::setup::{ANTHROPIC_KEY, GOOGLE_KEY, OPENAI_KEY, Proxied, Speaks};

/// The provider's key in a format.
fn key(speaks: Speaks) -> &'static str {
    match speaks {
        Speaks::Chat | Speaks::Responses => OPENAI_KEY,
        Speaks::Messages => ANTHROPIC_KEY,
        Speaks::Google => GOOGLE_KEY,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_our_key_stands_exactly_the_providers_key_leaves() {
    let proxied = Proxied::start("").await;
    let agent = proxied.server.agent.as_str();
    let ways: [(&str, String); 5] = [
        ("X-Zentinelle-Key", agent.to_owned()),
        ("Authorization", format!("Bearer {agent}")),
        ("x-api-key", agent.to_owned()),
        ("x-goog-api-key", agent.to_owned()),
        ("api-key", agent.to_owned()),
    ];
    for speaks in Speaks::ALL {
        for (number, (name, value)) in ways.iter().enumerate() {
            let mark = format!("{speaks:?}{number}");
            let (path, body) = speaks.call(&format!("[[mark={mark}]]"), false);
            let request = proxied.client.post(format!("{}{path}", proxied.server.url)).json(&body);
            let answer = proxied.finish(request.header(*name, value)).await;
            if *name == "api-key" && answer.status == 401 {
                continue; // Azure's own header; whether other formats take it is theirs to say.
            }
            assert_eq!(answer.status, 200, "{speaks:?} {name}: {}", answer.text());
            leaves_only(&proxied, &mark, key(speaks));
        }
    }
    // Google's clients of old put it into the query.
    let (path, body) = Speaks::Google.call("[[mark=query]]", false);
    let request = proxied.client.post(format!("{}{path}?key={agent}", proxied.server.url)).json(&body);
    assert_eq!(proxied.finish(request).await.status, 200);
    leaves_only(&proxied, "query", GOOGLE_KEY);
}

fn leaves_only(proxied: &Proxied, mark: &str, key: &str) {
    let seen = proxied.upstream.seen().marked(mark);
    assert_eq!(seen.len(), 1, "{mark}");
    for exchange in seen {
        assert_eq!(exchange.credentials, [key], "{mark}: {:?}", exchange.headers);
        let all = format!("{:?} {} {}", exchange.headers, exchange.target, exchange.body);
        assert!(!all.contains(&proxied.server.agent), "{mark}: our key left: {all}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callers_own_provider_key_never_leaves_beside_the_servers() {
    let proxied = Proxied::start("").await;
    for speaks in Speaks::ALL {
        let mark = format!("{speaks:?}");
        let (path, body) = speaks.call(&format!("[[mark={mark}]]"), false);
        let request = proxied.client.post(format!("{}{path}", proxied.server.url)).json(&body);
        let request = request.header("X-Zentinelle-Key", &proxied.server.agent);
        let request = request.header("Authorization", "Bearer sk-callers").header("X-API-Key", "sk-callers");
        let answer = proxied.finish(request.header("x-goog-api-key", "AIzaCallers").header("api-key", "callers")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        leaves_only(&proxied, &mark, key(speaks));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_are_nobodys_business_do_not_leave() {
    let proxied = Proxied::start("").await;
    let (path, body) = Speaks::Chat.call("[[mark=headers]]", false);
    let mut request = proxied.client.post(format!("{}{path}", proxied.server.url)).json(&body);
    let ours = [
        ("X-Zentinelle-Key", proxied.server.agent.as_str()),
        ("X-Zentinelle-User", "ada"),
        ("X-Zentinelle-Session", "s1"),
        ("Cookie", "session=secret"),
        ("X-Forwarded-For", "10.1.2.3"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Real-IP", "10.1.2.3"),
        ("Forwarded", "for=10.1.2.3"),
        ("Via", "1.1 office"),
        ("Proxy-Authorization", "Basic c2VjcmV0"),
        ("TE", "trailers"),
        ("X-Vertex-Region", "evil.example/"),
        ("Connection", "close, x-internal"),
        ("X-Internal", "secret"),
    ];
    for (name, value) in ours {
        request = request.header(name, value);
    }
    let request = request.header("OpenAI-Beta", "assistants=v2").header("Idempotency-Key", "abc");
    assert_eq!(proxied.finish(request).await.status, 200);
    let seen = proxied.upstream.seen().marked("headers");
    let names: Vec<&str> = seen[0].headers.iter().map(|(name, _)| name.as_str()).collect();
    for (name, _) in ours {
        let name = name.to_ascii_lowercase();
        assert!(name == "connection" || !names.contains(&name.as_str()), "{name} left: {:?}", seen[0].headers);
    }
    assert_eq!(seen[0].header("openai-beta"), Some("assistants=v2"));
    assert_eq!(seen[0].header("idempotency-key"), Some("abc"));
    assert_eq!(seen[0].headers.iter().filter(|(name, _)| name == "host").count(), 1);
    let host = proxied.upstream.address().to_string();
    assert_eq!(seen[0].header("host"), Some(host.as_str()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_without_a_key_of_ours_calls() {
    let proxied = Proxied::start("").await;
    let strangers = ["", "sk-theirs", "sk_agent_", &format!("sk_agent_{}", "x".repeat(43)), &proxied.server.operator];
    for speaks in Speaks::ALL {
        for stranger in strangers {
            for header in ["X-Zentinelle-Key", "Authorization"] {
                let (path, body) = speaks.call("hello", true);
                let value = if header == "Authorization" { format!("Bearer {stranger}") } else { stranger.to_owned() };
                let request = proxied.client.post(format!("{}{path}", proxied.server.url)).json(&body);
                let answer = proxied.finish(request.header(header, value)).await;
                assert!([401, 403].contains(&answer.status), "{speaks:?} {stranger:?}: {}", answer.text());
                let message = speaks.error(answer.status, &answer.body);
                assert!(stranger.len() < 12 || !message.contains(stranger), "the key is echoed: {message}");
            }
        }
    }
    assert_eq!(proxied.upstream.seen().total(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_path_and_no_header_sends_a_call_elsewhere() {
    let proxied = Proxied::start("").await;
    let address = proxied.server.url.trim_start_matches("http://").to_owned();
    let body = Speaks::Chat.call("hello [[mark=path]]", false).1.to_string();
    let paths = [
        "/proxy/openai/../../../etc/passwd",
        "/proxy/openai//evil.example/v1/chat/completions",
        "/proxy/openai/%2e%2e/%2e%2e/x",
        "/proxy/openai/v1/chat/completions%2f..%2f..",
        "/proxy/openai/@evil.example/",
        "/proxy/http://evil.example/",
        "/proxy/evil.example/v1/chat/completions",
        "/proxy//v1/chat/completions",
        "/proxy/openai/\\\\evil.example/v1",
        "/proxy/openai/v1/chat/completions;@evil.example",
        "/proxy/openai/:1/v1/chat/completions",
        "http://evil.example/v1/chat/completions",
        "/proxy/vertex/x",
        "/proxy/OPENAI/v1/chat/completions",
    ];
    for path in paths {
        for host in [address.as_str(), "evil.example"] {
            let agent = &proxied.server.agent;
            let request = format!(
                "POST {path} HTTP/1.1\r\nHost: {host}\r\nX-Zentinelle-Key: {agent}\r\nX-Forwarded-Host: evil.example\r\n\
                 X-Vertex-Region: evil.example/\r\nX-Vertex-Project: p\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let reply = raw(&address, request.as_bytes()).await;
            let status: u16 = reply.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0);
            // An absolute target names this server whatever host it says; everything else is refused.
            let fine = path.starts_with("http://") && status == 200;
            assert!(fine || (400..500).contains(&status), "{path}: {reply}");
        }
    }
    for exchange in proxied.upstream.seen().exchanges() {
        assert_eq!(exchange.target, "/v1/chat/completions", "{exchange:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_not_followed_and_not_passed_on() {
    let proxied = Proxied::start("").await;
    let elsewhere = zentinelle_upstream::Upstream::start().await.expect("a second mock");
    for speaks in Speaks::ALL {
        for streams in [false, true] {
            let answer = proxied.ask(speaks, &format!("[[redirect={}/v1/models]]", elsewhere.url()), streams).await;
            assert_eq!(answer.status, 502, "{}", answer.text());
            assert!(!answer.headers.contains_key("location"));
        }
    }
    assert_eq!(elsewhere.seen().total(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_two_readers_may_read_differently_is_refused() {
    let proxied = Proxied::start(
        "policies: [{ name: m, id: m, type: model_restriction, config: { blocked_models: [gpt-4o-mini] } }]",
    )
    .await;
    let bodies = [
        r#"{"model":"gpt-4o","model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}"#,
        r#"{"model":"gpt-4o-mini","mod\u0065l":"gpt-4o","messages":[{"role":"user","content":"hi"}]}"#,
        r#"{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]} {"model":"gpt-4o-mini"}"#,
        r#"{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],}"#,
        "\u{feff}{\"model\":\"gpt-4o\",\"messages\":[]}",
        r#"{"messages":[{"role":"user","content":"hi"}]}"#,
        r#"{"model":["gpt-4o-mini"],"messages":[{"role":"user","content":"hi"}]}"#,
        r#"["model"]"#,
        "",
        "model=gpt-4o-mini",
    ];
    for body in bodies {
        for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
            let request =
                proxied.client.post(format!("{}/v1/chat/completions", proxied.server.url)).body(body.to_owned());
            let request = request.header("X-Zentinelle-Key", &proxied.server.agent).header("Content-Type", kind);
            let answer = proxied.finish(request).await;
            assert!((400..500).contains(&answer.status), "{body}: {} {}", answer.status, answer.text());
            Speaks::Chat.error(answer.status, &answer.body);
        }
    }
    let nested = format!(r#"{{"model":"gpt-4o","messages":{}"#, "[".repeat(100_000));
    let request = proxied.client.post(format!("{}/v1/chat/completions", proxied.server.url)).body(nested);
    assert_eq!(proxied.finish(request.header("X-Zentinelle-Key", &proxied.server.agent)).await.status, 400);
    assert_eq!(proxied.upstream.seen().total(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_revoked_calls_no_more() {
    let proxied = Proxied::start("").await;
    assert_eq!(proxied.ask(Speaks::Chat, "hello", false).await.status, 200);
    let (_, listed) =
        proxied.server.get("/api/zentinelle/v1/keys?kind=agent", &proxied.server.operator).await.expect("alive");
    let items = listed["results"].as_array().cloned().unwrap_or_default();
    let of_agent = |key: &&Value| key["agent_id"] == json!("demo-agent");
    for key in items.iter().filter(of_agent) {
        let path = format!("/api/zentinelle/v1/keys/{}", key["id"].as_str().unwrap_or_default());
        proxied.server.delete(&path, &proxied.server.operator).await.expect("alive");
    }
    assert_eq!(proxied.ask(Speaks::Chat, "hello", false).await.status, 401, "{listed}");
}

async fn raw(address: &str, request: &[u8]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("connected");
    stream.write_all(request).await.expect("sent");
    let mut reply = Vec::new();
    // A server that refuses may reset what it did not read.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(10), stream.read_to_end(&mut reply)).await;
    String::from_utf8_lossy(&reply).into_owned()
}
