//! `zentinelle scan`: what in a text is secret, personal, or meant to harm.

mod judge;
mod text;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zentinelle_core::document::decode::decode_as;
use zentinelle_core::scan::Finding;

use super::Format;
use super::error::CommandError;
use super::input::{self, Lines, STANDARD_INPUT};
use super::output::Console;
use super::requests::{self, Fault, Malformed};
use crate::exit::Exit;
use judge::{Judge, Judgement, Verdict};

/// Find secrets, personal data, prompt injection and jailbreaks in texts.
///
/// Scans each FILE as one text. With `--format json` the standard input is JSON lines
/// `{"id": 1, "text": "…", "source": "tool"}`, and one line comes out for each, in the same order:
/// `{"id", "verdict", "injection_score", "findings"}`; places are bytes of the original text. The
/// verdict speaks of injection and jailbreaks alone: `clean`, `suspect` or `malicious`. A line that
/// cannot be read is `suspect` and has an `error`, and the exit code is 2.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Texts; `-`, or none, reads the standard input.
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// How to write what is found.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print the text with what is found replaced by markers.
    #[arg(long)]
    redact: bool,
    /// Where texts come from that do not say it themselves. A stranger's text is judged more strictly.
    #[arg(long, value_enum, default_value_t)]
    source: Source,
    /// End with code 1 if anything is found.
    #[arg(long)]
    exit_code: bool,
}

/// Where a text comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// The person the agent works for.
    #[default]
    User,
    /// A tool, a document, a web page, a mail.
    Tool,
    /// A model's own output.
    Model,
}

/// One line of the input of `--format json`. Other keys are passed over, so that data sets can be
/// scanned as they are.
#[derive(Deserialize)]
struct Asked {
    text: String,
    #[serde(default)]
    source: Option<Source>,
}

/// One line of the output of `--format json`.
#[derive(Serialize)]
struct Answer<'t> {
    id: Option<Value>,
    verdict: Verdict,
    /// 0 to 1.
    injection_score: f64,
    findings: Vec<FoundThing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redacted: Option<String>,
    /// Why the line could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// The file, where a file was scanned.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'t str>,
}

/// A finding, with its place beside the rest.
#[derive(Serialize)]
struct FoundThing {
    category: zentinelle_core::scan::Category,
    kind: String,
    severity: zentinelle_core::scan::Severity,
    confidence: f64,
    start: usize,
    end: usize,
}

impl From<&Finding> for FoundThing {
    fn from(finding: &Finding) -> Self {
        Self {
            category: finding.category,
            kind: finding.kind.to_string(),
            severity: finding.severity,
            confidence: rounded(finding.confidence),
            start: finding.span.start,
            end: finding.span.end,
        }
    }
}

/// Three decimals: more would pretend to a precision that no score has.
fn rounded(share: f32) -> f64 {
    (f64::from(share.clamp(0.0, 1.0)) * 1000.0).round() / 1000.0
}

/// Scans everything.
pub(crate) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    let judge = Judge::new();
    let nothing = [STANDARD_INPUT.to_owned()];
    let files = if args.files.is_empty() { &nothing[..] } else { &args.files };
    let (mut found, mut unreadable) = (false, false);
    for path in files {
        if args.format == Format::Json && path == STANDARD_INPUT {
            let ended = scan_lines(args, &judge, console)?;
            found |= ended.found;
            unreadable |= ended.unreadable;
            continue;
        }
        let text = input::read_text(path)?;
        let name = input::shown_name(path);
        let judgement = judge.judge(&text, args.source);
        found |= judgement.is_remarkable();
        match args.format {
            Format::Json => {
                let mut answer = answer(None, &text, &judgement, &judge, args.redact);
                answer.file = Some(name);
                console.json_line(&answer)?;
            }
            Format::Text if args.redact => console.text(judge.redact(&text, &judgement))?,
            Format::Text => text::show(name, &text, &judgement, console)?,
        }
    }
    Ok(if unreadable { Exit::Unusable } else { Exit::negative_if(args.exit_code && found) })
}

/// What was seen in the lines of the standard input.
#[derive(Default)]
struct Ended {
    found: bool,
    unreadable: bool,
}

fn scan_lines(args: &Args, judge: &Judge, console: &mut Console) -> Result<Ended, CommandError> {
    let mut lines = Lines::open(STANDARD_INPUT)?;
    let mut ended = Ended::default();
    loop {
        // Nobody should wait for an answer that is ready.
        if lines.may_block() {
            console.flush()?;
        }
        let Some((number, line)) = lines.next()? else { return Ok(ended) };
        let read = requests::value(&line).and_then(|value| Ok((read(&value)?, value.get("id").cloned())));
        match read {
            Ok((asked, id)) => {
                let judgement = judge.judge(&asked.text, asked.source.unwrap_or(args.source));
                ended.found |= judgement.is_remarkable();
                console.json_line(&answer(id, &asked.text, &judgement, judge, args.redact))?;
            }
            Err(malformed) => {
                ended.unreadable = true;
                console.flush()?;
                let name = input::shown_name(STANDARD_INPUT);
                console.complaint(&format!("{name}:{number}: {}", malformed.reason()), malformed.help());
                // What nobody could judge must not pass as clean.
                console.json_line(&Answer {
                    error: Some(malformed.reason()),
                    line: Some(number),
                    ..unjudged(malformed.id)
                })?;
            }
        }
    }
}

fn read(value: &Value) -> Result<Asked, Malformed> {
    let decoded = decode_as::<Asked>(value, "a text to scan").lenient();
    decoded.map_err(|errors| Malformed::new(Some(value), errors.into_iter().map(Fault::from).collect()))
}

fn answer<'t>(id: Option<Value>, text: &str, judgement: &Judgement, judge: &Judge, redact: bool) -> Answer<'t> {
    Answer {
        verdict: judgement.verdict,
        injection_score: rounded(judgement.score),
        findings: judgement.findings.iter().map(FoundThing::from).collect(),
        redacted: redact.then(|| judge.redact(text, judgement)),
        ..unjudged(id)
    }
}

fn unjudged<'t>(id: Option<Value>) -> Answer<'t> {
    Answer {
        id,
        verdict: Verdict::Suspect,
        injection_score: 0.0,
        findings: Vec::new(),
        redacted: None,
        error: None,
        line: None,
        file: None,
    }
}
