//! `agent_delegation`: limits agents that start agents.
//!
//! Applies to requests that say something of a delegation: a parent, a depth, a chain or a
//! requested trust level. Once depth or chain say that a call is delegated, it must name its
//! parent, so leaving the parent out escapes neither the parent rules nor the token.
//!
//! Depth is the larger of the stated depth and the length of the chain. A chain runs from the
//! first agent to the parent and may leave the parent out. What can be believed is a signed
//! token: `require_signed_delegation_token` asks for one by the parent, at most an hour old, and
//! holds the child to the depth, trust level and capabilities it grants. Without it all of this
//! is what the host reports.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Delegated, Evaluator, Inquiry};
use crate::approval::{Claims, TrustLevel};
use crate::decision::{Notes, Verdict, Violation};
use crate::error::{Code, PolicyError};
use crate::matching::text::fold;
use crate::matching::{AllowList, DenyList, Glob};
use crate::request::{Action, ActionKind, Context, EvaluationError, Number};
use crate::scan::Severity;
use crate::sorting;

const DEPTH_EXCEEDED: Code = Code::new("agent_delegation.depth_exceeded");
const PARENT_MISSING: Code = Code::new("agent_delegation.parent_missing");
const PARENT_BLOCKED: Code = Code::new("agent_delegation.parent_blocked");
const PARENT_NOT_ALLOWED: Code = Code::new("agent_delegation.parent_not_allowed");
const CYCLE: Code = Code::new("agent_delegation.cycle");
const UNKNOWN_TRUST: Code = Code::new("agent_delegation.unknown_trust_level");
const TRUST_EXCEEDED: Code = Code::new("agent_delegation.trust_exceeded");
const TRUST_TOO_LOW: Code = Code::new("agent_delegation.trust_too_low");
const TRUST_REDUCED: Code = Code::new("agent_delegation.trust_reduced");
const TOKEN_REQUIRED: Code = Code::new("agent_delegation.token_required");
const TOKEN_INVALID: Code = Code::new("agent_delegation.token_invalid");
const NOT_GRANTED: Code = Code::new("agent_delegation.not_granted");
const DELEGATED: Code = Code::new("agent_delegation.delegated");

/// Greatest age of a delegation. Unit: seconds.
const TOKEN_AGE_SECONDS: u64 = 3_600;

const DEFAULT_DEPTH: Number = Number::Int(3);

const LEVELS: [TrustLevel; 4] = [TrustLevel::Restricted, TrustLevel::Standard, TrustLevel::Trusted, TrustLevel::Root];

/// Configuration of an `agent_delegation` policy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Greatest depth of a delegation. Unit: delegations. Default, also for null: 3.
    pub max_delegation_depth: Option<Number>,
    /// Whether a delegated call needs a token signed for its parent. Default: false.
    pub require_signed_delegation_token: bool,
    /// Whether a child may ask for no more trust than its parent has. Default: true.
    pub child_cannot_exceed_parent_trust: bool,
    /// Agents that may delegate. Default: empty, which allows every agent.
    pub allowed_parent_agents: Vec<String>,
    /// Agents that may not delegate. Default: empty.
    pub blocked_parent_agents: Vec<String>,
    /// Levels of trust lost with a delegation. Unit: levels, whole. Default, also for null: 0.
    pub trust_level_degradation: Option<Number>,
    /// The least trust that may be left where trust is lost. Default: `restricted`.
    pub min_trust_level: TrustLevel,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_delegation_depth: None,
            require_signed_delegation_token: false,
            child_cannot_exceed_parent_trust: true,
            allowed_parent_agents: Vec::new(),
            blocked_parent_agents: Vec::new(),
            trust_level_degradation: None,
            min_trust_level: TrustLevel::Restricted,
        }
    }
}

/// See the module.
pub struct AgentDelegation {
    max_depth: Number,
    requires_token: bool,
    caps_trust: bool,
    allowed_parents: AllowList,
    blocked_parents: DenyList,
    degradation: usize,
    min_trust: TrustLevel,
}

impl Evaluator for AgentDelegation {
    type Config = Config;

