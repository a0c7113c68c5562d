//! The laws of deciding, as properties.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test reads files, prints what it ran, and may panic"
)]

mod support;

use proptest::prelude::*;
use serde_json::Value;
use support::generate::{NOW, TENANT, number, policies, policy, request};
use zentinelle_core::ids::ReservationId;
use zentinelle_core::ledger::{Batch, Counter, Holder, Mode, Posting, Unit, Usage, Window};
use zentinelle_core::policy::Inheritance;
use zentinelle_core::wire::DecisionDocument;
use zentinelle_core::{
    Decision, Effect, Enforcement, Engine, Ledger, MemoryLedger, Policy, PolicySet, PolicyType, Request,
};

fn decide(policies: &[Policy], request: &Request) -> Decision {
    let set = PolicySet::compile(TENANT.into(), "laws", policies.to_vec());
    Engine::new(set).decide(request, &MemoryLedger::default())
}

fn document(policies: &[Policy], request: &Request) -> String {
    serde_json::to_string(&DecisionDocument::new(&decide(policies, request), request)).unwrap()
}

/// Any JSON value, small.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key(), inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Keys that evaluators read, and others.
fn key() -> impl Strategy<Value = String> {
    let known = vec![
        "tool_name",
        "tool",
        "tool_args",
        "query",
        "path",
        "url",
        "ip",
        "domain",
        "model",
        "provider",
        "input_text",
        "output_text",
        "tool_outputs",
        "messages",
        "scan_result",
        "violations",
        "approval_token",
        "delegation_chain",
        "delegation_depth",
        "safety_settings",
        "multimodal",
        "data_created_at",
        "session_started_at",
        "session_id",
        "tokens",
        "bytes_read",
        "memory_operation",
        "memory_key",
        "config",
        "denied_tools",
        "allowed_tools",
        "tool_configs",
        "allowed_hours",
        "start",
        "end",
        "timezone",
        "max_input_tokens",
        "min_thresholds",
    ];
    prop_oneof![3 => prop::sample::select(known).prop_map(str::to_owned), 1 => ".{0,8}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(debug_assertions) { 256 } else { 4_000 }, failure_persistence: None, ..ProptestConfig::default() })]

    /// A floor takes part beside the others, so it can only take permission away.
    #[test]
    fn a_floor_never_turns_deny_into_permit(policies in policies(), mut extra in policy(), request in request()) {
        extra.inheritance = Inheritance::Floor;
        let before = decide(&policies, &request).effect();
        let after = decide(&number([policies, vec![extra]].concat()), &request).effect();
        prop_assert!(before != Effect::Deny || after == Effect::Deny);
    }

    /// So does an enforced policy of a type that no other policy has.
    #[test]
    fn a_policy_that_displaces_none_never_turns_deny_into_permit(
        policies in policies(), mut extra in policy(), request in request(),
    ) {
        extra.enforcement = Enforcement::Enforce;
        let others: Vec<_> = policies.into_iter().filter(|p| p.policy_type != extra.policy_type).collect();
        let before = decide(&others, &request).effect();
        let after = decide(&number([others, vec![extra]].concat()), &request).effect();
        prop_assert!(before != Effect::Deny || after == Effect::Deny);
    }

    #[test]
    fn audit_never_denies_and_never_saves(policies in policies(), mut extra in policy(), request in request()) {
        extra.enforcement = Enforcement::Audit;
        extra.inheritance = Inheritance::Floor;
        let before = decide(&policies, &request).effect();
        let after = decide(&number([policies, vec![extra]].concat()), &request).effect();
        prop_assert_eq!(before == Effect::Deny, after == Effect::Deny);
    }

    #[test]
    fn a_policy_that_is_off_is_as_absent(policies in policies(), mut extra in policy(), request in request()) {
        extra.enabled = false;
        extra.id = "off".into();
        let with = [policies.clone(), vec![extra]].concat();
        prop_assert_eq!(document(&policies, &request), document(&with, &request));
    }

    #[test]
    fn the_same_question_gets_the_same_answer_byte_for_byte(policies in policies(), request in request()) {
        prop_assert_eq!(document(&policies, &request), document(&policies, &request));
    }

    /// Creation order breaks ties and does nothing else: with distinct priorities it is irrelevant.
    #[test]
    fn order_matters_only_in_a_tie(policies in policies(), request in request(), seed in any::<u64>()) {
        let mut distinct = policies;
        for (index, policy) in distinct.iter_mut().enumerate() {
            policy.priority = policy.priority * 100 + index as i64;
        }
        let mut shuffled = distinct.clone();
        shuffled.sort_by_key(|policy| policy.id.as_str().len() as u64 ^ seed.rotate_left(policy.priority as u32));
        shuffled.reverse();
        let answer = |policies: &[Policy]| {
            let decision = decide(policies, &request);
            let mut ids: Vec<_> = decision.results().map(|r| decision.policy_of(r).unwrap().id.clone()).collect();
            ids.sort();
            (decision.effect(), ids, decision.risk().score)
        };
        prop_assert_eq!(answer(&distinct), answer(&shuffled));
    }

    #[test]
    fn the_order_of_keys_is_irrelevant(context in prop::collection::btree_map(key(), json(), 0..6), request in request()) {
        let forwards = serde_json::to_string(&context).unwrap();
        let backwards: Vec<_> =
            context.iter().rev().map(|(k, v)| format!("{}:{v}", Value::from(k.as_str()))).collect();
        let (a, b): (Value, Value) =
            (serde_json::from_str(&forwards).unwrap(), serde_json::from_str(&format!("{{{}}}", backwards.join(","))).unwrap());
        let with = |context: Value| {
            let mut request = request.clone();
            request.context = serde_json::from_value(context).unwrap();
            document(&every_type(), &request)
        };
        prop_assert_eq!(with(a), with(b));
    }

    /// Whatever stands in a config or a context, there is an answer.
    #[test]
    fn nothing_panics(
        config in json(), context in prop::collection::btree_map(key(), json(), 0..8), action in ".{0,20}", mut request in request(),
    ) {
        request.context = serde_json::from_value(serde_json::to_value(context).unwrap()).unwrap();
        let policies: Vec<_> = PolicyType::ALL
            .iter()
            .map(|kind| Policy::new(kind.name(), TENANT, kind.name(), config.clone()))
            .chain(every_type())
            .collect();
        let _ = document(&policies, &request);
        request.action = action.as_str().into();
        let _ = document(&every_type(), &request);
    }

    /// A denied request and a dry run spend nothing.
    #[test]
    fn only_a_permitted_request_spends(policies in policies(), request in request()) {
        let set = PolicySet::compile(TENANT.into(), "laws", policies);
        let (engine, ledger) = (Engine::new(set), MemoryLedger::default());
        let decision = engine.decide(&request, &ledger);
        if decision.effect() == Effect::Deny || request.dry_run {
            prop_assert!(decision.committed().is_empty());
            prop_assert!(ledger.is_empty());
        }
    }

    /// What is settled within a reservation never raises a total, and what is unknown settles at it.
    #[test]
    fn reserve_covers_settle(reserved in 0u64..1_000, actual in prop::option::of(0u64..1_000), limit in 0u64..1_000) {
        let ledger = MemoryLedger::default();
        let counter = Counter { tenant: TENANT.into(), holder: Holder::Tenant, meter: "law".into(), subject: None };
        let posting = Posting {
            counter: counter.clone(), window: Window::CalendarMonth, amount: reserved, unit: Unit::UsdMicros, limit: Some(limit),
        };
        let (now, id) = (NOW.parse().unwrap(), ReservationId::new("r"));
        let batch = Batch { postings: vec![posting], now, mode: Mode::Commit, reservation: Some(id.clone()) };
        let admitted = ledger.apply(&batch).unwrap().committed;
        prop_assert_eq!(admitted, reserved <= limit);
        let settled = ledger.settle(&id, &Usage { usd_micros: actual, ..Usage::default() }, now).unwrap();
        let used = ledger.used(&counter, Window::CalendarMonth, now);
        match (admitted, actual) {
            (false, _) => prop_assert_eq!(used, 0),
            (true, None) => prop_assert_eq!(used, reserved),
            (true, Some(actual)) => {
                prop_assert_eq!(used, actual);
                prop_assert_eq!(settled.overran, actual > reserved);
                prop_assert!(settled.overran || used <= reserved);
            }
        }
    }
}

/// One policy of every type, with an empty config.
fn every_type() -> Vec<Policy> {
    let policy = |kind: &PolicyType| Policy::new(kind.name(), TENANT, kind.name(), serde_json::json!({}));
    PolicyType::ALL.iter().map(policy).collect()
}
