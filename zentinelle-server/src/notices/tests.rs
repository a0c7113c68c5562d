//! Messages to a mail server that speaks the protocol, and what becomes of those it does not take.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::{Letter, Mailer};
use crate::auth::{Caller, Role};
use crate::config::{Config, Smtp, SmtpTls};
use crate::jobs::JobError;
use crate::service::users::{self, NewUser};
use crate::store::users as user_rows;
use crate::testing::TestServer;

/// One e-mail as it arrived.
#[derive(Clone, Debug)]
struct Got {
    to: String,
    text: String,
    user: Option<String>,
}

/// A mail server on this machine that answers each e-mail as it is told, at last by taking it.
#[derive(Clone, Default)]
struct MailServer {
    got: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<VecDeque<&'static str>>>,
}

impl MailServer {
    async fn start(answers: &[&'static str]) -> (Self, u16) {
        Self::over(answers, None).await
    }

    /// With a certificate it wants every connection to become TLS.
    async fn over(answers: &[&'static str], tls: Option<tokio_rustls::TlsAcceptor>) -> (Self, u16) {
        let server = Self::default();
        server.answers.lock().expect("sound").extend(answers);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let state = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, tls) = (state.clone(), tls.clone());
                tokio::spawn(async move { state.talk(stream, tls).await });
            }
        });
        (server, port)
    }

    async fn talk(self, stream: tokio::net::TcpStream, tls: Option<tokio_rustls::TlsAcceptor>) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 mail.test ready\r\n").await?;
        let Some(tls) = tls else { return self.serve(&mut stream, "250-mail.test\r\n250 AUTH PLAIN\r\n").await };
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await?;
            if line.starts_with("EHLO") {
                stream.write_all(b"250-mail.test\r\n250 STARTTLS\r\n").await?;
            } else if line.starts_with("STARTTLS") {
                stream.write_all(b"220 go on\r\n").await?;
                let mut stream = BufReader::new(tls.accept(stream.into_inner()).await?);
                return self.serve(&mut stream, "250-mail.test\r\n250 AUTH PLAIN\r\n").await;
            } else {
                stream.write_all(b"530 say STARTTLS first\r\n").await?;
                return Ok(());
            }
        }
    }

    async fn serve<S>(&self, stream: &mut BufReader<S>, hello: &str) -> std::io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut got = Got { to: String::new(), text: String::new(), user: None };
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let answer = match line.split_whitespace().next().unwrap_or_default() {
                "EHLO" => hello.to_owned(),
                "AUTH" => {
                    got.user = line.split_whitespace().last().map(str::to_owned);
                    "235 welcome\r\n".to_owned()
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    loop {
                        let mut line = String::new();
                        stream.read_line(&mut line).await?;
                        if line == ".\r\n" {
                            break;
                        }
                        got.text.push_str(&line);
                    }
                    let answer = self.answers.lock().expect("sound").pop_front().unwrap_or("250 taken");
                    if answer.starts_with('2') {
                        self.got.lock().expect("sound").push(got.clone());
                    }
                    format!("{answer}\r\n")
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => {
                    if let Some(to) = line.strip_prefix("RCPT TO:") {
                        got.to = to.trim().trim_matches(['<', '>']).to_owned();
                    }
                    "250 fine\r\n".to_owned()
                }
            };
            stream.write_all(answer.as_bytes()).await?;
        }
    }

    async fn wait_for(&self, count: usize) -> Vec<Got> {
        let begun = Instant::now();
        loop {
            let got = self.got.lock().expect("sound").clone();
            if got.len() >= count {
                return got;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{} of {count} e-mails came", got.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn smtp(port: u16) -> Smtp {
    Smtp {
        host: "127.0.0.1".to_owned(),
        port,
        tls: SmtpTls::None,
        sender: "Zentinelle <zentinelle@example.com>".to_owned(),
        ..Smtp::default()
    }
}

fn letter() -> Letter<'static> {
    Letter { id: "1", to: "ada@example.com", subject: "ä\r\nBcc: eve@example.com", text: "It leaks.\n".to_owned() }
}

#[tokio::test]
async fn an_e_mail_is_signed_in_for_and_its_subject_cannot_add_recipients() {
    let (server, port) = MailServer::start(&[]).await;
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "a pass\n").expect("written");
    let mut smtp = smtp(port);
    (smtp.user, smtp.password_file) = ("zen".to_owned(), Some(file.path().to_owned()));
    let mailer = Mailer::new(&smtp).expect("sound").expect("on");
    assert!(!format!("{mailer:?}").contains("zen\""), "{mailer:?}");
    mailer.send(letter()).await.expect("sent");
    let got = server.wait_for(1).await.remove(0);
    use base64::Engine as _;
    let shown = base64::engine::general_purpose::STANDARD.decode(got.user.expect("signed in")).expect("base64");
    assert_eq!(shown, b"\0zen\0a pass");
    assert_eq!(got.to, "ada@example.com");
    assert!(!got.text.lines().any(|line| line.starts_with("Bcc")), "{}", got.text);
    assert!(got.text.contains("Message-ID: <1@example.com>") && got.text.contains("Auto-Submitted: auto-generated"));
}

