//! Which requests are counted together.

/// A kind of request with a limit of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Bucket {
    /// Enrolling agents.
    Register,
    /// Reading an agent's configuration.
    Config,
    /// Reading secrets.
    Secrets,
    /// Sending events.
    Events,
    /// Heartbeats.
    Heartbeat,
    /// Evaluations, AuthZEN's among them.
    Evaluate,
    /// Scanning content.
    Scan,
    /// Signing in.
    SignIn,
    /// What people who are signed in ask for.
    Portal,
    /// Anything else.
    #[default]
    Other,
    /// Not counted: what watches the server must always get an answer.
    Exempt,
}

impl Bucket {
    /// The bucket of a route, by its template: the fifth segment of a native path, the first
    /// segment with a bucket of its own of an SDK path.
    pub(crate) fn of_route(path: &str) -> Self {
        let mut segments = path.split('/').skip(1);
        match (segments.next(), segments.next(), segments.next()) {
            (Some("health" | "ready" | "metrics"), None, _) => Self::Exempt,
            (Some("api"), Some("zentinelle"), Some("v1")) => {
                match (segments.next().unwrap_or_default(), segments.next()) {
                    ("auth", Some("login" | "oidc")) => Self::SignIn,
                    (segment, _) => Self::of_segment(segment),
                }
            }
            (Some("api"), Some("v1"), Some(first)) => std::iter::once(first)
                .chain(segments)
                .map(Self::of_segment)
                .find(|bucket| *bucket != Self::Other)
                .unwrap_or_default(),
            (Some("access"), Some("v1"), Some("evaluation" | "evaluations")) => Self::Evaluate,
            _ => Self::Other,
        }
    }

    fn of_segment(segment: &str) -> Self {
        match segment {
            "register" => Self::Register,
            "config" => Self::Config,
            "secrets" => Self::Secrets,
            "events" => Self::Events,
            "heartbeat" => Self::Heartbeat,
            "evaluate" => Self::Evaluate,
            "scan" => Self::Scan,
            "health" | "ready" | "metrics" => Self::Exempt,
            _ => Self::Other,
        }
    }

    /// The name in metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Config => "config",
            Self::Secrets => "secrets",
            Self::Events => "events",
            Self::Heartbeat => "heartbeat",
            Self::Evaluate => "evaluate",
            Self::Scan => "scan",
            Self::SignIn => "sign_in",
            Self::Portal => "portal",
            Self::Other => "other",
            Self::Exempt => "exempt",
        }
    }

    /// Whether agents send such requests all day long, so that each one's line in the log would
    /// hide the others.
    pub(crate) const fn is_frequent(self) -> bool {
        matches!(self, Self::Config | Self::Events | Self::Heartbeat | Self::Evaluate | Self::Scan | Self::Exempt)
    }
}

#[cfg(test)]
mod tests {
    use super::Bucket;

    #[test]
    fn routes_of_all_families_share_the_buckets() {
        for (path, bucket) in [
            ("/api/zentinelle/v1/evaluate", Bucket::Evaluate),
            ("/api/v1/evaluate", Bucket::Evaluate),
            ("/access/v1/evaluations", Bucket::Evaluate),
            ("/api/v1/agents/register", Bucket::Register),
            ("/api/v1/register", Bucket::Register),
            ("/api/v1/agents/{agent_id}/config", Bucket::Config),
            ("/api/v1/config/{agent_id}", Bucket::Config),
            ("/api/zentinelle/v1/config/{agent_id}", Bucket::Config),
            // Only the fifth segment counts below the native prefix.
            ("/api/zentinelle/v1/agents/{id}/config", Bucket::Other),
            ("/api/zentinelle/v1/policies/{id}", Bucket::Other),
            ("/health", Bucket::Exempt),
            ("/api/zentinelle/v1/ready", Bucket::Exempt),
            ("/api/v1/health", Bucket::Exempt),
            ("/health/of/others", Bucket::Other),
            ("", Bucket::Other),
        ] {
            assert_eq!(Bucket::of_route(path), bucket, "{path}");
        }
    }
}
