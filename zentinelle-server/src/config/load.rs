//! Merging the configuration from its sources, weakest first: defaults, file, environment, flags.
//! Every fault of every source is found in one go and shown where it was written.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use zentinelle_core::document::diagnostic::{self, Problem, Severity, SourceFile, Style};
use zentinelle_core::document::place::Place;
use zentinelle_core::document::{decode, source};
use zentinelle_core::error::{Code, PolicyError};

use super::{Config, check, environment};

/// The file that is read when none is named.
const FILE: &str = "zentinelle.yaml";
/// Keys whose value is never shown.
const SECRETS: [&str; 3] = ["master_key", "bootstrap_secret", "api_key"];
/// The largest file that could be meant. Unit: bytes.
const MOST: u64 = 1 << 20;

/// A flag of the command that sets a key.
#[derive(Clone, Debug)]
pub(crate) struct Flag {
    /// The flag, such as `--listen`.
    pub(crate) name: &'static str,
    /// The key, as a JSON Pointer.
    pub(crate) pointer: &'static str,
    /// What it says.
    pub(crate) value: Value,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody set it.
    Default,
    /// A line of the file.
    File {
        /// The file.
        name: String,
        /// The line, from 1.
        line: usize,
    },
    /// A variable.
    Environment(String),
    /// A flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// Something wrong or odd, and who said it.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// What is wrong. Without a place when no file said it.
    pub(crate) problem: Problem,
    /// Who said it.
    pub(crate) origin: Origin,
}

/// What became of the sources.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The configuration; none when something in it cannot be used.
    pub(crate) config: Option<Config>,
    /// What is wrong or odd.
    pub(crate) findings: Vec<Finding>,
    /// The file that was read, with its text.
    pub(crate) file: Option<(String, String)>,
    origins: BTreeMap<String, Origin>,
}

/// Merges the configuration. A named file must exist; the usual one need not.
pub(crate) fn load(
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (String, String)>,
    flags: &[Flag],
) -> Result<Loaded, std::io::Error> {
    let variables: Vec<(String, String)> = variables.into_iter().collect();
    let named = variables.iter().find(|(name, text)| name == environment::FILE && !text.is_empty());
    let named = file.map(Path::to_owned).or_else(|| named.map(|(_, path)| PathBuf::from(path)));
    let text = match &named {
        Some(path) => Some((path.display().to_string(), read(path)?)),
        None if Path::new(FILE).is_file() => Some((FILE.to_owned(), read(Path::new(FILE))?)),
        None => None,
    };
    Ok(merge(text, variables, flags))
}

fn read(path: &Path) -> Result<String, std::io::Error> {
    if std::fs::metadata(path)?.len() > MOST {
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "it is longer than 1 MiB"));
    }
    std::fs::read_to_string(path)
}

/// Merges sources that have been read.
pub(super) fn merge(file: Option<(String, String)>, variables: Vec<(String, String)>, flags: &[Flag]) -> Loaded {
    let mut loaded = Loaded { config: None, findings: Vec::new(), file, origins: BTreeMap::new() };
    let mut merged = defaults();
    let place = loaded.take_file(&mut merged);
    let environment = environment::read(variables, &inline_schema());
    loaded.take_environment(&environment, &mut merged);
    for flag in flags {
        let mut only = Value::Object(Map::new());
        put(&mut only, flag.pointer, flag.value.clone());
        loaded.findings.extend(
            faults(&only)
                .into_iter()
                .map(|error| Finding { problem: problem(&error, None), origin: Origin::Flag(flag.name) }),
        );
        overlay(&mut merged, only);
        loaded.origins.insert(flag.pointer.to_owned(), Origin::Flag(flag.name));
    }
    if !loaded.is_faulty() {
        loaded.config = decode::decode::<Config>(&merged).value;
    }
    if let Some(config) = &loaded.config {
        let found = check::check(config).into_iter().map(|(error, severity)| {
            let origin = loaded.origin(error.pointer().as_str());
            let place = matches!(origin, Origin::File { .. }).then_some(&place);
            Finding { problem: Problem { severity, ..problem(&error, place) }, origin }
        });
        let found: Vec<Finding> = found.collect();
        loaded.findings.extend(found);
    }
    if loaded.is_faulty() {
        loaded.config = None;
    }
    loaded
}

impl Loaded {
    /// Whether something cannot be used.
    pub(crate) fn is_faulty(&self) -> bool {
        self.findings.iter().any(|finding| finding.problem.severity == Severity::Error)
    }

    /// Where the value of a key came from.
    pub(crate) fn origin(&self, pointer: &str) -> Origin {
        let mut pointer = pointer;
        loop {
            if let Some(origin) = self.origins.get(pointer) {
                return origin.clone();
            }
            match pointer.rsplit_once('/') {
                Some((parent, _)) => pointer = parent,
                None => return Origin::Default,
            }
        }
    }

    /// Everything that is wrong or odd, as people read it.
    pub(crate) fn rendered(&self, color: bool) -> String {
        let (of_file, others): (Vec<&Finding>, Vec<&Finding>) =
            self.findings.iter().partition(|finding| finding.problem.span.is_some());
        let mut text = String::new();
        if let Some((name, content)) = &self.file {
            let problems: Vec<Problem> = of_file.iter().map(|finding| finding.problem.clone()).collect();
            let content = without_secrets(content);
            text += &diagnostic::render(&problems, &SourceFile { name, text: &content }, Style { color });
        }
        for finding in others {
            let Finding { problem, origin } = finding;
            let word = if problem.severity == Severity::Error { "error" } else { "warning" };
            if !text.is_empty() {
                text.push('\n');
            }
            text += &format!("{word}[{}]: {}\n --> {origin}\n", problem.code, problem.message);
            if let Some(help) = &problem.help {
                text += &format!("help: {help}\n");
            }
        }
        text
    }

