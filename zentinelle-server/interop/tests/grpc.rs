//! The proxy project's client against our agent, over gRPC.

use std::net::TcpListener;
use std::time::Duration;

use zentinel_agent_protocol::Decision;
use zentinel_agent_protocol::v2::AgentClientV2;
use zentinelle_zentinel_interop::{Agent, piece, request};

/// `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"shell"}}`
const SHELL: &str = "eyJqc29ucnBjIjoiMi4wIiwiaWQiOjEsIm1ldGhvZCI6InRvb2xzL2NhbGwiLCJwYXJhbXMiOnsibmFtZSI6InNoZWxsIn19";

async fn start() -> (Agent, AgentClientV2) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let agent = Agent::start(&["--grpc", &free.to_string()]);
    let client = AgentClientV2::new("zentinelle", format!("http://{free}"), Duration::from_secs(5)).await.unwrap();
    client.connect().await.unwrap();
    (agent, client)
}

#[tokio::test]
async fn the_headers_of_the_answer_come_at_once_and_the_handshake_follows() {
    let (_agent, client) = start().await;
    assert_eq!(client.capabilities().await.unwrap().name, "zentinelle");
    client.ping().await.unwrap();
}

#[tokio::test]
async fn a_denied_tool_is_refused_and_a_harmless_request_is_not() {
    let (_agent, client) = start().await;
    let answer = client.send_request_headers("a", &request("a", "GET", "/", &[])).await.unwrap();
    assert!(matches!(answer.decision, Decision::Allow), "{answer:?}");
    let headers = [("content-type", "application/json"), ("content-length", "72")];
    client.send_request_headers("b", &request("b", "POST", "/mcp", &headers)).await.unwrap();
    let answer = client.send_request_body_chunk("b", &piece("b", SHELL, 0, true)).await.unwrap();
    assert!(matches!(answer.decision, Decision::Block { status: 403, .. }), "{answer:?}");
    assert_eq!(answer.audit.rule_ids, ["no-shell"]);
}

#[tokio::test]
async fn a_stopped_agent_ends_its_streams() {
    let (agent, client) = start().await;
    client.send_request_headers("a", &request("a", "GET", "/", &[])).await.unwrap();
    assert!(agent.stop());
}
