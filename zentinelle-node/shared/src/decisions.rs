//! Decisions that were made and not let go yet, under small numbers.

use zentinelle_core::wire::DecisionDocument;
use zentinelle_core::{Decision, Effect, Request};

use crate::{Fault, json};

/// The lowest two bits of an answer: the effect.
pub const DENY: u32 = 0;
/// See [`DENY`].
pub const PERMIT: u32 = 1;
/// See [`DENY`].
pub const NO_POLICY: u32 = 2;
/// Set where the host may go on.
pub const PERMITTED: u32 = 4;
/// Set where the decision is kept only until the next one: read it at once or never.
pub const LENT_ONCE: u32 = 8;

/// No answer at all.
pub const NOTHING: u32 = u32::MAX;

/// Where the number of the decision begins.
const NUMBER_SHIFT: u32 = 4;
/// The most decisions kept at once. A loop that never lets go, and never lets the collector tell us that it
/// did, costs time from here on instead of memory.
const MOST_KEPT: usize = 16_384;

/// A decision with the request it answers.
pub(crate) struct Kept {
    pub(crate) decision: Decision,
    pub(crate) request: Request,
}

/// The decisions of one engine.
#[derive(Default)]
pub(crate) struct Decisions {
    kept: Vec<Option<Kept>>,
    free: Vec<u32>,
    /// The newest decision of a full table.
    overflow: Option<Kept>,
}

impl Decisions {
    /// Keeps a decision and says in one number what it is and where it is kept.
    pub(crate) fn keep(&mut self, decision: Decision, request: Request) -> u32 {
        let effect = match decision.effect() {
            Effect::Deny => DENY,
            Effect::Permit => PERMIT,
            Effect::NoPolicy => NO_POLICY,
        };
        let go_on = decision.is_dry_run() || decision.is_permitted();
        let flags = effect | if go_on { PERMITTED } else { 0 };
        let kept = Kept { decision, request };
        if let Some(number) = self.free.pop() {
            if let Some(place) = self.kept.get_mut(number as usize) {
                *place = Some(kept);
            }
            return flags | number << NUMBER_SHIFT;
        }
        if self.kept.len() < MOST_KEPT {
            let number = u32::try_from(self.kept.len()).unwrap_or(u32::MAX >> NUMBER_SHIFT);
            self.kept.push(Some(kept));
            return flags | number << NUMBER_SHIFT;
        }
        self.overflow = Some(kept);
        flags | LENT_ONCE
    }

    /// The decision of an answer.
    fn get(&self, answer: u32) -> Result<&Kept, Fault> {
        let kept = match answer & LENT_ONCE {
            0 => self.kept.get((answer >> NUMBER_SHIFT) as usize).and_then(Option::as_ref),
            _ => self.overflow.as_ref(),
        };
        kept.ok_or_else(|| Fault::used_up("decision"))
    }

    /// Lets a decision go. Its number may be given to another one.
    pub(crate) fn forget(&mut self, answer: u32) {
        if answer & LENT_ONCE != 0 {
            self.overflow = None;
        } else if self.kept.get_mut((answer >> NUMBER_SHIFT) as usize).and_then(Option::take).is_some() {
            self.free.push(answer >> NUMBER_SHIFT);
        }
    }

    /// How many are kept.
    pub(crate) fn len(&self) -> usize {
        self.kept.len() - self.free.len()
    }

    pub(crate) fn document(&self, answer: u32) -> Result<String, Fault> {
        let kept = self.get(answer)?;
        json(&DecisionDocument::new(&kept.decision, &kept.request))
    }

    pub(crate) fn explanation(&self, answer: u32) -> Result<String, Fault> {
        Ok(self.get(answer)?.decision.explain().to_string())
    }

    pub(crate) fn smallest_change(&self, answer: u32) -> Result<String, Fault> {
        json(&self.get(answer)?.decision.smallest_change())
    }
}
