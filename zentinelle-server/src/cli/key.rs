//! `zentinelle key`: how the first operator's key comes to be.

mod rotate_master;

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use self::rotate_master::RotateMasterArgs;
use super::Format;
use super::error::CommandError;
use super::local::{self, LocalArgs};
use super::output::{Console, QUIET, STRONG, columns, fitted, visible};
use crate::auth::key::KeyKind;
use crate::auth::{Permission, Role};
use crate::bus::Notice;
use crate::clock;
use crate::exit::Exit;
use crate::http::operator::keys::KeyView;
use crate::service::fields;
use crate::service::keys::{self, NewKey};
use crate::service::tenants::STANDALONE;
use crate::store::keys as store;

/// Most keys that are listed.
const MOST_LISTED: u64 = 10_000;

/// Make, list and revoke keys, directly in the server's database.
///
/// A server that runs on the same database takes new keys at once, and a revoked one no more: it
/// is told through PostgreSQL or Redis, and looks itself every second besides.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(CreateArgs),
    List(ListArgs),
    Revoke(RevokeArgs),
    RotateMaster(RotateMasterArgs),
}

/// What a key is for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Acts for an operator with a role.
    Operator,
    /// Enrols agents and acts for those it enrolled.
    Enrolment,
    /// Enrols agents and nothing else.
    Bootstrap,
}

/// What an operator is.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleName {
    /// Everything, keys and secrets included.
    Admin,
    /// The daily work.
    Operator,
    /// Sees, changes nothing.
    Viewer,
}

/// Make a key and print it. It cannot be shown again.
#[derive(Debug, clap::Args)]
pub(crate) struct CreateArgs {
    /// What the key is for.
    #[arg(long, value_enum, default_value = "operator")]
    kind: Kind,
    /// Of an operator key: what the operator may do.
    #[arg(long, value_enum, required_if_eq("kind", "operator"))]
    role: Option<RoleName>,
    /// A name for people.
    #[arg(long, value_name = "TEXT")]
    label: String,
    /// Of an operator key: narrow it to these permissions, such as `policies:read`.
    #[arg(long, value_name = "PERMISSION", value_delimiter = ',')]
    scopes: Vec<String>,
    /// For how long it is good, such as `24h` or `30d`. Default: for ever.
    #[arg(long, value_name = "SPAN")]
    expires_in: Option<String>,
    /// Of a key that enrols: how many agents. Default: any number.
    #[arg(long, value_name = "NUMBER")]
    max_uses: Option<i64>,
    /// For which tenant.
    #[arg(long, value_name = "ID", default_value = STANDALONE)]
    tenant: String,
    /// How to write it.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    local: LocalArgs,
}

/// List keys, without what opens anything.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Also those that are revoked or expired.
    #[arg(long)]
    all: bool,
    /// Of which tenant.
    #[arg(long, value_name = "ID", default_value = STANDALONE)]
    tenant: String,
    /// How to write the list.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    local: LocalArgs,
}

/// Revoke a key.
#[derive(Debug, clap::Args)]
pub(crate) struct RevokeArgs {
    /// The key's id, as `zentinelle key list` shows it.
    #[arg(value_name = "ID")]
    id: String,
    /// Of which tenant.
    #[arg(long, value_name = "ID", default_value = STANDALONE)]
    tenant: String,
    /// How to write the result.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    local: LocalArgs,
}

/// Runs one of them.
pub(crate) fn run(command: Command, console: &mut Console) -> Result<Exit, CommandError> {
    match command {
        Command::Create(args) => create(args, console),
        Command::List(args) => list(args, console),
        Command::Revoke(args) => revoke(args, console),
        Command::RotateMaster(args) => rotate_master::run(args, console),
    }
}

fn create(args: CreateArgs, console: &mut Console) -> Result<Exit, CommandError> {
    let refused = |message: String, help: &str| CommandError::Argument { message, help: help.to_owned() };
    let scope = |text: &String| {
        Permission::parse(text).ok_or_else(|| refused(format!("`{text}` is no permission"), "write `policies:read`"))
    };
    let scopes = args.scopes.iter().map(scope).collect::<Result<Vec<_>, _>>()?;
    let span = args.expires_in.as_deref().map(|text| fields::seconds("--expires-in", text)).transpose();
    let span = span.map_err(|error| refused(error.to_string(), "write `24h` or `30d`"))?;
    let kind = match args.kind {
        Kind::Operator => KeyKind::Operator,
        Kind::Enrolment => KeyKind::Enrolment,
        Kind::Bootstrap => KeyKind::Bootstrap,
    };
    let role = args.role.map(|role| match role {
        RoleName::Admin => Role::Admin,
        RoleName::Operator => Role::Operator,
        RoleName::Viewer => Role::Viewer,
    });
    let new = NewKey {
        role,
        scopes,
        max_uses: args.max_uses,
        expires_at: span.map(|seconds| clock::now_micros().saturating_add(seconds * 1_000_000)),
        ..NewKey::new(kind, args.label)
    };
    let (view, text) = local::with(args.local, async |local| {
        keys::sound(&new)?;
        let caller = local.caller(&args.tenant).await?;
        let txn = local.store.begin().await?;
        let issued = keys::issue(&txn, &local.hasher, &caller, new).await?;
        let row = store::by_id(&txn, &caller.tenant, &issued.id).await?;
        txn.commit().await?;
        Ok((row.map(KeyView::new), issued.key.text))
    })?;
    match args.format {
        Format::Json => console.json(&serde_json::json!({ "api_key": text.as_str(), "key": view }))?,
        // The key alone on standard output, so that it can be piped where it belongs.
        Format::Text => {
            console.line(text.as_str())?;
            console.warning("this key is shown once and kept nowhere", Some("put it where its user reads it"));
        }
    }
    Ok(Exit::Success)
}

