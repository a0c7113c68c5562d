//! Reading what people write: policy documents in YAML or JSON, and the faults in them.
//!
//! This layer knows text, places and wording; it knows no policy type. [`decode`] turns a JSON
//! value into any type and reports every fault at once.

pub mod decode;
