//! Policy documents: what policy authors write, read with every fault in one go.
//!
//! A text holds one or more YAML documents (JSON is YAML), each in one of these forms:
//!
//! - a list of policies under `policies:`, with `tests:` beside it (the form to prefer);
//! - one policy as a manifest, `kind: Policy` with `metadata` and `spec`, as the reference
//!   keeps policies as code;
//! - a bare list of policies, or a single policy.
//!
//! A policy with a fault does not hide the faults of the next one.

pub mod diff;
mod entry;
mod expectation;
mod schema;

use std::collections::BTreeMap;

use serde_json::Value;

pub use self::entry::WrittenPolicy;
pub use self::expectation::{Expectation, PolicyTest, TestOutcome};
pub use self::schema::{policy_document_schema, wire_schemas};
use crate::document::decode::decode_as;
use crate::document::diagnostic::{Problem, Severity};
use crate::document::place::Place;
use crate::document::source::{self, Document};
use crate::engine::{PolicySet, Ready, prepare};
use crate::error::{Code, Pointer, PolicyError, codes};
use crate::ids::TenantId;
use crate::policy::Policy;
use crate::sorting;

const DUPLICATE_ID: Code = Code::new("document.duplicate_id");
const NO_POLICY: Code = Code::new("document.no_policy");
const UNKNOWN_FORM: Code = Code::new("document.unknown_form");

/// What a text of policies says.
#[derive(Clone, Debug, Default)]
pub struct PolicyDocument {
    policies: Vec<WrittenPolicy>,
    /// What checking each policy made of its config, so that deciding need not make it again.
    prepared: Vec<Ready>,
    /// What the author expects of them.
    pub tests: Vec<PolicyTest>,
}

/// Reads a text. The document holds what could be used; problems of severity error mean that
/// something could not.
#[must_use]
pub fn read(text: &str) -> (PolicyDocument, Vec<Problem>) {
    let parsed = source::parse(text);
    let mut reader = Reader { problems: parsed.problems, ..Reader::default() };
    for document in &parsed.documents {
        reader.document(document);
    }
    reader.check_ids();
    if reader.found.policies.is_empty() && !reader.problems.iter().any(|p| p.severity == Severity::Error) {
        let problem = Problem::new(NO_POLICY, 0..0, "the text holds no policy");
        reader.problems.push(problem.with_help("write a list of policies under `policies:`"));
    }
    sorting::sort_by_key(&mut reader.problems, |problem| problem.span.as_ref().map(|span| span.start));
    (reader.found, reader.problems)
}

impl PolicyDocument {
    /// The policies, in the order in which they are written, which counts as the order in which
    /// they were created.
    #[must_use]
    pub fn policies(&self) -> &[WrittenPolicy] {
        &self.policies
    }

    /// Adds the policies and tests of a second text, as if they were written below.
    pub fn append(&mut self, below: Self) {
        self.policies.extend(below.policies);
        self.prepared.extend(below.prepared);
        self.tests.extend(below.tests);
    }

    /// The policies a tenant has: those that name it, and those that name no tenant.
    #[must_use]
    pub fn for_tenant(&self, tenant: &TenantId) -> Vec<Policy> {
        self.own(tenant).map(|(policy, _)| policy).collect()
    }

    /// The policies of a tenant, compiled.
    #[must_use]
    pub fn policy_set(&self, tenant: &TenantId, version: &str) -> PolicySet {
        let own = self.own(tenant).map(|(policy, ready)| (policy, Some(ready.clone())));
        PolicySet::assemble(tenant.clone(), version.into(), own).0
    }

    fn own(&self, tenant: &TenantId) -> impl Iterator<Item = (Policy, &Ready)> {
        let names = move |written: &WrittenPolicy| written.tenant_id.as_ref().is_none_or(|named| named == tenant);
        let all = self.policies.iter().zip(&self.prepared);
        all.filter(move |(written, _)| names(written)).map(|(written, ready)| (written.to_policy(tenant), ready))
    }
}

#[derive(Default)]
struct Reader {
    found: PolicyDocument,
    problems: Vec<Problem>,
    /// Where each policy's id, or else its name, stands.
    places: Vec<std::ops::Range<usize>>,
}

impl Reader {
    fn document(&mut self, document: &Document) {
        match &document.value {
            Value::Array(items) => self.policies(items, "", &document.place),
            Value::Object(keys) if keys.contains_key("policies") || keys.contains_key("tests") => {
                self.bundle(&document.value, &document.place);
            }
            Value::Object(keys) if keys.contains_key("spec") || keys.contains_key("metadata") => {
                self.manifest(&document.value, &document.place);
            }
            Value::Object(keys) if keys.contains_key("type") || keys.contains_key("config") => {
                self.policy(&document.value, "", &document.place);
            }
            _ => {
                let span = document.place.value.clone();
                let problem = Problem::new(UNKNOWN_FORM, span, "this is neither a policy nor a list of policies");
                self.problems.push(problem.with_help("write `policies:` with a list below it"));
            }
        }
    }

