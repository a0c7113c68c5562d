//! Figures over the risk register: counts, the matrix, and how it went day by day.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde::Serialize;
use utoipa::ToSchema;
use zentinelle_core::ids::TenantId;

use super::scale::{FACTORS, Level, MOST_SCORE};
use super::{DAY, is_open, residual_score, review_due};
use crate::app::App;
use crate::clock;
use crate::store::entities::{risk, risk_day};
use crate::store::{StoreError, risks as store};

/// The most days of a trend.
const MOST_DAYS: i64 = 365;

/// Counts over the register.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = RiskStats)]
pub(crate) struct Figures {
    /// How many risks there are.
    pub(crate) total: u64,
    /// How many are not closed.
    pub(crate) open: u64,
    /// Open risks by the band of their score.
    pub(crate) by_level: BTreeMap<&'static str, u64>,
    /// Open risks by what they threaten.
    pub(crate) by_category: BTreeMap<String, u64>,
    /// All risks by where they stand.
    pub(crate) by_status: BTreeMap<String, u64>,
    /// Open risks that should have been looked at by now.
    pub(crate) review_due: u64,
    /// Open risks nobody answers for.
    pub(crate) without_owner: u64,
    /// The mean score of open risks.
    pub(crate) mean_score: f64,
    /// The mean score of open risks after mitigation.
    pub(crate) mean_residual_score: f64,
    /// The highest score of an open risk.
    pub(crate) highest_score: i64,
}

/// Counts over the register as it stands.
pub(crate) async fn figures(app: &App, tenant: &TenantId) -> Result<Figures, StoreError> {
    let rows = store::all(app.store.db(), tenant, &store::Wanted::default()).await?;
    Ok(count(&rows, clock::now_micros()))
}

fn count(rows: &[risk::Model], now: i64) -> Figures {
    let open: Vec<&risk::Model> = rows.iter().filter(|row| is_open(row)).collect();
    let mut figures = Figures {
        total: rows.len() as u64,
        open: open.len() as u64,
        by_level: Level::ALL.iter().map(|level| (level.name(), 0)).collect(),
        mean_score: mean(open.iter().map(|row| row.score)),
        mean_residual_score: mean(open.iter().map(|row| residual_score(row).unwrap_or(row.score))),
        highest_score: open.iter().map(|row| row.score).max().unwrap_or_default(),
        review_due: open.iter().filter(|row| review_due(row, now)).count() as u64,
        without_owner: open.iter().filter(|row| row.owner.is_empty()).count() as u64,
        ..Figures::default()
    };
    for row in rows {
        *figures.by_status.entry(row.status.clone()).or_default() += 1;
    }
    for row in open {
        *figures.by_level.entry(Level::of(row.score).name()).or_default() += 1;
        *figures.by_category.entry(row.category.clone()).or_default() += 1;
    }
    figures
}

fn mean(scores: impl Iterator<Item = i64>) -> f64 {
    let (sum, number) = scores.fold((0_i64, 0_i64), |(sum, number), score| (sum + score, number + 1));
    ratio(sum, number)
}

/// Two decimals; zero of nothing. Sums of scores are far below the numbers a float cannot tell apart.
fn ratio(sum: i64, number: i64) -> f64 {
    if number == 0 {
        return 0.0;
    }
    (sum as f64 / number as f64 * 100.0).round() / 100.0
}

/// The open risks of one likelihood and one impact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RiskCell)]
pub(crate) struct Cell {
    /// The likelihood.
    pub(crate) likelihood: i64,
    /// The impact.
    pub(crate) impact: i64,
    /// How many.
    pub(crate) count: u64,
    /// The highest score among them.
    pub(crate) highest: i64,
}

