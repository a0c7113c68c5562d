//! Sums by the hour, of model calls and of decisions.
//!
//! Each hour is computed anew and replaces what was there, so running twice changes nothing and a
//! record that came late is counted when its hour is computed again.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use zentinelle_core::ids::TenantId;

use crate::app::App;
use crate::clock;
use crate::jobs::JobError;
use crate::store::{StoreError, decision_hours, watermarks};

/// Unit: microseconds.
const HOUR: i64 = 3_600_000_000;
/// How much is computed by one statement. Unit: microseconds.
const STEP: i64 = 24 * HOUR;
/// How long a record may take from its making to the database. Unit: microseconds.
const SETTLE: i64 = HOUR;

/// Records that are summed up by the hour.
pub(super) struct Source {
    /// Their table.
    pub(super) table: &'static str,
    /// The watermark of how far they are summed up.
    pub(super) rolled_up: &'static str,
    /// The watermark before which records may be gone: those hours are final.
    pub(super) pruned: &'static str,
    /// Whether a record waits for its sum before it may go: what was spent must never be lost.
    pub(super) summed_first: bool,
    /// Hours that are computed again each time, because records of them still come. Unit: microseconds.
    overlap: i64,
    /// Records from $2 up to and without $3 by the hour.
    sum_up: &'static str,
    /// The first and last instant from $2 on.
    ends: &'static str,
    /// The hours from $3 up to and without $4 of records that were made at or after the id $2.
    late: &'static str,
}

/// Everything that is summed up.
pub(super) static SOURCES: [Source; 2] = [
    Source {
        table: "usage_records",
        rolled_up: "usage_rolled_up",
        pruned: "usage_pruned",
        summed_first: true,
        overlap: 48 * HOUR,
        // Records keep apart what was read from a cache and written to it; an hour has all of the input.
        sum_up: "\
INSERT INTO usage_hourly (tenant_id, hour_at, agent_id, provider, model, calls, input_tokens, output_tokens, usd_micros)
SELECT tenant_id, occurred_at - occurred_at % 3600000000, agent_id, provider, model,
       CAST(COUNT(*) AS BIGINT),
       CAST(SUM(input_tokens + cached_input_tokens + cache_write_tokens) AS BIGINT), CAST(SUM(output_tokens) AS BIGINT),
       CAST(SUM(usd_micros) AS BIGINT)
FROM usage_records WHERE tenant_id = $1 AND occurred_at >= $2 AND occurred_at < $3
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (tenant_id, hour_at, agent_id, provider, model) DO UPDATE SET
       calls = excluded.calls, input_tokens = excluded.input_tokens,
       output_tokens = excluded.output_tokens, usd_micros = excluded.usd_micros",
        ends: "\
SELECT MIN(occurred_at) AS first_at, MAX(occurred_at) AS last_at FROM usage_records
WHERE tenant_id = $1 AND occurred_at >= $2",
        late: "\
SELECT DISTINCT occurred_at - occurred_at % 3600000000 AS hour_at FROM usage_records
WHERE tenant_id = $1 AND id >= $2 AND occurred_at >= $3 AND occurred_at < $4",
    },
    Source {
        table: "evaluations",
        rolled_up: decision_hours::ROLLED_UP,
        pruned: "decisions_pruned",
        summed_first: false,
        overlap: 24 * HOUR,
        sum_up: "\
INSERT INTO decision_hours (tenant_id, dimension, hour_at, name, decisions, denied)
WITH seen AS (
  SELECT tenant_id, occurred_at - occurred_at % 3600000000 AS hour_at, agent_id, action, COALESCE(code, '') AS code,
         CASE WHEN allowed THEN 0 ELSE 1 END AS denied
  FROM evaluations WHERE tenant_id = $1 AND occurred_at >= $2 AND occurred_at < $3 AND NOT dry_run
)
SELECT tenant_id, 'all', hour_at, '', CAST(COUNT(*) AS BIGINT), CAST(SUM(denied) AS BIGINT) FROM seen GROUP BY 1, 3
UNION ALL
SELECT tenant_id, 'agent', hour_at, agent_id, CAST(COUNT(*) AS BIGINT), CAST(SUM(denied) AS BIGINT) FROM seen GROUP BY 1, 3, 4
UNION ALL
SELECT tenant_id, 'action', hour_at, action, CAST(COUNT(*) AS BIGINT), CAST(SUM(denied) AS BIGINT) FROM seen GROUP BY 1, 3, 4
UNION ALL
SELECT tenant_id, 'code', hour_at, code, CAST(COUNT(*) AS BIGINT), CAST(SUM(denied) AS BIGINT) FROM seen GROUP BY 1, 3, 4
ON CONFLICT (tenant_id, dimension, hour_at, name) DO UPDATE SET
       decisions = excluded.decisions, denied = excluded.denied",
        ends: "\
SELECT MIN(occurred_at) AS first_at, MAX(occurred_at) AS last_at FROM evaluations
WHERE tenant_id = $1 AND occurred_at >= $2",
        late: "\
SELECT DISTINCT occurred_at - occurred_at % 3600000000 AS hour_at FROM evaluations
WHERE tenant_id = $1 AND id >= $2 AND occurred_at >= $3 AND occurred_at < $4",
    },
];

