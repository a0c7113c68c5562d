//! `zentinelle audit verify`: whether an exported log is whole, in order, unedited and signed.

use std::io::{ErrorKind, Read as _};

use serde::Serialize;
use serde_json::Value;
use zentinelle_core::audit::{CheckpointKey, Digest, Expectations, Fault, FaultKind, Report, Status, Verifier};

use crate::cli::error::CommandError;
use crate::cli::output::{BAD, Console, GOOD, NOTICE, QUIET, STRONG, grouped, visible, wrapped};
use crate::cli::{Format, input};
use crate::exit::Exit;

/// Check that an exported log is whole, in order, unedited and signed.
///
/// Ends with code 0 only if entries were verified, none is at fault, and a checkpoint signed by a
/// trusted key, or a head that you know, vouches for them. The more you say of what you expect, the
/// less can be hidden from you.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The exported log, JSON lines; `-` reads the standard input.
    #[arg(value_name = "BUNDLE")]
    bundle: String,
    /// Public keys whose checkpoints are believed, one a line as `NAME+HASH+BASE64`. May be repeated.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    key: Vec<String>,
    /// Whose log it must be.
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// The log may begin with this entry instead of with the first.
    #[arg(long, value_name = "SEQUENCE")]
    from: Option<u64>,
    /// The log must reach at least to this entry.
    #[arg(long, value_name = "SEQUENCE")]
    through: Option<u64>,
    /// The entry of this number must have this chain hash.
    #[arg(long, value_name = "SEQUENCE:HASH", value_parser = head)]
    head: Option<(u64, Digest)>,
    /// A signed checkpoint that was kept elsewhere. May be repeated.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    checkpoint: Vec<String>,
    /// How to write the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const KEY_FORM: &str = "write one key a line, as its signer printed it: `NAME+HASH+BASE64`";
/// Bytes read at a time.
const PIECE: usize = 64 * 1024;

/// The answer of `--format json`.
#[derive(Serialize)]
struct Answer<'r> {
    valid: bool,
    status: Status,
    #[serde(flatten)]
    report: &'r Report,
}

fn head(text: &str) -> Result<(u64, Digest), String> {
    let (sequence, hash) = text.split_once(':').ok_or("expected SEQUENCE:HASH")?;
    let sequence = sequence.parse().map_err(|_| format!("`{sequence}` is no sequence number"))?;
    Ok((sequence, hash.parse().map_err(|_| format!("`{hash}` is no hash of 64 hexadecimal digits"))?))
}

/// Verifies the bundle.
pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    let keys = keys(&args.key)?;
    let expected = Expectations {
        tenant_id: args.tenant.clone(),
        first_sequence: args.from,
        last_sequence: args.through,
        head: args.head,
        checkpoints: args.checkpoint.iter().map(|path| input::read_text(path)).collect::<Result<_, _>>()?,
    };
    let mut verifier = Verifier::new(&keys, expected);
    let mut bundle = input::open(&args.bundle)?;
    let mut piece = vec![0; PIECE];
    loop {
        match bundle.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => verifier.push(&piece[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(source) => {
                return Err(CommandError::Read { name: input::shown_name(&args.bundle).to_owned(), source });
            }
        }
    }
    let report = verifier.finish();
    match args.format {
        Format::Json => console.json(&Answer { valid: report.is_valid(), status: report.status(), report: &report })?,
        Format::Text => show(&report, console)?,
    }
    Ok(Exit::negative_if(!report.is_valid()))
}

fn keys(paths: &[String]) -> Result<Vec<CheckpointKey>, CommandError> {
    let mut keys = Vec::new();
    for path in paths {
        let text = input::read_text(path)?;
        let before = keys.len();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let refused = |_| CommandError::Key {
                name: format!("{}:{}", input::shown_name(path), number + 1),
                why: "it is no public key of a signer, or a letter of it is wrong".to_owned(),
                help: KEY_FORM,
            };
            keys.push(line.trim().parse::<CheckpointKey>().map_err(refused)?);
        }
        if keys.len() == before {
            let why = "the file holds no key".to_owned();
            return Err(CommandError::Key { name: input::shown_name(path).to_owned(), why, help: KEY_FORM });
        }
    }
    Ok(keys)
}

