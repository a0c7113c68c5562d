//! `zentinelle tenant`: the organisations a server serves.

use clap::Subcommand;

use super::Format;
use super::error::CommandError;
use super::local::{self, LocalArgs};
use super::output::{Console, columns, fitted, visible};
use crate::exit::Exit;
use crate::service::tenants::{self, NewTenant, STANDALONE};
use crate::store::tenants as store;

/// Most tenants that are listed.
const MOST_LISTED: u64 = 100_000;

/// Make and list the organisations a server serves, directly in its database.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(CreateArgs),
    List(ListArgs),
}

/// Make a tenant, and print the key of its first administrator.
#[derive(Debug, clap::Args)]
pub(crate) struct CreateArgs {
    /// Its name.
    #[arg(value_name = "NAME")]
    name: String,
    /// Its id: lower-case letters, digits and `-`. Default: made.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Make no key.
    #[arg(long)]
    without_key: bool,
    /// How to write it.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    local: LocalArgs,
}

/// List the tenants.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// How to write the list.
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
    }
}

fn create(args: CreateArgs, console: &mut Console) -> Result<Exit, CommandError> {
    let new = NewTenant { id: args.id, name: args.name, admin_key: !args.without_key };
    let (row, issued) = local::with(args.local, async |local| {
        let caller = local.caller(STANDALONE).await?;
        let txn = local.store.begin().await?;
        let made = tenants::create_in(&txn, &local.hasher, &caller, new).await?;
        txn.commit().await?;
        Ok(made)
    })?;
    let key = issued.as_ref().map(|issued| issued.key.text.as_str());
    match args.format {
        Format::Json => console.json(&serde_json::json!({ "id": row.id, "name": row.name, "api_key": key }))?,
        Format::Text => {
            console.line(format_args!("tenant {}", row.id))?;
            if let Some(key) = key {
                console.line(format_args!("key    {key}"))?;
                console.warning("this key is shown once and kept nowhere", None);
            }
        }
    }
    Ok(Exit::Success)
}

fn list(args: ListArgs, console: &mut Console) -> Result<Exit, CommandError> {
    let rows = local::with(args.local, async |local| Ok(store::list(local.store.db(), None, MOST_LISTED).await?))?;
    if let Format::Json = args.format {
        let shown: Vec<_> = rows
            .iter()
            .map(|row| serde_json::json!({ "id": row.id, "name": row.name, "status": row.status }))
            .collect();
        console.json(&serde_json::json!({ "count": shown.len(), "results": shown }))?;
        return Ok(Exit::Success);
    }
    let width = rows.iter().map(|row| columns(&row.id)).max().unwrap_or_default();
    for row in &rows {
        console.line(format_args!("{}  {}", fitted(&row.id, width), visible(&row.name)))?;
    }
    Ok(Exit::Success)
}
