use std::time::Duration;

use axum::http::StatusCode;
use clap::Parser as _;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};
use zentinelle_core::audit::{AuditAction, AuditRecord, Chain, CheckpointKey, Entry, Outcome, Receipt};

use crate::auth::Role;
use crate::clock;
use crate::exit::Exit;
use crate::store::audit::{append, head};
use crate::testing::TestServer;

const AUDIT: &str = "/api/zentinelle/v1/audit";

/// A server with so many more entries on its trail, signed half way and at the end.
async fn server(entries: u64) -> (TestServer, String) {
    let server = TestServer::sqlite().await;
    let key = fill(&server, entries).await;
    (server, key)
}

async fn fill(server: &TestServer, entries: u64) -> String {
    let key = server.operator(Role::Admin).await;
    for half in [entries / 2, entries - entries / 2] {
        let records = (0..half).map(|number| record(server, number)).collect();
        let txn = server.app.store.begin().await.expect("a transaction");
        append(&txn, &server.tenant, records).await.expect("appended");
        txn.commit().await.expect("committed");
        super::checkpoint(&server.app, &server.tenant).await.expect("signed");
    }
    key
}

fn record(server: &TestServer, number: u64) -> AuditRecord {
    let tenant = server.tenant.as_str();
    let mut record =
        AuditRecord::new(clock::new_id(), tenant, clock::now(), AuditAction::Update, "policy", Outcome::Success);
    record.ext_user_id = Some("operator:ann".to_owned());
    record.resource_id = Some(format!("p{number}"));
    record
}

async fn sql(server: &TestServer, text: &str) {
    let db = server.app.store.db();
    db.execute_raw(Statement::from_string(DbBackend::Sqlite, text)).await.expect("done");
}

async fn verify(server: &TestServer, key: &str, query: &str) -> Value {
    let (status, answer) = server.get(&format!("{AUDIT}/verify{query}"), key).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

/// Does something to the database of a sound server and gives what verifying says then.
async fn after(damage: &str) -> Value {
    let (server, key) = server(10).await;
    let sound = verify(&server, &key, "").await;
    assert_eq!((&sound["valid"], &sound["status"]), (&json!(true), &json!("valid")), "{sound}");
    for statement in damage.split(';').filter(|statement| !statement.trim().is_empty()) {
        sql(&server, statement).await;
    }
    let answer = verify(&server, &key, "").await;
    assert_eq!(answer["valid"], false, "{answer}");
    answer
}

#[tokio::test]
async fn a_sound_trail_is_valid_and_says_how_far_it_is_signed() {
    let (server, key) = server(10).await;
    let answer = verify(&server, &key, "").await;
    let size = answer["size"].as_u64().expect("a size");
    assert!(size > 10, "the key is on the trail as well");
    assert_eq!((&answer["records_checked"], &answer["anchored_through"]), (&json!(size), &json!(size)));
    assert_eq!(answer["broken_at_sequence"], Value::Null);
    assert_eq!(answer["root_hash"].as_str().map(str::len), Some(64));
    for query in ["?recent=3", "?from_sequence=4&to_sequence=5", "?to_sequence=2", "?recent=10000"] {
        assert_eq!(verify(&server, &key, query).await["valid"], true, "{query}");
    }
    assert!(verify(&server, &key, "?recent=3").await["records_checked"].as_u64() < Some(size));
    for query in ["?recent=0", "?from_sequence=5&to_sequence=4", "?recent=3&from_sequence=1", "?recent=x", "?recent=-1"]
    {
        let (status, answer) = server.get(&format!("{AUDIT}/verify{query}"), &key).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {answer}");
    }
}

#[tokio::test]
async fn nothing_verified_and_nothing_signed_are_not_valid() {
    let server = TestServer::sqlite().await;
    let key = server.operator(Role::Viewer).await;
    let answer = verify(&server, &key, "").await;
    assert_eq!((&answer["valid"], &answer["status"]), (&json!(false), &json!("unanchored")));
    super::checkpoint_if_due(&server.app, &server.tenant).await.expect("signed");
    assert_eq!(verify(&server, &key, "").await["valid"], true);
    sql(&server, "DELETE FROM audit_entries").await;
    sql(&server, "DELETE FROM audit_heads").await;
    sql(&server, "DELETE FROM audit_checkpoints").await;
    let answer = verify(&server, &key, "").await;
    assert_eq!((&answer["valid"], &answer["status"]), (&json!(false), &json!("nothing_verified")));
}

#[tokio::test]
async fn a_missing_tail_is_noticed_whatever_the_head_says() {
    let answer = after("DELETE FROM audit_entries WHERE sequence > 7").await;
    assert_eq!(answer["status"], "invalid");
    assert_eq!(answer["broken_at_sequence"], 8);
    let answer = after("DELETE FROM audit_entries; DELETE FROM audit_heads").await;
    assert_eq!(answer["status"], "invalid", "the signed heads are left: {answer}");
}

#[tokio::test]
async fn a_gap_is_noticed() {
    let answer = after("DELETE FROM audit_entries WHERE sequence = 4").await;
    assert_eq!(answer["broken_at_sequence"], 4);
    assert_eq!(answer["faults"][0]["kind"], "missing");
}

#[tokio::test]
async fn an_edit_is_noticed() {
    let edit = "UPDATE audit_entries SET entry = replace(entry, 'operator:ann', 'operator:bob') WHERE sequence = 5";
    let answer = after(edit).await;
    assert_eq!((&answer["broken_at_sequence"], &answer["faults"][0]["kind"]), (&json!(5), &json!("edited")));
    let columns = "UPDATE audit_entries SET actor = 'operator:bob' WHERE sequence = 5";
    assert_eq!(after(columns).await["broken_at_sequence"], 5, "also of what entries are found by");
    let spaces = "UPDATE audit_entries SET entry = replace(entry, ':', ': ') WHERE sequence = 5";
    assert_eq!(after(spaces).await["status"], "invalid", "an entry has one spelling");
}

#[tokio::test]
async fn a_reordering_is_noticed() {
    let swap = "UPDATE audit_entries SET entry = (SELECT CASE audit_entries.sequence
        WHEN 4 THEN (SELECT o.entry FROM audit_entries o WHERE o.sequence = 5)
        ELSE (SELECT o.entry FROM audit_entries o WHERE o.sequence = 4) END)
        WHERE sequence IN (4, 5)";
    assert_eq!(after(swap).await["broken_at_sequence"], 4);
    let renumbered = "UPDATE audit_entries SET sequence = 100 WHERE sequence = 4;
        UPDATE audit_entries SET sequence = 4 WHERE sequence = 5;
        UPDATE audit_entries SET sequence = 5 WHERE sequence = 100";
    assert_eq!(after(renumbered).await["broken_at_sequence"], 4);
}

