//! What the keys of a configuration must and should be to each other.

use std::path::Path;

use zentinelle_core::document::diagnostic::Severity;
use zentinelle_core::error::{Code, PolicyError};

use super::{AuthMode, Config, LedgerBackend, Mode, SmtpTls};
use crate::proxy::upstream::Upstreams;

/// A number outside its range.
const OUT_OF_RANGE: Code = Code::new("config.out_of_range");
/// Keys that do not go together, or one that needs another.
const CONFLICT: Code = Code::new("config.conflict");
/// A value that is well typed but makes no sense.
const INVALID: Code = Code::new("config.invalid_value");
/// A file that cannot be read.
const FILE: Code = Code::new("config.file");
/// Allowed, and probably not meant.
const UNSAFE: Code = Code::new("config.unsafe");

/// The least a request head may need. The HTTP library takes no less.
const LEAST_HEADER_BYTES: usize = 8 * 1024;

/// Every fault and every oddity, with its pointer.
pub(super) fn check(config: &Config) -> Vec<(PolicyError, Severity)> {
    let mut found = Findings(Vec::new());
    found.ranges(config);
    found.stores(config);
    found.files(config);
    found.exposure(config);
    found.proxy(config);
    found.auth(config);
    found.mail(config);
    found.zentinel(config);
    found.0
}

struct Findings(Vec<(PolicyError, Severity)>);

impl Findings {
    fn error(&mut self, code: Code, pointer: impl Into<String>, message: impl Into<String>, help: &str) {
        let error = PolicyError::new(code, pointer.into(), message).with_help(help);
        self.0.push((error, Severity::Error));
    }

    fn warning(&mut self, pointer: &str, message: impl Into<String>, help: &str) {
        let error = PolicyError::new(UNSAFE, pointer.to_owned(), message).with_help(help);
        self.0.push((error, Severity::Warning));
    }

    fn range(&mut self, pointer: &str, found: u64, low: u64, high: u64) {
        if !(low..=high).contains(&found) {
            let key = pointer.trim_start_matches('/').replace('/', ".");
            let message = format!("`{key}` is {found}, outside {low} to {high}");
            self.error(OUT_OF_RANGE, pointer, message, &format!("choose {low} to {high}"));
        }
    }

    fn ranges(&mut self, config: &Config) {
        let limits = &config.limits;
        self.range("/limits/max_body_bytes", limits.max_body_bytes as u64, 1_024, 1 << 30);
        self.range("/limits/max_header_bytes", limits.max_header_bytes as u64, LEAST_HEADER_BYTES as u64, 1 << 20);
        self.range("/limits/request_timeout_seconds", limits.request_timeout_seconds.into(), 1, 3_600);
        self.range("/limits/header_read_timeout_seconds", limits.header_read_timeout_seconds.into(), 1, 3_600);
        self.range("/limits/max_connections", limits.max_connections.into(), 1, 1_000_000);
        self.range("/limits/shutdown_seconds", limits.shutdown_seconds.into(), 1, 3_600);
        self.range("/graphql/max_subscriptions", config.graphql.max_subscriptions.into(), 1, 10_000);
        self.range("/database/max_connections", config.database.max_connections.into(), 1, 1_000);
        self.range("/redis/timeout_ms", config.redis.timeout_ms.into(), 1, 60_000);
        self.range("/journal/segment_bytes", config.journal.segment_bytes, 1 << 20, 1 << 30);
        self.range("/journal/max_bytes", config.journal.max_bytes, config.journal.segment_bytes, 1 << 44);
        self.range("/journal/sync_interval_ms", config.journal.sync_interval_ms.into(), 1, 10_000);
        self.range("/throttle/max_keys", config.throttle.max_keys, 100, 10_000_000);
        for (name, rate) in config.throttle.rates() {
            self.range(&format!("/throttle/{name}/limit"), rate.limit.into(), 1, 1_000_000_000);
            self.range(&format!("/throttle/{name}/window_seconds"), rate.window_seconds.into(), 1, 86_400);
        }
        if !(0.0..=1.0).contains(&config.telemetry.sample_ratio) {
            let message = format!("`telemetry.sample_ratio` is {}, outside 0 to 1", config.telemetry.sample_ratio);
            self.error(OUT_OF_RANGE, "/telemetry/sample_ratio", message, "choose a share from 0 to 1");
        }
        if let Err(error) = config.log.level.parse::<tracing_subscriber::EnvFilter>() {
            let message = format!("`log.level` is no level and no filter: {error}");
            self.error(INVALID, "/log/level", message, "write error, warn, info, debug or trace");
        }
        for (index, origin) in config.cors.allowed_origins.iter().enumerate() {
            if !is_origin(origin) {
                let help = "write scheme and host alone, such as `https://portal.example.com`; patterns are not taken";
                let pointer = format!("/cors/allowed_origins/{index}");
                self.error(INVALID, pointer, format!("`{origin}` is not an origin"), help);
            }
        }
    }

