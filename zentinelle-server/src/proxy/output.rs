//! The policies that speak of what a model puts out, apart from those about asking it.
//!
//! A reply is judged by these alone: a policy that lists which actions an agent may take would
//! otherwise deny the reply to a call that it allowed.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use zentinelle_core::dialect::{Action, Delta, Framing, GuardOptions, Route, StreamDecoder};
use zentinelle_core::evaluators::output_filter;
use zentinelle_core::ids::{PolicyId, UserId};
use zentinelle_core::scan::{Category, Detectors};
use zentinelle_core::{Code, Decision, Enforcement, Engine, NoPolicy, Policy, PolicySet, PolicyType, Request};

use super::exchange::{Exchange, Facts};
use super::stream;
use crate::auth::AgentFacts;
use crate::clock;
use crate::config::proxy as settings;
use crate::snapshot::{FailMode, Snapshot};

/// The action under which a reply is judged.
pub(crate) const ACTION: &str = "llm:response";
/// The types that speak of output.
const TYPES: [PolicyType; 2] = [PolicyType::OutputFilter, PolicyType::AiGuardrail];

/// How much of what was said before is judged again with what is said next, so that a pattern is
/// found across pieces. Unit: bytes.
const LOOK_BEHIND: usize = 2_048;

/// The output policies of one tenant.
#[derive(Debug)]
pub(crate) struct Rules {
    engine: Engine,
    /// What the enforced filters look for, read once. A policy that is not here judges what is said
    /// by itself.
    filters: HashMap<PolicyId, output_filter::Config>,
}

impl Rules {
    /// Those of a snapshot, compiled once for it.
    pub(crate) fn of(snapshot: &Snapshot) -> Arc<Self> {
        Arc::clone(snapshot.output.get_or_init(|| Arc::new(Self::new(snapshot))))
    }

    fn new(snapshot: &Snapshot) -> Self {
        let speaks = |policy: &&Policy| TYPES.iter().any(|kind| kind.name() == policy.policy_type);
        let policies: Vec<Policy> = snapshot.engine.policies().policies().filter(speaks).cloned().collect();
        let is_filter = |policy: &&Policy| {
            policy.policy_type == PolicyType::OutputFilter.name() && policy.enforcement == Enforcement::Enforce
        };
        let read = |policy: &Policy| Some((policy.id.clone(), serde_json::from_value(policy.config.clone()).ok()?));
        let filters = policies.iter().filter(is_filter).filter_map(read).collect();
        let set = PolicySet::compile(snapshot.tenant.clone(), snapshot.revision.to_string(), policies);
        Self { engine: Engine::new(set).with_no_policy(NoPolicy::Permit), filters }
    }

    /// Whether no policy of the tenant speaks of output.
    pub(crate) fn is_empty(&self) -> bool {
        self.engine.policies().policies().len() == 0
    }

    /// The policies that take part for an agent acting for a user.
    pub(crate) fn effective(&self, agent: &AgentFacts, user: Option<&str>) -> Vec<&Policy> {
        self.engine.policies().effective(&agent.agent, user.and_then(UserId::non_empty).as_ref())
    }

    /// What the policies say of a reply. Nothing is spent and nothing recorded.
    pub(crate) fn judge(&self, agent: &AgentFacts, user: Option<&str>, context: Map<String, Value>) -> Decision {
        let mut request = Request::new(agent.agent.clone(), ACTION, clock::now());
        request.user_id = user.and_then(UserId::non_empty);
        request.context = context.into();
        self.engine.assess(&request).conclude(None)
    }
}

/// Whether a decision says anything that belongs on record.
pub(crate) fn is_noteworthy(decision: &Decision) -> bool {
    !decision.is_permitted()
        || decision.obligations().next().is_some()
        || decision.results().any(|result| result.violation().is_some())
}

/// How a stream is watched: what the guard looks for by itself, and whether policies must read on.
pub(crate) struct Plan {
    /// For the guard.
    pub(crate) options: GuardOptions,
    /// Whether some policy looks for what the guard does not know, such as patterns and topics.
    pub(crate) reads_on: bool,
}

