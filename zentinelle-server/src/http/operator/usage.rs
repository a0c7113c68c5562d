//! `GET usage`, `GET usage/summary`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::Query;
use crate::http::listing;
use crate::service::prices::usd;
use crate::service::usage::{self, Budget, Period};
use crate::store::usage::{Grouping, Sums};

/// By what usage is summed up.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GroupBy {
    /// By agent.
    Agent,
    /// By vendor and model.
    #[default]
    Model,
    /// By vendor.
    Provider,
    /// By user.
    User,
    /// By day, UTC.
    Day,
    /// By hour, UTC.
    Hour,
}

impl From<GroupBy> for Grouping {
    fn from(by: GroupBy) -> Self {
        match by {
            GroupBy::Agent => Self::Agent,
            GroupBy::Model => Self::Model,
            GroupBy::Provider => Self::Provider,
            GroupBy::User => Self::User,
            GroupBy::Day => Self::Day,
            GroupBy::Hour => Self::Hour,
        }
    }
}

/// Which usage is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageQuery {
    /// By what it is summed up. Default: model.
    #[param(inline)]
    group_by: Option<GroupBy>,
    /// From this instant on. Default: 30 days ago.
    from: Option<String>,
    /// Before this instant. Default: now.
    to: Option<String>,
    /// How many groups. Default: 1000, at most 5000.
    limit: Option<u64>,
}

/// Usage by group. Times come in order, other groups by cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Usage {
    /// By what it is summed up.
    group_by: GroupBy,
    /// Its first instant.
    from: String,
    /// The first instant after it.
    to: String,
    /// The groups.
    results: Vec<UsageGroup>,
    /// All groups together, those left out included.
    total: UsageSums,
    /// Whether groups were left out.
    truncated: bool,
}

/// The sums of one group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageGroup {
    /// The agent, model, vendor, user, or the instant at which the day or hour begins; null for
    /// calls of nobody.
    key: Option<String>,
    /// Of models, the vendor.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// The sums.
    #[serde(flatten)]
    sums: UsageSums,
}

/// What was used and spent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageSums {
    /// Model calls.
    calls: i64,
    /// Tokens read in full.
    input_tokens: i64,
    /// Tokens read from caches.
    cached_input_tokens: i64,
    /// Tokens put into caches.
    cache_write_tokens: i64,
    /// Tokens written, reasoning included.
    output_tokens: i64,
    /// The reasoning in them.
    reasoning_tokens: i64,
    /// All of them.
    total_tokens: i64,
    /// The cost. Unit: millionths of a US dollar.
    usd_micros: i64,
    /// The same in US dollars.
    cost_usd: String,
    /// How many of the calls have an estimated cost: tokens or price were not known.
    estimated_calls: i64,
}

impl From<&Sums> for UsageSums {
    fn from(sums: &Sums) -> Self {
        let input_tokens = sums.input_tokens.unwrap_or_default();
        let cached_input_tokens = sums.cached_input_tokens.unwrap_or_default();
        let cache_write_tokens = sums.cache_write_tokens.unwrap_or_default();
        let output_tokens = sums.output_tokens.unwrap_or_default();
        let usd_micros = sums.usd_micros.unwrap_or_default();
        let all = [input_tokens, cached_input_tokens, cache_write_tokens, output_tokens];
        Self {
            calls: sums.calls,
            input_tokens,
            cached_input_tokens,
            cache_write_tokens,
            output_tokens,
            reasoning_tokens: sums.reasoning_tokens.unwrap_or_default(),
            total_tokens: all.into_iter().fold(0, i64::saturating_add),
            usd_micros,
            cost_usd: usd(usd_micros),
            estimated_calls: sums.estimated_calls.unwrap_or_default(),
        }
    }
}

