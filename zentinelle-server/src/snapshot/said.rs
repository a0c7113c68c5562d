//! What policies say of a request when each of them is kept: the same words for most requests,
//! so they are put together and written once, and kept beside the policies they are about.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use zentinelle_core::Decision;
use zentinelle_core::audit::digest;
use zentinelle_core::decision::Verdict;
use zentinelle_core::policy::Enforcement;
use zentinelle_core::scan::Severity;
use zentinelle_core::wire::{self, PassOrFail, PolicyEvaluation};

/// How many lists of one policy set are kept. Which policies have something to say depends on the
/// request, so there are some, but a stranger must not be able to make any number of them.
const MOST_LISTS: usize = 256;
/// How often a list is put on record again, so that whoever tidies up sees that it is in use.
/// Unit: microseconds.
const RECORDED_EVERY: i64 = 3_600 * 1_000_000;
/// How many digits of its digest name a list: 128 bits.
const DIGITS: usize = 32;

/// The lists that were written so far.
#[derive(Debug, Default)]
pub(crate) struct Said(RwLock<HashMap<Box<[u32]>, Arc<AllKept>>>);

/// What policies said, all of which were kept and none of which warned.
#[derive(Debug)]
pub(crate) struct AllKept {
    /// Names the list among those of its tenant.
    pub(crate) id: String,
    /// As records keep it.
    pub(crate) recorded: Box<RawValue>,
    /// As both path families answer it.
    answered: Box<RawValue>,
    /// As the C# client reads it.
    brief: Box<RawValue>,
    /// When it was last put on record. Unit: microseconds since 1970.
    recorded_at: AtomicI64,
}

/// What policies said of one request.
#[derive(Debug)]
pub(crate) enum PoliciesSaid {
    /// Nothing that was not said before.
    Kept(Arc<AllKept>),
    /// Something about this very request.
    Now(Vec<PolicyEvaluation>),
}

impl Said {
    /// What the policies said in a decision made by this policy set.
    pub(crate) fn of(&self, decision: &Decision) -> PoliciesSaid {
        let Some(places) = places(decision) else { return PoliciesSaid::Now(wire::evaluations(decision)) };
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&*places).cloned();
        if let Some(known) = known {
            return PoliciesSaid::Kept(known);
        }
        let said = wire::evaluations(decision);
        let Some(list) = AllKept::new(&said) else { return PoliciesSaid::Now(said) };
        let mut lists = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if lists.len() >= MOST_LISTS {
            return PoliciesSaid::Now(said);
        }
        PoliciesSaid::Kept(Arc::clone(lists.entry(places.into()).or_insert_with(|| Arc::new(list))))
    }
}

/// Which policies were asked, in order, and which of them had something to say; none unless all
/// were kept without a word.
fn places(decision: &Decision) -> Option<Vec<u32>> {
    if decision.refusal().is_some() {
        return None;
    }
    let places = decision.results().map(|result| match &result.verdict {
        Verdict::Violated(_) => None,
        Verdict::Satisfied(notes) if !notes.warnings().is_empty() => None,
        Verdict::Satisfied(_) => Some(result.place() << 1 | 1),
        Verdict::NotApplicable => Some(result.place() << 1),
    });
    places.collect()
}

impl AllKept {
    fn new(said: &[PolicyEvaluation]) -> Option<Self> {
        let answered: Vec<_> = said.iter().map(PolicyObject::of).collect();
        let brief: Vec<_> = said.iter().map(PolicyBrief::of).collect();
        let mut id = digest(&serde_json::to_value(said).ok()?).to_string();
        id.truncate(DIGITS);
        Some(Self {
            id,
            recorded: to_raw_value(said).ok()?,
            answered: to_raw_value(&answered).ok()?,
            brief: to_raw_value(&brief).ok()?,
            recorded_at: AtomicI64::new(i64::MIN),
        })
    }

    /// Whether the list should be put on record, with the first decision that says it and then
    /// from time to time.
    pub(crate) fn is_due(&self, now: i64) -> bool {
        self.recorded_at.load(Ordering::Relaxed) <= now.saturating_sub(RECORDED_EVERY)
    }

