//! One page of numbers about a stretch of time, summed up by the database.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{coverage, violations};
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::reports::{self as store, Tally, TallyBy};

/// The framework of which there is data: the policies in force.
pub(crate) const FRAMEWORK: &str = "policy_types";

/// The numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Summary {
    /// When this was said.
    generated_at: String,
    /// What it is about.
    period: SummaryPeriod,
    /// The tenant.
    tenant_id: String,
    /// What content scans found.
    violations: ViolationCounts,
    /// Content scans.
    scans: ScanCounts,
    /// How far the policies in force go.
    compliance: Compliance,
    /// The agents with the most violations.
    top_endpoints: Vec<TopEndpoint>,
    /// The types of rules that were violated most.
    top_violated_rules: Vec<TopRule>,
}

/// A stretch of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SummaryPeriod {
    /// Its first instant.
    start: String,
    /// The first instant after it.
    end: String,
}

/// What content scans found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ViolationCounts {
    /// In all.
    total: i64,
    /// By severity.
    by_severity: BTreeMap<String, i64>,
    /// By type of rule.
    by_rule_type: BTreeMap<String, i64>,
}

/// Content scans.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScanCounts {
    /// In all, those that still wait included.
    total: i64,
    /// With content that was refused.
    blocked: i64,
    /// With a warning.
    warned: i64,
    /// With content that was redacted.
    redacted: i64,
    /// With content that went on as it was.
    passed: i64,
}

/// How far the policies in force go.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Compliance {
    /// By framework. Only `policy_types` is known: assessments by external frameworks are not kept yet.
    frameworks: Vec<FrameworkScore>,
    /// Unit: percent.
    overall_score: f64,
}

/// One framework.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FrameworkScore {
    /// Its name.
    framework: &'static str,
    /// Unit: percent.
    score: f64,
    /// How many of its controls deny.
    covered: usize,
    /// How many it has.
    total: usize,
    /// Those that do not.
    gaps: Vec<&'static str>,
}

/// An agent with violations.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopEndpoint {
    /// The agent.
    endpoint_id: String,
    /// How many.
    violation_count: i64,
}

/// A type of rule that was violated.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopRule {
    /// The type.
    rule_type: String,
    /// How often.
    violation_count: i64,
}

fn map(tallies: &[Tally]) -> BTreeMap<String, i64> {
    tallies.iter().map(|tally| (tally.name.clone().unwrap_or_default(), tally.count)).collect()
}

/// The numbers of a stretch of time; the last thirty days by default.
pub(crate) async fn of(
    app: &App,
    caller: &Caller,
    start: Option<&str>,
    end: Option<&str>,
) -> Result<Summary, ApiError> {
    let (from, to) = violations::period(start, end)?;
    let (db, tenant) = (app.store.db(), &caller.tenant);
    let by_severity = store::violations_by(db, tenant, TallyBy::Severity, from, to, 100).await?;
    let by_rule_type = store::violations_by(db, tenant, TallyBy::RuleType, from, to, 100).await?;
    let by_agent = store::violations_by(db, tenant, TallyBy::Agent, from, to, 10).await?;
    let scans = map(&store::scans_by_action(db, tenant, from, to).await?);
    let ended = |action: &str| scans.get(action).copied().unwrap_or_default();
    Ok(Summary {
        generated_at: clock::iso(clock::now_micros()),
        period: SummaryPeriod { start: clock::iso(from), end: clock::iso(to) },
        tenant_id: tenant.as_str().to_owned(),
        violations: ViolationCounts {
            total: by_severity.iter().map(|tally| tally.count).sum(),
            by_severity: map(&by_severity),
            by_rule_type: map(&by_rule_type),
        },
        scans: ScanCounts {
            total: scans.values().sum(),
            blocked: ended("block"),
            warned: ended("warn"),
            redacted: ended("redact"),
            passed: ended("allow"),
        },
        compliance: compliance(app, caller).await?,
        top_endpoints: by_agent
            .into_iter()
            .map(|tally| TopEndpoint { endpoint_id: tally.name.unwrap_or_default(), violation_count: tally.count })
            .collect(),
        top_violated_rules: by_rule_type
            .into_iter()
            .take(10)
            .map(|tally| TopRule { rule_type: tally.name.unwrap_or_default(), violation_count: tally.count })
            .collect(),
    })
}

/// How far the policies in force go.
pub(crate) async fn compliance(app: &App, caller: &Caller) -> Result<Compliance, ApiError> {
    let snapshot = app.snapshots.get(&caller.tenant).await?;
    let controls = coverage::of(snapshot.engine.policies().policies());
    let (covered, total) = coverage::covered(&controls);
    let score = coverage::percent(&controls);
    let gaps = controls.iter().filter(|control| control.status() != coverage::ControlStatus::Active);
    let gaps = gaps.map(|control| control.policy_type.name()).collect();
    let frameworks = vec![FrameworkScore { framework: FRAMEWORK, score, covered, total, gaps }];
    Ok(Compliance { frameworks, overall_score: score })
}

impl Compliance {
    /// The frameworks as rows of a table: name, percent, gaps.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static str, f64, usize)> {
        self.frameworks.iter().map(|framework| (framework.framework, framework.score, framework.gaps.len()))
    }

    /// Unit: percent.
    pub(crate) fn overall_score(&self) -> f64 {
        self.overall_score
    }
}