/// The open risks by likelihood and impact: 25 cells, those without a risk too.
pub(crate) async fn matrix(app: &App, tenant: &TenantId) -> Result<Vec<Cell>, StoreError> {
    let rows = store::all(app.store.db(), tenant, &store::Wanted::default()).await?;
    let cell = |likelihood: i64, impact: i64| {
        let here = rows.iter().filter(|row| is_open(row) && row.likelihood == likelihood && row.impact == impact);
        let (count, highest) = here.fold((0, 0), |(count, highest), row| (count + 1, row.score.max(highest)));
        Cell { likelihood, impact, count, highest }
    };
    Ok(FACTORS
        .iter()
        .flat_map(|likelihood| FACTORS.iter().map(move |impact| (*likelihood, *impact)))
        .map(|(likelihood, impact)| cell(likelihood, impact))
        .collect())
}

/// The register at the end of a day.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RiskTrendPoint)]
pub(crate) struct TrendPoint {
    /// The day, UTC.
    pub(crate) day: String,
    /// How many risks were open.
    pub(crate) open_count: i64,
    /// Their mean score.
    pub(crate) mean: f64,
    /// The highest score among them.
    pub(crate) highest: i64,
    /// The mean score, as a share of the highest there is. Unit: percent.
    pub(crate) index: i64,
}

/// How the register stood at the end of each of the last days, today included. A day on which
/// nothing changed is as the one before; days before the first change are left out.
pub(crate) async fn trend(app: &App, tenant: &TenantId, days: i64) -> Result<Vec<TrendPoint>, StoreError> {
    let today = clock::now_micros().div_euclid(DAY);
    let from = (today - days.clamp(1, MOST_DAYS) + 1) * DAY;
    Ok(filled(&store::days(app.store.db(), tenant, from).await?, from.div_euclid(DAY), today))
}

fn filled(kept: &[risk_day::Model], from: i64, today: i64) -> Vec<TrendPoint> {
    let mut points = Vec::new();
    for day in from..=today {
        let Some(row) = kept.iter().rev().find(|row| row.day_at <= day * DAY) else { continue };
        let index = ratio(100 * row.score_sum, row.open_count * MOST_SCORE).round();
        points.push(TrendPoint {
            day: clock::day(day * DAY),
            open_count: row.open_count,
            mean: ratio(row.score_sum, row.open_count),
            highest: row.highest,
            index: index as i64,
        });
    }
    points
}

/// Keeps how the register stands today, in the transaction of what changed it.
pub(super) async fn keep_today(txn: &DatabaseTransaction, tenant: &TenantId, now: i64) -> Result<(), StoreError> {
    store::keep_day(txn, day(txn, tenant, now).await?).await
}

async fn day(db: &impl ConnectionTrait, tenant: &TenantId, now: i64) -> Result<risk_day::Model, StoreError> {
    let rows = store::all(db, tenant, &store::Wanted::default()).await?;
    let open = rows.iter().filter(|row| is_open(row)).map(|row| row.score);
    let (open_count, score_sum, highest) =
        open.fold((0, 0, 0), |(count, sum, highest), score| (count + 1, sum + score, score.max(highest)));
    let day_at = now.div_euclid(DAY) * DAY;
    Ok(risk_day::Model { tenant_id: tenant.as_str().to_owned(), day_at, open_count, score_sum, highest })
}

#[cfg(test)]
mod tests {
    use super::{DAY, filled, mean, risk_day};

    #[test]
    fn a_day_without_a_change_is_as_the_one_before() {
        let day = |at: i64, open_count: i64, score_sum: i64| risk_day::Model {
            tenant_id: "acme".to_owned(),
            day_at: at * DAY,
            open_count,
            score_sum,
            highest: score_sum,
        };
        let points = filled(&[day(8, 1, 27), day(12, 2, 127), day(14, 0, 0)], 10, 15);
        let seen: Vec<(i64, f64, i64)> =
            points.iter().map(|point| (point.open_count, point.mean, point.index)).collect();
        assert_eq!(
            seen,
            [(1, 27.0, 5), (1, 27.0, 5), (2, 63.5, 12), (2, 63.5, 12), (0, 0.0, 0), (0, 0.0, 0)],
            "{points:?}"
        );
        assert_eq!(filled(&[day(12, 1, 27)], 10, 13).len(), 2, "nothing is known of the days before the first");
    }

    #[test]
    fn the_mean_of_nothing_is_nothing() {
        assert!(mean(std::iter::empty()).abs() < f64::EPSILON);
    }
}
