//! Reading what people write: policy documents in YAML or JSON, and the faults in them.
//!
//! This layer knows text, places and wording; it knows no policy type. [`source`] turns text into
//! JSON values that remember where they stood, [`decode`] turns a JSON value into any type and
//! reports every fault at once, [`diagnostic`] shows faults to people and machines, and [`json`]
//! reads strict JSON, such as the lines of a request file.

pub mod decode;
pub mod diagnostic;
pub mod json;
pub mod place;
pub mod source;

mod scalar;
