//! Explaining a decision: the path that led to it, and the smallest change that would flip it.

use std::fmt;

use super::decision::{Decision, Refusal};
use crate::decision::{Effect, Verdict, Violation};
use crate::policy::{Inheritance, Policy};

/// Which policy won its type, and which it displaced and why.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceStep<'d> {
    /// The policy that takes part.
    pub winner: &'d Policy,
    /// The policy whose place it took.
    pub displaced: &'d Policy,
    /// Why.
    pub because: Displacement,
}

/// Why one policy took another's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Displacement {
    /// A higher priority, whatever the scope.
    HigherPriority,
    /// A narrower scope at equal priority.
    NarrowerScope,
    /// The same scope and priority: the one created last.
    CreatedLast,
}

impl fmt::Display for Displacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HigherPriority => "it has the higher priority",
            Self::NarrowerScope => "its scope is narrower at the same priority",
            Self::CreatedLast => "it was created last in the same scope at the same priority",
        })
    }
}

/// A decision in words.
#[derive(Clone, Copy, Debug)]
pub struct Explanation<'d>(&'d Decision);

impl Decision {
    /// The decision in words, over several lines.
    #[must_use]
    pub fn explain(&self) -> Explanation<'_> {
        Explanation(self)
    }

    /// Which policy won its type, and which it displaced and why.
    #[must_use]
    pub fn trace(&self) -> Vec<TraceStep<'_>> {
        let across = self.displaced.iter().filter_map(|&(winner, displaced)| {
            let (winner, displaced) = (self.policies.policy(winner)?, self.policies.policy(displaced)?);
            let narrower = winner.priority == displaced.priority;
            let because = if narrower { Displacement::NarrowerScope } else { Displacement::HigherPriority };
            Some(TraceStep { winner, displaced, because })
        });
        let within = self.results.iter().filter_map(|result| self.policies.entry(result.policy)).flat_map(|winner| {
            let rivals = (winner.policy.inheritance == Inheritance::Replace)
                .then(|| self.policies.displaced_within_scope(winner));
            rivals.into_iter().flatten().map(|displaced| TraceStep {
                winner: &winner.policy,
                displaced,
                because: if winner.policy.priority == displaced.priority {
                    Displacement::CreatedLast
                } else {
                    Displacement::HigherPriority
                },
            })
        });
        across.chain(within).collect()
    }

    /// The smallest change that would flip a denial: every reason with what would mend it.
    #[must_use]
    pub fn smallest_change(&self) -> Vec<String> {
        if self.effect() != Effect::Deny {
            return Vec::new();
        }
        match self.refusal() {
            Some(Refusal::Engine(violation)) => vec![violation.message.clone()],
            _ => self.determining().map(|(policy, violation)| change(policy, violation, self)).collect(),
        }
    }
}

fn change(policy: &Policy, violation: &Violation, decision: &Decision) -> String {
    if let Some(remedy) = &violation.remedy {
        let what = remedy.subject.as_deref().unwrap_or("this request");
        return format!(
            "present an approval (`{}`) of `{what}` under policy `{}`",
            remedy.purpose.as_str(),
            policy.name
        );
    }
    if violation.pointer.as_str().starts_with("/context") {
        return format!("send `{}` in the form policy `{}` can judge", key(violation), policy.name);
    }
    if let Some(at) = decision.retry_at() {
        return format!("wait until {at}, or raise `{}` of policy `{}`", key(violation), policy.name);
    }
    format!("change `{}` of policy `{}`, or send a request that keeps to it", key(violation), policy.name)
}

/// The deciding key, as an author says it: `config.denied_tools`.
fn key(violation: &Violation) -> String {
    violation.pointer.as_str().trim_start_matches('/').replace('/', ".")
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decision = self.0;
        write!(f, "{}", decision.effect().name())?;
        if decision.is_dry_run() {
            f.write_str(" (dry run: nothing was spent)")?;
        }
        match decision.primary() {
            Some(violation) => writeln!(f, ": {} [{}]", violation.message, violation.code)?,
            None if decision.effect() == Effect::NoPolicy => writeln!(f, ": no policy applies to this agent and user")?,
            None => writeln!(f)?,
        }
        for result in decision.results() {
            let Some(policy) = decision.policy_of(result) else { continue };
            let place = format_args!(
                "`{}` ({}, {}, {}",
                policy.name,
                policy.policy_type,
                policy.scope,
                policy.enforcement.name()
            )
            .to_string();
            let floor = if policy.inheritance == Inheritance::Floor { ", floor)" } else { ")" };
            match &result.verdict {
                Verdict::NotApplicable => writeln!(f, "  -  {place}{floor}: has nothing to say")?,
                Verdict::Satisfied(_) => writeln!(f, "  ok {place}{floor}")?,
                Verdict::Violated(violation) => {
                    writeln!(f, "  no {place}{floor}: {} [{}, {}]", violation.message, violation.code, key(violation))?;
                }
            }
        }
        for (_, warning) in decision.warnings() {
            writeln!(f, "  !  {} [{}]", warning.message, warning.code)?;
        }
        for step in decision.trace() {
            writeln!(f, "  `{}` takes the place of `{}`: {}", step.winner.name, step.displaced.name, step.because)?;
        }
        for change in decision.smallest_change() {
            writeln!(f, "  to be allowed: {change}")?;
        }
        Ok(())
    }
}
