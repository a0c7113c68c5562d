//! Says whether a shell command does what no agent should: a list by the policy's author, and a
//! built-in set of commands that destroy a machine or run what was just downloaded.
//!
//! Both look at each simple command by itself, through `sudo`, `env`, `sh -c` and the like, and
//! compare folded words, so quoting, flag order and letter case change nothing. Deleting below a
//! project or a temporary directory is ordinary work and passes.

use std::borrow::Cow;

use super::danger::{Critical, Place, danger, is_device, is_fork_bomb, printed, runs_foreign_code, runs_its_input};
use super::shell::{self, Simple};
use crate::error::{Pointer, PolicyError, codes};
use crate::matching::text::fold;
use crate::matching::{Glob, GlobError};

/// Commands in commands, such as `sh -c "sh -c …"`.
const MAX_NESTING: usize = 6;
/// Longest command line judged. Unit: bytes. Linux runs none that is longer.
const MAX_LENGTH: usize = 128 << 10;
/// How far after a wrapper the wrapped program is looked for. Unit: words.
pub(super) const MAX_WRAPPING: usize = 16;

/// Longest group of short flags with its dash. Unit: bytes.
const MAX_CLUSTER: usize = 4;

/// Programs and words of the shell that run what follows them, in order.
const WRAPPERS: &[&str] = &[
    "!",
    "ash",
    "bash",
    "builtin",
    "busybox",
    "chroot",
    "cmd",
    "command",
    "dash",
    "do",
    "doas",
    "elif",
    "else",
    "env",
    "eval",
    "exec",
    "fish",
    "if",
    "ionice",
    "ksh",
    "nice",
    "nohup",
    "powershell",
    "pwsh",
    "setsid",
    "sh",
    "ssh",
    "stdbuf",
    "strace",
    "su",
    "sudo",
    "then",
    "time",
    "timeout",
    "toybox",
    "trap",
    "unbuffer",
    "until",
    "watch",
    "while",
    "wsl",
    "xargs",
    "zsh",
    "{",
    "}",
];

/// What is wrong with a command, in words for the violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Matches this entry of the author's list.
    Listed(String),
    /// Does this.
    Dangerous(&'static str),
    /// Is too long to be judged. Unit: bytes.
    TooLong { bytes: usize, limit: usize },
}

/// What commands are refused.
#[derive(Clone, Debug, Default)]
pub(super) struct CommandRules {
    listed: Vec<Listed>,
    dangerous: bool,
}

/// One entry of the author's list.
#[derive(Clone, Debug)]
struct Listed {
    written: String,
    program: Glob,
    /// Must all be there, anywhere.
    flags: Vec<String>,
    /// Must follow each other in this order.
    operands: Vec<Glob>,
}

impl CommandRules {
    pub(super) fn new(listed: Vec<String>, dangerous: bool, at: &Pointer, faults: &mut Vec<PolicyError>) -> Self {
        let compile = |(index, written): (usize, String)| match Listed::new(&written) {
            Ok(Some(entry)) => Some(entry),
            Ok(None) => {
                let message = format!("entry {index} is not one command");
                let fault = PolicyError::new(codes::INVALID_PATTERN, at.index(index), message);
                faults.push(fault.with_help("write a program and words it is called with, such as `git push --force`"));
                None
            }
            Err(error) => {
                let message = format!("entry {index}: {error}");
                faults.push(PolicyError::new(codes::INVALID_PATTERN, at.index(index), message));
                None
            }
        };
        Self { listed: listed.into_iter().enumerate().filter_map(compile).collect(), dangerous }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.listed.is_empty() && !self.dangerous
    }

    /// Why a command line may not run.
    pub(super) fn refuse(&self, text: &str) -> Option<Fault> {
        if text.len() > MAX_LENGTH {
            return Some(Fault::TooLong { bytes: text.len(), limit: MAX_LENGTH });
        }
        if self.dangerous && is_fork_bomb(text) {
            return Some(Fault::Dangerous("starts copies of itself without end"));
        }
        self.refuse_commands(&shell::read(text), Place::default(), 0)
    }

    /// Why a program may not be called with these arguments.
    pub(super) fn refuse_words(&self, words: Vec<String>) -> Option<Fault> {
        self.refuse_commands(&[Simple { words, ..Simple::default() }], Place::default(), 0)
    }

    /// As [`Self::refuse`], for commands that begin in `place`.
    fn refuse_commands(&self, commands: &[Simple], mut place: Place, nesting: usize) -> Option<Fault> {
        // The pipelines that carry something downloaded or decoded.
        let mut foreign = None;
        // What the latest pipeline prints into its next command.
        let mut text: Option<(usize, String)> = None;
        for command in commands {
            if self.dangerous
                && let Some(what) = runs_foreign_code(command, &mut foreign)
                    .or_else(|| command.writes.iter().any(|path| is_device(path)).then_some("overwrites a device"))
            {
                return Some(Fault::Dangerous(what));
            }
            let critical = Critical::default();
            for call in calls(&command.words) {
                if let Some(entry) = self.listed.iter().find(|entry| entry.matches(&call)) {
                    return Some(Fault::Listed(entry.written.clone()));
                }
                if self.dangerous
                    && let Some(what) = danger(&call, &command.words, &critical, &place)
                {
                    return Some(Fault::Dangerous(what));
                }
                place.follow(&call);
            }
            if let Some((_, line)) = text.take_if(|(pipeline, _)| *pipeline == command.pipeline)
                && nesting < MAX_NESTING
                && calls(&command.words).any(|call| runs_its_input(&call))
                && let Some(fault) = self.refuse_commands(&shell::read(&line), place.clone(), nesting + 1)
            {
                return Some(fault);
            }
            if let Some(line) = printed(command) {
                text = Some((command.pipeline, line));
            }
            if nesting < MAX_NESTING && program(&command.words).is_some_and(|program| is_wrapper(&program)) {
                for word in command.words.iter().filter(|word| word.contains([' ', '\t', '\n', ';', '|', '&'])) {
                    if self.dangerous && is_fork_bomb(word) {
                        return Some(Fault::Dangerous("starts copies of itself without end"));
                    }
                    let found = self.refuse_commands(&shell::read(word), place.clone(), nesting + 1);
                    if found.is_some() {
                        return found;
                    }
                }
            }
        }
        None
    }
}

