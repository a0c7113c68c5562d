//! Sending one e-mail to a mail server.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use zeroize::Zeroizing;

use crate::causes::with_causes;
use crate::config::{Smtp, SmtpTls};
use crate::jobs::JobError;

/// The longest subject. Unit: characters.
const MOST_SUBJECT: usize = 200;

/// Why the mail server cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailSetupError {
    /// The sender is nobody.
    #[error("`sender` is no e-mail address: {0}")]
    Sender(#[from] lettre::address::AddressError),
    /// The certificates cannot be read.
    #[error("`ca_file`: {0}")]
    File(#[from] std::io::Error),
    /// The certificates make no sense.
    #[error("`ca_file`: {0}")]
    Tls(#[from] lettre::transport::smtp::Error),
}

/// Sends e-mails.
pub(crate) struct Mailer {
    host: String,
    port: u16,
    tls: Tls,
    user: String,
    password: Zeroizing<String>,
    password_file: Option<PathBuf>,
    sender: Mailbox,
    timeout: Duration,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// One e-mail.
#[derive(Debug)]
pub(crate) struct Letter<'l> {
    /// What tells it from others; the same one again is the same e-mail.
    pub(crate) id: &'l str,
    /// To whom.
    pub(crate) to: &'l str,
    /// In a few words.
    pub(crate) subject: &'l str,
    /// In full.
    pub(crate) text: String,
}

/// Says to other machines that nobody reads an answer.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Mailer {
    /// A mailer, if a mail server is configured.
    pub(crate) fn new(smtp: &Smtp) -> Result<Option<Self>, MailSetupError> {
        if !smtp.is_on() {
            return Ok(None);
        }
        let tls = match smtp.tls {
            SmtpTls::None => Tls::None,
            SmtpTls::Starttls => Tls::Required(parameters(smtp)?),
            SmtpTls::Tls => Tls::Wrapper(parameters(smtp)?),
        };
        Ok(Some(Self {
            host: smtp.host.clone(),
            port: smtp.decided_port(),
            tls,
            user: smtp.user.clone(),
            password: Zeroizing::new(smtp.password.expose().to_owned()),
            password_file: smtp.password_file.clone(),
            sender: smtp.sender.parse()?,
            timeout: Duration::from_secs(smtp.timeout_seconds.into()),
        }))
    }

    /// Sends one e-mail. What the mail server refuses for good is hopeless; everything else may
    /// go better later.
    pub(crate) async fn send(&self, letter: Letter<'_>) -> Result<(), JobError> {
        let message = self.message(letter)?;
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .tls(self.tls.clone())
            .timeout(Some(self.timeout));
        if !self.user.is_empty() {
            let password = self.password().map_err(|error| JobError::Retry(format!("the password file: {error}")))?;
            transport = transport.credentials(Credentials::new(self.user.clone(), password.to_string()));
        }
        let transport: AsyncSmtpTransport<Tokio1Executor> = transport.build();
        match transport.send(message).await {
            Ok(_) => Ok(()),
            // A wrong password is refused for good as well, and is mended by an operator: it is tried again.
            Err(error) if error.is_permanent() && !is_about_sign_in(&error) => {
                Err(JobError::Hopeless(format!("the mail server refused it: {}", with_causes(&error))))
            }
            Err(error) => Err(JobError::Retry(format!("the mail server did not take it: {}", with_causes(&error)))),
        }
    }

    fn password(&self) -> std::io::Result<Zeroizing<String>> {
        match &self.password_file {
            None => Ok(self.password.clone()),
            Some(path) => Ok(Zeroizing::new(Zeroizing::new(std::fs::read_to_string(path)?).trim().to_owned())),
        }
    }

    fn message(&self, letter: Letter<'_>) -> Result<Message, JobError> {
        let to: Address = letter.to.parse().map_err(|_| JobError::Hopeless("the address is none".to_owned()))?;
        let subject: String = letter.subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let subject: String = subject.chars().take(MOST_SUBJECT).collect();
        Message::builder()
            .from(self.sender.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .message_id(Some(format!("<{}@{}>", letter.id, self.sender.email.domain())))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text)
            .map_err(|error| JobError::Hopeless(format!("no e-mail can be made of it: {error}")))
    }
}

fn parameters(smtp: &Smtp) -> Result<TlsParameters, MailSetupError> {
    let mut parameters = TlsParameters::builder(smtp.host.clone());
    if let Some(path) = &smtp.ca_file {
        parameters = parameters.add_root_certificate(Certificate::from_pem(&std::fs::read(path)?)?);
    }
    Ok(parameters.build_rustls()?)
}

/// Whether the server refused the user or the password: 530, 534 and 535.
fn is_about_sign_in(error: &lettre::transport::smtp::Error) -> bool {
    error.status().is_some_and(|code| ["530", "534", "535"].contains(&code.to_string().as_str()))
}
