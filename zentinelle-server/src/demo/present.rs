//! The present of the demonstration organisation: its agents go on reporting, as agents that run do. Without them the
//! server would rightly call all of them unhealthy after a few minutes.

use std::sync::Arc;
use std::time::Duration;

use zentinelle_core::ids::TenantId;

use super::scenario::{self, Organisation};
use crate::app::App;
use crate::clock;
use crate::http::error::ApiError;
use crate::recorder::record::Record;
use crate::service::tenants;

/// How often an agent reports.
const EVERY: Duration = Duration::from_secs(60);
/// The agent that is not well.
const DEGRADED: &str = "campaign-writer";

/// Lets every agent of the organisation say once that it is alive.
pub(super) fn report(app: &App, tenant: &TenantId, scenario: &Organisation) -> Result<(), ApiError> {
    let at = clock::now_micros();
    let alive = scenario.agents.iter().map(|worker| Record::Heartbeat {
        tenant_id: tenant.clone(),
        agent_id: worker.id.clone(),
        health: if worker.id == DEGRADED { "degraded" } else { "healthy" }.to_owned(),
        at,
    });
    app.recorder.record(&alive.collect::<Vec<_>>())?;
    Ok(())
}

/// Lets them say so again and again, as long as the server takes it.
pub(crate) async fn live(app: Arc<App>) {
    let tenant = TenantId::new(tenants::STANDALONE);
    let Ok(scenario) = scenario::read() else { return };
    let mut due = tokio::time::interval(EVERY);
    loop {
        due.tick().await;
        if let Err(error) = report(&app, &tenant, &scenario) {
            tracing::warn!(?error, "the demonstration's agents could not report");
        }
    }
}
