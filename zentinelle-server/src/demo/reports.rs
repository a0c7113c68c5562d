//! The reports people of the demonstration organisation asked for, built as a job builds them.

use serde_json::{Value, json};

use super::scenario;
use crate::app::App;
use crate::auth::Caller;
use crate::clock::Clock;
use crate::http::error::ApiError;
use crate::service::reports;

/// How long after a report another is asked for. Unit: microseconds.
const APART: i64 = 4 * 60_000_000;

/// Asks for the report of the month, and at the end for what an auditor wants besides.
pub(super) async fn ask(app: &App, clock: &Clock, who: &[Caller; 2], last: bool) -> Result<(), ApiError> {
    let [officer, head] = who;
    let month = json!({ "report_type": "executive", "format": "pdf" });
    build(app, head, &month).await?;
    if !last {
        return Ok(());
    }
    for wanted in [
        json!({ "report_type": "compliance_full", "format": "pdf" }),
        json!({ "report_type": "compliance_framework", "format": "oscal", "params": { "framework_id": "SOC2" } }),
        json!({ "report_type": "incident", "format": "csv" }),
    ] {
        clock.advance(APART);
        build(app, officer, &wanted).await?;
    }
    Ok(())
}

/// The report is finished here, as of the clock's time; its job then finds it ready.
async fn build(app: &App, who: &Caller, wanted: &Value) -> Result<(), ApiError> {
    let row = reports::create(app, who, scenario::input(wanted)?).await?;
    reports::build(app, &who.tenant, &row.id).await
}