#[derive(FromQueryResult)]
struct Hour {
    hour_at: i64,
}

#[derive(FromQueryResult)]
struct Ends {
    first_at: Option<i64>,
    last_at: Option<i64>,
}

/// Brings a tenant's sums up to date.
pub(crate) async fn roll_up(app: &App, tenant: &TenantId) -> Result<(), JobError> {
    for source in &SOURCES {
        source.bring_up_to_date(app.store.db(), tenant).await?;
    }
    Ok(())
}

impl Source {
    async fn bring_up_to_date(&self, db: &impl ConnectionTrait, tenant: &TenantId) -> Result<(), StoreError> {
        let started = clock::now_micros();
        let pruned = watermarks::get(db, tenant, self.pruned).await?.map_or(0, |mark| next_hour(mark.reached_at));
        let known = watermarks::get(db, tenant, self.rolled_up).await?;
        let from = known.as_ref().map_or(0, |mark| this_hour(mark.reached_at) - self.overlap).max(pruned);
        if let Some(mark) = &known {
            for hour in self.late(db, tenant, mark.updated_at - SETTLE, pruned, from).await? {
                self.compute(db, tenant, hour, hour.saturating_add(HOUR)).await?;
            }
        }
        let values = [tenant.as_str().into(), from.into()];
        let ends = Ends::find_by_statement(statement(db, self.ends, values)).one(db).await?;
        if let Some(Ends { first_at: Some(first), last_at: Some(last) }) = ends {
            let mut start = this_hour(first);
            while start <= last {
                self.compute(db, tenant, start, start.saturating_add(STEP)).await?;
                start = start.saturating_add(STEP);
            }
        }
        watermarks::set(db, tenant, self.rolled_up, this_hour(started), serde_json::json!({})).await
    }

    async fn compute(
        &self,
        db: &impl ConnectionTrait,
        tenant: &TenantId,
        from: i64,
        to: i64,
    ) -> Result<(), StoreError> {
        let values = [tenant.as_str().into(), from.into(), to.into()];
        db.execute_raw(statement(db, self.sum_up, values)).await?;
        Ok(())
    }

    /// Hours outside the overlap to which records were added since an instant. Ids begin with the
    /// instant they were made at, so an id tells old records from new ones.
    async fn late(
        &self,
        db: &impl ConnectionTrait,
        tenant: &TenantId,
        since: i64,
        from: i64,
        before: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let millis = u64::try_from(since.div_euclid(1_000)).unwrap_or(0);
        let first_id = uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid().to_string();
        let values = [tenant.as_str().into(), first_id.into(), from.into(), before.into()];
        let hours = Hour::find_by_statement(statement(db, self.late, values)).all(db).await?;
        Ok(hours.into_iter().map(|hour| hour.hour_at).collect())
    }
}

fn statement(
    db: &impl ConnectionTrait,
    sql: &'static str,
    values: impl IntoIterator<Item = sea_orm::Value>,
) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

fn this_hour(at: i64) -> i64 {
    at.div_euclid(HOUR) * HOUR
}

fn next_hour(at: i64) -> i64 {
    this_hour(at.saturating_add(HOUR - 1))
}
