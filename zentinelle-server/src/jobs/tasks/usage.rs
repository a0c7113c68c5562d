//! Usage by the hour, summed up from the records of single calls.
//!
//! Each hour is computed anew and replaces what was there, so running twice changes nothing and a
//! record that came late is counted when its hour is computed again.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, FromQueryResult, QueryFilter as _, QuerySelect as _, Statement,
};
use zentinelle_core::ids::TenantId;

use crate::app::App;
use crate::clock;
use crate::jobs::JobError;
use crate::store::entities::usage_record::{self, Column};
use crate::store::{StoreError, watermarks};

/// How far the roll-up has come.
pub(super) const ROLLED_UP: &str = "usage_rolled_up";
/// Records before this instant may be gone: their hours are final.
pub(super) const PRUNED: &str = "usage_pruned";

/// Unit: microseconds.
const HOUR: i64 = 3_600_000_000;
/// Hours that are computed again each time, because records of them still come. Unit: microseconds.
const OVERLAP: i64 = 48 * HOUR;
/// How much is computed by one statement. Unit: microseconds.
const STEP: i64 = 24 * HOUR;
/// How long a record may take from its making to the database. Unit: microseconds.
const SETTLE: i64 = HOUR;

/// Sums up the calls from $2 up to and without $3 by the hour. Records keep apart what was read
/// from a cache and written to it; the sum of an hour has all of the input.
const ROLL_UP: &str = "\
INSERT INTO usage_hourly (tenant_id, hour_at, agent_id, provider, model, calls, input_tokens, output_tokens, usd_micros)
SELECT tenant_id, occurred_at - occurred_at % 3600000000, agent_id, provider, model,
       CAST(COUNT(*) AS BIGINT),
       CAST(SUM(input_tokens + cached_input_tokens + cache_write_tokens) AS BIGINT), CAST(SUM(output_tokens) AS BIGINT),
       CAST(SUM(usd_micros) AS BIGINT)
FROM usage_records WHERE tenant_id = $1 AND occurred_at >= $2 AND occurred_at < $3
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (tenant_id, hour_at, agent_id, provider, model) DO UPDATE SET
       calls = excluded.calls, input_tokens = excluded.input_tokens,
       output_tokens = excluded.output_tokens, usd_micros = excluded.usd_micros";

/// The hours before $4 of records that were made at or after the id $2.
const LATE: &str = "\
SELECT DISTINCT occurred_at - occurred_at % 3600000000 AS hour_at FROM usage_records
WHERE tenant_id = $1 AND id >= $2 AND occurred_at >= $3 AND occurred_at < $4";

#[derive(FromQueryResult)]
struct Hour {
    hour_at: i64,
}

/// Brings a tenant's hourly usage up to date.
pub(crate) async fn roll_up(app: &App, tenant: &TenantId) -> Result<(), JobError> {
    let db = app.store.db();
    let started = clock::now_micros();
    let pruned = watermarks::get(db, tenant, PRUNED).await?.map_or(0, |mark| next_hour(mark.reached_at));
    let known = watermarks::get(db, tenant, ROLLED_UP).await?;
    let from = known.as_ref().map_or(0, |mark| this_hour(mark.reached_at) - OVERLAP).max(pruned);
    if let Some(mark) = &known {
        for hour in late(db, tenant, mark.updated_at - SETTLE, pruned, from).await? {
            compute(db, tenant, hour, hour.saturating_add(HOUR)).await?;
        }
    }
    let ends = |bound: sea_orm::sea_query::Expr| {
        usage_record::Entity::find()
            .select_only()
            .column_as(bound, "hour_at")
            .filter(Column::TenantId.eq(tenant.as_str()))
            .filter(Column::OccurredAt.gte(from))
            .into_tuple::<Option<i64>>()
    };
    let first = ends(Column::OccurredAt.min()).one(db).await?.flatten();
    let last = ends(Column::OccurredAt.max()).one(db).await?.flatten();
    if let (Some(first), Some(last)) = (first, last) {
        let mut start = this_hour(first);
        while start <= last {
            compute(db, tenant, start, start.saturating_add(STEP)).await?;
            start = start.saturating_add(STEP);
        }
    }
    watermarks::set(db, tenant, ROLLED_UP, this_hour(started), serde_json::json!({})).await?;
    Ok(())
}

async fn compute(db: &impl ConnectionTrait, tenant: &TenantId, from: i64, to: i64) -> Result<(), StoreError> {
    let values = [tenant.as_str().into(), from.into(), to.into()];
    db.execute_raw(statement(db, ROLL_UP, values)).await?;
    Ok(())
}

/// Hours outside the overlap to which records were added since an instant. Ids begin with the
/// instant they were made at, so an id tells old records from new ones.
async fn late(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    since: i64,
    from: i64,
    before: i64,
) -> Result<Vec<i64>, StoreError> {
    let millis = u64::try_from(since.div_euclid(1_000)).unwrap_or(0);
    let first_id = uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid().to_string();
    let values = [tenant.as_str().into(), first_id.into(), from.into(), before.into()];
    let hours = Hour::find_by_statement(statement(db, LATE, values)).all(db).await?;
    Ok(hours.into_iter().map(|hour| hour.hour_at).collect())
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