    fn bundle(&mut self, value: &Value, place: &Place) {
        let empty = Vec::new();
        for key in value.as_object().into_iter().flat_map(|keys| keys.keys()) {
            if !["apiVersion", "kind", "policies", "tests", "$schema", "description"].contains(&key.as_str()) {
                let message = format!("unknown key `{key}` in a policy document");
                let error = PolicyError::new(codes::UNKNOWN_KEY, Pointer::ROOT.key(key), message);
                let nearest = ["policies", "tests"].into_iter().find(|k| strsim::damerau_levenshtein(k, key) <= 2);
                let help =
                    nearest.map_or("expected `policies` and `tests`".to_owned(), |k| format!("did you mean `{k}`?"));
                self.report(&[error.with_help(help)], place);
            }
        }
        match value.get("policies") {
            Some(Value::Array(items)) => self.policies(items, "/policies", place),
            None => {}
            Some(Value::Null) => self.policies(&empty, "/policies", place),
            Some(_) => {
                let error = PolicyError::new(codes::WRONG_TYPE, "/policies", "`policies` is not a list");
                self.report(&[error.with_help("start each policy with `- `")], place);
            }
        }
        let tests = match value.get("tests") {
            Some(tests) => decode_as::<Vec<PolicyTest>>(tests, "a policy test").under("/tests").strict(),
            None => return,
        };
        match tests {
            Ok(tests) => self.found.tests.extend(tests),
            Err(errors) => self.report(&errors, place),
        }
    }

    fn policies(&mut self, items: &[Value], under: &str, place: &Place) {
        for (index, item) in items.iter().enumerate() {
            self.policy(item, &format!("{under}/{index}"), place);
        }
    }

    fn policy(&mut self, value: &Value, at: &str, place: &Place) {
        let decoded = decode_as::<WrittenPolicy>(value, "a policy").under(at);
        self.report(&decoded.unknown_keys, place);
        self.report(&decoded.errors, place);
        let config = value.get("config").is_some();
        match decoded.value {
            Some(written) => self.keep(written, at, &format!("{at}/config"), place),
            // The envelope is wrong; the config can be checked all the same.
            None if config => self.check_config(value, at, place),
            None => {}
        }
    }

    fn manifest(&mut self, value: &Value, place: &Place) {
        match entry::from_manifest(value) {
            Ok(written) => self.keep(written, "/metadata", "/spec/config", place),
            Err(errors) => self.report(&errors, place),
        }
    }

    fn keep(&mut self, written: WrittenPolicy, at: &str, config_at: &str, place: &Place) {
        let mut errors = written.check();
        let envelope = errors.len();
        let (ready, unknown_keys) = prepare(&written.to_policy(&TenantId::new("")));
        errors.extend(ready.clone().into_faults(unknown_keys));
        let placed: Vec<PolicyError> = errors
            .into_iter()
            .enumerate()
            .map(|(number, error)| match error.pointer().as_str().strip_prefix("/config") {
                Some(below) if number >= envelope => error.clone().at(Pointer::from(format!("{config_at}{below}"))),
                _ if at == "/metadata" && error.pointer().as_str() == "/type" => error.at("/spec/type"),
                _ => error.under(at),
            })
            .collect();
        self.report(&placed, place);
        let key = ["id", "name"].into_iter().find_map(|key| place.find(&format!("{at}/{key}")));
        self.places.push(key.map_or(place.value.clone(), |key| key.value.clone()));
        self.found.policies.push(written);
        self.found.prepared.push(ready);
    }

    fn check_config(&mut self, value: &Value, at: &str, place: &Place) {
        let (Some(Value::String(name)), Some(config)) = (value.get("type"), value.get("config")) else { return };
        let policy = Policy::new("", "", name.as_str(), config.clone());
        let errors: Vec<_> = crate::engine::check_policy(&policy).into_iter().map(|error| error.under(at)).collect();
        self.report(&errors, place);
    }

    fn check_ids(&mut self) {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (written, span) in self.found.policies.iter().zip(&self.places) {
            let id = written.id();
            let times = seen.entry(id.as_str().to_owned()).or_default();
            *times += 1;
            if *times == 2 {
                let problem = Problem::new(DUPLICATE_ID, span.clone(), format!("a second policy with the id `{id}`"));
                self.problems.push(problem.with_help("give each policy an `id` of its own"));
            }
        }
    }

    fn report(&mut self, errors: &[PolicyError], place: &Place) {
        self.problems.extend(errors.iter().map(|error| Problem::from_policy_error(error, place)));
    }
}