    const CODES: &'static [Code] = &[
        DEPTH_EXCEEDED,
        PARENT_MISSING,
        PARENT_BLOCKED,
        PARENT_NOT_ALLOWED,
        CYCLE,
        UNKNOWN_TRUST,
        TRUST_EXCEEDED,
        TRUST_TOO_LOW,
        TRUST_REDUCED,
        TOKEN_REQUIRED,
        TOKEN_INVALID,
        NOT_GRANTED,
        DELEGATED,
    ];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let mut faults = Vec::new();
        let max_depth = config.max_delegation_depth.unwrap_or(DEFAULT_DEPTH);
        if max_depth.is_negative() {
            faults.push(PolicyError::out_of_range("max_delegation_depth", max_depth, 0, "any whole number"));
        }
        let degradation = match config.trust_level_degradation.unwrap_or(Number::ZERO) {
            Number::Int(levels) if levels >= 0 => usize::try_from(levels).unwrap_or(usize::MAX),
            other => {
                let fault = PolicyError::out_of_range("trust_level_degradation", other, 0, "any whole number");
                faults.push(fault.with_help("write how many levels are lost, from 0 to 3"));
                0
            }
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            max_depth,
            requires_token: config.require_signed_delegation_token,
            caps_trust: config.child_cannot_exceed_parent_trust,
            allowed_parents: AllowList::new(config.allowed_parent_agents),
            blocked_parents: DenyList::new(config.blocked_parent_agents),
            degradation,
            min_trust: config.min_trust_level,
        })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let context = &inquiry.request.context;
        if !KEYS.iter().any(|key| context.raw(key).is_some()) {
            return Ok(Verdict::NotApplicable);
        }
        let parent = context.name("parent_agent_id")?;
        let chain = chain(context)?;
        let stated = context.quantity_or_zero("delegation_depth")?;
        let length = Number::from(chain.len() as u64);
        let depth = if length > stated { length } else { stated };
        let mut notes = Notes::none();
        if depth > self.max_depth {
            let message = format!("delegation depth {depth} exceeds the limit of {}", self.max_depth);
            return Ok(Verdict::violated(DEPTH_EXCEEDED, "/config/max_delegation_depth", message));
        }
        if let Some(refusal) = self.refuse_parent(parent, depth) {
            return Ok(refusal);
        }
        if let Some(agent) = repeated(&chain, parent, inquiry.request.agent.agent_id.as_str()) {
            let message = format!("agent `{agent}` delegates to itself through the chain");
            return Ok(Violation::new(CYCLE, "/context/delegation_chain", message)
                .with_severity(Severity::High)
                .into());
        }
        let requested = match self.judge_trust(context, &mut notes)? {
            Ok(requested) => requested,
            Err(refusal) => return Ok(refusal),
        };
        if self.requires_token
            && let Some(parent) = parent
            && let Some(refusal) = self.refuse_token(inquiry, parent, depth, requested)?
        {
            return Ok(refusal);
        }
        if depth > Number::ZERO {
            notes.warn(DELEGATED, format!("the call is delegated at depth {depth}"));
        }
        Ok(Verdict::Satisfied(notes))
    }
}

/// The facts a delegation is told by.
const KEYS: [&str; 5] =
    ["parent_agent_id", "delegation_depth", "delegation_chain", "parent_trust_level", "requested_trust_level"];

impl AgentDelegation {
    fn refuse_parent(&self, parent: Option<&str>, depth: Number) -> Option<Verdict> {
        let Some(parent) = parent else {
            let message = format!("a call at delegation depth {depth} must name its parent agent");
            return (depth > Number::ZERO)
                .then(|| Verdict::violated(PARENT_MISSING, "/context/parent_agent_id", message));
        };
        if let Some(entry) = self.blocked_parents.find(parent) {
            let message = format!("agent `{parent}` may not delegate, `{entry}` is blocked");
            return Some(Verdict::violated(PARENT_BLOCKED, "/config/blocked_parent_agents", message));
        }
        if !self.allowed_parents.is_empty() && !self.allowed_parents.contains(parent) {
            let message = format!("agent `{parent}` is not among the agents that may delegate");
            return Some(Verdict::violated(PARENT_NOT_ALLOWED, "/config/allowed_parent_agents", message));
        }
        None
    }