impl Listed {
    /// `None` when the text is not one command.
    fn new(written: &str) -> Result<Option<Self>, GlobError> {
        let commands = shell::read(written);
        let [Simple { words, .. }] = commands.as_slice() else { return Ok(None) };
        let Some((program, rest)) = words.split_first() else { return Ok(None) };
        let (flags, operands): (Vec<_>, Vec<_>) = rest.iter().partition(|word| word.starts_with('-') && word.len() > 1);
        Ok(Some(Self {
            written: written.to_owned(),
            program: Glob::folded(program)?,
            flags: flags.into_iter().cloned().collect(),
            operands: operands.into_iter().map(|word| Glob::folded(word)).collect::<Result<_, _>>()?,
        }))
    }

    fn matches(&self, call: &Call<'_>) -> bool {
        if !self.program.is_match(&call.program) || !self.flags.iter().all(|flag| call.has_flag(flag)) {
            return false;
        }
        let mut words = call.arguments.iter();
        self.operands.iter().all(|operand| words.any(|word| operand.is_match(&fold(word))))
    }
}

/// One program as it would be called.
pub(super) struct Call<'a> {
    /// Where the program stands in the command.
    pub(super) at: usize,
    /// Without its directory, folded.
    pub(super) program: Cow<'a, str>,
    /// What follows it.
    pub(super) arguments: &'a [String],
}

impl Call<'_> {
    /// Whether a flag is given: a long one as it is or with a value, short ones in any order and
    /// grouping. A long flag with one dash, as in `-chdir`, counts as long.
    pub(super) fn has_flag(&self, flag: &str) -> bool {
        if flag.starts_with("--") || flag.len() > MAX_CLUSTER {
            return self
                .arguments
                .iter()
                .any(|word| word.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('=')));
        }
        flag.chars().skip(1).all(|letter| self.short_flags().any(|given| given == letter))
    }

    fn short_flags(&self) -> impl Iterator<Item = char> {
        let is_cluster = |word: &&String| word.starts_with('-') && !word.starts_with("--");
        self.arguments.iter().filter(is_cluster).flat_map(|word| word.chars().skip(1))
    }

    pub(super) fn is_recursive(&self) -> bool {
        self.short_flags().any(|letter| matches!(letter, 'r' | 'R'))
            || self.arguments.iter().any(|word| word.starts_with("--rec") || matches!(&*fold(word), "/s" | "-recurse"))
    }

    pub(super) fn operands(&self) -> impl Iterator<Item = &str> {
        self.arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-'))
    }
}

/// The calls a command may make: itself and, behind a wrapper, what it wraps. Which of a wrapper's
/// words are its own options is not known, so each may begin the wrapped command.
pub(super) fn calls(words: &[String]) -> impl Iterator<Item = Call<'_>> {
    let start = words.iter().position(|word| !is_assignment(word)).unwrap_or(words.len());
    let wrapped = words.get(start).is_some_and(|word| is_wrapper(&base_name(word)));
    let reach = if wrapped { MAX_WRAPPING } else { 1 };
    (start..words.len()).take(reach).filter_map(|at| {
        let (first, arguments) = words.get(at..)?.split_first()?;
        Some(Call { at, program: base_name(first), arguments })
    })
}

fn program(words: &[String]) -> Option<Cow<'_, str>> {
    words.iter().find(|word| !is_assignment(word)).map(|word| base_name(word))
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'+')
    })
}

fn base_name(word: &str) -> Cow<'_, str> {
    let name = fold(word.rsplit(['/', '\\']).next().unwrap_or(word));
    match name.strip_suffix(".exe") {
        Some(stem) => Cow::Owned(stem.to_owned()),
        None => name,
    }
}

fn is_wrapper(program: &str) -> bool {
    WRAPPERS.binary_search(&program).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_stand_in_order() {
        assert!(WRAPPERS.is_sorted());
    }

    #[test]
    fn an_entry_names_a_program_and_what_it_is_called_with() {
        let listed =
            ["git push --force", "npm publish", "rm -rf .git", "terraform* destroy"].map(str::to_owned).to_vec();
        let rules = CommandRules::new(listed, false, &Pointer::ROOT, &mut Vec::new());
        for command in [
            "git push origin main --force",
            "cd x && GIT_TRACE=1 /usr/bin/git -c a=b push --force",
            "sudo NPM PUBLISH --access public",
            "rm -r -f .git",
            "terraform-1.5 -chdir=x destroy",
        ] {
            assert!(matches!(rules.refuse(command), Some(Fault::Listed(_))), "{command}");
        }
        for command in
            ["git push", "git push --force-with-lease", "echo npm publish", "rm -rf .github", "git log --force"]
        {
            assert_eq!(rules.refuse(command), None, "{command}");
        }
        let mut faults = Vec::new();
        CommandRules::new(vec!["a; b".into(), "".into()], false, &Pointer::ROOT.key("k"), &mut faults);
        assert_eq!(faults.iter().map(|fault| fault.pointer().as_str()).collect::<Vec<_>>(), ["/k/0", "/k/1"]);
    }
}
