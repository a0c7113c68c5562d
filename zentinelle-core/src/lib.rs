//! The Zentinelle policy engine: decides whether an AI agent may do a thing, says why,
//! meters what it spends and keeps evidence an auditor can check.
//!
//! The crate is a function. Policies, request, counters and the time go in; a decision
//! comes out. There is no clock, no file, no network, no randomness and no async inside, so
//! the same inputs give the same answer in a server, in a command-line hook, in Python, in
//! Node and in a browser.

pub mod agent;
pub mod approval;
pub mod audit;
pub mod decision;
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
pub mod wire;

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
