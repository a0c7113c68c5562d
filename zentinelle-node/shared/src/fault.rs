//! Why a call failed, in the form in which it crosses the border.

use serde::Serialize;
use zentinelle_core::document::diagnostic::Problem;
use zentinelle_core::error::PolicyError;

use crate::stored::Report;

/// What sort of thing is at fault. Each has an error class of its own in JavaScript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A policy document or a stored policy.
    Policy,
    /// A request.
    Request,
    /// A ledger: what it was given, or that it could not count.
    Ledger,
    /// An approval token or a key.
    Approval,
    /// An option of a call.
    Argument,
    /// Ourselves.
    Internal,
}

/// Why a call failed. Never holds a secret or the text of a prompt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fault {
    /// What sort of thing is at fault.
    pub class: Class,
    /// The stable code.
    pub code: Box<str>,
    /// What was found, for people.
    pub message: String,
    /// Where, as a JSON Pointer into what was given.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub pointer: Box<str>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Every problem of a policy document, with its place in the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Report>,
}

impl Fault {
    /// A fault of the call as a whole.
    #[must_use]
    pub fn new(class: Class, code: &str, message: impl Into<String>) -> Self {
        Self {
            class,
            code: code.into(),
            message: message.into(),
            pointer: Box::default(),
            help: None,
            problems: Vec::new(),
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: &str) -> Self {
        self.help = Some(help.to_owned());
        self
    }

    /// Something that was used up or freed before.
    #[must_use]
    pub fn used_up(what: &str) -> Self {
        Self::new(Class::Argument, "argument.used_up", format!("the {what} was used up or disposed of before"))
    }

    pub(crate) fn problem(class: Class, problem: &Problem) -> Self {
        let mut fault = Self::new(class, problem.code.as_str(), problem.message.clone());
        fault.pointer = problem.pointer.as_str().into();
        fault.help.clone_from(&problem.help);
        fault
    }

    /// The first of several errors; the others are counted, so that nobody thinks it was the only one.
    pub(crate) fn errors(class: Class, errors: Vec<PolicyError>) -> Self {
        let more = errors.len().saturating_sub(1);
        let Some(first) = errors.into_iter().next() else {
            return Self::new(Class::Internal, "internal.no_reason", "the call failed without a reason");
        };
        let mut message = first.message().to_owned();
        if more > 0 {
            message.push_str(&format!(" (and {more} more)"));
        }
        let mut fault = Self::new(class, first.code().as_str(), message);
        fault.pointer = first.pointer().as_str().into();
        fault.help = first.help().map(str::to_owned);
        fault
    }

    /// The fault as the TypeScript side reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
