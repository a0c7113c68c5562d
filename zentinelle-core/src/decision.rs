//! Verdicts of single policies, and the decision they add up to.

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::approval::Purpose;
use crate::error::{Code, Pointer};
use crate::ids::{AgentId, PolicyId, UserId};
use crate::ledger::Charge;
use crate::request::Number;
use crate::scan::Severity;

/// What one policy says of one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The policy has nothing to say of this request.
    NotApplicable,
    /// The request keeps to the policy.
    Satisfied(Notes),
    /// The request breaks the policy.
    Violated(Box<Violation>),
}

impl Verdict {
    /// Kept, with nothing to add.
    #[must_use]
    pub const fn satisfied() -> Self {
        Self::Satisfied(Notes::none())
    }

    /// Broken; see [`Violation::new`].
    pub fn violated(code: Code, pointer: impl Into<Pointer>, message: impl Into<String>) -> Self {
        Self::Violated(Box::new(Violation::new(code, pointer, message)))
    }
}

impl From<Violation> for Verdict {
    fn from(violation: Violation) -> Self {
        Self::Violated(Box::new(violation))
    }
}

/// Why a request breaks a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Violation {
    /// The stable code.
    pub code: Code,
    /// What happened, in words: the value and the limit, never a secret or a prompt.
    pub message: String,
    /// The key that decided, relative to the policy, such as `/config/denied_tools`.
    pub pointer: Pointer,
    /// How bad it is.
    pub severity: Severity,
    /// The approval that would flip the answer, when one would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Box<Remedy>>,
}

impl Violation {
    /// A violation of medium severity. `pointer` names the deciding key as the policy's author
    /// wrote it, such as `/config/denied_tools`.
    pub fn new(code: Code, pointer: impl Into<Pointer>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), pointer: pointer.into(), severity: Severity::Medium, remedy: None }
    }

    /// The same violation, this bad.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same violation, which this approval would flip.
    #[must_use]
    pub fn with_remedy(mut self, remedy: Remedy) -> Self {
        self.remedy = Some(Box::new(remedy));
        self
    }
}

/// The approval that would flip a denial: what a person would have to sign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Remedy {
    /// What kind of token is needed.
    pub purpose: Purpose,
    /// The policy that asks for it.
    pub policy_id: PolicyId,
    /// The tool or action to be approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Binds the approval to the exact arguments of this call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<crate::approval::Digest>,
    /// The agent that would act.
    pub agent_id: AgentId,
    /// The user it would act for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// How long the approval holds. Unit: seconds.
    pub max_age_seconds: u64,
}

/// What a satisfied policy adds to the decision. Empty costs nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notes(Option<Box<NoteList>>);

#[derive(Clone, Debug, Default, PartialEq)]
struct NoteList {
    warnings: Vec<Warning>,
    obligations: Vec<Obligation>,
    charges: Vec<Charge>,
    annotations: Vec<Annotation>,
}

/// A fact that a policy adds to the answer's context, put into JSON only when somebody reads it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Annotation {
    /// How much of a monthly budget is spent, as the request says.
    Budget {
        /// The budget. Unit: US dollars.
        budget: Number,
        /// What is spent of it. Unit: US dollars.
        spend: Number,
    },
}

impl Annotation {
    /// The key in the answer's context.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Budget { .. } => "budget_info",
        }
    }

    /// The fact as JSON.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self {
            Self::Budget { budget, spend } => {
                let percent = if budget > Number::ZERO { spend.as_f64() / budget.as_f64() * 100.0 } else { 0.0 };
                json!({
                    "budget_usd": budget,
                    "spend_usd": spend,
                    "remaining_usd": (budget.as_f64() - spend.as_f64()).max(0.0),
                    "percent_used": (percent * 100.0).round() / 100.0,
                })
            }
        }
    }
}

impl Notes {
    /// Nothing to add.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// Somebody should know.
    pub fn warn(&mut self, code: Code, message: impl Into<String>) {
        self.push_warning(Warning { kind: WarningKind::Notice, code, message: message.into() });
    }

    /// Behaviour departs from what is usual.
    pub fn warn_anomaly(&mut self, code: Code, message: impl Into<String>) {
        self.push_warning(Warning { kind: WarningKind::Anomaly, code, message: message.into() });
    }

    pub(crate) fn push_warning(&mut self, warning: Warning) {
        self.list().warnings.push(warning);
    }

    /// The host must do this when it proceeds.
    pub fn oblige(&mut self, obligation: Obligation) {
        self.list().obligations.push(obligation);
    }

    /// The request spends this when it is permitted.
    pub fn charge(&mut self, charge: Charge) {
        self.list().charges.push(charge);
    }

    /// A fact for the answer's context.
    pub fn annotate(&mut self, annotation: Annotation) {
        self.list().annotations.push(annotation);
    }

    /// The warnings so far.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        self.0.as_ref().map_or(&[], |list| &list.warnings)
    }

    /// The obligations so far.
    #[must_use]
    pub fn obligations(&self) -> &[Obligation] {
        self.0.as_ref().map_or(&[], |list| &list.obligations)
    }

    /// The charges so far.
    #[must_use]
    pub fn charges(&self) -> &[Charge] {
        self.0.as_ref().map_or(&[], |list| &list.charges)
    }

    /// The annotations so far.
    #[must_use]
    pub fn annotations(&self) -> &[Annotation] {
        self.0.as_ref().map_or(&[], |list| &list.annotations)
    }

    fn list(&mut self) -> &mut NoteList {
        self.0.get_or_insert_default()
    }
}

/// Something a person should know although the request may go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// Why there is a warning.
    pub kind: WarningKind,
    /// The stable code.
    pub code: Code,
    /// What happened, in words.
    pub message: String,
}

/// Why there is a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// A limit is near, or a policy has something to say.
    Notice,
    /// A monthly budget is nearly or, in a dry run or audit, wholly spent.
    Budget,
    /// Behaviour departs from what is usual.
    Anomaly,
    /// A policy in audit mode is violated.
    Audit,
    /// A dry run would have been denied.
    DryRunDenial,
}

/// Something the host must do when it proceeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Obligation {
    /// Replace these parts of a text before anybody sees it.
    Mask {
        /// Where the text stands in the request.
        pointer: Pointer,
        /// Byte ranges to replace, in order, none overlapping.
        spans: Vec<MaskedSpan>,
    },
    /// Return no more rows than this.
    CapRows {
        /// The tool that returns them.
        tool: String,
        /// The most rows.
        max_rows: u64,
    },
    /// Ask a person before the next step.
    AskHuman {
        /// What to ask.
        question: String,
    },
    /// Keep a record of this request.
    Log {
        /// The fields to keep.
        fields: Vec<String>,
        /// Whether personal data in them is to be masked.
        mask_pii: bool,
        /// How long to keep it, if that is said. Unit: days.
        retention_days: Option<u64>,
    },
    /// Let the model produce no more than this.
    MaxTokens {
        /// The most output tokens.
        max_output_tokens: u64,
    },
}

/// One part of a text to be replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MaskedSpan {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What stands in its place.
    pub replacement: Cow<'static, str>,
}

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Go on.
    Permit,
    /// Do not go on.
    Deny,
    /// No policy applies here at all. The host's setting says whether that permits.
    NoPolicy,
}

impl Effect {
    /// The effect as it is written in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
            Self::NoPolicy => "no_policy",
        }
    }
}

/// A limit that refused, and when it opens again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retry {
    /// When the total that refused starts again.
    #[schemars(with = "String")]
    pub at: Timestamp,
}
