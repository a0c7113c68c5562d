//! The server as an agent of the Zentinel reverse proxy: asked over its socket as the proxy asks, it
//! decides by the policies it holds at that moment and records what it decided.

mod support {
    #[allow(dead_code, reason = "the proxy has no key")]
    pub(crate) mod running;
}

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::running::Running;
use zentinelle_core::zentinel::event::{BodyChunk, Direction, Metadata, RequestHeaders};
use zentinelle_core::zentinel::frame::{Frame, FrameReader};
use zentinelle_core::zentinel::handshake::HandshakeRequest;
use zentinelle_core::zentinel::message::{Event, Inbound, Outbound};
use zentinelle_core::zentinel::{AgentResponse, Decision, Encoding};

/// A proxy's connection.
struct Proxy {
    stream: UnixStream,
    reader: FrameReader,
}

impl Proxy {
    fn connect(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).expect("the agent listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        let mut proxy = Self { stream, reader: FrameReader::default() };
        proxy.say(&Inbound::Handshake(HandshakeRequest {
            supported_versions: vec![2],
            proxy_id: "zentinel-proxy".into(),
            proxy_version: "0.6.54".into(),
            config: Value::Null,
            supported_encodings: Vec::new(),
        }));
        assert!(matches!(proxy.hear(), Outbound::Handshake(answer) if answer.success));
        proxy
    }

    fn say(&mut self, message: &Inbound) {
        let (kind, payload) = message.encode(Encoding::Json).expect("it can be written");
        let mut bytes = Vec::new();
        Frame { kind, payload: &payload }.write(&mut bytes).expect("it is short");
        self.stream.write_all(&bytes).expect("sent");
    }

    fn hear(&mut self) -> Outbound {
        loop {
            if let Some(Frame { kind, payload }) = self.reader.next_frame().expect("frames") {
                return Outbound::decode(kind, payload, Encoding::Json).expect("a message of an agent");
            }
            let mut buffer = [0; 4096];
            let count = self.stream.read(&mut buffer).expect("an answer in time");
            assert!(count > 0, "the agent closed the connection");
            self.reader.push(&buffer[..count]);
        }
    }

    fn answer_to(&mut self, event: Event) -> AgentResponse {
        let id = event.correlation_id().to_owned();
        self.say(&Inbound::Event(event));
        match self.hear() {
            Outbound::Answer { correlation_id, response } if correlation_id == id => *response,
            other => panic!("another answer than the one to {id}: {other:?}"),
        }
    }

    /// Sends a call of a tool in the Model Context Protocol: headers, then the body. Returns the
    /// answer that ends it.
    fn calls(&mut self, id: &str, agent: &str, tool: &str) -> AgentResponse {
        let rpc = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool}}).to_string();
        let mut head = RequestHeaders { method: "POST".into(), uri: "/mcp".into(), ..RequestHeaders::default() };
        head.metadata = Metadata { correlation_id: id.into(), client_ip: "10.0.0.7".into(), ..Metadata::default() };
        for (name, value) in [("content-type", "application/json"), ("x-agent", agent), ("host", "tools.test")] {
            head.headers.add(name, value);
        }
        head.headers.add("content-length", rpc.len().to_string());
        let answer = self.answer_to(Event::RequestHeaders(head));
        if answer.is_refusal() {
            return answer;
        }
        let body = BodyChunk {
            correlation_id: id.into(),
            data: rpc.into_bytes(),
            is_last: true,
            total_size: None,
            chunk_index: 0,
            bytes_so_far: 0,
        };
        self.answer_to(Event::Body(Direction::Request, body))
    }
}

fn status(answer: &AgentResponse) -> Option<u16> {
    match &answer.decision {
        Decision::Block { status, .. } => Some(*status),
        _ => None,
    }
}

async fn created(server: &Running, path: &str, body: Value) -> Value {
    let (status, answer) = server.post(path, &server.operator, &body).await.expect("an answer");
    assert_eq!(status, 201, "{answer}");
    answer
}

