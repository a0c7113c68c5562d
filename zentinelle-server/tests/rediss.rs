//! Running totals in a Redis that is spoken to over TLS only.

#[path = "support/running.rs"]
mod running;
mod support;

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use running::Running;
use serde_json::json;
use support::Folder;

/// A Redis with a certificate of its own, which ends with the test.
struct Redis(Child);

impl Redis {
    fn start(folder: &Folder, port: u16) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("made");
        let files = [("cert.pem", made.cert.pem()), ("key.pem", made.signing_key.serialize_pem())];
        for (name, text) in files {
            std::fs::write(folder.path(name), text).expect("written");
        }
        let port = port.to_string();
        let file = |name: &str| folder.path(name).display().to_string();
        let child = Command::new("redis-server")
            .args(["--port", "0", "--tls-port", &port, "--bind", "127.0.0.1", "--save", "", "--tls-auth-clients", "no"])
            .args(["--tls-cert-file", &file("cert.pem"), "--tls-key-file", &file("key.pem")])
            .args(["--tls-ca-cert-file", &file("cert.pem"), "--dir", &file(".")])
            .stdout(Stdio::null())
            .spawn()
            .expect("`redis-server` is installed: `scripts/services.sh run -- true` does that, as root");
        Self(child)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_counted_over_tls() {
    let folder = Folder::new();
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
    let _redis = Redis::start(&folder, port);
    let (url, trusted) = (format!("rediss://localhost:{port}/0"), folder.path("cert.pem"));
    let environment = [("ZENTINELLE_REDIS__URL", url.as_str()), ("SSL_CERT_FILE", trusted.to_str().expect("text"))];
    let server = Running::start(&folder.path("data"), &environment).await;
    let policy =
        json!({"name": "two", "type": "rate_limit", "scope": "user:ann", "config": {"requests_per_minute": 2}});
    let (status, answer) =
        server.post("/api/zentinelle/v1/policies", &server.operator, &policy).await.expect("an answer");
    assert_eq!(status, 201, "{answer}");
    let mut allowed = Vec::new();
    for _ in 0..3 {
        let ask = json!({"action": "probe", "user_id": "ann", "context": {}});
        let (_, answer) = server.post("/api/v1/evaluate", &server.agent, &ask).await.expect("an answer");
        allowed.push(answer["allowed"].as_bool().expect("a decision"));
    }
    assert_eq!(allowed, [true, true, false]);
}