impl Rules {
    /// How the stream of a call is watched.
    pub(crate) fn plan(&self, facts: &Facts, settings: &settings::Proxy, drop_usage: bool) -> Plan {
        let (mut detected, mut cut_on) = (Vec::new(), Vec::new());
        let mut disabled: Option<Vec<String>> = None;
        let mut reads_on = false;
        for policy in self.effective(&facts.agent, facts.user.as_deref()) {
            if policy.enforcement == Enforcement::Disabled {
                continue;
            }
            // Whatever the guard cannot do by itself is judged by the policy itself as it is said.
            let Some(filter) = self.filters.get(&policy.id) else {
                reads_on = true;
                continue;
            };
            reads_on |= !filter.blocked_patterns.is_empty();
            for (blocks, masks, categories) in [
                (filter.block_secrets, filter.mask_secrets, &[Category::Secret][..]),
                (filter.block_pii, filter.mask_pii, &[Category::Pii, Category::Phi]),
            ] {
                if blocks {
                    cut_on.extend_from_slice(categories);
                }
                if blocks || masks {
                    detected.extend_from_slice(categories);
                }
            }
            // Of several policies, a detector is left out only where all leave it out.
            let left_out = &filter.disabled_secret_patterns;
            disabled = Some(match disabled {
                None => left_out.clone(),
                Some(known) => known.into_iter().filter(|name| left_out.contains(name)).collect(),
            });
        }
        let mut detectors = Detectors::of(&detected);
        for name in disabled.iter().flatten() {
            // The policy was checked when it was written: a name that is unknown now disables nothing.
            let _ = detectors.disable(name);
        }
        let options = GuardOptions {
            detectors,
            action: Action::Mask,
            cut_on,
            judge_tools: true,
            max_held: settings.hold_back_bytes,
            max_hold_ms: Some(settings.hold_back_ms.into()),
            pass_unreadable: facts.snapshot.settings.proxy.unreadable_reply == FailMode::Permit,
            drop_usage,
            request_id: facts.request_id.clone(),
            ..GuardOptions::default()
        };
        Plan { options, reads_on }
    }
}

/// Follows what a stream says: for the record, for what an aborted one cost, and for the policies
/// that read on.
pub(crate) struct Watching {
    decoder: StreamDecoder,
    reads_on: bool,
    /// What was said last and not yet judged, after a piece of what was.
    said: String,
    judged: usize,
}

impl Watching {
    /// Follows a stream from its beginning.
    pub(crate) fn new(route: &Route, framing: Framing, reads_on: bool) -> Self {
        Self { decoder: StreamDecoder::new(route, framing), reads_on, said: String::new(), judged: 0 }
    }

    /// Whether policies judge what is said.
    pub(crate) fn reads_on(&self) -> bool {
        self.reads_on
    }

    /// Hears bytes that are about to leave.
    pub(crate) fn hear(&mut self, bytes: &[u8], exchange: &mut Exchange) {
        // What leaves was cut into frames before, so it can be cut again.
        for frame in self.decoder.push(bytes).unwrap_or_default() {
            for delta in &frame.deltas {
                match delta {
                    Delta::Text(_, text) => {
                        exchange.heard(&text.text);
                        if self.reads_on {
                            self.said.push_str(&text.text);
                        }
                    }
                    Delta::ToolArguments(_, text) => exchange.tally.saw(text.text.len()),
                    _ => {}
                }
            }
        }
    }

    /// What the policies that read on have against what was said, if anything.
    pub(crate) fn objection(&mut self, rules: &Rules, exchange: &mut Exchange) -> Option<(Code, String)> {
        if !self.reads_on || self.said.len() == self.judged {
            return None;
        }
        let facts = exchange.facts();
        let context = Map::from_iter([("output_text".to_owned(), json!(self.said))]);
        let decision = rules.judge(&facts.agent, facts.user.as_deref(), context);
        let keep = self.said.len().saturating_sub(LOOK_BEHIND);
        self.said.drain(..self.said.ceil_char_boundary(keep));
        self.judged = self.said.len();
        if decision.results().any(|result| result.violation().is_some()) {
            exchange.note(
                "violation",
                decision.primary().map_or("audited", |violation| violation.code.as_str()).to_owned(),
            );
        }
        if decision.is_permitted() {
            return None;
        }
        let reason = decision.reason().unwrap_or("denied by policy").to_owned();
        let code = decision.primary().map_or(stream::BLOCKED, |violation| violation.code.clone());
        Some((code, reason))
    }

    /// The stream was cut: nothing more is judged.
    pub(crate) fn objected(&mut self) {
        self.reads_on = false;
    }
}
