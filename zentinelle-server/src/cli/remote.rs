//! Speaking to a running server. The key never stands among a command's arguments, where every
//! other user of the machine could read it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Method, Url};
use serde_json::Value;
use zeroize::Zeroizing;

use super::error::CommandError;
use super::output::visible;

/// Where the key may stand.
const KEY_VARIABLE: &str = "ZENTINELLE_KEY";
/// Where the server's address may stand.
const URL_VARIABLE: &str = "ZENTINELLE_URL";
/// Where a server listens when nothing is said.
const USUAL_URL: &str = "http://127.0.0.1:8420";
/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which server, and with which key.
#[derive(Debug, clap::Args)]
pub(crate) struct ServerArgs {
    /// The server; ZENTINELLE_URL when not given, else this machine's.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A file that holds the key and that nobody else may read. Otherwise the key is taken from
    /// ZENTINELLE_KEY.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// A server and the key to it.
pub(crate) struct Remote {
    base: Url,
    key: Zeroizing<String>,
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl Remote {
    /// Makes ready to speak to a server.
    pub(crate) fn new(args: &ServerArgs) -> Result<Self, CommandError> {
        let base = base(args.url.clone().or_else(|| std::env::var(URL_VARIABLE).ok()).as_deref())?;
        let key = key(args.key_file.as_deref())?;
        crate::telemetry::use_ring();
        // A key is never sent on to another address.
        let client = Client::builder().redirect(Policy::none()).timeout(PATIENCE).build();
        let client = client.map_err(|error| CommandError::Remote { message: error.to_string(), help: "try again" })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { base, key, client, runtime })
    }

    /// Asks for something.
    pub(crate) fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, CommandError> {
        self.send(Method::GET, path, query, None)
    }

    /// Tells the server something.
    pub(crate) fn post(&self, path: &[&str], body: &Value) -> Result<Value, CommandError> {
        self.send(Method::POST, path, &[], Some(body))
    }

    fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, CommandError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "zentinelle", "v1"]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.client.request(method, url).header("x-zentinelle-key", self.key.as_str());
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = self.runtime.block_on(async {
            let reply = request.send().await?;
            let status = reply.status();
            Ok::<_, reqwest::Error>((status, reply.bytes().await?))
        });
        let (status, bytes) = answer.map_err(|error| CommandError::Remote {
            message: format!("{} does not answer: {}", self.base, root(&error)),
            help: "look whether the server runs, and give its address with --url",
        })?;
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status.is_success() {
            return Ok(body);
        }
        let said = body.get("detail").and_then(Value::as_str).map_or_else(|| status.to_string(), str::to_owned);
        let help = match status.as_u16() {
            401 => "check the key; it may be revoked or expired",
            403 => "use a key whose role may do this",
            404 => "check the id; `zentinelle approvals list` shows those that there are",
            409 => "look at it again; somebody else was faster, or its time is over",
            _ => "the server's log says more",
        };
        Err(CommandError::Remote { message: visible(&said).into_owned(), help })
    }
}

/// What lies at the bottom of an error, which is what people understand.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn base(text: Option<&str>) -> Result<Url, CommandError> {
    let text = text.filter(|text| !text.is_empty()).unwrap_or(USUAL_URL);
    let refused = |message: String| CommandError::Argument {
        message,
        help: "write an address such as `https://zentinelle.example.com`".to_owned(),
    };
    let url: Url = text.parse().map_err(|_| refused(format!("`{text}` is no address of a server")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("an address holds no name and password here".to_owned()));
    }
    let here = url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if here => Ok(url),
        "http" => Err(refused(format!("`{text}` would carry the key through the network in clear"))),
        other => Err(refused(format!("`{other}` is no way to speak to a server"))),
    }
}

fn key(file: Option<&Path>) -> Result<Zeroizing<String>, CommandError> {
    const HELP: &str = "put the key into ZENTINELLE_KEY, or name a file that holds it with --key-file";
    let refused = |name: &str, why: &str| CommandError::Key { name: name.to_owned(), why: why.to_owned(), help: HELP };
    let Some(path) = file else {
        return match std::env::var(KEY_VARIABLE) {
            Ok(key) if !key.trim().is_empty() => Ok(Zeroizing::new(key.trim().to_owned())),
            _ => Err(CommandError::Argument {
                message: "there is no key to the server".to_owned(),
                help: HELP.to_owned(),
            }),
        };
    };
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|source| CommandError::Read { name: name.clone(), source })?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode =
            file.metadata().map_err(|source| CommandError::Read { name: name.clone(), source })?.permissions().mode();
        if mode & 0o077 != 0 {
            let why = "others may read it: make it yours alone with `chmod 600`";
            return Err(refused(&name, why));
        }
    }
    let text = Zeroizing::new(
        std::io::read_to_string(file).map_err(|source| CommandError::Read { name: name.clone(), source })?,
    );
    let key = Zeroizing::new(text.trim().to_owned());
    let sound = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
    if sound { Ok(key) } else { Err(refused(&name, "it does not hold one line with a key")) }
}

#[cfg(test)]
mod tests {
    use super::{base, key};

    #[test]
    fn a_key_is_not_sent_in_clear_through_a_network() {
        for (text, sound) in [
            ("https://z.example.com", true),
            ("http://127.0.0.1:8420", true),
            ("http://localhost/below/", true),
            ("http://[::1]:1", true),
            ("http://z.example.com", false),
            ("https://user:pass@z.example.com", false),
            ("ftp://z.example.com", false),
            ("z.example.com", false),
        ] {
            assert_eq!(base(Some(text)).is_ok(), sound, "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        std::fs::write(&path, "sk_platform_x\n").expect("written");
        let set = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
        set(0o640);
        let refused = key(Some(&path)).expect_err("refused").to_string();
        assert!(!refused.contains("sk_platform_x"));
        set(0o600);
        assert_eq!(key(Some(&path)).expect("a key").as_str(), "sk_platform_x");
    }
}
