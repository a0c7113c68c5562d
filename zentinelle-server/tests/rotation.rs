//! Keys that change under a running server: master keys that are rotated, keys that are revoked
//! from the command line.

#[path = "support/running.rs"]
mod running;
mod support;

use std::time::{Duration, Instant};

use running::Running;
use serde_json::{Value, json};
use support::Folder;

const SECRETS: &str = "/api/zentinelle/v1/secrets";

async fn put_secret(server: &Running, name: &str) {
    let path = format!("/api/zentinelle/v1/managed-secrets/{name}");
    let (status, answer) = server.put(&path, &server.operator, &json!({"value": "s3cret"})).await.expect("an answer");
    assert!((200..300).contains(&status), "{status} {answer}");
}

async fn secrets(server: &Running, agent: &str) -> Value {
    let (status, answer) = server.get(SECRETS, agent).await.expect("an answer");
    assert_eq!(status, 200, "{answer}");
    answer["secrets"].clone()
}

fn rotate(folder: &Folder, flags: &str) -> Value {
    let ran = folder.run(&format!("key rotate-master --data-dir data --format json {flags}"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_key_is_rotated_under_a_running_server_and_the_old_one_goes() {
    let folder = Folder::new();
    let server = Running::start(&folder.path("data"), &[]).await;
    let agent = server.agent.clone();
    put_secret(&server, "first").await;
    let hook = json!({"name": "h", "url": "https://example.com/hook"});
    let (status, _) = server.post("/api/zentinelle/v1/webhooks", &server.operator, &hook).await.expect("an answer");
    assert_eq!(status, 201);

    let rotated = rotate(&folder, "");
    let new = rotated["added"].as_str().expect("an id").to_owned();
    assert_eq!((&rotated["resealed"], &rotated["in_use"]), (&json!(3), &json!({&new: 3})), "{rotated}");
    let old = rotated["idle"][0].as_str().expect("an id").to_owned();
    assert_eq!(secrets(&server, &agent).await, json!({"first": "s3cret"}), "the running server opens it");

    // From its next look at the file on, the server seals with the new key as well.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    put_secret(&server, "second").await;
    let again = rotate(&folder, "--reseal-only");
    assert_eq!((&again["added"], &again["resealed"]), (&Value::Null, &json!(0)), "{again}");
    server.kill_now();
    drop(server);

    let both = json!({"first": "s3cret", "second": "s3cret"});
    let server = Running::start(&folder.path("data"), &[]).await;
    assert_eq!(secrets(&server, &agent).await, both, "after a restart");
    assert_eq!(rotate(&folder, "--retire")["retired"], json!([old]));
    server.kill_now();
    drop(server);
    let lines = std::fs::read_to_string(folder.path("data/master.key")).expect("the file");
    assert!(!lines.contains(&old) && lines.starts_with(&new) && lines.lines().count() == 1);
    let server = Running::start(&folder.path("data"), &[]).await;
    assert_eq!(secrets(&server, &agent).await, both, "without the old key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_revoked_from_the_command_line_opens_nothing_a_moment_later() {
    let folder = Folder::new();
    let server = Running::start(&folder.path("data"), &[]).await;
    let made = folder.run("key create --role viewer --label v --data-dir data --format json").json();
    let (key, id) = (made["api_key"].as_str().expect("a key"), made["key"]["id"].as_str().expect("an id"));
    let policies = "/api/zentinelle/v1/policies";
    assert_eq!(server.get(policies, key).await.expect("an answer").0, 200);
    assert_eq!(folder.run(&format!("key revoke {id} --data-dir data")).out, "revoked\n");
    let revoked = Instant::now();
    while server.get(policies, key).await.expect("an answer").0 != 401 {
        assert!(revoked.elapsed() < Duration::from_secs(4), "the key still opens");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