    fn stores(&mut self, config: &Config) {
        let database = config.database.url.as_str();
        let known = ["", "postgres://", "postgresql://", "sqlite:"];
        if !known.iter().any(|scheme| !scheme.is_empty() && database.starts_with(scheme)) && !database.is_empty() {
            let help = "write `postgres://…`, `sqlite://…`, or leave it empty for SQLite in the data directory";
            self.error(INVALID, "/database/url", "the database is neither PostgreSQL nor SQLite", help);
        }
        let redis = config.redis.url.as_str();
        if !redis.is_empty() && !redis.starts_with("redis://") && !redis.starts_with("rediss://") {
            self.error(INVALID, "/redis/url", "the address is not one of Redis", "write `redis://…` or `rediss://…`");
        }
        let postgres = database.starts_with("postgres");
        match config.ledger.backend {
            LedgerBackend::Redis if redis.is_empty() => {
                let message = "running totals are to be kept in Redis, but `redis.url` is empty";
                self.error(CONFLICT, "/ledger/backend", message, "set `redis.url`, or choose another backend");
            }
            LedgerBackend::Embedded if postgres => {
                let message = "each replica would keep running totals of its own";
                self.warning("/ledger/backend", message, "with more than one replica choose `sql` or `redis`");
            }
            _ => {}
        }
        if config.mode == Mode::MultiTenant && !postgres {
            let message = "many organisations share one SQLite file, which has one writer";
            self.warning("/mode", message, "PostgreSQL serves many organisations better");
        }
        let otlp = config.telemetry.otlp_endpoint.as_str();
        if !otlp.is_empty() && !otlp.starts_with("http://") && !otlp.starts_with("https://") {
            let help = "write the address of a collector's HTTP port, such as `http://collector:4318`";
            self.error(INVALID, "/telemetry/otlp_endpoint", "traces are sent over HTTP only", help);
        }
    }

    fn files(&mut self, config: &Config) {
        let tls = &config.tls;
        match (&tls.certificate_file, &tls.key_file) {
            (Some(_), None) => {
                self.error(CONFLICT, "/tls/certificate_file", "a certificate without its key", "set `tls.key_file`")
            }
            (None, Some(_)) => {
                self.error(CONFLICT, "/tls/key_file", "a key without its certificate", "set `tls.certificate_file`")
            }
            _ => {}
        }
        let files = [
            ("/tls/certificate_file", &tls.certificate_file),
            ("/tls/key_file", &tls.key_file),
            ("/master_key_file", &config.master_key_file),
        ];
        for (pointer, path) in files {
            if let Some(Err(error)) = path.as_deref().map(readable) {
                let shown = path.as_deref().unwrap_or(Path::new("")).display().to_string();
                self.error(
                    FILE,
                    pointer,
                    format!("cannot read `{shown}`: {error}"),
                    "check the path and who may read it",
                );
            }
        }
        if config.master_key_file.is_some() && !config.master_key.is_empty() {
            let help = "keep one of the two";
            self.error(CONFLICT, "/master_key", "both `master_key` and `master_key_file` are set", help);
        }
        if !config.master_key.is_empty() && crate::sealing::MasterKeys::parse(config.master_key.expose()).is_err() {
            let help = "make one with `openssl rand -base64 32`";
            self.error(INVALID, "/master_key", "the master key is not 32 bytes in base64", help);
        }
        if !config.bootstrap_secret.is_empty() && config.bootstrap_secret.expose().len() < 32 {
            let message = "the bootstrap secret is shorter than 32 characters";
            self.error(INVALID, "/bootstrap_secret", message, "use a long random text, or enrolment keys instead");
        }
    }

