//! Starts our agent for the tests in `tests/`, which speak to it as the proxy does.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use zentinel_agent_protocol::{RequestBodyChunkEvent, RequestHeadersEvent, RequestMetadata};

/// The policies every test runs against.
pub const POLICIES: &str =
    "policies:\n  - { id: no-shell, name: no shell, type: tool_permission, config: { denied_tools: [shell] } }\n";

/// Our agent, running until it is dropped.
pub struct Agent {
    child: Child,
    /// Where it listens.
    pub socket: PathBuf,
    _folder: tempfile::TempDir,
}

impl Agent {
    /// Starts the `zentinelle` command named in `ZENTINELLE`, with more arguments if there are any.
    pub fn start(more: &[&str]) -> Self {
        let binary =
            std::env::var("ZENTINELLE").expect("ZENTINELLE names the command; see scripts/zentinel-interop.sh");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (policies, socket) = (folder.path().join("policies.yaml"), folder.path().join("agent.sock"));
        std::fs::write(&policies, POLICIES).expect("a file can be written");
        let child = Command::new(binary)
            .args(["zentinel-agent", "--no-policy", "permit", "--policies"])
            .args([&policies, &PathBuf::from("--socket"), &socket])
            .args(more)
            .stdout(Stdio::null())
            .spawn()
            .expect("the command starts");
        let agent = Self { child, socket, _folder: folder };
        let begun = Instant::now();
        while std::os::unix::net::UnixStream::connect(&agent.socket).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the agent does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        agent
    }

    /// The socket as text.
    pub fn path(&self) -> String {
        self.socket.display().to_string()
    }

    /// Tells the agent to stop, and whether it did so without a fault.
    pub fn stop(mut self) -> bool {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        told.is_ok_and(|status| status.success()) && self.child.wait().is_ok_and(|status| status.success())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request as the proxy sends it.
pub fn request(id: &str, method: &str, uri: &str, headers: &[(&str, &str)]) -> RequestHeadersEvent {
    let mut all: HashMap<String, Vec<String>> = HashMap::from([("host".into(), vec!["tools.test".into()])]);
    for (name, value) in headers {
        all.entry((*name).into()).or_default().push((*value).into());
    }
    RequestHeadersEvent {
        metadata: RequestMetadata {
            correlation_id: id.into(),
            request_id: "2deabcb0-89b0-4ac8-b37f-9183f39d1790".into(),
            client_ip: "127.0.0.1:55492".into(),
            client_port: 0,
            server_name: None,
            protocol: "HTTP/1.1".into(),
            tls_version: None,
            tls_cipher: None,
            route_id: Some("all".into()),
            upstream_id: None,
            timestamp: "2026-11-22T05:00:50.584701029+00:00".into(),
            traceparent: None,
        },
        method: method.into(),
        uri: uri.into(),
        headers: all,
    }
}

/// One piece of a request's body; `data` is base64.
pub fn piece(id: &str, data: &str, index: u32, is_last: bool) -> RequestBodyChunkEvent {
    RequestBodyChunkEvent {
        correlation_id: id.into(),
        data: data.into(),
        is_last,
        total_size: None,
        chunk_index: index,
        bytes_received: 0,
    }
}
