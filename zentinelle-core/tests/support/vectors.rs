//! Reads golden vectors and runs one against the engine. The format is described in
//! `fixtures/vectors/README.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};
use zentinelle_core::approval::{Claims, KeyRing, Purpose, SigningKey};
use zentinelle_core::evaluators::budget_limit::SPEND_METER;
use zentinelle_core::ledger::{Counter, Holder, Window};
use zentinelle_core::matching::pattern::{Case as PatternCase, Pattern, PatternError};
use zentinelle_core::request::{Baseline, Number, UsdMicros};
use zentinelle_core::wire::DecisionDocument;
use zentinelle_core::{Agent, Context, Engine, MemoryLedger, NoPolicy, Policy, PolicySet, Request, Scope};

const DEFAULT_NOW: &str = "2026-03-11T12:00:00Z";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub id: String,
    pub kind: Kind,
    pub note: String,
    pub now: Option<Timestamp>,
    pub policies: Vec<CasePolicy>,
    pub agent: Value,
    #[serde(default)]
    pub other_agents: Vec<Value>,
    #[serde(default)]
    pub spend: Option<Vec<Spend>>,
    #[serde(default)]
    pub baselines: Option<Vec<CaseBaseline>>,
    pub steps: Vec<Step>,
    pub divergence: Option<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Evaluator,
    Engine,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CasePolicy {
    pub id: String,
    pub name: String,
    #[serde(rename = "type")]
    pub policy_type: String,
    pub scope: Scope,
    pub priority: i64,
    pub enforcement: zentinelle_core::Enforcement,
    pub enabled: bool,
    pub config: Value,
    pub tenant_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spend {
    pub tenant_id: String,
    pub at: Timestamp,
    pub usd: Number,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseBaseline {
    pub tenant_id: String,
    pub agent_id: String,
    pub stats: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub action: String,
    pub user_id: Option<String>,
    pub context: Option<Map<String, Value>>,
    pub dry_run: bool,
    #[serde(default)]
    pub now: Option<Timestamp>,
    pub expect: Expect,
    pub expect_ours: Option<Expect>,
}

#[derive(Deserialize)]
pub struct Expect {
    pub allowed: bool,
    pub results: Option<Vec<ExpectResult>>,
    pub warnings: Option<usize>,
    pub risk_score: Option<u32>,
    pub risk_factors: Option<Vec<(String, u32)>>,
}

#[derive(Deserialize)]
pub struct ExpectResult {
    #[serde(rename = "type")]
    pub policy_type: String,
    pub policy_id: String,
    pub passed: bool,
    pub warnings: Option<usize>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/vectors")
}

/// All cases of the directory, `*.jsonl` at any depth.
pub fn load() -> Vec<Case> {
    let root = std::env::var_os("ZENTINELLE_VECTORS").map_or_else(fixtures, PathBuf::from);
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let place = format!("{}:{}", file.display(), number + 1);
            let mut case: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{place}: {e}"));
            join(&mut case);
            cases.push(serde_json::from_value(case).unwrap_or_else(|e| panic!("{place}: {e}")));
        }
    }
    cases
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(path);
        }
    }
}

/// Cases that cannot hold, with the reason.
pub fn known_differences() -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/known_differences.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Whether a case differs because a pattern of its policy needs look-around or back-references,
/// which a linear-time engine does not have. The policy is refused, and so the request.
pub fn needs_backtracking(case: &Case) -> bool {
    fn refused(value: &Value) -> bool {
        match value {
            Value::String(text) => {
                matches!(Pattern::new(text, PatternCase::Insensitive), Err(PatternError::Unsupported { .. }))
            }
            Value::Array(items) => items.iter().any(refused),
            Value::Object(entries) => entries.values().any(refused),
            _ => false,
        }
    }
    case.policies.iter().any(|policy| refused(&policy.config))
}

/// Replaces `{"$join": [...]}` by the joined text.
fn join(value: &mut Value) {
    if let Some(parts) = value.as_object().filter(|object| object.len() == 1).and_then(|object| object.get("$join")) {
        let text: String = parts.as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        *value = Value::String(text);
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(join),
        Value::Object(entries) => entries.values_mut().for_each(join),
        _ => {}
    }
}

