//! Frameworks judged by facts made up for the purpose.

use serde_json::{Value, json};
use zentinelle_core::scope::ScopeLevel;

use super::check::Check;
use super::facts::{DAY, Facts, PolicyFact, RetentionFact};
use super::{State, judge};
use crate::store::compliance::ApprovalCounts;
use crate::store::entities::framework_choice;

fn check(value: Value) -> Check {
    serde_json::from_value(value).expect("a check")
}

fn policy(policy_type: &str, config: Value) -> PolicyFact {
    PolicyFact {
        id: format!("id-{policy_type}"),
        name: policy_type.to_owned(),
        policy_type: policy_type.to_owned(),
        scope: "the organisation".to_owned(),
        level: ScopeLevel::Organization,
        enforcement: "enforce".to_owned(),
        floor: false,
        priority: 0,
        version: 1,
        config,
        updated_at: 1,
        created_at: 1,
    }
}

fn with(policies: Vec<PolicyFact>) -> Facts {
    Facts { now: 100 * DAY, policies, ..Facts::default() }
}

#[test]
fn a_policy_counts_when_it_denies_for_everybody_and_says_what_is_asked() {
    let wanted = check(
        json!({"policy": {"any": ["session_policy"], "with": [{"key": ["idle_timeout_minutes"], "at_most": 15}]}}),
    );
    let sound = policy("session_policy", json!({"idle_timeout_minutes": 15}));
    let state = |change: &dyn Fn(&mut PolicyFact)| {
        let mut policy = sound.clone();
        change(&mut policy);
        let verdict = wanted.answer(&with(vec![policy]));
        assert!(verdict.state == State::Met || !verdict.advice.is_empty(), "{verdict:?}");
        verdict.state
    };
    assert_eq!(state(&|_| {}), State::Met);
    assert_eq!(state(&|policy| policy.enforcement = "audit".to_owned()), State::Partial);
    assert_eq!(state(&|policy| policy.enforcement = "disabled".to_owned()), State::NotMet);
    assert_eq!(state(&|policy| policy.level = ScopeLevel::Group), State::Partial);
    assert_eq!(state(&|policy| policy.config = json!({"idle_timeout_minutes": 16})), State::NotMet);
    assert_eq!(state(&|policy| policy.config = json!({})), State::NotMet);
    assert_eq!(state(&|policy| policy.policy_type = "rate_limit".to_owned()), State::NotMet);
}

#[test]
fn an_exemption_that_displaces_the_policy_is_seen_and_a_floor_is_not_displaced() {
    let wanted = check(json!({"policy": {"any": ["tool_permission"]}}));
    let broad = policy("tool_permission", json!({"denied_tools": ["shell"]}));
    let exemption = PolicyFact {
        id: "exemption".to_owned(),
        level: ScopeLevel::Group,
        enforcement: "disabled".to_owned(),
        ..broad.clone()
    };
    let verdict = wanted.answer(&with(vec![broad.clone(), exemption.clone()]));
    assert_eq!(verdict.state, State::Partial);
    assert!(verdict.advice.contains("floor"), "{verdict:?}");
    let floor = PolicyFact { floor: true, ..broad.clone() };
    assert_eq!(wanted.answer(&with(vec![floor, exemption.clone()])).state, State::Met);
    let strong = PolicyFact { priority: 9, ..broad };
    assert_eq!(wanted.answer(&with(vec![strong, exemption])).state, State::Met);
}

#[test]
fn records_that_nothing_deletes_are_kept_and_never_end() {
    let kept = check(json!({"records_kept": {"of": ["evaluations"], "least_days": 365}}));
    let end = check(json!({"records_end": {"of": ["evaluations"]}}));
    let nothing = with(Vec::new());
    assert_eq!((kept.answer(&nothing).state, end.answer(&nothing).state), (State::Met, State::NotMet));
    let rule = |days| RetentionFact {
        kind: "evaluations",
        days,
        policy_id: "p".to_owned(),
        policy_name: "p".to_owned(),
        scope: "organization".to_owned(),
    };
    let early = Facts { retention: vec![rule(400.0), rule(30.0)], ..with(Vec::new()) };
    assert_eq!((kept.answer(&early).state, end.answer(&early).state), (State::NotMet, State::Met));
}

#[test]
fn oversight_is_met_only_when_people_really_decided() {
    let wanted = check(json!({"oversight": {}}));
    let waits = || vec![policy("human_oversight", json!({"require_approval_for": ["external_calls"]}))];
    let state = |decided, expired, policies| {
        let approvals = ApprovalCounts { decided, expired, pending: 0, newest: Some(1) };
        wanted.answer(&Facts { approvals, ..with(policies) }).state
    };
    assert_eq!(state(9, 0, Vec::new()), State::NotMet, "nothing makes a call wait");
    assert_eq!(state(0, 0, waits()), State::NotAssessed, "nobody had to decide yet");
    assert_eq!(state(1, 5, waits()), State::Partial, "most expired");
    assert_eq!(state(5, 1, waits()), State::Met);
}

#[test]
fn an_empty_tenant_meets_nothing_that_asks_for_something() {
    let facts = Facts { now: 100 * DAY, ..Facts::default() };
    for judged in judge(&facts, &[]) {
        for (control, verdict) in &judged.controls {
            let kept = control.checks.iter().all(|check| matches!(check, Check::RecordsKept { .. }));
            assert!(verdict.state != State::Met || kept, "{} {}", judged.framework.id, control.id);
            assert!(!verdict.why.is_empty() || kept, "{} {} does not say why", judged.framework.id, control.id);
        }
    }
}

#[test]
fn a_choice_wins_over_the_file() {
    let choice = |framework_id: &str, enabled| framework_choice::Model {
        tenant_id: "acme".to_owned(),
        framework_id: framework_id.to_owned(),
        enabled,
        changed_by: String::new(),
        changed_at: 1,
    };
    let enabled = |choices: &[_]| {
        let judged = judge(&Facts::default(), choices);
        judged.iter().filter(|judged| judged.enabled).map(|judged| judged.framework.id.clone()).collect::<Vec<_>>()
    };
    let usual = enabled(&[]);
    assert!(usual.contains(&"SOC2".to_owned()) && !usual.contains(&"CCPA".to_owned()));
    let chosen = enabled(&[choice("SOC2", false), choice("CCPA", true)]);
    assert!(!chosen.contains(&"SOC2".to_owned()) && chosen.contains(&"CCPA".to_owned()));
}
