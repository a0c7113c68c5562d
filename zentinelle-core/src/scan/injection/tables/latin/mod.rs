//! The core phrases in German, French, Spanish, Italian, Portuguese, Dutch, Polish, Turkish and a
//! few neighbours. Each pattern is an order verb, up to a few words, and what is to be dropped.

pub(crate) mod extraction;
pub(crate) mod indirect;
pub(crate) mod jailbreak;
pub(crate) mod overriding;
pub(crate) mod role;
