//! One policy as its author writes it, and the two ways of writing it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::decode::decode_as;
use crate::error::{PolicyError, codes};
use crate::ids::{PolicyId, TenantId};
use crate::policy::{Enforcement, Inheritance, Policy};
use crate::scope::{Scope, ScopeLevel};

/// One policy as its author writes it. Needs a name or an id, and a type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrittenPolicy {
    /// The policy's id, unique in the document. Default: made from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<PolicyId>,
    /// The name shown to people. Default: the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The tenant that owns the policy. Default: whichever tenant reads the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<TenantId>,
    /// What the policy is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The kind of policy.
    #[serde(rename = "type")]
    pub policy_type: String,
    /// Where the policy applies. Default: `organization`.
    #[serde(default)]
    pub scope: WrittenScope,
    /// Which policy of a type wins: higher beats lower. Default: 0.
    #[serde(default)]
    pub priority: i64,
    /// What a violation does. Default: `enforce`.
    #[serde(default)]
    pub enforcement: Enforcement,
    /// Whether a narrower policy can take this one's place. Default: `replace`.
    #[serde(default)]
    pub inheritance: Inheritance,
    /// Whether the policy takes part at all. Default: true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The configuration; its keys depend on the type. Default: empty.
    #[serde(default = "empty_object")]
    pub config: Value,
    /// The policy's revision. Default: 1.
    #[serde(default = "first_version")]
    pub version: u64,
}

fn yes() -> bool {
    true
}

fn empty_object() -> Value {
    Value::Object(Map::new())
}

fn first_version() -> u64 {
    1
}

/// Where a policy applies, as its author writes it: a word such as `organization` or
/// `user:alice`, or an object with `type` and `id`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum WrittenScope {
    /// `organization`, or a level and an id joined by a colon.
    Word(String),
    /// A level and an id.
    Pair {
        /// The level.
        #[serde(rename = "type")]
        level: ScopeLevel,
        /// Who is meant; null for the organization.
        #[serde(default)]
        id: Option<String>,
    },
}

impl Default for WrittenScope {
    fn default() -> Self {
        Self::Word(ScopeLevel::Organization.name().to_owned())
    }
}

impl WrittenScope {
    fn read(&self) -> Result<Scope, PolicyError> {
        let fault = |message: String| {
            PolicyError::new(codes::INVALID_VALUE, "/scope", message).with_help(
                "write `organization`, or a level and an id, such as `user:alice` or `{type: user, id: alice}`",
            )
        };
        let (level, id) = match self {
            Self::Pair { level, id } => (*level, id.as_deref()),
            Self::Word(word) => {
                let (level, id) = word.split_once(':').map_or((word.as_str(), None), |(level, id)| (level, Some(id)));
                let known = ScopeLevel::ALL.into_iter().find(|known| known.name() == level.trim());
                let level = known.ok_or_else(|| {
                    let fault = fault(format!("`{word}` is no scope"));
                    // Words that people say, and the ones that are written.
                    let meant = match level.trim() {
                        "team" => "sub_organization",
                        "agent" => "endpoint",
                        "tenant" | "org" | "global" => "organization",
                        _ => return fault,
                    };
                    let id = id.map_or_else(String::new, |id| format!(":{id}"));
                    fault.with_help(format!("write `{meant}{id}`"))
                })?;
                (level, id.map(str::trim))
            }
        };
        match (level, id.filter(|id| !id.is_empty())) {
            (ScopeLevel::Organization, None) => Ok(Scope::Organization),
            (ScopeLevel::Organization, Some(_)) => {
                Err(fault("a scope of the whole organization takes no id".to_owned()))
            }
            (level, None) => Err(fault(format!("a scope of level `{}` needs an id", level.name()))),
            (ScopeLevel::SubOrganization, Some(id)) => Ok(Scope::SubOrganization(id.into())),
            (ScopeLevel::Deployment, Some(id)) => Ok(Scope::Deployment(id.into())),
            (ScopeLevel::Group, Some(id)) => Ok(Scope::Group(id.into())),
            (ScopeLevel::Endpoint, Some(id)) => Ok(Scope::Endpoint(id.into())),
            (ScopeLevel::User, Some(id)) => Ok(Scope::User(id.into())),
        }
    }
}