/// Mints `{"$token": {...}}` placeholders.
fn mint(value: &mut Value, key: &SigningKey, now: Timestamp, serial: &mut u32) {
    if let Some(token) = value.as_object().filter(|object| object.len() == 1).and_then(|object| object.get("$token")) {
        *serial += 1;
        *value = Value::String(token_text(token, key, now, *serial));
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| mint(item, key, now, serial)),
        Value::Object(entries) => entries.values_mut().for_each(|entry| mint(entry, key, now, serial)),
        _ => {}
    }
}

fn token_text(token: &Value, key: &SigningKey, now: Timestamp, serial: u32) -> String {
    let purpose: Purpose = serde_json::from_value(token["kind"].clone()).unwrap();
    let age = SignedDuration::from_secs(token["age_seconds"].as_i64().unwrap_or(0));
    let mut claims = Claims::new(purpose, format!("token-{serial}"), now - age);
    for (name, value) in token["payload"].as_object().into_iter().flatten() {
        let text = || value.as_str().map(str::to_owned);
        match name.as_str() {
            "policy" => claims.policy = text(),
            "tool" => claims.tool = text(),
            "action" => claims.action = text(),
            "user" => claims.user = text(),
            "parent_agent_id" => claims.parent_agent_id = text(),
            "max_depth" => claims.max_depth = value.as_u64().and_then(|depth| depth.try_into().ok()),
            "granted_by" => claims.granted_by = text(),
            "trust_level" => claims.trust_level = serde_json::from_value(value.clone()).ok(),
            "granted_capabilities" => claims.granted_capabilities = serde_json::from_value(value.clone()).ok(),
            // A claim of the reference that binds nothing here.
            _ => {}
        }
    }
    let text = key.mint(&claims).unwrap();
    if token["tamper"] == Value::Bool(true) {
        let flipped = if text.ends_with('A') { 'Q' } else { 'A' };
        return format!("{}{flipped}", &text[..text.len() - 1]);
    }
    text
}

/// Runs every step of a case on one ledger; returns what does not hold.
pub fn run(case: &Case) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, (step, document)) in case.steps.iter().zip(decide(case)).enumerate() {
        let expect = step.expect_ours.as_ref().unwrap_or(&step.expect);
        let found = compare(case.kind, &document, expect, step.expect_ours.is_some());
        faults.extend(
            found.into_iter().map(|fault| format!("step {}: {fault}; reason {:?}", number + 1, document.reason)),
        );
    }
    faults
}

/// Decides every step of a case, in order, on one ledger.
pub fn decide(case: &Case) -> Vec<DecisionDocument> {
    let key = SigningKey::hmac("test", &[7; 32]).unwrap();
    let keys = KeyRing::from_keys([key.verifying_key()]).unwrap();
    let agent: Agent = serde_json::from_value(case.agent.clone()).unwrap();
    let policies = case.policies.iter().map(|policy| to_policy(policy, case.kind, &agent)).collect();
    let set = PolicySet::compile(agent.tenant_id.clone(), "vectors", policies);
    let engine = Engine::new(set).with_approvals(keys).with_no_policy(NoPolicy::Permit);
    let ledger = MemoryLedger::default();
    for spend in case.spend.iter().flatten() {
        record(&ledger, spend);
    }
    let default_now = case.now.unwrap_or_else(|| DEFAULT_NOW.parse().unwrap());
    let mut serial = 0;
    let mut decide = |step: &Step| {
        let now = step.now.unwrap_or(default_now);
        let mut context = Value::Object(step.context.clone().unwrap_or_default());
        mint(&mut context, &key, now, &mut serial);
        let Value::Object(context) = context else { unreachable!() };
        let mut request = Request::new(agent.clone(), step.action.as_str(), now);
        request.user_id = step.user_id.as_deref().map(Into::into);
        request.context = Context::from(context);
        request.dry_run = step.dry_run;
        request.baseline = baseline(case, &agent);
        DecisionDocument::new(&engine.decide(&request, &ledger), &request)
    };
    case.steps.iter().map(&mut decide).collect()
}

