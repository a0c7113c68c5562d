//! The risk score: four parts, each capped, from facts and from typed warnings.
//!
//! Violations count up to 35 points, the action up to 25, the data up to 25 and behaviour
//! up to 15. Data facts are the caller's own word: leaving them out lowers the score.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use smallvec::SmallVec;

use crate::decision::WarningKind;
use crate::policy::Enforcement;
use crate::request::{ActionKind, Context, Request};

const MOST_FOR_VIOLATIONS: u32 = 35;
const MOST_FOR_ACTION: u32 = 25;
const MOST_FOR_DATA: u32 = 25;
const MOST_FOR_BEHAVIOUR: u32 = 15;

/// What raised a risk score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RiskFactor {
    /// An enforced policy is violated.
    PolicyViolation,
    /// A policy in audit mode is violated.
    PolicyAuditFlag,
    /// What the action can do.
    ActionRiskiness,
    /// The data is said to hold personal data.
    DataContainsPii,
    /// The request is said to read personal data.
    IsPiiAccess,
    /// The data is financial.
    DataTypeFinancial,
    /// The data is personal.
    DataTypePii,
    /// The source is a production system.
    ProductionDatasource,
    /// Sensitive data without encryption.
    NoEncryptionSensitive,
    /// Behaviour departs from what is usual.
    BehavioralAnomaly,
    /// Policies in audit mode were violated.
    AuditWarnings,
    /// A dry run would have been denied.
    DryRunDenials,
}

/// How risky a request is, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Risk {
    /// 0 to 100; 97 is the most that can be reached.
    pub score: u32,
    /// The factors with their points, before the caps (behaviour: after).
    pub factors: SmallVec<[(RiskFactor, u32); 2]>,
}

/// The parts of the score that depend on the request alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestRisk {
    action: u32,
    data: SmallVec<[(RiskFactor, u32); 4]>,
}

impl RequestRisk {
    pub(crate) fn of(request: &Request) -> Self {
        Self { action: action_points(request), data: data_points(&request.context) }
    }
}

pub(crate) fn score(
    request: &RequestRisk,
    violated: impl Iterator<Item = Enforcement>,
    warnings: impl Iterator<Item = WarningKind>,
) -> Risk {
    let mut factors: SmallVec<[(RiskFactor, u32); 2]> = SmallVec::new();
    let mut violations = 0;
    for enforcement in violated {
        let factor = match enforcement {
            Enforcement::Enforce => (RiskFactor::PolicyViolation, 7),
            Enforcement::Audit => (RiskFactor::PolicyAuditFlag, 3),
            Enforcement::Disabled => continue,
        };
        violations += factor.1;
        factors.push(factor);
    }
    factors.push((RiskFactor::ActionRiskiness, request.action));
    factors.extend(request.data.iter().copied());
    let data: u32 = request.data.iter().map(|(_, points)| points).sum();
    let behaviour = behaviour_points(warnings, &mut factors);
    let score =
        violations.min(MOST_FOR_VIOLATIONS) + request.action.min(MOST_FOR_ACTION) + data.min(MOST_FOR_DATA) + behaviour;
    Risk { score: score.min(100), factors }
}

fn behaviour_points(
    warnings: impl Iterator<Item = WarningKind>,
    factors: &mut SmallVec<[(RiskFactor, u32); 2]>,
) -> u32 {
    let (mut audits, mut denials) = (0, 0);
    for kind in warnings {
        match kind {
            WarningKind::Anomaly => {
                factors.push((RiskFactor::BehavioralAnomaly, MOST_FOR_BEHAVIOUR));
                return MOST_FOR_BEHAVIOUR;
            }
            WarningKind::Audit => audits += 1,
            WarningKind::DryRunDenial => denials += 1,
            WarningKind::Notice | WarningKind::Budget => {}
        }
    }
    let mut total = 0;
    for (factor, points) in [(RiskFactor::AuditWarnings, 3 * audits), (RiskFactor::DryRunDenials, 5 * denials)] {
        let points = points.min(MOST_FOR_BEHAVIOUR - total);
        if points > 0 {
            factors.push((factor, points));
            total += points;
        }
    }
    total
}

fn action_points(request: &Request) -> u32 {
    let action = &request.action;
    let named_tool = match action.kind() {
        ActionKind::ToolCall if action.tool().is_some() => None,
        // `tool_call` names its tool in the context; a risky tool is as risky there.
        ActionKind::ToolCall => {
            request.context.get("tool_name").or(request.context.get("tool")).and_then(Value::as_str)
        }
        _ => None,
    };
    let tool = named_tool.or_else(|| action.folded().strip_prefix("tool:"));
    match tool {
        Some(tool) if tool.eq_ignore_ascii_case("shell_execute") || tool.eq_ignore_ascii_case("code_execute") => 22,
        Some(tool) if tool.eq_ignore_ascii_case("file_write") || tool.eq_ignore_ascii_case("file_delete") => 18,
        Some(tool) if tool.eq_ignore_ascii_case("database_write") => 15,
        Some(tool) if tool.eq_ignore_ascii_case("network_request") => 12,
        Some(tool) if tool.eq_ignore_ascii_case("file_read") => 8,
        _ if action.folded() == "llm:invoke" => 5,
        _ => 3,
    }
}

fn data_points(context: &Context) -> SmallVec<[(RiskFactor, u32); 4]> {
    let mut factors = SmallVec::new();
    let is = |key: &str, value: bool| context.get(key) == Some(&Value::Bool(value));
    if is("data_contains_pii", true) {
        factors.push((RiskFactor::DataContainsPii, 15));
    }
    if is("is_pii_access", true) {
        factors.push((RiskFactor::IsPiiAccess, 15));
    }
    let data_type = context.get("data_type").and_then(Value::as_str);
    match data_type {
        Some("financial") => factors.push((RiskFactor::DataTypeFinancial, 12)),
        Some("pii") => factors.push((RiskFactor::DataTypePii, 15)),
        _ => {}
    }
    let source = context.get("datasource").and_then(Value::as_str);
    if source.is_some_and(is_production) {
        factors.push((RiskFactor::ProductionDatasource, 10));
    }
    if is("require_encryption", false) {
        let sensitive = context.is_set("data_contains_pii")
            || context.is_set("is_pii_access")
            || matches!(data_type, Some("pii" | "financial"));
        if sensitive {
            factors.push((RiskFactor::NoEncryptionSensitive, 8));
        }
    }
    factors
}

/// Whether a source's name holds `prod`, whatever the letter case. No letter outside ASCII
/// is the upper case of one of these.
fn is_production(source: &str) -> bool {
    source.as_bytes().windows(4).any(|window| window.eq_ignore_ascii_case(b"prod"))
}