/// What model calls used and cost.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/usage", tag = "usage", operation_id = "get_usage", params(UsageQuery),
    responses(
        (status = 200, description = "Usage by group", body = Usage),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["usage:read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<UsageQuery>,
) -> Result<Json<Usage>, ApiError> {
    let group_by = query.group_by.unwrap_or_default();
    let period = Period::read(query.from.as_deref(), query.to.as_deref())?;
    let page = listing::page(query.limit, None, None, 1000, 5000)?;
    let mut groups = usage::by_group(&app, &caller, group_by.into(), period, page.limit + 1).await?;
    let truncated = u64::try_from(groups.len()).unwrap_or(u64::MAX) > page.limit;
    groups.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
    let total = usage::total(&app, &caller, period).await?;
    let length = if matches!(group_by, GroupBy::Hour) { 3_600_000_000 } else { 86_400_000_000 };
    let key = |sums: &Sums| match sums.bucket {
        Some(bucket) => Some(clock::iso(bucket.saturating_mul(length))),
        None => sums.name.clone(),
    };
    Ok(Json(Usage {
        group_by,
        from: clock::iso(period.from),
        to: clock::iso(period.to),
        results: groups
            .iter()
            .map(|sums| UsageGroup { key: key(sums), provider: sums.provider.clone(), sums: sums.into() })
            .collect(),
        total: (&total).into(),
        truncated,
    }))
}

/// The month so far, and the budgets in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageSummary {
    /// The first instant of the month, UTC.
    month_start: String,
    /// When this was said.
    generated_at: String,
    /// What was used and spent.
    month_to_date: UsageSums,
    /// The budgets that policies set.
    budgets: Vec<BudgetStanding>,
}

/// A budget in force. Unit of the amounts: millionths of a US dollar.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BudgetStanding {
    /// The policy that sets it.
    policy_id: String,
    /// Its name.
    policy_name: String,
    /// `enforce`, `audit` or `disabled`.
    enforcement: String,
    /// The level at which spend counts.
    scope_type: &'static str,
    /// Which one; null for the organisation.
    scope_id: Option<String>,
    /// The key of the policy that sets it.
    key: &'static str,
    /// The most that may be spent in the month.
    limit_usd_micros: u64,
    /// What was spent; null while the ledger is away.
    used_usd_micros: Option<u64>,
    /// The same in US dollars.
    used_usd: Option<String>,
    /// The limit in US dollars.
    limit_usd: String,
    /// When it starts again.
    resets_at: Option<String>,
}

impl From<Budget> for BudgetStanding {
    fn from(budget: Budget) -> Self {
        let text = |micros: u64| usd(i64::try_from(micros).unwrap_or(i64::MAX));
        Self {
            policy_id: budget.policy_id,
            policy_name: budget.policy_name,
            enforcement: budget.enforcement,
            scope_type: budget.scope.level().name(),
            scope_id: budget.scope.id().map(str::to_owned),
            key: budget.key,
            limit_usd_micros: budget.limit,
            used_usd_micros: budget.used,
            used_usd: budget.used.map(text),
            limit_usd: text(budget.limit),
            resets_at: clock::iso_or_none(budget.resets_at),
        }
    }
}

/// The month so far, and the budgets in force.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/usage/summary", tag = "usage", operation_id = "get_usage_summary",
    responses(
        (status = 200, description = "The month so far", body = UsageSummary),
        (status = "4XX", description = "The caller may not see it", body = ErrorBody),
    ),
    security(("operator_key" = ["usage:read"]))
)]
pub(crate) async fn summary(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<UsageSummary>, ApiError> {
    let period = Period::month_to_date();
    let sums = usage::total(&app, &caller, period).await?;
    let budgets = usage::budgets(&app, &caller).await?;
    Ok(Json(UsageSummary {
        month_start: clock::iso(period.from),
        generated_at: clock::iso(clock::now_micros()),
        month_to_date: (&sums).into(),
        budgets: budgets.into_iter().map(Into::into).collect(),
    }))
}
