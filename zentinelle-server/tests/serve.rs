//! The real server on a real socket: how it starts, whom it lets hang on, how it stops.

mod support;

use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::Folder;

/// A server that ends with the test.
struct Server {
    child: Child,
    address: SocketAddr,
    lines: BufReader<std::process::ChildStdout>,
    started: Duration,
}

impl Server {
    fn start(folder: &Folder, variables: &[(&str, &str)]) -> Self {
        let began = Instant::now();
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("zentinelle"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path("data"))
            .current_dir(folder.path("."))
            .env("ZENTINELLE_LOG__FORMAT", "json")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let mut child = command.spawn().expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output"));
        let address = loop {
            let line = next_line(&mut lines).expect("the server listens before its output ends");
            if line["message"] == "listening" {
                break line["address"].as_str().and_then(|text| text.parse().ok()).expect("an address");
            }
        };
        Self { child, address, lines, started: began.elapsed() }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        stream
    }

    /// Sends bytes and returns all that comes back until the server closes.
    fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // The server may refuse before it has read everything.
        let _ = stream.write_all(bytes);
        read_all(stream)
    }

    fn signal(&self, name: &str) {
        let killed = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(killed.expect("kill runs").success());
    }

    /// Waits for the end; returns the exit code and the rest of the log.
    fn ended(mut self) -> (Option<i32>, Vec<Value>) {
        let mut rest = Vec::new();
        while let Some(line) = next_line(&mut self.lines) {
            rest.push(line);
        }
        (self.child.wait().expect("ended").code(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn next_line(lines: &mut impl std::io::BufRead) -> Option<Value> {
    let mut line = String::new();
    (lines.read_line(&mut line).ok()? > 0)
        .then(|| serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}")))
}

fn read_all(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection that is reset ends like one that is closed.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[test]
fn a_server_starts_on_nothing_serves_and_stops_when_told() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let answer = server.exchange(HEALTH);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(r#"{"status":"ok"}"#), "{answer}");
    let url = format!("http://{}/ready", server.address);
    let ran = folder.run(&format!("health --url {url}"));
    assert_eq!((ran.code, ran.out.as_str()), (0, "ok\n"), "{}", ran.err);
    eprintln!("listening after {:?}", server.started);
    server.signal("-TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0));
    assert!(log.iter().any(|line| line["message"] == "stopped"), "{log:?}");
    let ran = folder.run(&format!("health --url {url} --timeout 1"));
    assert_eq!(ran.code, 1, "{}", ran.out);
}

#[test]
fn the_log_names_the_route_and_never_a_key_or_a_query() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let secret = "sk_agent_0123456789012345678901234567890123456789012";
    server.exchange(
        format!(
            "GET /api/v1/nowhere?key={secret} HTTP/1.1\r\nHost: x\r\nX-Zentinelle-Key: {secret}\r\n\
                 X-Request-ID: mine\r\nConnection: close\r\n\r\n"
        )
        .as_bytes(),
    );
    server.signal("-TERM");
    let (_, log) = server.ended();
    let line = log.iter().find(|line| line["request_id"] == "mine").unwrap_or_else(|| panic!("{log:?}"));
    assert_eq!((&line["status"], &line["method"], &line["route"]), (&404.into(), &"GET".into(), &"(none)".into()));
    assert!(line["duration_ms"].is_number());
    assert!(!format!("{log:?}").contains("sk_agent_"), "{log:?}");
}

#[test]
fn a_log_that_no_terminal_shows_has_no_colours() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address");
    // It makes its tables before it finds that it cannot listen, and ends.
    let start = |color: &str| folder.run(&format!("serve {color} --listen {address} --data-dir data-{color}"));
    let (plain, colored) = (start("--color=auto"), start("--color=always"));
    for ran in [&plain, &colored] {
        assert!(ran.code != 0 && ran.out.contains("migration"), "{}", ran.page());
        assert!(ran.err.contains("cannot listen"), "{}", ran.page());
        assert!(ran.err.contains("stop what listens there"), "{}", ran.page());
    }
    assert!(!plain.out.contains('\u{1b}'), "{}", plain.page());
    assert!(colored.out.contains('\u{1b}'), "{}", colored.page());
}

#[test]
fn a_client_that_dribbles_its_head_is_cut_off() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[("ZENTINELLE_LIMITS__HEADER_READ_TIMEOUT_SECONDS", "1")]);
    for begun in [&b""[..], b"GET /health HT", b"GET /health HTTP/1.1\r\nHost: x\r\nA: b"] {
        let began = Instant::now();
        let mut stream = server.connect();
        stream.write_all(begun).expect("sent");
        let answer = read_all(stream);
        assert!(began.elapsed() < Duration::from_secs(5), "still open after {:?}", began.elapsed());
        assert!(!answer.contains("200"), "{answer}");
    }
}

#[test]
fn a_body_that_never_comes_does_not_hold_the_request() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[("ZENTINELLE_LIMITS__REQUEST_TIMEOUT_SECONDS", "1")]);
    let began = |key: &str| {
        format!(
            "POST /api/v1/evaluate HTTP/1.1\r\nHost: x\r\nX-Zentinelle-Key: {key}\r\nContent-Type: application/json\r\n\
             Content-Length: 100\r\nConnection: close\r\n\r\n{{"
        )
    };
    // Without a good key nobody waits for the body at all.
    assert!(server.exchange(began("nonsense").as_bytes()).starts_with("HTTP/1.1 401"));
}