    /// The list is on record.
    pub(crate) fn was_recorded(&self, now: i64) {
        self.recorded_at.fetch_max(now, Ordering::Relaxed);
    }
}

impl PoliciesSaid {
    /// As the native family answers it.
    pub(crate) fn answered(&self) -> PoliciesAnswered<'_> {
        PoliciesAnswered { said: self, blocking_only: false }
    }

    /// As client libraries read it: they call a policy that did not pass a blocking one, so one
    /// that only watches passes.
    pub(crate) fn answered_to_clients(&self) -> PoliciesAnswered<'_> {
        PoliciesAnswered { said: self, blocking_only: true }
    }

    /// As the C# client reads it.
    pub(crate) fn brief(&self) -> PoliciesBrief<'_> {
        PoliciesBrief(self)
    }

    /// As records refer to it: the name of a list that is on record, else what was said.
    pub(crate) fn recorded(&self) -> Recorded<'_> {
        Recorded(self)
    }

    /// The names of the policies that were not kept.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &str> {
        let said = match self {
            Self::Kept(_) => &[][..],
            Self::Now(said) => said,
        };
        said.iter().filter(|policy| !policy.passed).map(|policy| policy.name.as_str())
    }
}

/// What policies said, as replies tell it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoliciesAnswered<'s> {
    said: &'s PoliciesSaid,
    /// Whether only a policy that blocks has not passed.
    blocking_only: bool,
}

impl Serialize for PoliciesAnswered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let object = |policy| {
            let object = PolicyObject::of(policy);
            if self.blocking_only { PolicyObject { passed: !blocks(policy), ..object } } else { object }
        };
        match self.said {
            PoliciesSaid::Kept(list) => list.answered.serialize(serializer),
            PoliciesSaid::Now(said) => serializer.collect_seq(said.iter().map(object)),
        }
    }
}

/// Whether a policy was violated and says so in earnest.
fn blocks(policy: &PolicyEvaluation) -> bool {
    !policy.passed && policy.enforcement == Enforcement::Enforce
}

/// What policies said, as the C# client reads it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoliciesBrief<'s>(&'s PoliciesSaid);

impl Serialize for PoliciesBrief<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            PoliciesSaid::Kept(list) => list.brief.serialize(serializer),
            PoliciesSaid::Now(said) => serializer.collect_seq(said.iter().map(PolicyBrief::of)),
        }
    }
}

/// What policies said, as records refer to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recorded<'s>(&'s PoliciesSaid);

impl Serialize for Recorded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            PoliciesSaid::Kept(list) => list.id.serialize(serializer),
            PoliciesSaid::Now(said) => said.serialize(serializer),
        }
    }
}

/// One policy's answer in the form both path families share.
#[derive(Debug, Serialize)]
struct PolicyObject<'p> {
    id: &'p str,
    name: &'p str,
    #[serde(rename = "type")]
    policy_type: &'p str,
    enforcement: Enforcement,
    result: PassOrFail,
    passed: bool,
    message: Option<&'p str>,
    severity: Option<Severity>,
    code: Option<&'p zentinelle_core::error::Code>,
    version: u64,
}

impl<'p> PolicyObject<'p> {
    fn of(policy: &'p PolicyEvaluation) -> Self {
        Self {
            id: policy.id.as_str(),
            name: &policy.name,
            policy_type: &policy.policy_type,
            enforcement: policy.enforcement,
            result: policy.result,
            passed: policy.passed,
            message: policy.message.as_deref(),
            severity: policy.severity,
            code: policy.code.as_ref(),
            version: policy.version,
        }
    }
}

/// The same in the words of the C# client, which calls a policy that did not pass a blocking one.
#[derive(Debug, Serialize)]
struct PolicyBrief<'p> {
    policy: &'p str,
    #[serde(rename = "type")]
    policy_type: &'p str,
    passed: bool,
    reason: Option<&'p str>,
    severity: Option<Severity>,
}

impl<'p> PolicyBrief<'p> {
    fn of(policy: &'p PolicyEvaluation) -> Self {
        Self {
            policy: &policy.name,
            policy_type: &policy.policy_type,
            passed: !blocks(policy),
            reason: policy.message.as_deref(),
            severity: policy.severity,
        }
    }
}
