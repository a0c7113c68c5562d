//! A server in a process of its own, as an operator runs it.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A running `zentinelle serve --demo`.
pub(crate) struct Running {
    child: Child,
    /// Where it listens.
    pub(crate) url: String,
    /// The key of the demonstration agent.
    pub(crate) agent: String,
    /// The key of an administrator.
    pub(crate) operator: String,
    client: reqwest::Client,
}

impl Running {
    /// Starts a server on a data directory and waits until it is ready.
    pub(crate) async fn start(data: &Path, environment: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default(); // a second time changes nothing
        let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let mut child = Command::new(env!("CARGO_BIN_EXE_zentinelle"))
            .args(["serve", "--demo", "--demo-days", "0", "--listen", &address.to_string(), "--data-dir"])
            .arg(data)
            // Load is what these tests are about.
            .env("ZENTINELLE_THROTTLE__ENABLED", "false")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let output = child.stdout.take().expect("piped");
        // A server that never says where it listens is ended, which ends its output.
        let id = child.id().to_string();
        let (printed, waited) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || {
            if waited.recv_timeout(Duration::from_secs(60)) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-9", &id]).status();
            }
        });
        let mut output = BufReader::new(output).lines();
        let (mut agent, mut operator) = (String::new(), String::new());
        for line in output.by_ref().map_while(Result::ok) {
            let key = |prefix: &str| line.find(prefix).map(|at| line[at..].split('\'').next().unwrap_or("").to_owned());
            agent = key("sk_agent_").unwrap_or(agent);
            operator = key("sk_platform_").unwrap_or(operator);
            if line.starts_with("Documentation") {
                break;
            }
        }
        drop(printed);
        std::thread::spawn(move || output.for_each(drop));
        assert!(!agent.is_empty() && !operator.is_empty(), "the server ended before it printed its keys");
        let client = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().expect("a client");
        let running = Self { child, url: format!("http://{address}"), agent, operator, client };
        let begun = Instant::now();
        while !running.is_ready().await {
            assert!(begun.elapsed() < Duration::from_secs(30), "the server is not ready after 30 s");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        running
    }

    async fn is_ready(&self) -> bool {
        let answer = self.client.get(format!("{}/ready", self.url)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    #[allow(dead_code, reason = "not every file of tests measures")]
    /// The memory it holds now. Unit: bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let pages = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).expect("it runs");
        pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number of pages") * 4096
    }

    #[allow(dead_code, reason = "not every file of tests kills")]
    /// Ends the process at once, with no chance to finish anything.
    pub(crate) fn kill_now(&self) {
        let ended = Command::new("kill").args(["-9", &self.child.id().to_string()]).status();
        assert!(ended.expect("`kill` is there").success(), "it was running");
    }

    /// Sends a POST; none when the server died meanwhile.
    pub(crate) async fn post(&self, path: &str, key: &str, body: &Value) -> Option<(u16, Value)> {
        let request = self.client.post(format!("{}{path}", self.url)).header("X-Zentinelle-Key", key).json(body);
        Self::answer(request).await
    }

    #[allow(dead_code, reason = "not every file of tests replaces")]
    /// Sends a PUT.
    pub(crate) async fn put(&self, path: &str, key: &str, body: &Value) -> Option<(u16, Value)> {
        let request = self.client.put(format!("{}{path}", self.url)).header("X-Zentinelle-Key", key).json(body);
        Self::answer(request).await
    }

    #[allow(dead_code, reason = "not every file of tests reads")]
    /// Sends a GET; none when the server died meanwhile.
    pub(crate) async fn get(&self, path: &str, key: &str) -> Option<(u16, Value)> {
        Self::answer(self.client.get(format!("{}{path}", self.url)).header("X-Zentinelle-Key", key)).await
    }

    /// Sends a DELETE.
    #[allow(dead_code, reason = "not every file of tests deletes")]
    pub(crate) async fn delete(&self, path: &str, key: &str) -> Option<(u16, Value)> {
        Self::answer(self.client.delete(format!("{}{path}", self.url)).header("X-Zentinelle-Key", key)).await
    }

    async fn answer(request: reqwest::RequestBuilder) -> Option<(u16, Value)> {
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let text = answer.text().await.ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
