//! A request as JavaScript hands it over: JSON.

use zentinelle_core::Request;
use zentinelle_core::document::decode::decode_as;
use zentinelle_core::document::json;
use zentinelle_core::wire::{Defaults, RequestDocument};

use crate::{Class, Fault};

/// Reads a request and completes it with what the engine knows about its host.
pub(crate) fn read(text: &str, defaults: &Defaults) -> Result<Request, Fault> {
    let document = match serde_json::from_str::<RequestDocument>(text) {
        Ok(document) => document,
        // Read again, to say what is wrong in the words of the field and with its place.
        Err(_) => read_slowly(text)?,
    };
    document.into_request(defaults).map_err(|errors| Fault::errors(Class::Request, errors))
}

fn read_slowly(text: &str) -> Result<RequestDocument, Fault> {
    let value = json::parse(text).map_err(|problem| Fault::problem(Class::Request, &problem))?;
    decode_as::<RequestDocument>(&value, "a request").strict().map_err(|errors| Fault::errors(Class::Request, errors))
}
