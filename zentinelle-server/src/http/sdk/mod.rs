//! `/api/v1`: what the released client libraries call. Every success here is 200 or 201 with a
//! JSON body, because some clients take any other status for a failure.

pub(crate) mod agents;
pub(crate) mod csharp;
pub(crate) mod evaluate;

#[cfg(test)]
mod tests;