#[tokio::test]
async fn the_proxy_is_answered_by_the_servers_policies_as_they_are_and_it_is_on_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("run/agent.sock");
    let environment = [
        ("ZENTINELLE_ZENTINEL__SOCKET", socket.to_str().expect("text")),
        ("ZENTINELLE_ZENTINEL__AGENT", "gateway"),
        ("ZENTINELLE_ZENTINEL__AGENT_HEADER", "x-agent"),
    ];
    let server = Running::start(&folder.path().join("data"), &environment).await;
    let mut proxy = Proxy::connect(&socket);

    // Nobody is registered under that name yet, and nobody else ever is.
    let answer = proxy.calls("a", "", "read_file");
    assert_eq!((status(&answer), answer.audit.reason_codes), (Some(403), vec!["zentinel.agent_not_registered".into()]));
    created(
        &server,
        "/api/zentinelle/v1/agents",
        json!({"agent_id": "gateway", "agent_type": "custom", "name": "The gateway"}),
    )
    .await;
    let unknown = proxy.calls("b", "somebody", "read_file");
    assert_eq!(unknown.audit.reason_codes, ["zentinel.agent_not_registered"]);

    let policies = "/api/zentinelle/v1/policies";
    let kept = json!({"name": "keep", "type": "audit_policy", "scope": "endpoint:gateway", "config": {"log_tool_calls": true}});
    created(&server, policies, kept).await;
    let begun = Instant::now();
    loop {
        // What was believed of the agent before it was registered is believed for a moment.
        let answer = proxy.calls("c", "", "delete_everything");
        if answer.decision == Decision::Allow {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // A policy made over REST decides the very next request.
    let denied = json!({"name": "no deleting", "type": "tool_permission", "scope": "endpoint:gateway",
        "config": {"denied_tools": ["delete_everything"]}});
    let policy = created(&server, policies, denied).await;
    let answer = proxy.calls("d", "", "delete_everything");
    assert_eq!(status(&answer), Some(403), "{answer:?}");
    assert_eq!(Value::from(answer.audit.rule_ids), json!([policy["id"]]));
    let id = answer.audit.custom["evaluation_id"].as_str().expect("an id").to_owned();

    // The decision and, because a policy wants it kept, its audit entry are there like any other's.
    let ask = json!({"query": "query($id: ID!) { decision(id: $id) { allowed source action agentId } }",
        "variables": {"id": id}});
    let begun = Instant::now();
    loop {
        let (_, answer) = server.post("/gql/zentinelle", &server.operator, &ask).await.expect("an answer");
        let found = &answer["data"]["decision"];
        let trail = format!("/api/zentinelle/v1/audit/entries?resource_id={id}");
        let (_, trail) = server.get(&trail, &server.operator).await.expect("an answer");
        if found.is_object() && trail["entries"][0].is_object() {
            let expected = json!({"allowed": false, "source": "zentinel", "action": "tool_call", "agentId": "gateway"});
            assert_eq!(*found, expected);
            assert_eq!(trail["entries"][0]["agent_id"], "gateway", "{trail}");
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{answer} {trail}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_the_proxy_lets_pass_is_spent_in_the_servers_ledger_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("agent.sock");
    let environment = [("ZENTINELLE_ZENTINEL__SOCKET", socket.to_str().expect("text"))];
    let server = Running::start(&folder.path().join("data"), &environment).await;
    created(&server, "/api/zentinelle/v1/agents", json!({"agent_id": "zentinel", "agent_type": "custom"})).await;
    let three = json!({"name": "three", "type": "rate_limit", "scope": "endpoint:zentinel",
        "config": {"requests_per_hour": 3}});
    created(&server, "/api/zentinelle/v1/policies", three).await;
    let mut proxy = Proxy::connect(&socket);
    // Each is asked about twice, with its headers and with its body, and counts once.
    let statuses: Vec<_> = (0..4).map(|n| status(&proxy.calls(&format!("r{n}"), "", "read_file"))).collect();
    assert_eq!(statuses, [None, None, None, Some(429)]);
}