    /// The trust the child asks for, unless it may not have it.
    fn judge_trust(
        &self,
        context: &Context,
        notes: &mut Notes,
    ) -> Result<Result<TrustLevel, Verdict>, EvaluationError> {
        if !self.caps_trust && self.degradation == 0 && !self.requires_token {
            return Ok(Ok(TrustLevel::Standard));
        }
        let mut levels = [TrustLevel::Standard; 2];
        for (key, level) in ["parent_trust_level", "requested_trust_level"].into_iter().zip(&mut levels) {
            let Some(word) = context.text(key)? else { continue };
            match LEVELS.into_iter().find(|known| level_name(*known) == word) {
                Some(known) => *level = known,
                None => {
                    let message = format!("`{key}` is none of restricted, standard, trusted and root");
                    let pointer = crate::error::Pointer::new("/context").key(key);
                    return Ok(Err(Verdict::violated(UNKNOWN_TRUST, pointer, message)));
                }
            }
        }
        let [parent, requested] = levels;
        if self.caps_trust && requested > parent {
            return Ok(Err(too_much_trust(requested, parent, "/config/child_cannot_exceed_parent_trust")));
        }
        if self.degradation > 0 {
            let effective = lowered(parent, self.degradation);
            if effective < self.min_trust {
                let (left, least) = (level_name(effective), level_name(self.min_trust));
                let message = format!("the delegation leaves trust level {left}, the least is {least}");
                return Ok(Err(Verdict::violated(TRUST_TOO_LOW, "/config/min_trust_level", message)));
            }
            if requested > effective {
                return Ok(Err(too_much_trust(requested, effective, "/config/trust_level_degradation")));
            }
            if requested < effective {
                let (asked, left) = (level_name(requested), level_name(effective));
                notes.warn(TRUST_REDUCED, format!("trust level {asked} is asked for, {left} is possible"));
            }
        }
        Ok(Ok(requested))
    }

    fn refuse_token(
        &self,
        inquiry: &Inquiry<'_>,
        parent: &str,
        depth: Number,
        requested: TrustLevel,
    ) -> Result<Option<Verdict>, EvaluationError> {
        const POINTER: &str = "/config/require_signed_delegation_token";
        let claims = match inquiry.delegation(parent, TOKEN_AGE_SECONDS)? {
            Delegated::Yes(claims) => claims,
            Delegated::Missing => {
                let message = format!("a call delegated by `{parent}` needs a signed delegation token");
                return Ok(Some(Verdict::violated(TOKEN_REQUIRED, POINTER, message)));
            }
            Delegated::No(error) => {
                let message = format!("the delegation token does not hold: {}", error.message());
                return Ok(Some(Violation::new(TOKEN_INVALID, POINTER, message).with_severity(Severity::High).into()));
            }
        };
        if let Some(most) = claims.max_depth.filter(|most| depth > Number::from(u64::from(*most))) {
            let message = format!("the delegation token ends at depth {most}, this is depth {depth}");
            return Ok(Some(Verdict::violated(DEPTH_EXCEEDED, POINTER, message)));
        }
        if let Some(most) = claims.trust_level.filter(|most| requested > *most) {
            return Ok(Some(too_much_trust(requested, most, POINTER)));
        }
        refuse_capability(&claims, &inquiry.request.action, &inquiry.request.context)
    }
}

/// Holds the child to the capabilities of its token: globs that its action and everything under
/// `requested_capabilities` must match. Taking up the delegation itself needs none.
fn refuse_capability(claims: &Claims, action: &Action, context: &Context) -> Result<Option<Verdict>, EvaluationError> {
    let Some(granted) = &claims.granted_capabilities else { return Ok(None) };
    let is_granted = |wanted: &str| granted.iter().any(|one| Glob::new(one).is_ok_and(|glob| glob.is_match(wanted)));
    let own = (action.kind() != ActionKind::Spawn && action.folded() != "agent:spawn").then_some(action.name());
    let requested = texts(context.list("requested_capabilities")?.unwrap_or_default(), "requested_capabilities")?;
    Ok(own.into_iter().chain(requested).find(|wanted| !is_granted(wanted)).map(|wanted| {
        let message = format!("the delegation token does not grant `{wanted}`");
        Violation::new(NOT_GRANTED, "/context/delegation_token", message).with_severity(Severity::High).into()
    }))
}

fn too_much_trust(requested: TrustLevel, most: TrustLevel, pointer: &'static str) -> Verdict {
    let message = format!("trust level {} is asked for, the most is {}", level_name(requested), level_name(most));
    Violation::new(TRUST_EXCEEDED, pointer, message).with_severity(Severity::High).into()
}

const fn level_name(level: TrustLevel) -> &'static str {
    match level {
        TrustLevel::Restricted => "restricted",
        TrustLevel::Standard => "standard",
        TrustLevel::Trusted => "trusted",
        TrustLevel::Root => "root",
    }
}

/// So many levels down, at the lowest the lowest.
fn lowered(level: TrustLevel, by: usize) -> TrustLevel {
    let place = LEVELS.iter().position(|known| *known == level).unwrap_or(0);
    LEVELS.get(place.saturating_sub(by)).copied().unwrap_or(TrustLevel::Restricted)
}