    fn exposure(&mut self, config: &Config) {
        if !config.listen.ip().is_loopback() && config.tls.certificate_file.is_none() {
            let message = "keys travel unencrypted to this address";
            self.warning("/listen", message, "set `tls`, or have a reverse proxy end TLS in front");
        }
        if config.trusted_proxies.iter().any(super::Network::is_everything) {
            let message = "anybody may claim any client address";
            self.warning("/trusted_proxies", message, "name the networks of your reverse proxies alone");
        }
        if !config.throttle.enabled {
            let message = "nothing limits how many requests a key may send";
            self.warning("/throttle/enabled", message, "leave it on except to measure");
        }
    }
}

impl Findings {
    fn proxy(&mut self, config: &Config) {
        let proxy = &config.proxy;
        for (key, found, low, high) in [
            ("first_byte_timeout_seconds", proxy.first_byte_timeout_seconds, 1, 3_500),
            ("idle_timeout_seconds", proxy.idle_timeout_seconds, 1, 3_500),
            // A reservation stays open for an hour, and what is not settled by then stays as it is.
            ("total_timeout_seconds", proxy.total_timeout_seconds, 1, 3_500),
            ("connect_timeout_ms", proxy.connect_timeout_ms, 1, 600_000),
            ("hold_back_ms", proxy.hold_back_ms, 0, 600_000),
        ] {
            self.range(&format!("/proxy/{key}"), found.into(), low, high);
        }
        for (key, found, low) in [
            ("max_body_bytes", proxy.max_body_bytes, 1_024),
            ("max_reply_bytes", proxy.max_reply_bytes, 1_024),
            ("hold_back_bytes", proxy.hold_back_bytes, 16 * 1_024),
        ] {
            self.range(&format!("/proxy/{key}"), found as u64, low, 1 << 32);
        }
        let most = (proxy.max_body_bytes.max(proxy.max_reply_bytes)) as u64;
        self.range("/proxy/max_held_bytes", proxy.max_held_bytes as u64, most, 1 << 42);
        for (name, fault) in Upstreams::new(proxy, config.mode).err().unwrap_or_default() {
            let pointer = format!("/proxy/upstreams/{name}/{}", fault.key);
            self.error(INVALID, pointer.trim_end_matches('/').to_owned(), fault.message, fault.help);
        }
    }
}

impl Findings {
    fn auth(&mut self, config: &Config) {
        let auth = &config.auth;
        self.range("/auth/idle_seconds", auth.idle_seconds.into(), 60, 30 * 86_400);
        self.range("/auth/absolute_seconds", auth.absolute_seconds.into(), 60, 365 * 86_400);
        if !auth.public_url.is_empty() && !is_origin(&auth.public_url) {
            let help = "write scheme and host alone, such as `https://zentinelle.example.com`";
            self.error(INVALID, "/auth/public_url", format!("`{}` is not an origin", auth.public_url), help);
        }
        if !auth.first_administrator.contains('@') {
            let message = format!("`{}` is no e-mail address", auth.first_administrator);
            self.error(INVALID, "/auth/first_administrator", message, "write one such as `admin@example.com`");
        }
        if auth.mode == AuthMode::Open {
            if !config.listen.ip().is_loopback() {
                let message = format!("everybody who reaches {} would be an administrator", config.listen);
                let help = "listen on a loopback address such as `127.0.0.1:8420`, or choose `local` or `oidc`";
                self.error(CONFLICT, "/auth/mode", message, help);
            } else if !config.trusted_proxies.is_empty() {
                let message = "everybody who reaches the reverse proxy would be an administrator";
                self.error(CONFLICT, "/auth/mode", message, "choose `local` or `oidc`, or name no `trusted_proxies`");
            }
        }
        if auth.decided() == AuthMode::Oidc {
            let oidc = &auth.oidc;
            let secure = oidc.issuer.starts_with("https://") || is_loopback_url(&oidc.issuer);
            if oidc.issuer.is_empty() || !secure {
                let help = "write the issuer of the provider, such as `https://login.example.com`";
                self.error(CONFLICT, "/auth/oidc/issuer", "sign-in by `oidc` needs an issuer with https", help);
            }
            if oidc.client_id.is_empty() {
                let help = "enter this server at the provider, and write the client id it gives";
                self.error(CONFLICT, "/auth/oidc/client_id", "sign-in by `oidc` needs a client id", help);
            }
            if auth.public_url.is_empty() {
                let help = "write where browsers reach this server, such as `https://zentinelle.example.com`";
                self.error(CONFLICT, "/auth/public_url", "the provider must know where to send people back to", help);
            }
            if oidc.roles.is_empty() && oidc.default_role.is_none() {
                let message = "nobody could sign in: no claim gives a role, and there is no role for the rest";
                let help = "set `auth.oidc.roles`, or `auth.oidc.default_role: viewer`";
                self.error(CONFLICT, "/auth/oidc/roles", message, help);
            }
        }
    }
}