#[test]
fn heads_that_are_too_large_or_malformed_are_refused() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let huge = format!("GET /health HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n", "b".repeat(64 * 1024));
    let answer = server.exchange(huge.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 431") || answer.is_empty(), "{answer}");
    let many = format!("GET /health HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(200));
    let answer = server.exchange(many.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    for bytes in [&b"NONSENSE\r\n\r\n"[..], b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"] {
        let answer = server.exchange(bytes);
        assert!(answer.starts_with("HTTP/1.1 400") || answer.is_empty(), "{answer}");
    }
    assert!(server.exchange(HEALTH).starts_with("HTTP/1.1 200"));
}

#[test]
fn connections_beyond_the_limit_are_closed_and_places_are_given_back() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[("ZENTINELLE_LIMITS__MAX_CONNECTIONS", "3")]);
    let held: Vec<TcpStream> = (0..3).map(|_| server.connect()).collect();
    // The places are taken when the server gets to accept, not when the system does.
    let refused = (0..50).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        server.exchange(HEALTH).is_empty()
    });
    assert!(refused, "a fourth connection was let in");
    drop(held);
    let free = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        server.exchange(HEALTH).starts_with("HTTP/1.1 200")
    });
    assert!(free, "no place was given back");
}

#[test]
fn tls_is_served_and_a_renewed_certificate_is_taken_up() {
    let folder = Folder::new();
    let first = certificate(&folder);
    let (certificate_file, key_file) = (folder.path("cert.pem"), folder.path("key.pem"));
    let variables = [
        ("ZENTINELLE_TLS__CERTIFICATE_FILE", certificate_file.to_str().expect("text")),
        ("ZENTINELLE_TLS__KEY_FILE", key_file.to_str().expect("text")),
    ];
    let server = Server::start(&folder, &variables);
    let ask = |ca: &PathBuf| {
        let url = format!("https://localhost:{}/health", server.address.port());
        folder.run(&format!("health --url {url} --ca {}", ca.display())).code
    };
    assert_eq!(ask(&first), 0);
    let second = certificate(&folder);
    assert_eq!((ask(&first), ask(&second)), (0, 1), "the old certificate stays until it is told");
    server.signal("-HUP");
    let renewed = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        ask(&second) == 0
    });
    assert!(renewed, "the renewed certificate was not taken up");
    // One that cannot be read leaves the present one in place.
    std::fs::write(&certificate_file, "nonsense").expect("written");
    server.signal("-HUP");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(ask(&second), 0);
}

/// Puts a new certificate of this machine into the folder; returns a copy of it to trust.
fn certificate(folder: &Folder) -> PathBuf {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("made");
    let pem = made.cert.pem();
    std::fs::write(folder.path("cert.pem"), &pem).expect("written");
    std::fs::write(folder.path("key.pem"), made.signing_key.serialize_pem()).expect("written");
    let trusted = folder.path(&format!("ca-{}.pem", pem.len() + pem.bytes().map(usize::from).sum::<usize>()));
    std::fs::write(&trusted, pem).expect("written");
    trusted
}

#[test]
fn the_merged_configuration_is_shown_with_where_it_came_from() {
    let folder = Folder::new().with(
        "zentinelle.yaml",
        "limits:\n  max_connections: 7\nmaster_key: c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MTI=\n",
    );
    let ran = folder.run("config check");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let has = |key: &str, origin: &str| ran.out.lines().any(|line| line.starts_with(key) && line.ends_with(origin));
    assert!(has("limits.max_connections = 7", "zentinelle.yaml:2"), "{}", ran.out);
    assert!(has("listen = \"127.0.0.1:8420\"", "default"), "{}", ran.out);
    assert!(has("master_key = \"(hidden)\"", "zentinelle.yaml:3"), "{}", ran.out);
    assert!(!ran.out.contains("c2VjcmV0"), "{}", ran.out);
    let shown = folder.run("config show --json").json();
    assert_eq!((&shown["limits"]["max_connections"], &shown["master_key"]), (&7.into(), &"(hidden)".into()));
    assert!(folder.run("config schema").json()["properties"]["throttle"].is_object());
    let folder = folder.with("zentinelle.yaml", "limits:\n  max_conections: 7\n");
    let ran = folder.run("config check");
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("zentinelle.yaml:2:3") && ran.err.contains("did you mean `max_connections`?"),
        "{}",
        ran.err
    );
    assert_eq!(folder.run("serve").code, 2);
    assert_eq!(folder.run("config check --config nowhere.yaml").code, 2);
    let ran = folder.run("serve --listen localhost:8420");
    assert!(ran.code == 2 && ran.err.contains("such as `127.0.0.1:8420`"), "{}", ran.err);
}