    /// Reads the file and says where its parts stand.
    fn take_file(&mut self, merged: &mut Value) -> Place {
        let Some((name, text)) = self.file.clone() else { return Place::default() };
        let parsed = source::parse(&text);
        let at = |line| Origin::File { name: name.clone(), line };
        let source = SourceFile { name: &name, text: &text };
        self.findings.extend(parsed.problems.into_iter().map(|problem| {
            let line = problem.span.as_ref().map_or(1, |span| source.line_column(span.start).0);
            Finding { problem, origin: at(line) }
        }));
        let mut documents = parsed.documents.into_iter();
        let Some(document) = documents.next() else { return Place::default() };
        if let Some(second) = documents.next() {
            let message = "the file holds more than one document";
            let problem = Problem::new(Code::new("config.documents"), second.place.value.clone(), message);
            self.findings.push(Finding { problem, origin: at(source.line_column(second.place.value.start).0) });
        }
        for error in faults(&document.value) {
            let problem = problem(&error, Some(&document.place));
            let line = problem.span.as_ref().map_or(1, |span| source.line_column(span.start).0);
            self.findings.push(Finding { problem, origin: at(line) });
        }
        for pointer in leaves(&document.value) {
            let part = document.place.nearest(&pointer).0;
            let start = part.key.as_ref().map_or(part.value.start, |key| key.start);
            self.origins.insert(pointer, at(source.line_column(start).0));
        }
        if document.value.is_object() {
            overlay(merged, document.value);
        }
        document.place
    }

    fn take_environment(&mut self, environment: &environment::Environment, merged: &mut Value) {
        let value = Value::Object(environment.value.clone());
        for error in faults(&value) {
            let pointer = error.pointer().as_str();
            // A fault may stand above the key (an unknown section) or below it (an item of a list).
            let of_key = |(key, _): &&(String, String)| key.starts_with(pointer) || pointer.starts_with(key.as_str());
            let name = environment.names.iter().find(of_key).map_or("the environment", |(_, name)| name);
            self.findings
                .push(Finding { problem: problem(&error, None), origin: Origin::Environment(name.to_owned()) });
        }
        overlay(merged, value);
        for (pointer, name) in &environment.names {
            self.origins.insert(pointer.clone(), Origin::Environment(name.clone()));
        }
    }
}

/// A file as it may be shown: as long as it was, with stars for what stands behind the key of a
/// secret and for passwords in addresses.
fn without_secrets(text: &str) -> String {
    let stars = |text: &str| "*".repeat(text.len());
    let line = |line: &str| {
        // A key may stand behind others on its line, as in `openai: { api_key: … }`.
        let behind = SECRETS.iter().filter_map(|secret| Some(line.find(secret)? + secret.len())).min();
        if let Some((between, value)) = behind.and_then(|at| line.get(at..)?.split_once(':'))
            && between.chars().all(|sign| matches!(sign, '"' | '\'' | ' '))
        {
            let shown = line.strip_suffix(value).unwrap_or_default();
            return format!("{shown}{}", stars(value));
        }
        match line.split_once("://").and_then(|(before, rest)| Some((before, rest.rsplit_once('@')?))) {
            Some((before, (user, host))) => format!("{before}://{}@{host}", stars(user)),
            None => line.to_owned(),
        }
    };
    let lines: Vec<String> = text.split('\n').map(line).collect();
    lines.join("\n")
}

/// Everything one source says that cannot be used.
fn faults(value: &Value) -> Vec<PolicyError> {
    let mut whole = defaults();
    if value.is_object() {
        overlay(&mut whole, value.clone());
    } else {
        whole = value.clone();
    }
    let decoded = decode::decode_as::<Config>(&whole, "the configuration");
    decoded.errors.into_iter().chain(decoded.unknown_keys).collect()
}

fn problem(error: &PolicyError, place: Option<&Place>) -> Problem {
    let mut problem = match place {
        Some(place) => Problem::from_policy_error(error, place),
        None => Problem { span: None, ..Problem::from_policy_error(error, &Place::default()) },
    };
    let code = format!("config.{}", error.code().as_str().rsplit('.').next().unwrap_or_default());
    if let Ok(code) = serde_json::from_value(Value::from(code)) {
        problem.code = code;
    }
    problem
}

/// The defaults as a source. Secrets have none, so nothing is hidden in it.
fn defaults() -> Value {
    serde_json::to_value(Config::default()).unwrap_or_default()
}

/// The schema with every part in its place.
fn inline_schema() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12();
    let mut generator = settings.with(|settings| settings.inline_subschemas = true).into_generator();
    generator.root_schema_for::<Config>().to_value()
}

/// Lays the keys of `over` on `base`; only objects are merged, anything else is replaced.
fn overlay(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                overlay(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

fn put(object: &mut Value, pointer: &str, value: Value) {
    let nested = pointer
        .rsplit('/')
        .filter(|key| !key.is_empty())
        .fold(value, |value, key| Value::Object(Map::from_iter([(key.to_owned(), value)])));
    overlay(object, nested);
}

/// The pointers of every value that is no object, lists counting as one value.
pub(crate) fn leaves(value: &Value) -> Vec<String> {
    fn walk(value: &Value, pointer: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(object) if !object.is_empty() => {
                object.iter().for_each(|(key, value)| walk(value, &format!("{pointer}/{key}"), found));
            }
            _ => found.push(pointer.to_owned()),
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}