impl Findings {
    fn mail(&mut self, config: &Config) {
        let smtp = &config.notifications.smtp;
        self.range("/notifications/smtp/timeout_seconds", smtp.timeout_seconds.into(), 1, 600);
        if !smtp.is_on() {
            return;
        }
        if smtp.sender.parse::<lettre::message::Mailbox>().is_err() {
            let help = "write one such as `Zentinelle <zentinelle@example.com>`";
            let message = format!("`{}` is nobody a message can come from", smtp.sender);
            self.error(INVALID, "/notifications/smtp/sender", message, help);
        }
        if !smtp.password.is_empty() && smtp.password_file.is_some() {
            let message = "both `password` and `password_file` are set";
            self.error(CONFLICT, "/notifications/smtp/password", message, "keep one of the two");
        }
        let has_password = !smtp.password.is_empty() || smtp.password_file.is_some();
        if smtp.user.is_empty() == has_password {
            let message = "a user and a password go together";
            self.error(CONFLICT, "/notifications/smtp/user", message, "set both, or neither");
        }
        if has_password && smtp.tls == SmtpTls::None && !is_loopback_url(&format!("http://{}", smtp.host)) {
            let help = "choose `starttls` or `tls`";
            self.error(CONFLICT, "/notifications/smtp/tls", "the password would travel unencrypted", help);
        }
        let files = [("password_file", &smtp.password_file), ("ca_file", &smtp.ca_file)];
        for (key, path) in files {
            if let Some(Err(error)) = path.as_deref().map(readable) {
                let shown = path.as_deref().unwrap_or(Path::new("")).display().to_string();
                let message = format!("cannot read `{shown}`: {error}");
                let pointer = format!("/notifications/smtp/{key}");
                self.error(FILE, pointer, message, "check the path and who may read it");
            }
        }
    }

    fn zentinel(&mut self, config: &Config) {
        let zentinel = &config.zentinel;
        for (key, value) in [("tenant", &zentinel.tenant), ("agent", &zentinel.agent), ("name", &zentinel.name)] {
            if value.trim().is_empty() {
                let message = format!("`zentinel.{key}` is empty");
                self.error(INVALID, format!("/zentinel/{key}"), message, "leave the key away for its default");
            }
        }
        let headers = [("agent_header", &zentinel.agent_header), ("user_header", &zentinel.user_header)];
        for (key, name) in headers.into_iter().filter(|(_, name)| !name.is_empty()) {
            if name.parse::<axum::http::HeaderName>().is_err() {
                let message = format!("`{name}` is no name of a header");
                self.error(INVALID, format!("/zentinel/{key}"), message, "write one such as `x-agent`");
            }
        }
        if zentinel.grpc.is_some_and(|address| !address.ip().is_loopback()) {
            let message = "whoever reaches this address may ask the policies, and bodies travel unencrypted to it";
            self.warning(
                "/zentinel/grpc",
                message,
                "use `zentinel.socket`, a loopback address, or a protected network",
            );
        }
    }
}

/// Whether an address is one of this machine, where TLS adds nothing.
fn is_loopback_url(text: &str) -> bool {
    let host = url::Url::parse(text).ok().and_then(|url| url.host().map(|host| host.to_owned()));
    match host {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn readable(path: &Path) -> std::io::Result<()> {
    std::fs::File::open(path).map(drop)
}

/// Whether a text is scheme and host alone, as browsers send it.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'))
    })
}