fn show(report: &Report, console: &mut Console) -> Result<(), CommandError> {
    let (mark, style, verdict, meaning) = match report.status() {
        Status::Valid => ("✓", GOOD, "valid", "whole, in order, unedited and signed"),
        Status::Unanchored => (
            "!",
            NOTICE,
            "unanchored",
            "no fault, but nothing signed or known vouches for it: anybody could have written it",
        ),
        Status::NothingVerified => {
            ("✗", BAD, "nothing verified", "there was no entry to verify, which is not \"valid\"")
        }
        Status::Invalid => ("✗", BAD, "invalid", "the log is not what it should be"),
    };
    console.line(format_args!("{} {}: {meaning}", console.paint(style, mark), console.paint(STRONG, verdict)))?;
    for fault in &report.faults {
        show_fault(fault, console)?;
    }
    if let Some(more) = report.fault_count.checked_sub(report.faults.len() as u64).filter(|more| *more > 0) {
        console.line(format_args!("  and {} more", grouped(more as usize)))?;
    }
    console.line("")?;
    let fact = |console: &mut Console, name: &str, value: String| {
        let name = console.paint(QUIET, format!("{name:<14}"));
        console.line(format_args!("  {name}{value}"))
    };
    fact(
        console,
        "tenant",
        report.tenant_id.as_deref().map_or("unknown".into(), |tenant| visible(tenant).into_owned()),
    )?;
    let through =
        format!("{} verified, {} to {}", grouped(report.entries as usize), report.first_sequence, report.last_sequence);
    fact(console, "entries", if report.entries == 0 { "none".to_owned() } else { through })?;
    let anchored = match report.anchored_through {
        0 => "nowhere".to_owned(),
        through if through < report.last_sequence => {
            format!("entry {through}; later ones could be changed or removed unnoticed")
        }
        through => format!("entry {through}, the last"),
    };
    fact(console, "signed up to", anchored)?;
    let unjudged = match report.unjudged_checkpoints {
        0 => String::new(),
        number => format!(", {} not judged for want of a key (--key)", grouped(number as usize)),
    };
    fact(console, "checkpoints", format!("{} trusted{unjudged}", grouped(report.checkpoints as usize)))?;
    if let Some(hash) = report.chain_hash.filter(|_| report.entries > 0) {
        fact(console, "chain hash", hash.to_string())?;
    }
    if let Some(root) = report.root.filter(|_| report.entries > 0) {
        fact(console, "Merkle root", root.to_string())?;
    }
    if let Some(line) = report.torn_tail {
        fact(console, "torn", format!("line {line} breaks off, as after a crash; nothing of it was used"))?;
    }
    Ok(())
}

/// The fault by its name, its place, and what it is.
fn show_fault(fault: &Fault, console: &mut Console) -> Result<(), CommandError> {
    let place = match (fault.line, fault.sequence, fault.through) {
        (Some(line), _, _) => format!("line {line}: "),
        (None, Some(first), Some(last)) if first != last => format!("entries {first} to {last}: "),
        (None, Some(sequence), _) => format!("entry {sequence}: "),
        (None, None, _) => String::new(),
    };
    let name = console.paint(BAD, format!("{:<14}", name(fault.kind)));
    let width = console.width().map(|width| width.saturating_sub(16).max(20));
    for (number, line) in wrapped(&visible(&format!("{place}{}", fault.message)), width).iter().enumerate() {
        match number {
            0 => console.line(format_args!("  {name}{line}"))?,
            _ => console.line(format_args!("{:16}{line}", ""))?,
        }
    }
    Ok(())
}

/// The fault as it is written in JSON, in words.
fn name(kind: FaultKind) -> String {
    match serde_json::to_value(kind) {
        Ok(Value::String(name)) => name.replace('_', " "),
        _ => "fault".to_owned(),
    }
}
