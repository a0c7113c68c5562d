//! Policy files as the subcommands use them: read, checked, joined, and compiled per tenant.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use zentinelle_core::approval::KeyRing;
use zentinelle_core::document::diagnostic::{Problem, Severity, SourceFile};
use zentinelle_core::error::Code;
use zentinelle_core::ids::{PolicyId, TenantId};
use zentinelle_core::policy_document::{self, PolicyDocument};
use zentinelle_core::{Engine, NoPolicy, PolicySet};

use super::error::CommandError;
use super::input;
use super::output::Console;

const DUPLICATE_ID: Code = Code::new("document.duplicate_id");

/// Most tenants whose engines are kept at a time. Beyond that all are forgotten and compiled again
/// on demand, so that a stream of invented tenants cannot fill the memory.
const MAX_ENGINES: usize = 1024;

/// One policy file and what was found in it.
pub(crate) struct PolicyFile {
    /// What to call it.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
    /// What could be read of it.
    pub(crate) document: PolicyDocument,
    /// What is wrong with it.
    pub(crate) problems: Vec<Problem>,
}

impl PolicyFile {
    /// Reads a policy file. Faults in it are no error here.
    pub(crate) fn read(path: &str) -> Result<Self, CommandError> {
        let text = input::read_text(path)?;
        let (document, problems) = policy_document::read(&text);
        Ok(Self { name: input::shown_name(path).to_owned(), text, document, problems })
    }

    /// The text with its name.
    pub(crate) fn source(&self) -> SourceFile<'_> {
        SourceFile { name: &self.name, text: &self.text }
    }

    /// How many of the problems are errors.
    pub(crate) fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
    }
}

/// Reads policy files and notes ids that several of them use.
pub(crate) fn read_files(paths: &[String]) -> Result<Vec<PolicyFile>, CommandError> {
    let mut files = paths.iter().map(|path| PolicyFile::read(path)).collect::<Result<Vec<_>, _>>()?;
    let mut owners: BTreeMap<PolicyId, String> = BTreeMap::new();
    for file in &mut files {
        let mut own: BTreeMap<PolicyId, String> = BTreeMap::new();
        for written in file.document.policies() {
            let id = written.id();
            if let Some(owner) = owners.get(&id) {
                let message = format!("a second policy with the id `{id}`; the first is in {owner}");
                let mut problem = Problem::new(DUPLICATE_ID, 0..0, message);
                problem.span = None;
                file.problems.push(problem.with_help("give each policy an `id` of its own"));
            }
            own.insert(id, file.name.clone());
        }
        own.into_iter().for_each(|(id, name)| {
            owners.entry(id).or_insert(name);
        });
    }
    Ok(files)
}

/// Policies that are fit for use, of one file or several.
pub(crate) struct Policies {
    document: PolicyDocument,
    version: String,
}

impl Policies {
    /// Reads policy files, shows what is wrong with them, and refuses them if anything is.
    /// `undone` says in the refusal what is not done for it, such as `decided`.
    pub(crate) fn read(paths: &[String], undone: &'static str, console: &Console) -> Result<Self, CommandError> {
        let files = read_files(paths)?;
        Self::of_files(files, undone, console)
    }

    /// Takes files that were read; see [`Policies::read`].
    pub(crate) fn of_files(
        files: Vec<PolicyFile>,
        undone: &'static str,
        console: &Console,
    ) -> Result<Self, CommandError> {
        for file in &files {
            console.problems(&file.problems, &file.source());
        }
        let errors = files.iter().map(PolicyFile::errors).sum();
        if errors > 0 {
            return Err(CommandError::FaultyPolicies { errors, undone });
        }
        let texts = files.iter().map(|file| Value::from(file.text.as_str())).collect();
        let digest = zentinelle_core::audit::digest(&Value::Array(texts));
        let mut document = PolicyDocument::default();
        for file in files {
            document.append(file.document);
        }
        // Enough of the digest to tell versions apart by eye.
        let version = digest.to_string().chars().take(12).collect();
        Ok(Self { document, version })
    }

    /// The policies and tests of all files.
    pub(crate) fn document(&self) -> &PolicyDocument {
        &self.document
    }

    /// The policies of a tenant, compiled.
    pub(crate) fn set(&self, tenant: &TenantId) -> PolicySet {
        self.document.policy_set(tenant, &self.version)
    }
}

/// One engine for each tenant that asks, made when it first does.
pub(crate) struct Engines {
    policies: Policies,
    approvals: KeyRing,
    no_policy: NoPolicy,
    by_tenant: HashMap<TenantId, Engine>,
}

impl Engines {
    /// Engines that share policies, keys and the answer where no policy applies.
    pub(crate) fn new(policies: Policies, approvals: KeyRing, no_policy: NoPolicy) -> Self {
        Self { policies, approvals, no_policy, by_tenant: HashMap::new() }
    }

    /// The engine of a tenant.
    pub(crate) fn of(&mut self, tenant: &TenantId) -> &Engine {
        if self.by_tenant.len() >= MAX_ENGINES && !self.by_tenant.contains_key(tenant) {
            self.by_tenant.clear();
        }
        self.by_tenant.entry(tenant.clone()).or_insert_with(|| {
            Engine::new(self.policies.set(tenant)).with_approvals(self.approvals.clone()).with_no_policy(self.no_policy)
        })
    }
}
