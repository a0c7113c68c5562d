//! What operators may do: roles, and the permissions routes ask for.
//!
//! A permission is `resource:verb`, written in a route's `security` attribute and nowhere else.

use std::fmt;

/// What an operator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Sees everything but secrets and keys, changes nothing.
    Viewer,
    /// Runs the daily work: policies, agents, alerts, incidents, approvals.
    Operator,
    /// Also keys, secrets, webhooks, settings and retention.
    Admin,
}

impl Role {
    /// Every role, least first.
    pub(crate) const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The role as it is written.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Reads a role.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The least role that has a permission.
    fn needed_for(permission: &Permission) -> Self {
        let reads = permission.verb() == "read";
        match permission.resource() {
            "keys" | "secrets" | "settings" | "webhooks" | "tenants" | "users" => Self::Admin,
            "me" => Self::Viewer, // one's own password, sessions and views
            "retention" | "prices" if !reads => Self::Admin,
            _ if permission.verb() == "delete" => Self::Admin,
            "audit" if permission.verb() == "export" => Self::Operator,
            _ if reads => Self::Viewer,
            _ => Self::Operator,
        }
    }

    /// Whether the role has a permission.
    pub(crate) fn has(self, permission: &Permission) -> bool {
        self >= Self::needed_for(permission)
    }
}

/// One thing an operator may do, as `resource:verb`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Permission(String);

impl fmt::Debug for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Permission {
    /// Reads a permission; none when it has not the form `resource:verb`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (resource, verb) = text.split_once(':')?;
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        (plain(resource) && plain(verb)).then(|| Self(text.to_owned()))
    }

    /// What it is about.
    pub(crate) fn resource(&self) -> &str {
        self.0.split_once(':').map_or("", |(resource, _)| resource)
    }

    /// What may be done to it.
    pub(crate) fn verb(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, verb)| verb)
    }
}

#[cfg(test)]
mod tests {
    use super::{Permission, Role};

    #[test]
    fn each_role_may_do_all_that_a_lesser_one_may() {
        let may = |role: Role, text: &str| role.has(&Permission::parse(text).expect("well formed"));
        for text in ["policies:read", "policies:write", "keys:read", "keys:write", "retention:write", "audit:export"] {
            let allowed: Vec<bool> = Role::ALL.into_iter().map(|role| may(role, text)).collect();
            assert!(allowed.is_sorted(), "{text}: {allowed:?}");
            assert_eq!(allowed.last(), Some(&true), "{text}");
        }
        assert!(may(Role::Viewer, "policies:read") && !may(Role::Viewer, "policies:write"));
        assert!(!may(Role::Viewer, "keys:read") && !may(Role::Operator, "keys:read"));
    }

    #[test]
    fn what_is_no_permission_is_not_read_as_one() {
        for text in ["", "policies", ":read", "policies:", "Policies:read", "policies:read "] {
            assert!(Permission::parse(text).is_none(), "{text}");
        }
    }
}
