//! What a hook is called with.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Decide one hook event of a coding agent: its JSON on stdin, the answer on stdout.
///
/// Nothing is printed when the agent may go on, so that the user's own permission rules still
/// apply. Whatever goes wrong blocks: the reason goes to stderr and the exit code is 2.
#[derive(Clone, Debug, Args)]
pub struct HookArgs {
    /// The coding agent that calls.
    #[arg(value_enum, value_name = "HOST")]
    pub host: Host,
    /// The policy document. Default: $ZENTINELLE_POLICIES, else `.zentinelle/policies.yaml` in
    /// the project's root, else `zentinelle/policies.yaml` in the user's configuration folder.
    #[arg(long, value_name = "FILE")]
    pub policies: Option<PathBuf>,
    /// The tenant whose policies apply.
    #[arg(long, value_name = "ID", default_value = "local")]
    pub tenant: String,
    /// The agent's id, for policies and counters of one agent. Default: the host's name.
    #[arg(long, value_name = "ID")]
    pub agent: Option<String>,
    /// The agent group, for policies of a group.
    #[arg(long, value_name = "ID")]
    pub group: Option<String>,
    /// The user the agent acts for, for policies and counters of one user.
    #[arg(long, value_name = "ID")]
    pub user: Option<String>,
    /// Where counters are kept between calls. Default: $ZENTINELLE_STATE, else
    /// `zentinelle/hook.json` in the user's state folder.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// What to answer when no policy applies at all.
    #[arg(long, value_enum, default_value_t = NoPolicyAnswer::Deny)]
    pub no_policy: NoPolicyAnswer,
    /// Let the agent go on when no decision can be made. Denials still hold.
    #[arg(long)]
    pub fail_open: bool,
    /// Answer `allow` where policies permit, which skips the agent's own question to the user.
    #[arg(long)]
    pub auto_approve: bool,
    /// Append one line of JSON per decision: who, what tool, which policy; never contents.
    #[arg(long, value_name = "FILE")]
    pub audit_log: Option<PathBuf>,
}

/// The coding agents whose hooks are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Host {
    /// Claude Code.
    ClaudeCode,
    /// Gemini CLI.
    GeminiCli,
}

/// What to answer when no policy applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NoPolicyAnswer {
    /// Go on.
    Permit,
    /// Do not go on.
    Deny,
}
