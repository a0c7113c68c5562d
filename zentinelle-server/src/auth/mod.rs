//! Who calls, and what that caller may do.
//!
//! A key is parsed ([`key`]), found and compared ([`directory`]), and becomes a [`Caller`]. The
//! access layer ([`access`]) admits the caller to a route by the permission the route declares.

pub(crate) mod access;
pub(crate) mod caller;
pub(crate) mod cookie;
pub(crate) mod directory;
pub(crate) mod key;
pub(crate) mod legacy;
pub(crate) mod origin;
pub(crate) mod permission;

pub(crate) use self::caller::{AgentFacts, Caller, Identity, SignedIn, SignedInBy};
pub(crate) use self::permission::{Permission, Role};