#[tokio::test]
async fn a_duplicated_sequence_number_is_noticed() {
    let copy = "UPDATE audit_entries SET entry = (SELECT o.entry FROM audit_entries o WHERE o.sequence = 4)
        WHERE sequence = 5";
    let answer = after(copy).await;
    assert_eq!(answer["broken_at_sequence"], 5, "{answer}");
    let beyond = "INSERT INTO audit_entries SELECT tenant_id, 99, action, actor, resource_type, resource_id, entry,
        recorded_at FROM audit_entries WHERE sequence = 4";
    let answer = after(beyond).await;
    assert_eq!(answer["faults"][0]["kind"], "inserted", "{answer}");
}

#[tokio::test]
async fn a_blanked_row_is_noticed() {
    let answer = after("UPDATE audit_entries SET entry = '' WHERE sequence = 4").await;
    assert_eq!(answer["broken_at_sequence"], 4);
    let hashes =
        "UPDATE audit_entries SET entry = json_remove(entry, '$.entry_hash', '$.chain_hash') WHERE sequence = 4";
    assert_eq!(after(hashes).await["broken_at_sequence"], 4);
    assert_eq!(after("UPDATE audit_heads SET chain = ''").await["status"], "invalid");
}

/// Writes the whole trail anew, each hash right, with one record changed. What a thief of the
/// database can do who has not the signing key.
async fn rebuild(server: &TestServer) {
    let db = server.app.store.db();
    let last = head(db, &server.tenant).await.expect("a head").size();
    let stretch = crate::store::audit::Stretch { first: 1, last };
    let rows = crate::store::audit::entries(db, &server.tenant, stretch, 1_000).await.expect("rows");
    let records = rows.iter().map(|row| {
        let mut record = serde_json::from_str::<Entry>(&row.entry).expect("an entry").record;
        if row.sequence == 4 {
            record.ext_user_id = Some("operator:somebody-else".to_owned());
        }
        record
    });
    let records: Vec<AuditRecord> = records.collect();
    sql(server, "DELETE FROM audit_entries").await;
    sql(server, "DELETE FROM audit_heads").await;
    let txn = server.app.store.begin().await.expect("a transaction");
    append(&txn, &server.tenant, records).await.expect("appended");
    txn.commit().await.expect("committed");
}

