//! Ways to compare names, texts, hosts, paths, statements and times.
//!
//! Everything here is built once from what a policy's author wrote and then asked many times. Nothing here knows a
//! policy or a request, and nothing decides: a list answers *which entry matches*, a parser answers *what this is
//! or why it cannot be told*. What follows from that is the evaluator's business, with two habits in common:
//!
//! - **Deny broadly, allow exactly.** What denies is compared in folded form ([`text::fold`]), so letter case,
//!   stray blanks, full-width letters and invisible characters change nothing. What allows is compared letter for
//!   letter. Types that serve both sides have two constructors, `exact` and `folded`.
//! - **What cannot be read is an error.** A malformed URL, path, time or statement yields an error value, never an
//!   empty answer, so that a rule cannot be switched off by feeding it nonsense.
//!
//! | Module | Question |
//! | --- | --- |
//! | [`text`] | What does this text look like to a reader, and to a list? |
//! | [`names`] | Is this name listed? |
//! | [`glob`] | Which shell-style pattern covers this name? |
//! | [`pattern`] | Does this regular expression occur in this text? |
//! | [`host`] | Which host does this URL lead to, and is it in these domains or networks? |
//! | [`path`] | Which directory rule covers this file? |
//! | [`sql`] | Does this statement only read, and which tables does it name? |
//! | [`instant`] | Which point in time is meant? |
//!
//! All of it works on text alone: host names are not resolved and symbolic links are not followed.

pub mod glob;
pub mod host;
pub mod instant;
pub mod names;
mod needs;
pub mod path;
pub mod pattern;
pub(crate) mod properties;
#[cfg(feature = "sql")]
pub mod sql;
#[cfg(not(feature = "sql"))]
#[path = "without_sql.rs"]
pub mod sql;
pub mod text;
pub(crate) mod unicode;
pub(crate) mod zones;

pub use self::glob::{Glob, GlobError, GlobList};
pub use self::host::{DomainRules, Host, Networks, RuleError, Target, TargetError};
pub use self::instant::InstantError;
pub use self::names::{AllowList, DenyList};
pub use self::path::{NormalPath, PathError, PathRules};
pub use self::pattern::{Case, Pattern, PatternError, Searched};
pub use self::sql::SqlFault;
