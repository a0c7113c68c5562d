//! Exports of what content scans found.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use serde_json::json;
use zentinelle_core::audit::AuditAction;

use super::change::Change;
use super::fields;
use super::hold_access::{self, Access, Records};
use super::sheet::{Cell, Sheet};
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::StoreError;
use crate::store::entities::content_violation;
use crate::store::scans::{self, Wanted};

/// How many rows are read at a time.
const AT_ONCE: u64 = 1_000;
/// How far back an export goes that says nothing. Unit: microseconds.
const THIRTY_DAYS: i64 = 30 * 86_400_000_000;

const HEADINGS: [&str; 14] = [
    "id",
    "timestamp",
    "rule_type",
    "severity",
    "category",
    "matched_digest",
    "match_start",
    "match_end",
    "enforcement_action",
    "scan_id",
    "endpoint_id",
    "user_identifier",
    "session_id",
    "was_blocked",
];

/// From when to when an export goes. Unit: microseconds.
pub(crate) fn period(start: Option<&str>, end: Option<&str>) -> Result<(i64, i64), ApiError> {
    let end = fields::instant("end", end)?.unwrap_or_else(clock::now_micros);
    let start = fields::instant("start", start)?.unwrap_or(end.saturating_sub(THIRTY_DAYS));
    if start > end {
        return Err(ApiError::invalid("start", "is after `end`"));
    }
    Ok((start, end))
}

/// The parts of an export, read as they are sent. That data leaves goes on the audit chain first.
pub(crate) async fn export(
    app: Arc<App>,
    caller: Caller,
    wanted: Wanted,
) -> Result<impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static, ApiError> {
    let records = Records {
        entity_type: "scans",
        from: wanted.from.unwrap_or(i64::MIN),
        to: wanted.to.unwrap_or(i64::MAX),
        agent: None,
        user: None,
    };
    hold_access::tell(&app, &caller, Access::Exported, records).await?;
    let change = Change {
        caller: &caller,
        action: AuditAction::Export,
        resource_type: "content_violation",
        resource_id: "violations.csv",
        resource_name: "",
        changes: json!({
            "from": clock::iso_or_none(wanted.from), "to": clock::iso_or_none(wanted.to),
            "severity": wanted.severity, "rule_type": wanted.rule_type,
        }),
    };
    let txn = app.store.begin().await?;
    change.record(&txn).await?;
    txn.commit().await?;
    let begin = Some((String::new(), Sheet::new(&HEADINGS)));
    Ok(stream::try_unfold(begin, move |state| {
        let (app, tenant, wanted) = (app.clone(), caller.tenant.clone(), wanted.clone());
        async move {
            let Some((after, mut sheet)) = state else { return Ok(None) };
            let rows: Vec<content_violation::Model> =
                scans::violations_after(app.store.db(), &tenant, &wanted, &after, AT_ONCE)
                    .await
                    .inspect_err(|error| tracing::error!(?error, "an export broke off"))?;
            let last = rows.last().map(|row| row.id.clone());
            for row in &rows {
                write(&mut sheet, row);
            }
            let next = last.map(|id| (id, Sheet::continued()));
            Ok(Some((Bytes::from(sheet.into_text()), next)))
        }
    }))
}

fn write(sheet: &mut Sheet, row: &content_violation::Model) {
    let place = |offset: Option<i64>| offset.map_or(Cell::from(""), Cell::from);
    sheet.row([
        Cell::from(row.id.as_str()),
        Cell::from(clock::iso(row.created_at)),
        Cell::from(row.rule_type.as_str()),
        Cell::from(row.severity.as_str()),
        Cell::from(row.category.as_str()),
        Cell::from(row.match_digest.as_deref()),
        place(row.match_start),
        place(row.match_end),
        Cell::from(row.enforcement.as_str()),
        Cell::from(row.scan_id.as_str()),
        Cell::from(row.agent_id.as_str()),
        Cell::from(row.user_id.as_deref()),
        Cell::from(row.session_id.as_deref()),
        Cell::from(row.was_blocked),
    ]);
}