#[tokio::test]
async fn a_rebuilt_trail_is_noticed_and_never_signed() {
    let (server, key) = server(10).await;
    rebuild(&server).await;
    let answer = verify(&server, &key, "").await;
    assert_eq!((&answer["valid"], &answer["faults"][0]["kind"]), (&json!(false), &json!("rewritten")), "{answer}");
    let refused = super::checkpoint(&server.app, &server.tenant).await.expect_err("a forged head is not signed");
    assert_eq!(refused.code(), "audit_chain_broken");
    sql(&server, "DELETE FROM audit_checkpoints").await;
    let answer = verify(&server, &key, "").await;
    assert_eq!((&answer["valid"], &answer["status"]), (&json!(false), &json!("unanchored")), "{answer}");
}

#[tokio::test]
async fn a_forged_signature_is_noticed() {
    let answer =
        after("UPDATE audit_checkpoints SET note = replace(note, 'zentinelle.audit', 'zentinelle.other')").await;
    assert_eq!(answer["status"], "invalid");
    assert_eq!(answer["faults"][0]["kind"], "bad_signature");
}

#[tokio::test]
async fn new_entries_are_signed_when_they_are_due() {
    let (server, _) = server(10).await;
    let signed = crate::store::audit::latest_checkpoint(server.app.store.db(), &server.tenant).await.expect("read");
    let before = signed.expect("signed").size;
    server.operator(Role::Viewer).await;
    super::checkpoint_if_due(&server.app, &server.tenant).await.expect("looked");
    let signed = crate::store::audit::latest_checkpoint(server.app.store.db(), &server.tenant).await.expect("read");
    assert_eq!(signed.expect("signed").size, before, "one entry alone waits for its time");
    sql(&server, "UPDATE audit_checkpoints SET signed_at = 0").await;
    super::checkpoint_if_due(&server.app, &server.tenant).await.expect("signed");
    let signed = crate::store::audit::latest_checkpoint(server.app.store.db(), &server.tenant).await.expect("read");
    assert_eq!(signed.expect("signed").size, before + 1);
}

async fn keys(server: &TestServer) -> Vec<CheckpointKey> {
    let (status, answer) = server.get(&format!("{AUDIT}/key"), "").await;
    assert_eq!(status, StatusCode::OK);
    let keys = answer["keys"].as_array().expect("keys").iter();
    keys.map(|key| key.as_str().expect("text").parse().expect("a key")).collect()
}

#[tokio::test]
async fn a_receipt_proves_one_entry_to_whoever_has_the_key() {
    let (server, key) = server(11).await;
    let keys = keys(&server).await;
    server.operator(Role::Viewer).await; // one more, not yet signed
    let size = verify(&server, &key, "").await["size"].as_u64().expect("a size");
    for sequence in 1..=size {
        let (status, answer) = server.get(&format!("{AUDIT}/entries/{sequence}/receipt"), &key).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let receipt: Receipt = serde_json::from_value(answer["receipt"].clone()).expect("a receipt");
        assert_eq!(receipt.entry.sequence, sequence);
        receipt.verify(&keys).expect("it proves");
    }
    for sequence in ["0", "999", "x", "-1"] {
        let (status, _) = server.get(&format!("{AUDIT}/entries/{sequence}/receipt"), &key).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{sequence}");
    }
    sql(&server, "UPDATE audit_entries SET entry = replace(entry, 'operator:ann', 'operator:bob') WHERE sequence = 5")
        .await;
    let (status, answer) = server.get(&format!("{AUDIT}/entries/5/receipt"), &key).await;
    assert_eq!((status, &answer["error"]), (StatusCode::CONFLICT, &json!("audit_chain_broken")));
}

