//! Identifiers as types, so that a tenant cannot be passed where an agent belongs.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text of an id. Ids are opaque and compared exactly.
            pub fn new(id: impl Into<Arc<str>>) -> Self {
                Self(id.into())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Wraps the text of an id; an empty text stands for no id at all.
            #[must_use]
            pub fn non_empty(id: &str) -> Option<Self> {
                (!id.is_empty()).then(|| Self::new(id))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &*self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self::new(id)
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self::new(id)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )*};
}

ids! {
    /// Names a tenant: the organisation that owns agents, policies and counters.
    TenantId;
    /// Names a team inside a tenant.
    SubOrganizationId;
    /// Names a deployment: a running installation that several agents share.
    DeploymentId;
    /// Names an agent group.
    GroupId;
    /// Names an agent; unique within its tenant.
    AgentId;
    /// Names the user an agent acts for.
    UserId;
    /// Names a policy.
    PolicyId;
    /// Names a reservation in a ledger. Chosen by the host.
    ReservationId;
}

/// Reads an optional id in which an empty text means none, as older records write it.
pub(crate) fn empty_is_none<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: From<String>,
{
    let id = Option::<String>::deserialize(deserializer)?;
    Ok(id.filter(|id| !id.is_empty()).map(T::from))
}
