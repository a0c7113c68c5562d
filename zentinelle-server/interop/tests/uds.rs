//! The proxy project's client and pool against our agent, over a Unix socket.

use std::collections::HashMap;
use std::time::Duration;

use zentinel_agent_protocol::v2::{AgentClientV2Uds, AgentPool, CancelReason};
use zentinel_agent_protocol::{Decision, GuardrailInspectEvent, GuardrailInspectionType, GuardrailResponse};
use zentinelle_zentinel_interop::{Agent, piece, request};

/// `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"shell"}}`
const SHELL: &str = "eyJqc29ucnBjIjoiMi4wIiwiaWQiOjEsIm1ldGhvZCI6InRvb2xzL2NhbGwiLCJwYXJhbXMiOnsibmFtZSI6InNoZWxsIn19";

async fn client(agent: &Agent) -> AgentClientV2Uds {
    let client = AgentClientV2Uds::new("zentinelle", agent.path(), Duration::from_secs(5)).await.unwrap();
    client.connect().await.unwrap();
    client
}

fn status(decision: &Decision) -> Option<u16> {
    match decision {
        Decision::Block { status, .. } => Some(*status),
        _ => None,
    }
}

#[tokio::test]
async fn the_handshake_gives_our_capabilities() {
    let agent = Agent::start(&[]);
    let client = client(&agent).await;
    let capabilities = client.capabilities().await.unwrap();
    assert_eq!(capabilities.name, "zentinelle");
    assert!(client.is_connected().await);
    client.ping().await.unwrap();
}

#[tokio::test]
async fn a_harmless_request_goes_on_and_a_denied_tool_does_not() {
    let agent = Agent::start(&[]);
    let client = client(&agent).await;
    let answer = client.send_request_headers("a", &request("a", "GET", "/", &[])).await.unwrap();
    assert!(matches!(answer.decision, Decision::Allow), "{answer:?}");
    let headers = [("content-type", "application/json"), ("content-length", "72")];
    let answer = client.send_request_headers("b", &request("b", "POST", "/mcp", &headers)).await.unwrap();
    assert!(matches!(answer.decision, Decision::Allow), "{answer:?}");
    let answer = client.send_request_body_chunk("b", &piece("b", SHELL, 0, true)).await.unwrap();
    assert_eq!(status(&answer.decision), Some(403));
    assert_eq!(answer.audit.rule_ids, ["no-shell"]);
}

#[tokio::test]
async fn a_body_in_pieces_is_judged_with_its_last() {
    let agent = Agent::start(&[]);
    let client = client(&agent).await;
    let headers = [("content-type", "application/json"), ("transfer-encoding", "chunked")];
    client.send_request_headers("c", &request("c", "POST", "/mcp", &headers)).await.unwrap();
    let (first, second) = SHELL.split_at(40);
    let answer = client.send_request_body_chunk("c", &piece("c", first, 0, false)).await.unwrap();
    assert!(answer.needs_more && matches!(answer.decision, Decision::Allow));
    let answer = client.send_request_body_chunk("c", &piece("c", second, 1, true)).await.unwrap();
    assert_eq!(status(&answer.decision), Some(403));
}

#[tokio::test]
async fn an_inspection_is_answered_in_the_form_the_proxy_decodes() {
    let agent = Agent::start(&[]);
    let client = client(&agent).await;
    let event = GuardrailInspectEvent {
        correlation_id: "g".into(),
        inspection_type: GuardrailInspectionType::PiiDetection,
        content: "write to jo.doe@corp.test today".into(),
        model: None,
        categories: vec!["email".into()],
        route_id: None,
        metadata: HashMap::new(),
    };
    let answer = client.send_guardrail_inspect("g", &event).await.unwrap();
    let found: GuardrailResponse = serde_json::from_str(&answer.routing_metadata["guardrail_response"]).unwrap();
    assert!(found.detected);
    assert_eq!(found.redacted_content.as_deref(), Some("write to [REDACTED:email] today"));
    let span = found.detections[0].span.as_ref().unwrap();
    assert_eq!((span.start, span.end), (9, 25));
}

#[tokio::test]
async fn a_configuration_we_do_not_know_is_rejected_and_none_is_accepted() {
    let agent = Agent::start(&[]);
    let client = client(&agent).await;
    let configure = |config: serde_json::Value| serde_json::json!({ "config": config, "config_version": null });
    let answer = client.send_configure("z-0", &configure(serde_json::Value::Null)).await.unwrap();
    assert!(matches!(answer.decision, Decision::Allow));
    let answer = client.send_configure("z-1", &configure(serde_json::json!({ "mode": "lax" }))).await.unwrap();
    assert!(!matches!(answer.decision, Decision::Allow));
}

#[tokio::test]
async fn a_pool_of_connections_works_and_many_requests_are_under_way_at_once() {
    let agent = Agent::start(&[]);
    let pool = AgentPool::new();
    pool.add_agent("zentinelle", agent.path()).await.unwrap();
    let mut asked = Vec::new();
    let pool = std::sync::Arc::new(pool);
    for number in 0..200 {
        let pool = std::sync::Arc::clone(&pool);
        asked.push(tokio::spawn(async move {
            let id = format!("r{number}");
            pool.send_request_headers("zentinelle", &id, &request(&id, "GET", "/", &[])).await
        }));
    }
    for answer in asked {
        assert!(matches!(answer.await.unwrap().unwrap().decision, Decision::Allow));
    }
    pool.cancel_request("zentinelle", "r1", CancelReason::ClientDisconnect).await.unwrap();
    pool.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_stopped_agent_ends_without_a_fault_and_takes_its_socket_away() {
    let agent = Agent::start(&[]);
    let client = client(&agent).await;
    client.send_request_headers("a", &request("a", "GET", "/", &[])).await.unwrap();
    let socket = agent.socket.clone();
    assert!(agent.stop());
    assert!(!socket.exists());
}
