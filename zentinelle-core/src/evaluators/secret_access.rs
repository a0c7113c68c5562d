//! `secret_access`: says which secret bundles and vendor keys may be fetched.
//!
//! Applies to `secret_access` actions, in any letter case. With a list of allowed bundles the
//! request must name one of them; a request that names none is denied. Denied providers are
//! compared after folding, allowed bundles letter for letter.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Evaluator, Inquiry};
use crate::decision::{Verdict, Violation};
use crate::error::{Code, PolicyError};
use crate::matching::{AllowList, DenyList};
use crate::request::{ActionKind, EvaluationError};
use crate::scan::Severity;

const BUNDLE_MISSING: Code = Code::new("secret_access.bundle_missing");
const BUNDLE_NOT_ALLOWED: Code = Code::new("secret_access.bundle_not_allowed");
const PROVIDER_DENIED: Code = Code::new("secret_access.provider_denied");

const ALLOWED_BUNDLES: &str = "/config/allowed_bundles";

/// Configuration of a `secret_access` policy.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The bundles that may be fetched. Default: empty, which allows every bundle.
    pub allowed_bundles: Vec<String>,
    /// Providers whose keys may not be fetched. Default: empty.
    pub denied_providers: Vec<String>,
}

/// See the module.
pub struct SecretAccess {
    allowed_bundles: AllowList,
    denied_providers: DenyList,
}

impl Evaluator for SecretAccess {
    type Config = Config;

    const CODES: &'static [Code] = &[BUNDLE_MISSING, BUNDLE_NOT_ALLOWED, PROVIDER_DENIED];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        Ok(Self {
            allowed_bundles: AllowList::new(config.allowed_bundles),
            denied_providers: DenyList::new(config.denied_providers),
        })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let request = inquiry.request;
        if request.action.kind() != ActionKind::SecretAccess {
            return Ok(Verdict::NotApplicable);
        }
        if !self.allowed_bundles.is_empty() {
            match request.context.name("bundle_slug")? {
                None => return Ok(denied(BUNDLE_MISSING, ALLOWED_BUNDLES, "the request names no bundle".into())),
                Some(bundle) if !self.allowed_bundles.contains(bundle) => {
                    let message = format!("bundle `{bundle}` is not among the allowed bundles");
                    return Ok(denied(BUNDLE_NOT_ALLOWED, ALLOWED_BUNDLES, message));
                }
                Some(_) => {}
            }
        }
        if !self.denied_providers.is_empty()
            && let Some(provider) = request.context.name("provider")?
            && let Some(entry) = self.denied_providers.find(provider)
        {
            let message = format!("keys of provider `{entry}` may not be fetched");
            return Ok(denied(PROVIDER_DENIED, "/config/denied_providers", message));
        }
        Ok(Verdict::satisfied())
    }
}

fn denied(code: Code, pointer: &'static str, message: String) -> Verdict {
    Violation::new(code, pointer, message).with_severity(Severity::High).into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated, warned};

    #[test]
    fn a_bundle_must_be_named_where_bundles_are_restricted() {
        let config = r#"{ "allowed_bundles": ["ai"] }"#;
        for context in [r#"{ "@action": "secret_access" }"#, r#"{ "@action": "secret_access", "bundle_slug": "" }"#] {
            assert_eq!(violated(&judge("secret_access", config, context)), "secret_access.bundle_missing");
        }
        let context = r#"{ "@action": "Secret_Access", "bundle_slug": "AI" }"#;
        assert_eq!(violated(&judge("secret_access", config, context)), "secret_access.bundle_not_allowed");
    }

    #[test]
    fn a_provider_nobody_denied_may_be_left_out() {
        let config = r#"{ "denied_providers": ["acme"] }"#;
        assert!(warned(&judge("secret_access", config, r#"{ "@action": "secret_access" }"#)).is_empty());
    }
}
