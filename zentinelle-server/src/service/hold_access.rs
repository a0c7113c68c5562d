//! Who looks at records under a legal hold, for holds that want to know (`notify_on_access`): whoever opens one
//! held decision, model call or scan, or exports what scans found.
//!
//! A page of a list is not told of: it would tell of everybody, every morning. Each person is told of once a day and
//! hold, and once more when they export.

use serde_json::json;

use super::legal_holds;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::notices;
use crate::store::legal_holds::{self as store, Hold};
use crate::webhooks::{Emission, Event};

/// How long nothing more is told of one person and one hold. Unit: microseconds.
const QUIET: i64 = 86_400_000_000;

/// What somebody does with records.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Access {
    /// Opens one of them.
    Opened,
    /// Takes them out as a file.
    Exported,
}

/// Which records. Instants in microseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Records<'r> {
    /// The kind, as holds name it.
    pub(crate) entity_type: &'static str,
    /// Not before.
    pub(crate) from: i64,
    /// Not after.
    pub(crate) to: i64,
    /// Of this agent; none when they may be of any.
    pub(crate) agent: Option<&'r str>,
    /// Of this user; none when they may be of any.
    pub(crate) user: Option<&'r str>,
}

impl<'r> Records<'r> {
    /// One record. One without a user is no user's.
    pub(crate) fn one(entity_type: &'static str, at: i64, agent: &'r str, user: Option<&'r str>) -> Self {
        Self { entity_type, from: at, to: at, agent: Some(agent), user: Some(user.unwrap_or_default()) }
    }
}

/// Tells the people of every hold that holds some of these records.
pub(crate) async fn tell(app: &App, caller: &Caller, access: Access, records: Records<'_>) -> Result<(), ApiError> {
    let now = clock::now_micros();
    for row in store::watched(app.store.db(), &caller.tenant, now).await? {
        let hold = Hold::read(row.clone())?;
        if !hold.covers(records.entity_type) || !hold.touches(records.from, records.to, records.agent, records.user) {
            continue;
        }
        let who = caller.signed_in.as_ref().and_then(|person| person.email.clone()).unwrap_or_else(|| caller.actor());
        let did = match access {
            Access::Opened => "opened",
            Access::Exported => "exported",
        };
        let told = Emission {
            tenant: caller.tenant.clone(),
            id: format!("{}:{did}:{who}:{now}", row.id),
            event: Event::Alert,
            severity: "medium".to_owned(),
            title: format!("{who} {did} records under the legal hold `{}`", row.name),
            agent_id: None,
            user_id: None,
            action: None,
            at: now,
            data: json!({ "alert_type": "legal_hold_access", "hold_id": row.id, "by": who, "access": did,
                "entity_type": records.entity_type, "reference_number": row.reference_number,
                "description": format!("The first time in a day. Kind of records: {}.", records.entity_type) }),
        };
        let txn = app.store.begin().await?;
        if !notices::was_told(&txn, &told, QUIET).await? {
            legal_holds::spread(app, &txn, &row, told).await?;
        }
        txn.commit().await?;
    }
    Ok(())
}