fn to_policy(case: &CasePolicy, kind: Kind, agent: &Agent) -> Policy {
    let tenant = case.tenant_id.as_deref().unwrap_or(agent.tenant_id.as_str());
    let mut policy = Policy::new(case.id.as_str(), tenant, case.policy_type.as_str(), case.config.clone());
    policy.name.clone_from(&case.name);
    if kind == Kind::Engine {
        policy.scope = case.scope.clone();
        policy.priority = case.priority;
        policy.enforcement = case.enforcement;
        policy.enabled = case.enabled;
    }
    policy
}

/// The log the reference sums up knows the tenant only, so every holder that a budget of
/// these cases could be about has spent it.
fn record(ledger: &MemoryLedger, spend: &Spend) {
    let micros = UsdMicros::from_usd(spend.usd).unwrap().0;
    let holders = [
        Holder::Tenant,
        Holder::Agent("agent-1".into()),
        Holder::Agent("agent-2".into()),
        Holder::User("alice".into()),
        Holder::User("bob".into()),
    ];
    for holder in holders {
        let counter =
            Counter { tenant: spend.tenant_id.as_str().into(), holder, meter: SPEND_METER.into(), subject: None };
        ledger.record(counter, Window::CalendarMonth, micros, spend.at).unwrap();
    }
}

fn baseline(case: &Case, agent: &Agent) -> Option<std::sync::Arc<Baseline>> {
    let own = |learnt: &&CaseBaseline| {
        learnt.tenant_id == agent.tenant_id.as_str() && learnt.agent_id == agent.agent_id.as_str()
    };
    let learnt = case.baselines.iter().flatten().find(own)?;
    // Statistics nobody could have learnt are no baseline.
    serde_json::from_value(learnt.stats.clone()).ok().map(std::sync::Arc::new)
}

fn compare(kind: Kind, found: &DecisionDocument, expect: &Expect, ours: bool) -> Vec<String> {
    let mut faults = Vec::new();
    let mut differ = |what: &str, found: String, expected: String| {
        if found != expected {
            faults.push(format!("{what} is {found}, expected {expected}"));
        }
    };
    let allowed = match kind {
        Kind::Engine => found.allowed,
        // A single evaluator's verdict, which a dry run does not change.
        Kind::Evaluator => found.policies_evaluated.first().is_some_and(|result| result.passed),
    };
    differ("allowed", allowed.to_string(), expect.allowed.to_string());
    if let Some(results) = &expect.results {
        let mut expected: Vec<_> = results
            .iter()
            .map(|result| (result.policy_id.as_str(), result.policy_type.as_str(), result.passed, result.warnings))
            .collect();
        let mut actual: Vec<_> = found
            .policies_evaluated
            .iter()
            .map(|result| {
                let asserted = results.iter().any(|r| r.policy_id == result.id.as_str() && r.warnings.is_some());
                let warnings = asserted.then_some(result.warnings);
                (result.id.as_str(), result.policy_type.as_str(), result.passed, warnings)
            })
            .collect();
        expected.sort();
        actual.sort();
        differ("results", format!("{actual:?}"), format!("{expected:?}"));
    }
    if kind == Kind::Engine {
        if let Some(warnings) = expect.warnings {
            differ("warnings", found.warnings.len().to_string(), warnings.to_string());
        }
        if let Some(score) = expect.risk_score {
            differ("risk score", found.risk_score.to_string(), score.to_string());
        }
        if let Some(factors) = expect.risk_factors.as_ref().filter(|_| !ours) {
            let name = |factor| serde_json::to_value(factor).unwrap().as_str().unwrap().to_owned();
            let mut actual: Vec<_> = found.risk_factors.iter().map(|f| (name(f.factor), f.score)).collect();
            let mut expected = factors.clone();
            actual.sort();
            expected.sort();
            differ("risk factors", format!("{actual:?}"), format!("{expected:?}"));
        }
    }
    faults
}
