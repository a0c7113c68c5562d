//! Requests of any JSON against every type of policy: never a panic, and the same question
//! gets the same answer byte for byte.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use zentinelle_core::wire::{DecisionDocument, Defaults, RequestDocument};
use zentinelle_core::{Engine, MemoryLedger, Policy, PolicySet, PolicyType};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let configs: serde_json::Value = serde_json::from_str(include_str!("../configs.json")).unwrap();
    let policy = |kind: &PolicyType| Policy::new(kind.name(), "acme", kind.name(), configs[kind.name()].clone());
    let set = PolicySet::compile("acme".into(), "fuzz", PolicyType::ALL.iter().map(policy).collect());
    Engine::new(set)
});

fuzz_target!(|text: &str| {
    let Ok(document) = serde_json::from_str::<RequestDocument>(text) else { return };
    let defaults = Defaults {
        tenant_id: "acme".into(),
        agent_id: "agent-1".into(),
        now: jiff::Timestamp::UNIX_EPOCH,
    };
    let Ok(request) = document.into_request(&defaults) else { return };
    let answer = || {
        let decision = ENGINE.decide(&request, &MemoryLedger::default());
        serde_json::to_string(&DecisionDocument::new(&decision, &request)).unwrap()
    };
    assert_eq!(answer(), answer());
});
