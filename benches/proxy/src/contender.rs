//! Who is measured: the mock itself, the bare pass-through, the server and LiteLLM, each in a process of
//! its own.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use zentinelle_server_bench::load::{Connection, post};
use zentinelle_server_bench::process::{Server, free_address, resident_bytes};

/// LiteLLM refuses to start with a weak one.
const LITELLM_KEY: &str = "sk-4f7d1c0b9a8e6d5c3b2a1f0e9d8c7b6a5f4e3d2c";
/// What is enforced while the server is measured.
const POLICIES: &str = include_str!("../policies.yaml");

/// Somebody who answers model calls.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// What its callers put behind `Bearer`.
    key: String,
    process: Process,
}

#[derive(Debug)]
enum Process {
    Own(Child),
    Server(Box<Server>),
}

impl Contender {
    /// The mock itself.
    pub(crate) async fn upstream(program: &Path) -> io::Result<Self> {
        let mut child = Command::new(program).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let line = BufReader::new(output).lines().next_line().await?.unwrap_or_default();
        let address = line.trim_start_matches("http://").parse().map_err(io::Error::other)?;
        Ok(Self { name: "direct", address, key: "sk-upstream".into(), process: Process::Own(child) })
    }

    /// The bare pass-through: this program itself, called so.
    pub(crate) async fn bare(upstream: SocketAddr) -> io::Result<Self> {
        let address = free_address()?;
        let words = ["--bare", &address.to_string(), "--to", &upstream.to_string()];
        let child = Command::new(std::env::current_exe()?).args(words).kill_on_drop(true).spawn()?;
        let made =
            Self { name: "bare hyper pass-through", address, key: "sk-upstream".into(), process: Process::Own(child) };
        made.listens(Duration::from_secs(10)).await?;
        Ok(made)
    }

    /// The server with its policies, over a folder of its own.
    pub(crate) async fn server(binary: &Path, data: &Path, upstream: SocketAddr, policies: &str) -> io::Result<Self> {
        let upstreams =
            json!({"openai": {"base_url": format!("http://{upstream}"), "api_key": "sk-upstream", "private": true}});
        let config = data.join("zentinelle.yaml");
        std::fs::write(&config, json!({"proxy": {"upstreams": upstreams}}).to_string())?; // JSON is YAML
        let server = Server::start(binary, data, &[("ZENTINELLE_CONFIG", &config.display().to_string())]).await?;
        let bearer = format!("Bearer {}", server.operator);
        // The demonstration's own policies are taken away: what is enforced is what is named here.
        let body = json!({"documents": policies, "prune": true}).to_string();
        let import = post("/api/zentinelle/v1/policies/import", &[("Authorization", &bearer)], &body);
        let (status, answer) = Connection::open(server.address).await?.exchange_body(&import).await?;
        if status != 200 {
            return Err(io::Error::other(String::from_utf8_lossy(&answer).into_owned()));
        }
        let (address, key) = (server.address, server.key.clone());
        Ok(Self { name: "zentinelle", address, key, process: Process::Server(Box::new(server)) })
    }

    /// The server with the policies of the bench.
    pub(crate) async fn measured(binary: &Path, data: &Path, upstream: SocketAddr) -> io::Result<Self> {
        Self::server(binary, data, upstream, POLICIES).await
    }

    /// LiteLLM's proxy as its documentation starts it, without any guardrail.
    pub(crate) async fn litellm(program: &Path, data: &Path, upstream: SocketAddr) -> io::Result<Self> {
        let address = free_address()?;
        let to =
            json!({"model": "openai/gpt-4o", "api_base": format!("http://{upstream}/v1"), "api_key": "sk-upstream"});
        let config = json!({"model_list": [{"model_name": "gpt-4o", "litellm_params": to}],
            "general_settings": {"master_key": LITELLM_KEY}});
        let file = data.join("litellm.yaml");
        std::fs::write(&file, config.to_string())?;
        let log = std::fs::File::create(data.join("litellm.log"))?;
        let port = address.port().to_string();
        // It runs in another folder, to which a relative path would be relative.
        let child = Command::new(std::path::absolute(program)?)
            .args(["--host", "127.0.0.1", "--port", &port, "--config"])
            .arg(&file)
            .current_dir(data)
            .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
            .env("LITELLM_LOG", "ERROR")
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let made =
            Self { name: "LiteLLM, no guardrail", address, key: LITELLM_KEY.into(), process: Process::Own(child) };
        made.listens(Duration::from_secs(120)).await?;
        Ok(made)
    }

    /// The bytes of a chat completion.
    pub(crate) fn call(&self, body: &Value) -> Vec<u8> {
        let bearer = format!("Bearer {}", self.key);
        post("/v1/chat/completions", &[("Authorization", &bearer)], &body.to_string())
    }

    /// The memory it holds now. Unit: bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        match &self.process {
            Process::Own(child) => resident_bytes(child.id().unwrap_or_default()),
            Process::Server(server) => server.resident_bytes(),
        }
    }

    /// Waits until it answers a call.
    async fn listens(&self, time: Duration) -> io::Result<()> {
        let begun = Instant::now();
        let call = self.call(&json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}));
        while begun.elapsed() < time {
            if let Ok(mut connection) = Connection::open(self.address).await
                && let Ok(200) = connection.exchange(&call).await
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(io::Error::other(format!("{} does not answer", self.name)))
    }
}
