//! The one place where a caller is admitted to a root field.

use super::contract::Guard;
use super::error::Refusal;
use crate::auth::{Caller, Identity};

/// Whether a caller may ask a root field. Agents and enrolment keys may ask none.
pub(crate) fn admit(guard: &Guard, caller: Option<&Caller>) -> Result<Caller, Refusal> {
    let caller = caller.ok_or(Refusal::Unauthenticated)?;
    let forbidden = || Refusal::Forbidden { needed: guard.may.clone() };
    let Identity::Operator { role, scopes, .. } = &caller.identity else { return Err(forbidden()) };
    let scoped = scopes.is_empty() || scopes.contains(&guard.may);
    if *role >= guard.least && scoped { Ok(caller.clone()) } else { Err(forbidden()) }
}
