//! Tells the command from which commit it was built, and makes room for the portal's files.

#![allow(clippy::print_stdout, reason = "this is how cargo is told")]

use std::path::Path;
use std::process::Command;

fn main() {
    portal();
    // A build outside a repository, such as in an image, may be told.
    println!("cargo::rerun-if-env-changed=ZENTINELLE_COMMIT");
    let told = std::env::var("ZENTINELLE_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = told.or_else(commit).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=ZENTINELLE_COMMIT={commit}");
}

/// The portal's files are built into the command; a folder without any stands for a build without it.
fn portal() {
    println!("cargo::rerun-if-changed=portal/out");
    if let Err(error) = std::fs::create_dir_all("portal/out") {
        println!("cargo::error=portal/out cannot be made: {error}");
    }
}

fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
    };
    // Changes with every commit and every checkout; asked for here because a worktree keeps it elsewhere.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| Path::new(log).exists()) {
        println!("cargo::rerun-if-changed={log}");
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}