#[tokio::test]
async fn a_refusal_for_good_is_hopeless_and_any_other_is_not() {
    for (answer, hopeless) in [("550 nobody of that name", true), ("451 later", false), ("535 wrong password", false)] {
        let (_, port) = MailServer::start(&[answer]).await;
        let mailer = Mailer::new(&smtp(port)).expect("sound").expect("on");
        let refused = mailer.send(letter()).await.expect_err("refused");
        assert_eq!(matches!(refused, JobError::Hopeless(_)), hopeless, "{answer}: {refused:?}");
    }
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound").port();
    let mailer = Mailer::new(&smtp(gone)).expect("sound").expect("on");
    assert!(matches!(mailer.send(letter()).await, Err(JobError::Retry(_))));
}

#[tokio::test]
async fn a_connection_becomes_tls_or_nothing_is_sent() {
    crate::telemetry::use_ring();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).expect("sound");
    let (server, port) = MailServer::over(&[], Some(Arc::new(config).into())).await;
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), made.cert.pem()).expect("written");
    let mut smtp = Smtp { host: "localhost".to_owned(), tls: SmtpTls::Starttls, ..smtp(port) };
    let strange = Mailer::new(&smtp).expect("sound").expect("on");
    assert!(matches!(strange.send(letter()).await, Err(JobError::Retry(_))), "a certificate nobody vouches for");
    smtp.ca_file = Some(file.path().to_owned());
    Mailer::new(&smtp).expect("sound").expect("on").send(letter()).await.expect("sent");
    assert_eq!(server.wait_for(1).await.len(), 1);
    let (plain, port) = MailServer::start(&[]).await;
    smtp.port = port;
    assert!(Mailer::new(&smtp).expect("sound").expect("on").send(letter()).await.is_err(), "no TLS is offered");
    assert!(plain.got.lock().expect("sound").is_empty());
}

async fn asked(server: &TestServer, key: &str, settings: &str) -> Value {
    let query = format!(
        "mutation {{ updateOrganizationSettings(settings: {settings}) {{ success errors problems {{ path }}
           organization {{ settings }} }} }}"
    );
    let (_, answer) = server.post("/gql/zentinelle/", key, json!({ "query": query })).await;
    answer["data"]["updateOrganizationSettings"].clone()
}

async fn people_are_told(server: TestServer, mail: MailServer) {
    let admin = server.operator(Role::Admin).await;
    let on = r#"{ emailNotifications: true, contactEmail: "ops@example.com", timezone: "Asia/Tokyo" }"#;
    let kept = asked(&server, &admin, on).await;
    assert_eq!(kept["organization"]["settings"]["emailNotifications"], true, "{kept}");
    // One person wants the messages as well, and another who did is gone.
    let caller = Caller::local(server.tenant.clone());
    for (email, disabled) in [("ada@example.com", false), ("gone@example.com", true)] {
        let new = NewUser { email: email.to_owned(), name: "A".to_owned(), role: Role::Viewer };
        let (mut row, _) = users::create(&server.app.store, &caller, new, None).await.expect("made");
        row.notify_by_email = true;
        row.disabled_at = disabled.then_some(1);
        let txn = server.app.store.begin().await.expect("a transaction");
        user_rows::put(&txn, row).await.expect("kept");
        txn.commit().await.expect("committed");
    }
    let workers = server.work();
    let open = "mutation($severity: String) { createIncident(input: { title: \"Keys leaked\", description: \"From the \
                build.\", severity: $severity }) { success } }";
    for severity in ["low", "high"] {
        let body = json!({ "query": open, "variables": { "severity": severity } });
        server.post("/gql/zentinelle/", &admin, body).await;
    }
    let mut got = mail.wait_for(2).await;
    got.sort_by(|one, other| one.to.cmp(&other.to));
    let [ada, one] = got.as_slice() else { panic!("{got:?}") };
    assert_eq!((ada.to.as_str(), one.to.as_str()), ("ada@example.com", "ops@example.com"));
    // What is not severe enough stays in the bell.
    assert!(got.iter().all(|one| one.text.contains("Subject: [HIGH] Keys leaked")), "{got:?}");
    assert!(one.text.contains("From the build.") && one.text.contains("JST"), "{}", one.text);
    let (_, bell) = server.get("/api/zentinelle/v1/notifications", &admin).await;
    assert_eq!(bell["results"][0]["type"], "incident_opened", "{bell}");
    workers.stop().await;
}