impl WrittenPolicy {
    /// The policy's id: as written, or made from the name.
    #[must_use]
    pub fn id(&self) -> PolicyId {
        self.id.clone().unwrap_or_else(|| PolicyId::new(slug(self.name.as_deref().unwrap_or_default())))
    }

    /// What is wrong with the envelope; pointers are relative to the policy.
    pub(super) fn check(&self) -> Vec<PolicyError> {
        let mut faults = Vec::new();
        let named = |text: Option<&str>| text.is_some_and(|text| !text.trim().is_empty());
        if !named(self.name.as_deref()) && !named(self.id.as_ref().map(PolicyId::as_str)) {
            let fault = PolicyError::new(codes::MISSING_KEY, "", "the policy has neither a name nor an id");
            faults.push(fault.with_help("add `name:` and say what the policy is for"));
        }
        faults.extend(self.scope.read().err());
        faults
    }

    /// The policy of `tenant`. A scope that cannot be read, which [`super::read`] reports,
    /// becomes the whole organization: rather too strict than lost.
    #[must_use]
    pub fn to_policy(&self, tenant: &TenantId) -> Policy {
        let id = self.id();
        let mut policy = Policy::new(id, tenant.clone(), self.policy_type.as_str(), self.config.clone());
        if let Some(name) = &self.name {
            policy.name.clone_from(name);
        }
        policy.description.clone_from(&self.description);
        policy.scope = self.scope.read().unwrap_or_default();
        policy.priority = self.priority;
        policy.enforcement = self.enforcement;
        policy.inheritance = self.inheritance;
        policy.enabled = self.enabled;
        policy.version = self.version;
        policy
    }
}

/// Lower case, runs of anything but letters and digits as one dash.
fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// A policy as the reference keeps it as code: `kind: Policy`, `metadata`, `spec`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case, reason = "the keys of the format")]
struct Manifest {
    #[serde(default)]
    apiVersion: Option<String>,
    kind: String,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    #[serde(default)]
    id: Option<PolicyId>,
    name: String,
    #[serde(default)]
    tenant_id: Option<TenantId>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    scope: WrittenScope,
    #[serde(default)]
    priority: i64,
    #[serde(default)]
    enforcement: Enforcement,
    #[serde(default)]
    inheritance: Inheritance,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default = "first_version")]
    version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    #[serde(rename = "type")]
    policy_type: String,
    #[serde(default = "empty_object")]
    config: Value,
}

/// Reads a manifest; pointers are relative to it.
pub(super) fn from_manifest(value: &Value) -> Result<WrittenPolicy, Vec<PolicyError>> {
    let Manifest { apiVersion: version, kind, metadata, spec } =
        decode_as::<Manifest>(value, "a policy manifest").strict()?;
    let mut faults = Vec::new();
    if kind != "Policy" {
        let fault = PolicyError::new(codes::UNKNOWN_VALUE, "/kind", format!("unknown kind `{kind}`"));
        faults.push(fault.with_help("a policy manifest says `kind: Policy`"));
    }
    if version.is_some_and(|version| version != "zentinelle.ai/v1") {
        let fault = PolicyError::new(codes::UNKNOWN_VALUE, "/apiVersion", "unknown version of the format");
        faults.push(fault.with_help("write `apiVersion: zentinelle.ai/v1`"));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(WrittenPolicy {
        id: metadata.id,
        name: Some(metadata.name),
        tenant_id: metadata.tenant_id,
        description: metadata.description,
        policy_type: spec.policy_type,
        scope: metadata.scope,
        priority: metadata.priority,
        enforcement: metadata.enforcement,
        inheritance: metadata.inheritance,
        enabled: metadata.enabled,
        config: spec.config,
        version: metadata.version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_word_or_a_pair() {
        let read = |word: &str| WrittenScope::Word(word.to_owned()).read();
        assert_eq!(read("organization").unwrap(), Scope::Organization);
        assert_eq!(read("user: alice").unwrap(), Scope::User("alice".into()));
        assert!(read("user").is_err());
        assert!(read("organization:x").is_err());
        assert!(read("planet:mars").is_err());
    }

    #[test]
    fn an_id_is_made_from_the_name() {
        assert_eq!(slug("No shells, please!"), "no-shells-please");
        assert_eq!(slug("Über--Prüfung"), "über-prüfung");
    }
}