#[tokio::test]
async fn entries_are_found_page_by_page() {
    let (server, key) = server(10).await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("{AUDIT}/entries?resource_type=policy&actor=operator:ann&action=update&limit=3{cursor}");
        let (status, answer) = server.get(&path, &key).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let page = answer["entries"].as_array().expect("entries");
        seen.extend(page.iter().map(|entry| entry["sequence"].as_u64().expect("a sequence")));
        let Some(next) = answer["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen.len(), 10);
    assert!(seen.is_sorted_by(|a, b| a > b), "newest first, none twice: {seen:?}");
    let count = async |query: &str| {
        let (status, answer) = server.get(&format!("{AUDIT}/entries?{query}"), &key).await;
        (status, answer["entries"].as_array().map(Vec::len))
    };
    assert_eq!(count("resource_id=p1&resource_type=policy").await, (StatusCode::OK, Some(2)));
    assert_eq!(count("to=2020-01-01").await, (StatusCode::OK, Some(0)));
    for query in ["limit=0", "limit=x", "from=yesterday", "cursor=x", "action=%00"] {
        assert_eq!(count(query).await.0, StatusCode::BAD_REQUEST, "{query}");
    }
}

async fn export(server: &TestServer, key: &str, query: &str) -> String {
    let (status, body) = server.get(&format!("{AUDIT}/export{query}"), key).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    // A single line of JSON comes back parsed.
    body.as_str().map_or_else(|| format!("{body}\n"), str::to_owned)
}

/// Runs the command on an exported bundle.
fn verified_offline(bundle: &str, key: &str, more: &[&str]) -> Exit {
    let folder = tempfile::tempdir().expect("a folder");
    let (bundle_path, key_path) = (folder.path().join("bundle"), folder.path().join("key"));
    std::fs::write(&bundle_path, bundle).expect("written");
    std::fs::write(&key_path, key).expect("written");
    let (bundle_path, key_path) = (bundle_path.display().to_string(), key_path.display().to_string());
    let mut args = vec!["zentinelle", "audit", "verify", &bundle_path, "--key", &key_path];
    args.extend(more);
    crate::cli::run(crate::cli::Cli::try_parse_from(args).expect("arguments"))
}

#[tokio::test]
async fn an_exported_bundle_verifies_offline_and_an_edited_one_does_not() {
    // More than a page.
    let (server, key) = server(1_200).await;
    let public = keys(&server).await.remove(0).to_string();
    let tenant = server.tenant.as_str();
    let bundle = export(&server, &key, "?format=jsonl").await;
    let last = bundle.matches("{\"entry\":").count().to_string();
    assert_eq!(verified_offline(&bundle, &public, &["--tenant", tenant, "--through", &last]), Exit::Success);
    assert_eq!(export(&server, &key, "").await.lines().next(), bundle.lines().next(), "the usual form");
    let edited = bundle.replacen("operator:ann", "operator:bob", 1);
    assert_eq!(verified_offline(&edited, &public, &[]), Exit::Negative);
    let cut: String = bundle.lines().take(50).map(|line| format!("{line}\n")).collect();
    assert_eq!(verified_offline(&cut, &public, &[]), Exit::Negative);
    assert_eq!(verified_offline(&bundle, &public, &["--tenant", "other"]), Exit::Negative);

    // A part begins and ends at signed heads.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let since = clock::iso(clock::now_micros());
    server.operator(Role::Viewer).await;
    let part = export(&server, &key, &format!("?format=ndjson&from={since}")).await;
    assert_eq!(part.matches("{\"entry\":").count(), 2, "the new key and the export: {part}");
    let first = part.split("\"sequence\":").nth(1).and_then(|rest| rest.split('}').next()).expect("a sequence");
    assert_eq!(verified_offline(&part, &public, &["--from", first]), Exit::Success);

    // What was done to the database is found in the bundle.
    sql(
        &server,
        "UPDATE audit_entries SET entry = replace(entry, 'operator:ann', 'operator:bob') WHERE sequence = 700",
    )
    .await;
    let bundle = export(&server, &key, "").await;
    assert_eq!(verified_offline(&bundle, &public, &[]), Exit::Negative);
}

#[tokio::test]
async fn every_form_holds_every_entry_of_the_period() {
    let (server, key) = server(700).await;
    let before = clock::iso(clock::now_micros());
    let csv = export(&server, &key, &format!("?format=csv&to={before}")).await;
    let mut table = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 701, "and one for the key");
    assert!(rows.iter().all(|row| row.len() == 20));
    let cef = export(&server, &key, &format!("?format=cef&to={before}")).await;
    assert_eq!(cef.lines().filter(|line| line.starts_with("CEF:0|Zentinelle|")).count(), 701);
    let ocsf = export(&server, &key, &format!("?format=ocsf&to={before}")).await;
    let events: Vec<Value> = ocsf.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    assert_eq!(events.len(), 701);
    assert!(events.iter().all(|event| event["class_uid"] == 3004));
    let (status, answer) = server.get(&format!("{AUDIT}/entries?action=export"), &key).await;
    assert_eq!((status, answer["entries"].as_array().map(Vec::len)), (StatusCode::OK, Some(3)), "each is on the trail");
    let viewer = server.operator(Role::Viewer).await;
    let (status, _) = server.get(&format!("{AUDIT}/export"), &viewer).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a viewer verifies, but takes nothing out");
    for query in ["?format=xml", "?from=yesterday", "?from=2026-02-01&to=2026-01-01"] {
        let (status, answer) = server.get(&format!("{AUDIT}/export{query}"), &key).await;
        assert_eq!((status, answer["error"].is_string()), (StatusCode::BAD_REQUEST, true), "{query}");
    }
}