/// The agents a call came through. Null is a fault: the key says there is a chain.
fn chain(context: &Context) -> Result<Vec<&str>, EvaluationError> {
    match context.raw("delegation_chain") {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => texts(items, "delegation_chain"),
        Some(other) => Err(EvaluationError::wrong_type("delegation_chain", "a list of agent ids", other)),
    }
}

fn texts<'a>(items: &'a [Value], key: &str) -> Result<Vec<&'a str>, EvaluationError> {
    let text = |item: &'a Value| item.as_str().ok_or_else(|| EvaluationError::wrong_type(key, "a list of texts", item));
    items.iter().map(text).collect()
}

/// An agent that stands twice in the chain once the parent closes it, or the acting agent where
/// it stands in the chain at all.
fn repeated<'a>(chain: &[&'a str], parent: Option<&'a str>, acting: &str) -> Option<&'a str> {
    if chain.is_empty() {
        return None;
    }
    let mut links: Vec<_> = chain.iter().map(|agent| (fold(agent), *agent)).collect();
    let acting = fold(acting);
    if let Some((_, agent)) = links.iter().find(|(folded, _)| *folded == acting) {
        return Some(agent);
    }
    if let Some(parent) = parent {
        let folded = fold(parent);
        if links.last().is_none_or(|(last, _)| *last != folded) {
            links.push((folded, parent));
        }
    }
    sorting::sort_by(&mut links, Ord::cmp);
    links.windows(2).find_map(|pair| match pair {
        [(one, agent), (other, _)] if one == other => Some(*agent),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{judge, violated, warned};
    use super::*;
    use crate::approval::Purpose;

    fn spawned(config: &str, facts: &str) -> Verdict {
        judge("agent_delegation", config, &format!(r#"{{ "@action": "agent:spawn", {facts} }}"#))
    }

    #[test]
    fn the_parent_may_close_the_chain_but_not_stand_elsewhere_in_it() {
        let chain = |links: &str| format!(r#""parent_agent_id": "p", "delegation_chain": {links}"#);
        for links in [r#"["r", "p"]"#, r#"["r"]"#] {
            assert_eq!(warned(&spawned("{}", &chain(links))), ["agent_delegation.delegated"]);
        }
        for links in [r#"["p", "r"]"#, r#"["r", "R"]"#, r#"["r", "Agent-1"]"#] {
            assert_eq!(violated(&spawned("{}", &chain(links))), "agent_delegation.cycle", "{links}");
        }
        assert_eq!(violated(&spawned("{}", &chain("null"))), "request.wrong_type");
        assert_eq!(violated(&spawned("{}", &chain("[1]"))), "request.wrong_type");
    }

    #[test]
    fn a_delegated_call_names_its_parent() {
        for facts in [r#""delegation_depth": 1"#, r#""delegation_chain": ["a"], "parent_agent_id": """#] {
            assert_eq!(violated(&spawned("{}", facts)), "agent_delegation.parent_missing");
        }
    }

    #[test]
    fn trust_is_lost_on_the_way_and_cannot_be_asked_back() {
        let config = r#"{ "trust_level_degradation": 1 }"#;
        let facts = r#""parent_agent_id": "p", "parent_trust_level": "trusted", "requested_trust_level": "trusted""#;
        assert_eq!(violated(&spawned(config, facts)), "agent_delegation.trust_exceeded");
        for level in ["ROOT", "superuser", ""] {
            let facts = format!(r#""parent_agent_id": "p", "requested_trust_level": "{level}""#);
            assert_eq!(violated(&spawned("{}", &facts)), "agent_delegation.unknown_trust_level");
        }
    }

    #[test]
    fn a_token_grants_what_it_names_and_taking_it_up() {
        let mut claims = Claims::new(Purpose::AgentDelegation, "t", "2026-03-11T12:00:00Z".parse().unwrap());
        claims.granted_capabilities = Some(vec!["tool:db_*".to_owned()]);
        let refused = |action: &str, facts: serde_json::Value| {
            let context = Context::from(facts.as_object().unwrap().clone());
            refuse_capability(&claims, &Action::new(action), &context).unwrap().is_some()
        };
        assert!(!refused("tool:db_read", json!({})));
        assert!(!refused("agent:spawn", json!({ "requested_capabilities": ["tool:db_read"] })));
        assert!(refused("agent:spawn", json!({ "requested_capabilities": ["tool:db_read", "tool:shell"] })));
        assert!(refused("tool:shell", json!({})));
    }

    #[test]
    fn a_request_without_a_word_of_delegation_is_none() {
        assert_eq!(judge("agent_delegation", "{}", r#"{ "model": "m" }"#), Verdict::NotApplicable);
    }
}
