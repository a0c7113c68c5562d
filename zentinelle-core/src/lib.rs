//! The Zentinelle policy engine: decides whether an AI agent may do a thing, says why,
//! meters what it spends and keeps evidence an auditor can check.
//!
//! The crate is a function. Policies, request, counters and the time go in; a decision
//! comes out. There is no clock, no file, no network, no randomness and no async inside, so
//! the same inputs give the same answer in a server, in a command-line hook, in Python, in
//! Node and in a browser.
//!
//! ```
//! use zentinelle_core::{Agent, Effect, Engine, MemoryLedger, Request, policy_document};
//!
//! let (document, problems) = policy_document::read(
//!     "policies:
//!        - name: no shells
//!          type: tool_permission
//!          config: { denied_tools: [shell] }",
//! );
//! assert!(problems.is_empty());
//! let engine = Engine::new(document.policy_set(&"acme".into(), "v1"));
//!
//! let now = "2026-03-11T12:00:00Z".parse().unwrap();
//! let mut request = Request::new(Agent::new("acme", "agent-1"), "tool_call", now);
//! request.context = serde_json::from_str(r#"{ "tool_name": "shell" }"#).unwrap();
//!
//! let decision = engine.decide(&request, &MemoryLedger::default());
//! assert_eq!(decision.effect(), Effect::Deny);
//! assert_eq!(decision.primary().unwrap().code.as_str(), "tool_permission.denied");
//! ```
//!
//! Deciding is three steps, so that any host can own the state: [`assess`] is pure, the host
//! commits [`Assessment::batch`] in one atomic step, [`Assessment::conclude`] is pure again.
//! [`Engine::decide`] is the three in one. Policies come from [`policy_document::read`] or
//! from [`PolicySet::compile`]; outward JSON is in [`wire`].

pub mod agent;
pub mod approval;
pub mod audit;
pub mod decision;
#[cfg(feature = "dialect")]
pub mod dialect;
pub mod document;
pub mod engine;
pub mod error;
pub mod evaluators;
pub mod event;
pub mod ids;
pub mod ledger;
pub mod matching;
pub mod policy;
pub mod policy_document;
pub mod request;
pub mod scan;
pub mod scope;
mod sorting;
pub mod wire;
#[cfg(feature = "zentinel")]
pub mod zentinel;

pub use agent::{Agent, AgentGroup};
pub use decision::{Effect, Obligation, Verdict, Violation};
pub use engine::{Assessment, Decision, Engine, NoPolicy, PolicySet, assess};
pub use error::{Code, PolicyError};
pub use evaluators::PolicyType;
pub use event::Event;
pub use ledger::{Ledger, MemoryLedger};
pub use policy::{Enforcement, Policy};
pub use request::{Action, Context, Request};
pub use scope::Scope;
