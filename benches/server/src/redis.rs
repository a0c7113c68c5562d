//! Asks Redis how many scripts it ran.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How many scripts a Redis has run since it began, by its own count.
pub(crate) async fn scripts_run(url: &str) -> io::Result<u64> {
    let rest = url.strip_prefix("redis://").ok_or_else(|| io::Error::other("not a redis:// address"))?;
    let (password, rest) = match rest.rsplit_once('@') {
        Some((login, rest)) => (login.rsplit_once(':').map(|(_, password)| password), rest),
        None => (None, rest),
    };
    let mut stream = TcpStream::connect(rest.split('/').next().unwrap_or(rest)).await?;
    let login = password.map(|password| format!("AUTH {password}\r\n")).unwrap_or_default();
    stream.write_all(format!("{login}INFO commandstats\r\nQUIT\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let counts = answer.lines().filter_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")?.split(',').next());
    Ok(counts.filter_map(|count| count.parse::<u64>().ok()).sum())
}
