//! The signals, one file per topic. Read a row as: what is looked for, and how likely a text that
//! holds nothing else suspicious is an attack when it comes from the user and when it does not.

mod authority;
mod carrier;
mod delimiter;
mod exfiltration;
mod extraction;
mod hijack;
mod indirect;
mod jailbreak;
mod latin;
mod overriding;
mod refusal;
mod role;
mod scripts;

use super::signal::{Signal, Table, Topic};

/// Every table, in the order in which signals are numbered.
pub(crate) static TABLES: &[&Table] = &[
    &overriding::TABLE,
    &role::TABLE,
    &extraction::TABLE,
    &authority::TABLE,
    &delimiter::TABLE,
    &indirect::TABLE,
    &exfiltration::TABLE,
    &hijack::TABLE,
    &jailbreak::TABLE,
    &refusal::TABLE,
    &carrier::TABLE,
    &latin::overriding::TABLE,
    &latin::extraction::TABLE,
    &latin::indirect::TABLE,
    &latin::jailbreak::TABLE,
    &latin::role::TABLE,
    &scripts::overriding::TABLE,
    &scripts::extraction::TABLE,
    &scripts::indirect::TABLE,
    &scripts::jailbreak::TABLE,
    &scripts::role::TABLE,
];

/// All signals with their topics, in number order.
pub(crate) fn signals() -> impl Iterator<Item = (Topic, &'static Signal)> {
    TABLES.iter().flat_map(|table| table.signals.iter().map(|signal| (table.topic, signal)))
}
