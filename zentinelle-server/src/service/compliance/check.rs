//! What a control is made of: questions about a tenant's state that have one answer.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::facts::{Facts, PolicyFact};
use super::verdict::{Evidence, Verdict};

/// One question. In a file: a map with one key.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Check {
    /// A policy is in force for everybody.
    Policy(PolicyCheck),
    /// Rules of the content scanner are in force.
    ContentRules {
        /// One of these types of rules.
        any: Vec<String>,
    },
    /// Decisions are recorded.
    Decisions {},
    /// Records are not deleted too early.
    RecordsKept {
        /// Of these kinds.
        of: Vec<String>,
        /// At least so long.
        least_days: f64,
    },
    /// Records are deleted in the end.
    RecordsEnd {
        /// Of these kinds.
        of: Vec<String>,
    },
    /// The audit trail is whole and signed.
    AuditChain {},
    /// Rules watch these figures.
    AlertRules {
        /// One of these metrics; empty for any.
        #[serde(default)]
        any: Vec<String>,
    },
    /// People decide about calls that wait for them.
    Oversight {},
    /// The tests of a compliance pack hold against the policies in force.
    PackTests {
        /// The pack.
        pack: String,
    },
    /// Risks are written down, owned and looked at.
    RiskRegister {},
    /// Incidents are handled in time.
    Incidents {},
    /// Somebody decided about every model that is used.
    ModelRegistry {},
    /// Agents are known, each by a key of its own.
    AgentInventory {},
    /// Operators' keys end.
    OperatorKeys {},
    /// System prompts are kept with their versions.
    PromptLibrary {},
    /// The best of several ways.
    Either(Vec<Check>),
    /// Nothing this server can see.
    Outside {
        /// What is to be done, and by whom.
        needs: String,
    },
}

/// Which policies count.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyCheck {
    /// One of these types.
    pub(crate) any: Vec<String>,
    /// All of these hold of its configuration.
    #[serde(default)]
    pub(crate) with: Vec<Property>,
}

/// What must hold of one key of a configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Property {
    /// The key, or several of which one is enough.
    pub(crate) key: Vec<String>,
    /// It is this.
    pub(crate) equals: Option<Value>,
    /// It is a number, and not below this.
    pub(crate) at_least: Option<f64>,
    /// It is a number, and not above this.
    pub(crate) at_most: Option<f64>,
    /// It is a list that holds one of these.
    pub(crate) holds: Vec<String>,
    /// It holds where the key is missing.
    pub(crate) or_absent: bool,
}

impl Property {
    fn fits(&self, config: &Value) -> bool {
        self.key.iter().any(|key| match config.get(key) {
            None | Some(Value::Null) => self.or_absent,
            Some(value) => self.accepts(value),
        })
    }

    fn accepts(&self, value: &Value) -> bool {
        let number = value.as_f64();
        self.equals.as_ref().is_none_or(|wanted| wanted == value)
            && self.at_least.is_none_or(|least| number.is_some_and(|number| number >= least))
            && self.at_most.is_none_or(|most| number.is_some_and(|number| number <= most))
            && (self.holds.is_empty()
                || value.as_array().is_some_and(|list| {
                    list.iter().filter_map(Value::as_str).any(|item| self.holds.iter().any(|wanted| wanted == item))
                }))
            && !matches!(value, Value::Array(list) if list.is_empty())
            && !matches!(value, Value::Object(map) if map.is_empty())
    }

    fn words(&self) -> String {
        let key = format!("`{}`", self.key.join("` or `"));
        match (&self.equals, self.at_least, self.at_most) {
            (Some(value), _, _) => format!("{key} {value}"),
            (_, Some(least), _) => format!("{key} of at least {least}"),
            (_, _, Some(most)) => format!("{key} of at most {most}"),
            _ if !self.holds.is_empty() => format!("{key} with one of `{}`", self.holds.join("`, `")),
            _ => format!("{key} set"),
        }
    }
}

