//! `/api/zentinelle/v1`: the server's own paths, also used by coding-agent hooks and gateways.

pub(crate) mod evaluate;
pub(crate) mod interaction;
pub(crate) mod scan;