async fn mailing(store: crate::store::Store, port: u16) -> TestServer {
    TestServer::with(store, |config: &mut Config| config.notifications.smtp = smtp(port)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_reaches_the_organisation_by_e_mail_in_its_own_time() {
    for store in [crate::store::testing::sqlite().await, crate::store::testing::postgres().await] {
        let (mail, port) = MailServer::start(&[]).await;
        people_are_told(mailing(store, port).await, mail).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_mail_server_refuses_for_good_is_a_dead_letter_that_can_be_sent_again() {
    let (mail, port) = MailServer::start(&["550 nobody of that name"]).await;
    let server = mailing(crate::store::testing::sqlite().await, port).await;
    let admin = server.operator(Role::Admin).await;
    asked(&server, &admin, r#"{ emailNotifications: true, contactEmail: "ops@example.com" }"#).await;
    let workers = server.work();
    let open =
        "mutation { createIncident(input: { title: \"t\", description: \"d\", severity: \"critical\" }) { success } }";
    server.post("/gql/zentinelle/", &admin, json!({ "query": open })).await;
    let path = "/api/zentinelle/v1/jobs?status=dead&kind=send_email";
    server.eventually(json!(1), async || server.get(path, &admin).await.1["count"].clone()).await;
    let (_, dead) = server.get(path, &admin).await;
    let job = &dead["results"][0];
    assert!(job["last_error"].as_str().is_some_and(|why| why.contains("nobody of that name")), "{job}");
    let again = format!("/api/zentinelle/v1/jobs/{}/retry", job["id"].as_str().expect("an id"));
    assert_eq!(server.post(&again, &admin, Value::Null).await.0.as_u16(), 200);
    assert_eq!(mail.wait_for(1).await.len(), 1);
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_could_have_no_effect_is_refused() {
    let server = TestServer::sqlite().await;
    let admin = server.operator(Role::Admin).await;
    for (settings, field) in [
        (r#"{ emailNotifications: true, contactEmail: "ops@example.com" }"#, "emailNotifications"),
        (r#"{ emailNotifications: true }"#, "emailNotifications"),
        (r#"{ contactEmail: "nobody" }"#, "contactEmail"),
        (r#"{ timezone: "Atlantis/Centre" }"#, "timezone"),
        (r#"{ slackNotifications: true }"#, "slackNotifications"),
        (r#"{ webhookUrl: "http://10.0.0.1/" }"#, "webhookUrl"),
    ] {
        let refused = asked(&server, &admin, settings).await;
        assert_eq!(
            (&refused["success"], &refused["problems"][0]["path"][0]),
            (&json!(false), &json!(field)),
            "{refused}"
        );
    }
    let all = r#"{ name: "Acme", contactEmail: "", timezone: "UTC", defaultPolicyMode: "audit", auditLogging: true,
        emailNotifications: false, slackNotifications: true, webhookUrl: "https://hooks.slack.com/services/T/B/x" }"#;
    let kept = asked(&server, &admin, all).await;
    let held = &kept["organization"]["settings"];
    assert_eq!((&held["slackNotifications"], &held["defaultPolicyMode"]), (&json!(true), &json!("audit")), "{kept}");
    let viewer = server.operator(Role::Viewer).await;
    let query = json!({ "query": "{ myOrganization { settings } }" });
    let (_, seen) = server.post("/gql/zentinelle/", &viewer, query).await;
    assert_eq!(seen["data"]["myOrganization"]["settings"]["webhookUrl"], "", "{seen}");
    let off = asked(&server, &admin, r#"{ slackNotifications: false, webhookUrl: "" }"#).await;
    assert_eq!(off["organization"]["settings"]["webhookUrl"], "", "{off}");
}