impl Check {
    /// The types of policies it looks at.
    pub(crate) fn policy_types(&self) -> Vec<&str> {
        match self {
            Self::Policy(check) => check.any.iter().map(String::as_str).collect(),
            Self::Either(ways) => ways.iter().flat_map(Self::policy_types).collect(),
            Self::Oversight {} => OVERSIGHT.to_vec(),
            _ => Vec::new(),
        }
    }

    /// The types of content rules it looks at.
    pub(crate) fn rule_types(&self) -> Vec<&str> {
        match self {
            Self::ContentRules { any } => any.iter().map(String::as_str).collect(),
            Self::Either(ways) => ways.iter().flat_map(Self::rule_types).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it speaks of things that exist. A test asks it of every check in every file.
    #[cfg(test)]
    pub(super) fn sound(&self) -> Result<(), String> {
        let known = |kind: &str, names: &[String], all: &[&str]| {
            let unknown = names.iter().find(|name| !all.contains(&name.as_str()));
            unknown.map_or(Ok(()), |name| Err(format!("there is no {kind} `{name}`")))
        };
        match self {
            Self::Policy(check) => {
                for name in &check.any {
                    let policy_type = zentinelle_core::PolicyType::from_name(name)
                        .ok_or_else(|| format!("no policy type `{name}`"))?;
                    let mut generator = schemars::SchemaGenerator::default();
                    let schema = serde_json::to_value(policy_type.config_schema(&mut generator)).unwrap_or_default();
                    let definitions = serde_json::to_value(generator.definitions()).unwrap_or_default();
                    let has = |key: &str| {
                        let own = schema.pointer("/properties").and_then(|properties| properties.get(key));
                        own.is_some() || definitions.to_string().contains(&format!("\"{key}\""))
                    };
                    let keys = || check.with.iter().flat_map(|property| &property.key);
                    if check.any.len() == 1
                        && let Some(key) = keys().find(|key| !has(key))
                    {
                        return Err(format!("`{name}` has no key `{key}`"));
                    }
                }
                if check.with.iter().any(|property| property.key.is_empty()) {
                    return Err("a property names no key".to_owned());
                }
                Ok(())
            }
            Self::ContentRules { any } => known("type of content rule", any, &super::facts::RULE_TYPES),
            Self::RecordsKept { of, .. } | Self::RecordsEnd { of } => {
                known("kind of record", of, &crate::service::retention::ENTITY_TYPES)
            }
            Self::PackTests { pack } => crate::service::packs::by_name(pack).map(|_| ()).map_err(|e| e.to_string()),
            Self::Either(ways) if ways.len() < 2 => Err("one way is no choice".to_owned()),
            Self::Either(ways) => ways.iter().try_for_each(Self::sound),
            Self::Outside { needs } if needs.is_empty() => Err("it says nothing".to_owned()),
            _ => Ok(()),
        }
    }

    /// Answers it.
    pub(crate) fn answer(&self, facts: &Facts) -> Verdict {
        match self {
            Self::Policy(check) => check.answer(facts),
            Self::ContentRules { any } => content_rules(any, facts),
            Self::Decisions {} => decisions(facts),
            Self::RecordsKept { of, least_days } => records_kept(of, *least_days, facts),
            Self::RecordsEnd { of } => records_end(of, facts),
            Self::AuditChain {} => facts.chain.verdict(),
            Self::AlertRules { any } => alert_rules(any, facts),
            Self::Oversight {} => oversight(facts),
            Self::PackTests { pack } => pack_tests(pack, facts),
            Self::RiskRegister {} => facts.risks.verdict(),
            Self::Incidents {} => facts.incidents.verdict(),
            Self::ModelRegistry {} => facts.models.verdict(),
            Self::AgentInventory {} => facts.agents.verdict(),
            Self::OperatorKeys {} => facts.keys.verdict(),
            Self::PromptLibrary {} => facts.prompts.verdict(),
            Self::Either(ways) => best(ways, facts),
            Self::Outside { needs } => Verdict::not_assessed("this is done by people, outside of this server", needs),
        }
    }
}

/// The types of policies that make calls wait for people.
const OVERSIGHT: [&str; 3] = ["human_oversight", "tool_permission", "agent_capability"];

/// How a control, or a check of one, stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ControlState)]
pub(crate) enum State {
    /// Nothing was found that speaks for it.
    NotMet,
    /// Nobody can tell from here, or not yet.
    NotAssessed,
    /// Something speaks for it, and something is missing.
    Partial,
    /// All that is looked at holds.
    Met,
}

impl PolicyCheck {
    fn wanted(&self) -> String {
        let with: Vec<String> = self.with.iter().map(Property::words).collect();
        let types = format!("`{}`", self.any.join("` or `"));
        if with.is_empty() { format!("{types} policy") } else { format!("{types} policy with {}", with.join(" and ")) }
    }

    fn fits(&self, policy: &PolicyFact) -> bool {
        self.any.contains(&policy.policy_type) && self.with.iter().all(|property| property.fits(&policy.config))
    }

    fn answer(&self, facts: &Facts) -> Verdict {
        let wanted = self.wanted();
        let (fitting, other): (Vec<&PolicyFact>, Vec<&PolicyFact>) =
            facts.in_force().filter(|policy| self.any.contains(&policy.policy_type)).partition(|p| self.fits(p));
        let whole = |policy: &&&PolicyFact| policy.enforced() && policy.for_everybody();
        if let Some(policy) = fitting.iter().find(|policy| whole(policy) && facts.rivals(policy).next().is_none()) {
            return Verdict::met(policy.evidence(true));
        }
        if let Some(policy) = fitting.iter().find(whole) {
            let rivals: Vec<&PolicyFact> =
                facts.rivals(policy).filter(|rival| !self.fits(rival) || !rival.enforced()).collect();
            if rivals.is_empty() {
                return Verdict::met(policy.evidence(true));
            }
            let mut evidence = vec![policy.evidence(true)];
            evidence.extend(rivals.iter().map(|rival| rival.evidence(false)));
            let names: Vec<String> = rivals.iter().map(|rival| format!("`{}`", rival.name)).collect();
            return Verdict::partial(
                evidence,
                format!("the policy `{}` is displaced for some by {}", policy.name, names.join(", ")),
                format!("give `{}` the inheritance `floor`, so that no narrower policy lifts it", policy.name),
            );
        }
        if let Some(policy) = fitting.iter().find(|policy| policy.enforced()) {
            return Verdict::partial(
                fitting.iter().map(|policy| policy.evidence(true)).collect(),
                format!("the policy `{}` is enforced for {} only", policy.name, policy.scope),
                format!("put an enforced {wanted} in force for the whole organisation"),
            );
        }
        if let Some(policy) = fitting.first() {
            return Verdict::partial(
                fitting.iter().map(|policy| policy.evidence(false)).collect(),
                format!("the policy `{}` only records, it denies nothing", policy.name),
                format!("switch the policy `{}` to `enforce`", policy.name),
            );
        }
        Verdict::not_met(
            other.iter().map(|policy| policy.evidence(false)).collect(),
            format!("there is no {wanted}"),
            format!("put an enforced {wanted} in force for the whole organisation"),
        )
    }
}

/// The best answer of several; what the others lack is not held against it.
fn best(ways: &[Check], facts: &Facts) -> Verdict {
    let mut answers: Vec<Verdict> = ways.iter().map(|way| way.answer(facts)).collect();
    answers.sort_by_key(|answer| std::cmp::Reverse(answer.state));
    let advice: Vec<String> =
        answers.iter().map(|answer| answer.advice.clone()).filter(|text| !text.is_empty()).collect();
    let mut best = if answers.is_empty() {
        return Verdict::not_assessed("there is nothing to look at", "");
    } else {
        answers.remove(0)
    };
    if best.state != State::Met {
        best.advice = advice.join("; or ");
    }
    best
}

fn content_rules(any: &[String], facts: &Facts) -> Verdict {
    let found: Vec<_> = facts.content_rules.iter().filter(|rule| any.contains(&rule.rule_type)).collect();
    let wanted = format!("`{}`", any.join("` or `"));
    let evidence = |supports| {
        let one = |rule: &&super::facts::RuleFact| {
            let summary =
                format!("content rule `{}` ({}, {}, {})", rule.name, rule.rule_type, rule.enforcement, rule.scope);
            Evidence::new("content_rule", summary, &rule.id, Some(rule.updated_at), supports)
        };
        found.iter().map(one).collect::<Vec<_>>()
    };
    if found.iter().any(|rule| rule.bites() && rule.scope == "organization") {
        return Verdict { evidence: evidence(true), ..Verdict::plain(State::Met) };
    }
    let advice =
        format!("enable a content rule of the type {wanted} that blocks or redacts, for the whole organisation");
    if found.is_empty() {
        return Verdict::not_met(Vec::new(), format!("no content rule of the type {wanted} is enabled"), advice);
    }
    Verdict::partial(evidence(false), "content rules only warn, or hold for a part".to_owned(), advice)
}

fn decisions(facts: &Facts) -> Verdict {
    let Some(newest) = facts.newest_decision else {
        return Verdict::not_assessed("no decision was recorded yet", "let agents ask for decisions");
    };
    let summary =
        format!("{} decisions in the last day, the newest at {}", facts.decisions_last_day, crate::clock::iso(newest));
    let evidence = Evidence::new("decisions", summary, "evaluations", Some(newest), true);
    if facts.now - newest <= 7 * super::facts::DAY {
        return Verdict::met(evidence);
    }
    Verdict::partial(
        vec![evidence],
        "no decision was recorded in the last seven days".to_owned(),
        "see whether agents still ask this server".to_owned(),
    )
}

fn records_kept(of: &[String], least_days: f64, facts: &Facts) -> Verdict {
    let (mut evidence, mut early) = (Vec::new(), BTreeSet::new());
    for kind in of {
        for rule in facts.retention.iter().filter(|rule| rule.kind == *kind) {
            let kept = rule.days >= least_days;
            let summary =
                format!("policy `{}` deletes {kind} after {} days ({})", rule.policy_name, rule.days, rule.scope);
            evidence.push(Evidence::new("policy", summary, &rule.policy_id, None, kept));
            if !kept {
                early.insert(rule.policy_name.clone());
            }
        }
    }
    if early.is_empty() {
        if evidence.is_empty() {
            let summary = format!("no policy deletes {}", of.join(", "));
            evidence.push(Evidence::new("retention", summary, "data_retention", None, true));
        }
        return Verdict { evidence, ..Verdict::plain(State::Met) };
    }
    let names: Vec<String> = early.into_iter().map(|name| format!("`{name}`")).collect();
    Verdict::not_met(
        evidence,
        format!("{} deletes before {least_days} days", names.join(", ")),
        format!("keep {} for at least {least_days} days", of.join(", ")),
    )
}

fn records_end(of: &[String], facts: &Facts) -> Verdict {
    let mut evidence = Vec::new();
    let mut endless: Vec<&str> = Vec::new();
    for kind in of {
        let rules: Vec<_> = facts.retention.iter().filter(|rule| rule.kind == *kind).collect();
        for rule in &rules {
            let summary =
                format!("policy `{}` deletes {kind} after {} days ({})", rule.policy_name, rule.days, rule.scope);
            evidence.push(Evidence::new("policy", summary, &rule.policy_id, None, true));
        }
        if !rules.iter().any(|rule| rule.scope == "organization") {
            endless.push(kind);
        }
    }
    if endless.is_empty() {
        return Verdict { evidence, ..Verdict::plain(State::Met) };
    }
    let why = format!("nothing ends {} for everybody", endless.join(", "));
    let keys: Vec<String> =
        endless.iter().map(|kind| format!("`{}_retention_days`", kind.trim_end_matches('s'))).collect();
    let advice = format!("set {} in an enforced `data_retention` policy of the whole organisation", keys.join(", "));
    if endless.len() == of.len() {
        Verdict::not_met(evidence, why, advice)
    } else {
        Verdict::partial(evidence, why, advice)
    }
}

fn alert_rules(any: &[String], facts: &Facts) -> Verdict {
    let found = facts.alert_rules.iter().filter(|rule| any.is_empty() || any.contains(&rule.metric));
    let evidence: Vec<Evidence> = found
        .map(|rule| {
            let summary = format!("alert rule `{}` watches {}", rule.name, rule.metric);
            Evidence::new("alert_rule", summary, &rule.id, Some(rule.updated_at), true)
        })
        .collect();
    if !evidence.is_empty() {
        return Verdict { evidence, ..Verdict::plain(State::Met) };
    }
    let what = if any.is_empty() { "anything".to_owned() } else { format!("`{}`", any.join("` or `")) };
    Verdict::not_met(
        Vec::new(),
        format!("no enabled alert rule watches {what}"),
        format!("make an alert rule that watches {what}"),
    )
}

fn oversight(facts: &Facts) -> Verdict {
    let asks = |policy: &&PolicyFact| match policy.policy_type.as_str() {
        "human_oversight" => true,
        "tool_permission" => ["requires_approval", "requires_approval_globs"].iter().any(|key| policy.lists(key)),
        "agent_capability" => policy.lists("require_approval"),
        _ => false,
    };
    let policies: Vec<&PolicyFact> = facts.policies.iter().filter(|policy| policy.enforced()).filter(asks).collect();
    let mut evidence: Vec<Evidence> = policies.iter().map(|policy| policy.evidence(true)).collect();
    if policies.is_empty() {
        return Verdict::not_met(
            evidence,
            "no enforced policy makes a call wait for a person".to_owned(),
            "put a `human_oversight` policy in force".to_owned(),
        );
    }
    let approvals = &facts.approvals;
    let summary = format!(
        "{} calls decided by people in 90 days, {} expired undecided, {} waiting",
        approvals.decided, approvals.expired, approvals.pending
    );
    evidence.push(Evidence::new("approvals", summary, "approvals", approvals.newest, approvals.decided > 0));
    if approvals.decided + approvals.expired == 0 {
        return Verdict {
            evidence,
            ..Verdict::not_assessed(
                "no call had to wait for a person in the last 90 days",
                "let one call wait, and decide about it",
            )
        };
    }
    if approvals.decided < approvals.expired {
        return Verdict::partial(
            evidence,
            "more calls expired than people decided about".to_owned(),
            "name approvers, or give them more time with `approval_timeout_seconds`".to_owned(),
        );
    }
    let everybody = policies.iter().any(|policy| policy.for_everybody());
    if everybody {
        return Verdict { evidence, ..Verdict::plain(State::Met) };
    }
    Verdict::partial(
        evidence,
        "only a part of the organisation waits for people".to_owned(),
        "put a `human_oversight` policy in force for the whole organisation".to_owned(),
    )
}

fn pack_tests(pack: &str, facts: &Facts) -> Verdict {
    let Some(tests) = facts.pack_tests.get(pack) else {
        return Verdict::not_assessed("the pack has no tests", "");
    };
    let evidence: Vec<Evidence> = tests
        .iter()
        .map(|(name, passed)| {
            let word = if *passed { "passed" } else { "failed" };
            Evidence::new("policy_test", format!("{word}: {name}"), pack, Some(facts.now), *passed)
        })
        .collect();
    let passed = tests.iter().filter(|(_, passed)| *passed).count();
    let why = format!("{passed} of {} tests of the pack `{pack}` hold against the policies in force", tests.len());
    let advice = format!("activate the compliance pack `{pack}`");
    match passed {
        0 => Verdict::not_met(evidence, why, advice),
        some if some < tests.len() => Verdict::partial(evidence, why, advice),
        _ => Verdict { evidence, ..Verdict::plain(State::Met) },
    }
}
