//! Webhooks from the event to a receiver that checks what it gets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::client::{Client, Notice};
use super::{AllowList, Emission};
use crate::auth::Role;
use crate::testing::TestServer;

/// One request as it arrived.
#[derive(Clone, Debug)]
struct Got {
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// A receiver on this machine that answers as it is told, at last with 200.
#[derive(Clone, Default)]
struct Receiver {
    got: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    async fn start(answers: &[u16]) -> (Self, u16) {
        let receiver = Self::default();
        receiver.answers.lock().expect("sound").extend(answers);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let state = receiver.clone();
        let routes = Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let state = state.clone();
            async move { state.take(uri.path(), headers, &body) }
        });
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (receiver, port)
    }

    fn take(&self, path: &str, headers: HeaderMap, body: &Bytes) -> Response {
        self.got.lock().expect("sound").push(Got { path: path.to_owned(), headers, body: body.to_vec() });
        let status = self.answers.lock().expect("sound").pop_front().unwrap_or(200);
        let status = StatusCode::from_u16(status).expect("a status");
        let mut response = status.into_response();
        if status.is_redirection() {
            response.headers_mut().insert("location", HeaderValue::from_static("/elsewhere"));
        }
        response
    }

    async fn wait_for(&self, count: usize) -> Vec<Got> {
        let begun = Instant::now();
        loop {
            let got = self.got.lock().expect("sound").clone();
            if got.len() >= count {
                return got;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "{} of {count} notices came", got.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// What a careful receiver does: recompute both signatures over the bytes it got.
fn verify(secret: &str, got: &Got) {
    let header = |name: &str| got.headers.get(name).and_then(|value| value.to_str().ok()).expect(name);
    let hmac = |parts: &[&[u8]]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    assert_eq!(header("x-zentinelle-signature"), format!("sha256={}", hmac(&[&got.body])));
    let at = header("x-zentinelle-timestamp");
    let v2 = format!("t={at},v1={}", hmac(&[at.as_bytes(), b".", &got.body]));
    assert_eq!(header("x-zentinelle-signature-v2"), v2);
    let age = crate::clock::now_micros() / 1_000_000 - at.parse::<i64>().expect("seconds");
    assert!((0..30).contains(&age), "the notice is fresh: {age}");
    assert_eq!(header("content-type"), "application/json");
}

async fn hook(server: &TestServer, key: &str, body: Value) -> Value {
    let (status, made) = server.post("/api/zentinelle/v1/webhooks", key, body).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    made
}

async fn delivery(server: &TestServer, key: &str, hook: &Value, status: &str) -> Value {
    let path = format!("/api/zentinelle/v1/webhooks/{}/deliveries", hook["id"].as_str().expect("an id"));
    let begun = Instant::now();
    loop {
        let (_, page) = server.get(&path, key).await;
        if let Some(found) = page["results"].as_array().into_iter().flatten().find(|one| one["status"] == status) {
            return found.clone();
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "no delivery is {status}: {page}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denial_reaches_a_receiver_that_can_verify_it() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let (receiver, port) = Receiver::start(&[]).await;
        let admin = server.operator(Role::Admin).await;
        let agent = server.agent("builder").await;
        let secret = "a secret of the receiver";
        let url = format!("http://127.0.0.1:{port}/hook");
        let made = hook(&server, &admin, json!({"name": "n8n", "url": url, "secret": secret})).await;
        assert_eq!((&made["secret"], &made["has_secret"]), (&Value::Null, &json!(true)));
        hook(&server, &admin, json!({"name": "other", "url": url, "event_types": ["incident_created"]})).await;
        server.policy("tool_permission", json!({"denied_tools": ["shell"]})).await;
        let workers = server.work();
        let context = json!({"tool": "shell", "session_id": "s1"});
        let asked = json!({"action": "tool_call", "user_id": "ada", "context": context});
        let (_, answer) = server.post("/api/zentinelle/v1/evaluate", &agent, asked.clone()).await;
        assert_eq!(answer["allowed"], false);
        let mut only_asked = asked;
        only_asked["dry_run"] = json!(true);
        server.post("/api/zentinelle/v1/evaluate", &agent, only_asked).await;

        let got = receiver.wait_for(1).await;
        verify(secret, &got[0]);
        let body: Value = serde_json::from_slice(&got[0].body).expect("JSON");
        for key in ["id", "event_type", "severity", "tenant_id", "agent_id", "user_id", "action", "timestamp", "data"] {
            assert!(!body[key].is_null(), "{key}: {body}");
        }
        assert_eq!((&body["event_type"], &body["agent_id"]), (&json!("policy_violation"), &json!("builder")));
        assert_eq!((&body["user_id"], &body["action"]), (&json!("ada"), &json!("tool_call")));
        assert_eq!(body["payload"], body["data"]);
        assert_eq!(body["data"]["evaluation_id"], answer["evaluation_id"]);
        assert!(body["timestamp"].as_str().is_some_and(|at| at.ends_with('Z') && at.len() == 27), "{body}");

        let sent = delivery(&server, &admin, &made, "delivered").await;
        assert_eq!((&sent["attempts"], &sent["response_status"]), (&json!(1), &json!(200)));
        assert_eq!(got[0].headers["x-zentinelle-delivery"], sent["id"].as_str().expect("an id"));
        let resend = format!("/api/zentinelle/v1/deliveries/{}/resend", sent["id"].as_str().expect("an id"));
        let (status, answer) = server.post(&resend, &admin, Value::Null).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        let got = receiver.wait_for(2).await;
        assert_eq!(got[1].headers["x-zentinelle-delivery"], got[0].headers["x-zentinelle-delivery"]);
        assert_eq!(got[1].body, got[0].body);
        workers.stop().await;
        assert_eq!(receiver.got.lock().expect("sound").len(), 2, "nothing for the question, nothing for the other");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_notice_waits_a_minute_and_a_redirect_is_not_followed() {
    let server = TestServer::sqlite().await;
    let (receiver, port) = Receiver::start(&[302, 410]).await;
    let admin = server.operator(Role::Admin).await;
    let made = hook(&server, &admin, json!({"name": "h", "url": format!("http://127.0.0.1:{port}/hook")})).await;
    let secret = made["secret"].as_str().expect("made up and shown").to_owned();
    let test = format!("/api/zentinelle/v1/webhooks/{}/test", made["id"].as_str().expect("an id"));
    let workers = server.work();
    let (status, _) = server.post(&test, &admin, Value::Null).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let failed = delivery(&server, &admin, &made, "failed").await;
    assert_eq!((&failed["attempts"], &failed["response_status"]), (&json!(1), &json!(302)));
    let begun = Instant::now();
    let job = loop {
        let (_, jobs) = server.get("/api/zentinelle/v1/jobs?kind=deliver_webhook", &admin).await;
        if jobs["results"][0]["status"] == "queued" {
            break jobs["results"][0].clone();
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{jobs}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let wait = crate::clock::parse(job["run_at"].as_str().expect("an instant")).expect("one");
    let wait = (crate::clock::micros(wait) - crate::clock::now_micros()) / 1_000_000;
    assert!((40..70).contains(&wait), "the first wait is about a minute: {wait}");
    // The second answer says that nobody is there any more: the notice is dead, and can be sent again.
    let resend = format!("/api/zentinelle/v1/deliveries/{}/resend", failed["id"].as_str().expect("an id"));
    server.post(&resend, &admin, Value::Null).await;
    let dead = delivery(&server, &admin, &made, "dead").await;
    assert_eq!(dead["response_status"], 410);
    let (_, jobs) = server.get("/api/zentinelle/v1/jobs?status=dead", &admin).await;
    let job = jobs["results"].as_array().and_then(|jobs| jobs.iter().find(|job| job["kind"] == "deliver_webhook"));
    let retry = format!("/api/zentinelle/v1/jobs/{}/retry", job.expect("the dead job")["id"].as_str().expect("an id"));
    let (status, _) = server.post(&retry, &admin, Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    delivery(&server, &admin, &made, "delivered").await;
    let (status, answer) = server.post(&retry, &admin, Value::Null).await;
    assert_eq!((status, &answer["error"]), (StatusCode::CONFLICT, &json!("job_not_dead")));
    workers.stop().await;
    let got = receiver.got.lock().expect("sound").clone();
    assert!(got.len() == 3 && got.iter().all(|got| got.path == "/hook"), "{got:?}");
    got.iter().for_each(|got| verify(&secret, got));
}

#[tokio::test]
async fn a_name_that_leads_into_the_own_network_is_not_connected_to() {
    let (receiver, port) = Receiver::start(&[]).await;
    let client = |allow: &[&str]| {
        let allow: Vec<String> = allow.iter().map(|entry| (*entry).to_owned()).collect();
        Client::new(AllowList::new(&allow).expect("a list"), Duration::from_secs(2))
    };
    let send = async |client: &Client, url: String| {
        client.send(Notice { url: &url, body: "{}".to_owned(), headers: Vec::new() }).await
    };
    for name in ["localhost", "LOCALHOST.", "localhost.localdomain"] {
        let error = send(&client(&[]), format!("https://{name}:{port}/")).await.expect_err(name);
        let error = error.to_string();
        assert!(
            error.contains("private, local or reserved") || error.contains("resolve") || error.contains("lookup"),
            "{error}"
        );
    }
    // A list that opens another place opens no more than that.
    let error = send(&client(&["10.0.0.0/8", "n8n.internal"]), format!("https://localhost:{port}/")).await;
    assert!(error.expect_err("still refused").to_string().contains("private, local or reserved"));
    assert!(receiver.got.lock().expect("sound").is_empty(), "nobody was connected to");
    // A name, or the address it leads to, on the list is connected to.
    assert!(send(&client(&["localhost"]), format!("http://localhost:{port}/")).await.is_ok());
    assert!(send(&client(&["127.0.0.0/8"]), format!("http://127.0.0.1:{port}/")).await.is_ok());
    assert_eq!(receiver.got.lock().expect("sound").len(), 2);
}

#[tokio::test]
async fn webhooks_are_checked_kept_secret_and_for_admins() {
    let server = TestServer::sqlite().await;
    let admin = server.operator(Role::Admin).await;
    let operator = server.operator(Role::Operator).await;
    let path = "/api/zentinelle/v1/webhooks";
    for (wrong, field) in [
        (json!({"url": "https://example.com/"}), "name"),
        (json!({"name": "x"}), "url"),
        (json!({"name": "x", "url": "http://example.com/"}), "url"),
        (json!({"name": "x", "url": "https://169.254.169.254/"}), "url"),
        (json!({"name": "x", "url": "https://2852039166/"}), "url"),
        (json!({"name": "x", "url": "https://example.com/", "secret": "short"}), "secret"),
        (json!({"name": "x", "url": "https://example.com/", "event_types": ["moods"]}), "event_types"),
        (json!({"name": "x", "url": "https://example.com/", "severities": ["very"]}), "severities"),
        (json!({"name": "x", "url": "https://example.com/", "format": "xml"}), "format"),
        (json!({"name": "a\u{0}b", "url": "https://example.com/"}), "name"),
    ] {
        let (status, answer) = server.post(path, &admin, wrong.clone()).await;
        assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")), "{wrong}");
        assert!(!answer["fields"][field].is_null(), "{wrong}: {answer}");
    }
    let (status, _) = server.post(path, &operator, json!({"name": "x", "url": "https://example.com/"})).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let made = hook(&server, &admin, json!({"name": "x", "url": "https://example.com/a", "format": "slack"})).await;
    let one = format!("{path}/{}", made["id"].as_str().expect("an id"));
    let secret = made["secret"].as_str().expect("shown once");
    let (_, read) = server.get(&one, &admin).await;
    assert!(read["secret"].is_null() && read["has_secret"] == true, "{read}");
    let row = crate::store::webhooks::by_id(server.app.store.db(), &server.tenant, made["id"].as_str().expect("an id"));
    let sealed = row.await.expect("read").expect("there").sealed_secret.expect("sealed");
    assert!(!sealed.contains(secret), "the secret is not in the database");
    let patch = json!({"enabled": false, "severities": ["high", "critical", "high"], "rotate_secret": true});
    let (status, changed) = server.send(Method::PATCH, &one, &admin, patch).await;
    assert_eq!((status, &changed["severities"]), (StatusCode::OK, &json!(["critical", "high"])));
    assert!(changed["secret"].as_str().is_some_and(|new| new != secret));
    let (status, _) = server.post(&format!("{one}/test"), &admin, Value::Null).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (status, _) = server.send(Method::DELETE, &one, &admin, Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    for (method, path) in [(Method::GET, one.as_str()), (Method::GET, "/api/zentinelle/v1/webhooks/%00")] {
        let (status, _) = server.send(method, path, &admin, Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn slack_gets_a_short_message_without_mentions() {
    let told = Emission {
        event: super::Event::IncidentCreated,
        severity: "critical".to_owned(),
        title: "<!channel> & more".to_owned(),
        data: json!({"description": "x".repeat(5_000)}),
        ..Emission::of_registration(&zentinelle_core::ids::TenantId::new("acme"), "builder", "B", "custom", 0)
    };
    let body: Value = serde_json::from_str(&super::body::slack(&told)).expect("JSON");
    let message = &body["attachments"][0];
    assert_eq!(
        (&message["color"], &message["title"]),
        (&json!("#dc2626"), &json!("[CRITICAL] &lt;!channel&gt; &amp; more"))
    );
    assert!(message["text"].as_str().is_some_and(|text| text.chars().count() == 2_000));
}

#[test]
fn limits_are_told_of_once_an_hour_or_minute_and_denials_each_time() {
    let row = |at: i64, policies: Value, allowed: bool| crate::store::entities::evaluation::Model {
        tenant_id: "acme".to_owned(),
        id: crate::clock::new_id(),
        agent_id: "builder".to_owned(),
        user_id: None,
        session_id: None,
        action: "llm:invoke".to_owned(),
        resource: None,
        effect: String::new(),
        allowed,
        dry_run: false,
        code: None,
        reason: Some("too much".to_owned()),
        policies,
        warnings: json!(["$81 of $100 spent"]),
        context: json!({}),
        risk_score: 0,
        policy_set_version: String::new(),
        source: String::new(),
        duration_us: 0,
        occurred_at: at,
    };
    let told = |row: &crate::store::entities::evaluation::Model| {
        let told = Emission::of_evaluation(row).into_iter();
        told.map(|one| (one.event.name(), super::stable_id(one.at, &[one.event.name(), &one.id]))).collect::<Vec<_>>()
    };
    let hour = 3_600_000_000;
    let near = json!([{"id": "p", "name": "budget", "type": "budget_limit", "passed": true, "warnings": 1}]);
    let (first, second, later) = (
        told(&row(hour, near.clone(), true)),
        told(&row(hour + 5, near.clone(), true)),
        told(&row(2 * hour, near, true)),
    );
    assert_eq!((first.len(), first[0].0), (1, "cost_threshold"));
    assert!(first == second && first != later, "once an hour");
    let refused = json!([{"id": "r", "name": "rate", "type": "rate_limit", "passed": false, "severity": "high", "code": "rate_limit.exceeded", "warnings": 0}]);
    let (first, second) = (told(&row(hour, refused.clone(), false)), told(&row(hour + 5, refused, false)));
    assert_eq!(first.iter().map(|one| one.0).collect::<Vec<_>>(), ["policy_violation", "rate_limit"]);
    assert!(first[0] != second[0] && first[1] == second[1]);
    assert!(told(&row(hour, json!([]), true)).is_empty());
}
