//! `zentinelle user`: people who sign in, from the machine the server runs on.

use clap::{Subcommand, ValueEnum};
use zeroize::Zeroizing;

use super::Format;
use super::error::CommandError;
use super::local::{self, LocalArgs};
use super::output::{Console, QUIET, STRONG, columns, fitted, visible};
use crate::auth::Role;
use crate::clock;
use crate::exit::Exit;
use crate::http::operator::users::UserView;
use crate::service::tenants::STANDALONE;
use crate::service::users::{self, NewUser, UserChange};
use crate::store::entities::user;
use crate::store::users as store;

/// Most people that are listed.
const MOST_LISTED: u64 = 10_000;

/// Add, list, disable people who sign in, and reset their passwords, directly in the server's database.
///
/// A server that runs on the same database takes it up with the next request.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Add(AddArgs),
    List(ListArgs),
    Reset(ResetArgs),
    Disable(DisableArgs),
}

/// What a person may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleName {
    /// Everything, people, keys and secrets included.
    Admin,
    /// The daily work.
    Operator,
    /// Sees, changes nothing.
    Viewer,
}

/// Add a person, and print a temporary password. It cannot be shown again.
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// The e-mail address, by which they sign in.
    #[arg(value_name = "EMAIL")]
    email: String,
    /// What they may do.
    #[arg(long, value_enum)]
    role: RoleName,
    /// Their name. Default: what stands before the `@`.
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// List people.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    common: Common,
}

/// Give a person a temporary password, and end their sessions.
#[derive(Debug, clap::Args)]
pub(crate) struct ResetArgs {
    /// The e-mail address.
    #[arg(value_name = "EMAIL")]
    email: String,
    /// Also turn one-time codes off, for somebody who lost the device.
    #[arg(long)]
    totp: bool,
    #[command(flatten)]
    common: Common,
}

/// Do not let a person sign in any more, and end their sessions.
#[derive(Debug, clap::Args)]
pub(crate) struct DisableArgs {
    /// The e-mail address.
    #[arg(value_name = "EMAIL")]
    email: String,
    /// Let them in again instead.
    #[arg(long)]
    undo: bool,
    #[command(flatten)]
    common: Common,
}

/// What every one of them takes.
#[derive(Debug, clap::Args)]
struct Common {
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
        Command::Add(args) => add(args, console),
        Command::List(args) => list(args, console),
        Command::Reset(args) => reset(args, console),
        Command::Disable(args) => disable(args, console),
    }
}

fn add(args: AddArgs, console: &mut Console) -> Result<Exit, CommandError> {
    let role = match args.role {
        RoleName::Admin => Role::Admin,
        RoleName::Operator => Role::Operator,
        RoleName::Viewer => Role::Viewer,
    };
    let name = args.name.unwrap_or_else(|| args.email.split('@').next().unwrap_or_default().to_owned());
    let new = NewUser { email: args.email, name, role };
    let Common { tenant, format, local } = args.common;
    let made = local::with(local, async |local| {
        let caller = local.caller(&tenant).await?;
        users::create(&local.store, &caller, new, None).await
    })?;
    issued(console, format, made.0, made.1)
}

fn reset(args: ResetArgs, console: &mut Console) -> Result<Exit, CommandError> {
    let Common { tenant, format, local } = args.common;
    let (row, password) = local::with(local, async |local| {
        let caller = local.caller(&tenant).await?;
        let row = users::by_email(&local.store, &caller.tenant, &args.email).await?;
        users::reset(&local.store, &caller, &row.id, args.totp).await
    })?;
    issued(console, format, row, Some(password))
}

/// Prints a password that is shown once.
fn issued(
    console: &mut Console,
    format: Format,
    row: user::Model,
    password: Option<Zeroizing<String>>,
) -> Result<Exit, CommandError> {
    let password = password.unwrap_or_default();
    match format {
        Format::Json => {
            console.json(&serde_json::json!({ "temporary_password": password.as_str(), "user": UserView::new(row) }))?
        }
        // The password alone on standard output.
        Format::Text => {
            console.line(password.as_str())?;
            let help = "it is good for seven days; another is chosen at the first sign-in";
            console.warning("this password is shown once and kept nowhere", Some(help));
        }
    }
    Ok(Exit::Success)
}

fn list(args: ListArgs, console: &mut Console) -> Result<Exit, CommandError> {
    let Common { tenant, format, local } = args.common;
    let rows = local::with(local, async |local| {
        let caller = local.caller(&tenant).await?;
        let filter = store::Filter::default();
        Ok(store::list(local.store.db(), &caller.tenant, &filter, None, MOST_LISTED).await?)
    })?;
    if let Format::Json = format {
        let results: Vec<UserView> = rows.into_iter().map(UserView::new).collect();
        console.json(&serde_json::json!({ "count": results.len(), "results": results }))?;
        return Ok(Exit::Success);
    }
    let width = rows.iter().map(|row| columns(&row.email)).max().unwrap_or_default().min(50);
    for row in &rows {
        let seen = row.last_sign_in_at.map_or_else(|| "never signed in".to_owned(), clock::iso);
        let state = if row.disabled_at.is_some() { "disabled" } else { seen.as_str() };
        let email = console.paint(STRONG, fitted(&visible(&row.email), width)).to_string();
        let state = console.paint(QUIET, state.to_owned()).to_string();
        console.line(format_args!("{email}  {}  {}  {state}", fitted(&row.role, 8), visible(&row.name)))?;
    }
    if rows.is_empty() {
        console.line("nobody")?;
    }
    Ok(Exit::Success)
}

fn disable(args: DisableArgs, console: &mut Console) -> Result<Exit, CommandError> {
    let Common { tenant, format, local } = args.common;
    let row = local::with(local, async |local| {
        let caller = local.caller(&tenant).await?;
        let row = users::by_email(&local.store, &caller.tenant, &args.email).await?;
        let change = UserChange { disabled: Some(!args.undo), ..UserChange::default() };
        users::update(&local.store, &caller, &row.id, change).await
    })?;
    match format {
        Format::Json => console.json(&UserView::new(row))?,
        Format::Text if args.undo => console.line("enabled")?,
        Format::Text => console.line("disabled")?,
    }
    Ok(Exit::Success)
}
