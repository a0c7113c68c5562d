//! Compiles lists of patterns and names every bad entry by its place.

use crate::error::{Pointer, PolicyError, codes};
use crate::matching::{DomainRules, GlobError, GlobList, Networks, PathError, PathRules, RuleError};

/// Globs that deny: compared after folding.
pub(super) fn denying_globs(key: &str, patterns: Vec<String>, faults: &mut Vec<PolicyError>) -> GlobList {
    GlobList::folded(patterns).unwrap_or_else(|(index, error)| {
        faults.push(bad_glob(key, index, &error));
        GlobList::default()
    })
}

/// Globs that allow: compared letter for letter.
pub(super) fn allowing_globs(key: &str, patterns: Vec<String>, faults: &mut Vec<PolicyError>) -> GlobList {
    GlobList::exact(patterns).unwrap_or_else(|(index, error)| {
        faults.push(bad_glob(key, index, &error));
        GlobList::default()
    })
}

/// Patterns of domain names.
pub(super) fn domains(key: &str, entries: Vec<String>, faults: &mut Vec<PolicyError>) -> DomainRules {
    DomainRules::new(entries).unwrap_or_else(|error| {
        faults.push(bad_rule(key, &error));
        DomainRules::default()
    })
}

/// Addresses and networks.
pub(super) fn networks(key: &str, entries: Vec<String>, faults: &mut Vec<PolicyError>) -> Networks {
    Networks::new(entries).unwrap_or_else(|error| {
        faults.push(bad_rule(key, &error));
        Networks::default()
    })
}

/// Path rules made by `build`; `at` is where the list stands.
pub(super) fn paths(
    at: &Pointer,
    entries: Vec<String>,
    build: impl FnOnce(Vec<String>) -> Result<PathRules, (usize, PathError)>,
    faults: &mut Vec<PolicyError>,
) -> PathRules {
    build(entries).unwrap_or_else(|(index, error)| {
        let fault = PolicyError::new(codes::INVALID_PATTERN, at.index(index), format!("entry {index}: {error}"));
        faults.push(fault.with_help("write a directory or a file, such as `/srv/data`, without wildcards"));
        PathRules::default()
    })
}

fn bad_glob(key: &str, index: usize, error: &GlobError) -> PolicyError {
    let message = format!("`{key}` entry {index}: {error}");
    PolicyError::new(codes::INVALID_PATTERN, Pointer::ROOT.key(key).index(index), message)
        .with_help("a pattern is text with `*`, `?` or `[a-z]` in it, such as `secret_*`")
}

fn bad_rule(key: &str, error: &RuleError) -> PolicyError {
    let (index, help) = match error {
        RuleError::BadNetwork { index } => (*index, "write an address or a network, such as `10.0.0.0/8`"),
        RuleError::BadDomain { index } | RuleError::BadPattern { index, .. } => {
            (*index, "write a name or a pattern, such as `*.example.com`, without scheme, port or path")
        }
    };
    let pointer = Pointer::ROOT.key(key).index(index);
    PolicyError::new(codes::INVALID_PATTERN, pointer, format!("`{key}` {error}")).with_help(help)
}
