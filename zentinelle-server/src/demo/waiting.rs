//! What waits for a person when the demonstration starts: calls that agents tried a little while
//! ago and that policies stopped. They go through the engine like all the others.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use zentinelle_core::ids::{AgentId, TenantId};

use super::past::PATIENCE;
use super::scenario::{Dice, Organisation};
use crate::app::App;
use crate::clock::{self, Clock};
use crate::http::error::ApiError;
use crate::service::decide::{self, Asked, Source};
use crate::store::approvals::PENDING;
use crate::store::entities::approval;

const MINUTE: i64 = 60_000_000;
/// Who tried which tool, and how many minutes ago; the oldest first.
const TRIED: [(&str, &str, i64); 2] =
    [("hr-screener", "read_personnel_file", 37), ("invoice-processor", "schedule_payment", 9)];

/// Lets agents ask for what needs a person, unless they wait already.
pub(super) async fn leave(app: &App, tenant: &TenantId, scenario: &Organisation) -> Result<(), ApiError> {
    let now = clock::now_micros();
    let waits = approval::Entity::find()
        .filter(approval::Column::TenantId.eq(tenant.as_str()))
        .filter(approval::Column::Status.eq(PENDING))
        .filter(approval::Column::ExpiresAt.gt(now));
    let waits = waits.all(app.store.db()).await?;
    // Another call at every start, since the last one's may have been decided.
    let mut dice = Dice(now.unsigned_abs());
    for (agent, tool, minutes) in TRIED {
        if waits.iter().any(|row| row.agent_id == agent) {
            continue;
        }
        let worker = scenario.agents.iter().find(|worker| worker.id == agent);
        let deed = worker.and_then(|worker| worker.does.iter().find(|deed| deed.tool.as_deref() == Some(tool)));
        let facts = app.directory.agent(tenant, &AgentId::new(agent)).await?;
        let (Some(worker), Some(deed), Some(facts)) = (worker, deed, facts) else { continue };
        let at = now - minutes * MINUTE;
        let asked = Asked {
            agent: facts,
            user: worker.user(&mut dice),
            action: deed.action.clone(),
            context: deed.context(worker.session(at), &mut dice),
            dry_run: false,
            source: Source::Native,
        };
        clock::by(Clock::at(at), decide::answer(app, asked)).await?;
    }
    if app.recorder.settled(PATIENCE).await {
        return Ok(());
    }
    Err(ApiError::Unavailable("the database does not keep up with the demonstration".to_owned()))
}
