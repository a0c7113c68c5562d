//! From hits to one number.
//!
//! Each hit is a piece of evidence with a weight between 0 and 1. Independent pieces are combined
//! as "at least one of them is right" (noisy or); a second hit of the same topic is not independent
//! and counts a fraction, a repetition of the same signal not at all. Evidence only adds up within
//! a passage: a long manual that brushes five topics on five pages is not an attack.

use super::signal::Topic;
use crate::sorting;

/// Length of a passage in bytes.
const PASSAGE: usize = 2400;
/// What the second and the third signal of one topic keep of their weight.
const WITHIN_TOPIC: [f32; 3] = [1.0, 0.6, 0.4];
/// How far repetition can raise a signal.
const MOST_INSISTED: f32 = 0.5;
/// No single hit is ever certain.
const MOST: f32 = 0.97;

/// A text from elsewhere is reported only on an anchor: one hit of at least this weight. Manuals and
/// licences are long and brush many topics weakly.
pub(crate) const ANCHOR: f32 = 0.4;
/// The highest score without an anchor.
pub(crate) const UNANCHORED: f32 = 0.45;

/// One hit, as the scorer needs it.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// Number of the signal.
    pub(crate) signal: usize,
    pub(crate) kind: &'static str,
    pub(crate) topic: Topic,
    pub(crate) weight: f32,
    /// Number of the view it was found in.
    pub(crate) view: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The score of the most suspicious passage of one view. `hits` must be sorted by start.
pub(crate) fn passage_score(hits: &[Evidence]) -> f32 {
    let mut best = 0.0_f32;
    for (at, first) in hits.iter().enumerate() {
        let passage: Vec<&Evidence> =
            hits.iter().skip(at).take_while(|hit| hit.start.saturating_sub(first.start) <= PASSAGE).collect();
        best = best.max(combine(&passage));
    }
    best
}

/// Noisy or with the reductions described above.
fn combine(hits: &[&Evidence]) -> f32 {
    let mut strongest: Vec<(Topic, usize, f32)> = Vec::new();
    for hit in hits {
        match strongest.iter_mut().find(|(_, signal, _)| *signal == hit.signal) {
            Some((topic, _, weight)) => {
                // A persona is built by insisting; a manual repeats itself without meaning more.
                let insistence = if matches!(topic, Topic::Jailbreak | Topic::Refusal) { 1.1 } else { 1.0 };
                *weight = (weight.max(hit.weight) * insistence).min(MOST_INSISTED.max(*weight));
            }
            None => strongest.push((hit.topic, hit.signal, hit.weight)),
        }
    }
    sorting::sort_by(&mut strongest, |a, b| b.2.total_cmp(&a.2));
    let mut seen: Vec<(Topic, usize)> = Vec::new();
    let mut innocent = 1.0_f32;
    for (topic, _, weight) in strongest {
        let rank = match seen.iter_mut().find(|(other, _)| *other == topic) {
            Some((_, rank)) => {
                *rank = rank.saturating_add(1);
                *rank
            }
            None => {
                seen.push((topic, 0));
                0
            }
        };
        let share = WITHIN_TOPIC.get(rank).copied().unwrap_or(0.3);
        innocent *= 1.0 - (weight * share).clamp(0.0, MOST);
    }
    1.0 - innocent
}