#[tokio::test]
async fn decisions_that_a_policy_wants_kept_are_on_the_trail() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let agent = server.agent("a").await;
        let key = server.operator(Role::Admin).await;
        let config =
            json!({"log_tool_calls": true, "pii_masking": true, "retention_days": 30, "required_fields": ["ticket"]});
        server.policy("audit_policy", config).await;
        server.policy("tool_permission", json!({"denied_tools": ["rm"]})).await;
        let call = |tool: &str| {
            json!({"action": "tool_call", "user_id": "alice", "context": {"tool": tool, "ticket": "T-1",
                "tool_input": {"to": "bob@example.com", "key": "AKIAIOSFODNN7EXAMPLE"}, "other": "not asked for"}})
        };
        for tool in ["mail", "rm"] {
            server.post("/api/zentinelle/v1/evaluate", &agent, call(tool)).await;
        }
        let mut found = Vec::new();
        for _ in 0..200 {
            let (_, answer) = server.get(&format!("{AUDIT}/entries?action=decide"), &key).await;
            found = answer["entries"].as_array().cloned().unwrap_or_default();
            if found.len() == 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let [denied, permitted] = found.as_slice() else { panic!("two decisions in {found:?}") };
        assert_eq!((&permitted["outcome"], &denied["outcome"]), (&json!("success"), &json!("denied")));
        assert_eq!((&permitted["agent_id"], &permitted["ext_user_id"]), (&json!("a"), &json!("alice")));
        assert_eq!(denied["decision"]["code"], "tool_permission.denied");
        let fields = &permitted["metadata"]["fields"];
        assert_eq!((&fields["tool"], &permitted["metadata"]["retention_days"]), (&json!("mail"), &json!(30)));
        assert!(fields.get("other").is_none(), "only what was asked for");
        let text = permitted.to_string();
        assert!(!text.contains("bob@example.com") && !text.contains("AKIAIOSFODNN7EXAMPLE"), "{text}");
        super::checkpoint(&server.app, &server.tenant).await.expect("signed");
        assert_eq!(verify(&server, &key, "").await["valid"], true);
        let genesis = Chain::genesis(server.tenant.as_str());
        assert_ne!(head(server.app.store.db(), &server.tenant).await.expect("a head"), genesis);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_grows_and_is_signed_meanwhile_is_no_forgery() {
    let server = TestServer::postgres().await;
    let key = fill(&server, 20).await;
    let writer = async {
        for number in 0..60 {
            let txn = server.app.store.begin().await.expect("a transaction");
            append(&txn, &server.tenant, vec![record(&server, number)]).await.expect("appended");
            txn.commit().await.expect("committed");
            super::checkpoint(&server.app, &server.tenant).await.expect("signed");
        }
    };
    let reader = async {
        for _ in 0..30 {
            let answer = verify(&server, &key, "").await;
            assert_eq!(answer["valid"], true, "{answer}");
            assert_eq!(verify(&server, &key, "?recent=2").await["valid"], true);
        }
    };
    tokio::join!(writer, reader);
}
