//! The core phrases in Russian, Chinese, Japanese, Korean, Arabic, Hindi and neighbours: languages
//! whose script has no letter case or no blanks between words, so that literals stand as they are.

pub(crate) mod extraction;
pub(crate) mod indirect;
pub(crate) mod jailbreak;
pub(crate) mod overriding;
pub(crate) mod role;
