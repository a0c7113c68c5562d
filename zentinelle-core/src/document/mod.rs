//! Reading what people write: policy documents in YAML or JSON, and the faults in them.
//!
//! This layer knows text, places and wording; it knows no policy type. [`source`] turns text into
//! JSON values that remember where they stood, [`decode`] turns a JSON value into any type and
//! reports every fault at once, [`diagnostic`] shows faults to people and machines, and [`json`]
//! reads strict JSON, such as the lines of a request file.
//!
//! ```
//! use serde::Deserialize;
//! use zentinelle_core::document::diagnostic::{self, SourceFile, Style};
//! use zentinelle_core::document::{decode, source};
//!
//! #[derive(Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Limits {
//!     max_input_tokens: Option<u64>,
//! }
//!
//! let text = "max_input_token: 8000\n";
//! let parsed = source::parse(text);
//! let mut problems = parsed.problems;
//! for document in &parsed.documents {
//!     let decoded = decode::decode_as::<Limits>(&document.value, "a `context_limit` policy");
//!     assert_eq!(decoded.value.as_ref().and_then(|limits| limits.max_input_tokens), None);
//!     problems.extend(diagnostic::problems(&decoded.errors, &document.place));
//!     problems.extend(diagnostic::problems(&decoded.unknown_keys, &document.place));
//! }
//! let file = SourceFile { name: "search-team.yaml", text };
//! let expected = "\
//! error[policy.unknown_key]: unknown key `max_input_token` in a `context_limit` policy
//!  --> search-team.yaml:1:1
//!   |
//! 1 | max_input_token: 8000
//!   | ^^^^^^^^^^^^^^^
//!   |
//! help: did you mean `max_input_tokens`?
//! ";
//! assert_eq!(diagnostic::render(&problems, &file, Style::default()), expected);
//! ```

pub mod decode;
pub mod diagnostic;
pub mod json;
pub mod place;
pub mod source;

mod scalar;
