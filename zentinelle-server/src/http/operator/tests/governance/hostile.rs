//! What nobody should send, sent to every route: a 4xx, never a fault of the server.

use axum::http::Method;
use serde_json::json;

use super::{at, servers};
use crate::auth::Role;

#[tokio::test]
async fn odd_bodies_paths_and_queries_are_no_fault_of_the_server() {
    for server in servers().await {
        let (agent, admin) = (server.agent("builder").await, server.operator(Role::Admin).await);
        let routes: Vec<(String, Method, bool)> = server
            .app
            .access
            .iter()
            .map(|(path, method, access)| (path.to_owned(), method.clone(), access.agent))
            .collect();
        let deep = format!("{{\"content\":{}1{}}}", "[".repeat(2000), "]".repeat(2000));
        let big = json!({"name": "n".repeat(70_000), "title": "t".repeat(70_000), "content": "x".repeat(300_000),
            "slug": "s".repeat(5000), "prompt_text": "p".repeat(300_000), "model": "m".repeat(5000), "provider": "p".repeat(5000)});
        let nul = json!({"name": "a\0", "title": "a\0", "content": "a\0", "slug": "a\0", "prompt_text": "a\0", "model": "\0", "provider": "\0",
            "body": "\0", "user_id": "\0", "session_id": "\0", "agent_id": "\0", "scope_id": "\0", "description": "\0", "tags": ["\0"],
            "evidence": [{"\0": 1}], "config": {"\0": "\0"}, "rule_type": "off_topic", "condition": {"agent_id": "\0"}, "input_usd": 1, "output_usd": 1,
            "report_type": "audit_trail", "params": {"date_from": "\0"}, "resolution_notes": "\0"});
        let bodies: Vec<Vec<u8>> = vec![
            b"{".to_vec(),
            b"null".to_vec(),
            b"[]".to_vec(),
            b"7".to_vec(),
            b"\"x\"".to_vec(),
            b"\xff\xfe".to_vec(),
            deep.into_bytes(),
            br#"{"name":"a","name":"b"}"#.to_vec(),
            br#"{"content":"\ud800"}"#.to_vec(),
            br#"{"content":{"a":1}}"#.to_vec(),
            br#"{"token_count":-1,"estimated_cost":-5,"version":9223372036854775807,"priority":1e400}"#.to_vec(),
            big.to_string().into_bytes(),
            nul.to_string().into_bytes(),
        ];
        let queries = [
            "",
            "?limit=99999999999999999999",
            "?cursor=%00",
            "?user_id=%00&agent_id=%00",
            "?from=%00&to=x&start=%00",
            "?limit=1&offset=18446744073709551615",
            "?framework=%00&provider=%00",
            "?status=%ff",
        ];
        for (path, method, for_agents) in routes.iter().filter(|(path, _, _)| path.starts_with(&at(""))) {
            let key = if *for_agents { &agent } else { &admin };
            for id in [
                "0198a000-0000-7000-8000-000000000001",
                "x",
                "%00",
                "%ff",
                "..%2f..",
                "0198a000000070008000000000000001",
            ] {
                for query in queries {
                    let path = format!("{}{query}", path.replace("{id}", id));
                    let (status, answer) = server.send_raw(method.clone(), &path, key, b"{}".to_vec()).await;
                    assert!(!status.is_server_error(), "{method} {path}: {status} {answer}");
                }
                if !path.contains("{id}") {
                    break;
                }
            }
            for body in &bodies {
                let path = path.replace("{id}", "0198a000-0000-7000-8000-000000000001");
                let (status, answer) = server.send_raw(method.clone(), &path, key, body.clone()).await;
                let shown = String::from_utf8_lossy(body).chars().take(80).collect::<String>();
                assert!(!status.is_server_error(), "{method} {path} {shown}: {status} {answer}");
            }
        }
        // Nothing of it stands in the way of what is written behind later answers.
        let call = json!({"ai_model": "gpt-5", "user_id": "afterwards", "input_content": "x", "output_content": "y"});
        let agent = server.agent("afterwards").await; // the first one was deregistered on the way
        let (status, answer) = server.post(&at("interaction"), &agent, call).await;
        assert!(status.is_success(), "{answer}");
        let path = at("usage?group_by=user");
        let is_there = |usage: &serde_json::Value| usage.to_string().contains("afterwards");
        super::eventually(&server, &path, &admin, is_there).await;
    }
}

#[tokio::test]
async fn a_long_text_of_any_kind_is_scanned_in_bounded_time() {
    let server = crate::testing::TestServer::sqlite().await;
    let (agent, operator) = (server.agent("builder").await, server.operator(Role::Operator).await);
    let rule = json!({"name": "own", "rule_type": "custom_pattern", "enforcement": "redact", "config": {"patterns": [".*[^A-Z]|[A-Z]"]}});
    let (status, answer) = server.post(&at("content-rules"), &operator, rule).await;
    assert!(status.is_success(), "{answer}");
    let started = std::time::Instant::now();
    for text in ["A".repeat(300_000), "a@".repeat(150_000), "\u{200b}=".repeat(80_000)] {
        let (status, answer) = server.post(&at("scan"), &agent, json!({"content": text})).await;
        assert!(status.is_success(), "{}", answer.to_string().chars().take(200).collect::<String>());
    }
    assert!(started.elapsed().as_secs() < 60, "took {:?}", started.elapsed());
}
