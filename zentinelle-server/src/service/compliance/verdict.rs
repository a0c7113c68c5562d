//! What became of a question: how it stands, why, what shows it, and what would mend it.

use serde::Serialize;
use utoipa::ToSchema;

use super::check::State;
use crate::clock;

/// One thing that shows how a control stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ControlEvidence)]
pub(crate) struct Evidence {
    /// What kind of thing, such as `policy`.
    pub(crate) kind: &'static str,
    /// What it says.
    pub(crate) summary: String,
    /// Its id, or the name of the records.
    pub(crate) reference: String,
    /// When it was so.
    pub(crate) observed_at: Option<String>,
    /// Whether it speaks for the control.
    pub(crate) supports: bool,
}

impl Evidence {
    /// Something that was seen.
    pub(crate) fn new(kind: &'static str, summary: String, reference: &str, at: Option<i64>, supports: bool) -> Self {
        Self { kind, summary, reference: reference.to_owned(), observed_at: clock::iso_or_none(at), supports }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// How it stands.
    pub(crate) state: State,
    /// Why it is not met; empty where it is.
    pub(crate) why: String,
    /// What shows it.
    pub(crate) evidence: Vec<Evidence>,
    /// What would mend it.
    pub(crate) advice: String,
}

impl Verdict {
    /// A state and nothing to say.
    pub(crate) const fn plain(state: State) -> Self {
        Self { state, why: String::new(), evidence: Vec::new(), advice: String::new() }
    }

    /// It holds, by one thing.
    pub(crate) fn met(evidence: Evidence) -> Self {
        Self { evidence: vec![evidence], ..Self::plain(State::Met) }
    }

    /// It holds in part.
    pub(crate) fn partial(evidence: Vec<Evidence>, why: String, advice: String) -> Self {
        Self { state: State::Partial, why, evidence, advice }
    }

    /// It does not hold.
    pub(crate) fn not_met(evidence: Vec<Evidence>, why: String, advice: String) -> Self {
        Self { state: State::NotMet, why, evidence, advice }
    }

    /// Nobody can tell.
    pub(crate) fn not_assessed(why: &str, advice: &str) -> Self {
        Self { state: State::NotAssessed, why: why.to_owned(), evidence: Vec::new(), advice: advice.to_owned() }
    }

    /// Several answers as one: met when all are; not assessed when none can be told; not met when
    /// nothing speaks for it; else in part.
    pub(crate) fn all(answers: Vec<Self>) -> Self {
        let is = |state| move |answer: &Self| answer.state == state;
        let state = if answers.iter().all(is(State::Met)) {
            State::Met
        } else if answers.iter().all(is(State::NotAssessed)) {
            State::NotAssessed
        } else if answers.iter().any(|answer| matches!(answer.state, State::Met | State::Partial)) {
            State::Partial
        } else {
            State::NotMet
        };
        let words = |of: fn(&Self) -> &str| {
            let mut words: Vec<&str> = answers.iter().map(of).filter(|text| !text.is_empty()).collect();
            words.dedup();
            words.join("; ")
        };
        let (why, advice) = (words(|answer| &answer.why), words(|answer| &answer.advice));
        Self { state, why, advice, evidence: answers.into_iter().flat_map(|answer| answer.evidence).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::{State, Verdict};

    #[test]
    fn a_control_is_met_only_when_every_check_is() {
        use State::{Met, NotAssessed, NotMet, Partial};
        for (answers, expected) in [
            (vec![Met, Met], Met),
            (vec![Met, NotMet], Partial),
            (vec![Met, NotAssessed], Partial),
            (vec![NotMet, NotMet], NotMet),
            (vec![NotMet, NotAssessed], NotMet),
            (vec![NotAssessed, NotAssessed], NotAssessed),
            (vec![Partial, NotMet], Partial),
        ] {
            let verdicts = answers.iter().map(|state| Verdict::plain(*state)).collect();
            assert_eq!(Verdict::all(verdicts).state, expected, "{answers:?}");
        }
    }
}
