//! A Redis that a test may hurt.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything here takes.
pub(super) const SOON: Duration = Duration::from_secs(10);

/// A Redis of the test's own, which it may stop.
pub(super) struct Server {
    folder: tempfile::TempDir,
    port: u16,
    child: Child,
}

impl Server {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = socket.local_addr().expect("an address").port();
        drop(socket);
        let child = Self::spawn(folder.path().to_owned(), port);
        Self { folder, port, child }
    }

    fn spawn(folder: PathBuf, port: u16) -> Child {
        Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("`redis-server` is installed: `scripts/services.sh` says how")
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(super) fn kill(&mut self) {
        self.child.kill().expect("it was running");
        self.child.wait().expect("it ended");
    }

    pub(super) fn start_again(&mut self) {
        self.child = Self::spawn(self.folder.path().to_owned(), self.port);
    }

    pub(super) async fn suffer(&mut self, fault: Fault) {
        match fault {
            Fault::Flush => return self.tell("FLUSHALL").await,
            Fault::Restart => drop(std::fs::remove_file(self.folder.path().join("dump.rdb"))),
            Fault::OldSnapshot => {
                self.tell("SAVE").await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        self.kill();
        self.start_again();
    }

    pub(super) async fn tell(&self, command: &str) {
        tell(&self.url(), command).await;
    }
}

/// How a Redis forgets.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    Flush,
    Restart,
    OldSnapshot,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn tell(url: &str, command: &str) {
    let client = redis::Client::open(url).expect("a URL");
    let begun = Instant::now();
    let mut connection = loop {
        match client.get_multiplexed_async_connection().await {
            Ok(connection) => break connection,
            Err(error) => assert!(begun.elapsed() < SOON, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let () = redis::cmd(command).query_async(&mut connection).await.expect("Redis obeys");
}