/// What `key list` prints in `--format json`.
#[derive(Serialize)]
struct Listed {
    count: usize,
    results: Vec<KeyView>,
}

fn list(args: ListArgs, console: &mut Console) -> Result<Exit, CommandError> {
    let rows = local::with(args.local, async |local| {
        let caller = local.caller(&args.tenant).await?;
        let usable_at = (!args.all).then(clock::now_micros);
        let filter = store::Filter { usable_at, ..store::Filter::default() };
        Ok(store::list(local.store.db(), &caller.tenant, &filter, None, MOST_LISTED).await?)
    })?;
    if let Format::Json = args.format {
        let results: Vec<KeyView> = rows.into_iter().map(KeyView::new).collect();
        console.json(&Listed { count: results.len(), results })?;
        return Ok(Exit::Success);
    }
    let width = |texts: &mut dyn Iterator<Item = &str>| texts.map(columns).max().unwrap_or_default();
    let label_width = width(&mut rows.iter().map(|row| row.label.as_str())).min(40);
    for row in &rows {
        let what = row.role.as_deref().or(row.agent_id.as_deref()).unwrap_or_default();
        let ends = match (row.revoked_at, row.expires_at) {
            (Some(at), _) => format!("revoked {}", clock::iso(at)),
            (None, Some(at)) => format!("until {}", clock::iso(at)),
            (None, None) => String::new(),
        };
        let label = fitted(&visible(&row.label), label_width);
        let (kind, what) = (fitted(&row.kind, 9), fitted(&visible(what), 10));
        let ends = console.paint(QUIET, ends);
        console.line(format_args!(
            "{}  {kind}  {what}  {}  {label}  {ends}",
            row.id,
            console.paint(STRONG, &row.public_id)
        ))?;
    }
    if rows.is_empty() {
        console.line("no key")?;
    }
    Ok(Exit::Success)
}

fn revoke(args: RevokeArgs, console: &mut Console) -> Result<Exit, CommandError> {
    let id = args.id.clone();
    let ended = local::with(args.local, async |local| {
        let caller = local.caller(&args.tenant).await?;
        let txn = local.store.begin().await?;
        let ended = keys::revoke_in(&txn, &caller, &args.id).await?;
        txn.commit().await?;
        for public_id in &ended {
            let notice = Notice::KeyChanged { tenant: caller.tenant.clone(), public_id: public_id.clone() };
            local.bus.publish(&notice).await;
        }
        Ok(ended.len())
    })?;
    match args.format {
        Format::Json => console.json(&serde_json::json!({ "id": id, "revoked": ended }))?,
        Format::Text if ended == 0 => console.line("it was revoked before")?,
        Format::Text => console.line("revoked")?,
    }
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use crate::auth::Role;
    use crate::auth::key::KeyKind;
    use crate::cli::local::{self, LocalArgs};
    use crate::config::Config;
    use crate::server::Server;
    use crate::service::keys::{self, NewKey};
    use crate::service::tenants::STANDALONE;

    #[test]
    fn a_key_that_is_made_here_opens_the_server_of_the_same_data() {
        let directory = tempfile::tempdir().expect("a directory");
        let args = LocalArgs { config: None, data_dir: Some(directory.path().to_owned()) };
        let new = NewKey { role: Some(Role::Admin), ..NewKey::new(KeyKind::Operator, "root") };
        let text = local::with(args, async |local| {
            let caller = local.caller(STANDALONE).await?;
            let txn = local.store.begin().await?;
            let issued = keys::issue(&txn, &local.hasher, &caller, new).await?;
            txn.commit().await?;
            Ok(issued.key.text)
        });
        let config = Config { data_dir: directory.path().to_owned(), ..Config::default() };
        tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
            let server = Server::assemble(&config).await.expect("a server");
            let caller = server.app.directory.authenticate(&text.expect("a key")).await.expect("a good key");
            assert_eq!(caller.actor(), "operator:root");
        });
    }
}
