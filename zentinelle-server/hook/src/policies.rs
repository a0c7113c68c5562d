//! Finding and reading the policy document.

use std::env;
use std::path::{Path, PathBuf};

use zentinelle_core::document::diagnostic::{Severity, SourceFile, Style, render};
use zentinelle_core::engine::{Engine, NoPolicy};
use zentinelle_core::policy_document;

use super::failure::Failure;
use crate::args::{HookArgs, NoPolicyAnswer};

/// Where a project keeps its policies.
const IN_PROJECT: &str = ".zentinelle/policies.yaml";

/// Largest document read. Unit: bytes.
const MAX_DOCUMENT: u64 = 4 * 1024 * 1024;

/// Longest rendering of a faulty document: the model reads it. Unit: bytes.
const MAX_RENDERED: usize = 4_000;

/// The engine for the policies that apply here. A document with any fault is not used at all:
/// the part that can be read may lack the rule that matters.
pub(crate) fn load(args: &HookArgs) -> Result<Engine, Failure> {
    let path = find(args)?;
    let text = read(&path)?;
    let (document, problems) = policy_document::read(&text);
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        let name = path.display().to_string();
        let mut shown = render(&problems, &SourceFile { name: &name, text: &text }, Style { color: false });
        if shown.len() > MAX_RENDERED {
            shown.truncate(shown.floor_char_boundary(MAX_RENDERED));
            shown.push_str("\n…");
        }
        return Err(Failure::new(format!("the policies cannot be used\n{shown}"))
            .help(format!("run `zentinelle policy validate {name}`")));
    }
    let set = document.policy_set(&args.tenant.as_str().into(), &path.display().to_string());
    Ok(Engine::new(set).with_no_policy(match args.no_policy {
        NoPolicyAnswer::Permit => NoPolicy::Permit,
        NoPolicyAnswer::Deny => NoPolicy::Deny,
    }))
}

fn read(path: &Path) -> Result<String, Failure> {
    let fault = |what: &str| Failure::new(format!("the policies in `{}` cannot be read: {what}", path.display()));
    let about = std::fs::metadata(path).map_err(|error| fault(&error.to_string()))?;
    if !about.is_file() {
        return Err(fault("it is not a file"));
    }
    if about.len() > MAX_DOCUMENT {
        return Err(fault(&format!("it is larger than {MAX_DOCUMENT} bytes")));
    }
    std::fs::read_to_string(path).map_err(|error| fault(&error.to_string()))
}

fn find(args: &HookArgs) -> Result<PathBuf, Failure> {
    if let Some(path) = args.policies.clone().or_else(|| variable("ZENTINELLE_POLICIES")) {
        return Ok(path);
    }
    let project = project_root().map(|root| root.join(IN_PROJECT));
    let user = user_folder("XDG_CONFIG_HOME", ".config").map(|folder| folder.join("zentinelle/policies.yaml"));
    let candidates: Vec<PathBuf> = project.into_iter().chain(user).collect();
    // A file that is there but cannot be looked at is the one that is meant: `read` says so.
    if let Some(path) = candidates.iter().find(|path| path.try_exists().unwrap_or(true)) {
        return Ok(path.clone());
    }
    let looked: Vec<String> = candidates.iter().map(|path| format!("`{}`", path.display())).collect();
    Err(Failure::new(format!("there are no policies: looked for {}", looked.join(" and ")))
        .help("give them with `--policies FILE` or in $ZENTINELLE_POLICIES"))
}

/// The project's root: as the host names it, else the nearest folder upwards that is under
/// version control, else the current folder. Deeper folders are not looked into, so that a
/// document left there cannot take the place of the project's.
fn project_root() -> Option<PathBuf> {
    let named = ["CLAUDE_PROJECT_DIR", "GEMINI_PROJECT_DIR"].into_iter().find_map(variable);
    named.or_else(|| {
        let here = env::current_dir().ok()?;
        let root = here.ancestors().find(|folder| folder.join(".git").exists());
        Some(root.unwrap_or(&here).to_owned())
    })
}

/// A folder of the user's: as the environment names it, else below the home folder.
pub(crate) fn user_folder(name: &str, below_home: &str) -> Option<PathBuf> {
    let named = variable(name).filter(|folder| folder.is_absolute());
    named.or_else(|| {
        let home = variable("HOME").or_else(|| variable("USERPROFILE"))?;
        home.is_absolute().then(|| home.join(below_home))
    })
}

/// A path from the environment; an empty one counts as none.
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
