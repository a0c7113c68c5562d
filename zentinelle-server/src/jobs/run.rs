//! Which code does which job. The match is exhaustive: a kind without a line does not compile.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use zentinelle_core::ids::TenantId;

use super::hooks::Hook;
use super::{Hooks, JobError, Work, tasks};
use crate::app::App;
use crate::service::{anomalies, compliance, reports, scan};
use crate::{notices, webhooks};

/// One run of one job.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// For whom.
    pub(crate) tenant: TenantId,
    /// What.
    pub(crate) work: Work,
    /// Which try this is, from 1.
    pub(crate) attempt: i64,
    /// Whether there is no further one.
    pub(crate) last: bool,
}

/// Does jobs. The server has one, tests have others.
pub(crate) trait Runner: Send + Sync + 'static {
    /// Does one job. Must bear being done again, and being dropped in the middle.
    fn run(&self, run: Run) -> BoxFuture<'static, Result<(), JobError>>;

    /// Told when a job was given up, so that what it was about does not wait for ever.
    fn given_up(&self, _tenant: TenantId, _work: Work, _why: String) -> BoxFuture<'static, Result<(), JobError>> {
        std::future::ready(Ok(())).boxed()
    }
}

/// The server's own.
pub(super) struct ServerRunner {
    /// What the jobs work with.
    pub(super) app: Arc<App>,
    /// Handlers of other parts.
    pub(super) hooks: Hooks,
}

impl Runner for ServerRunner {
    fn run(&self, run: Run) -> BoxFuture<'static, Result<(), JobError>> {
        let app = self.app.clone();
        let hooks = self.hooks;
        async move {
            let Run { tenant, work, attempt, last } = run;
            match work {
                Work::DeliverWebhook { delivery_id } => {
                    webhooks::deliver(&app, &tenant, &delivery_id, attempt, last).await
                }
                Work::SendEmail { notification_id, to } => notices::deliver(&app, &tenant, &notification_id, &to).await,
                Work::RollUpUsage {} => tasks::roll_up::roll_up(&app, &tenant).await,
                Work::LearnBaselines {} => tasks::baselines::learn(&app, &tenant).await,
                Work::CheckAgents {} => tasks::agents::check(&app, &tenant).await,
                Work::CheckAlertRules {} => tasks::alert_rules::check(&app, &tenant).await,
                Work::EnforceRetention {} => tasks::retention::enforce(&app, &tenant).await,
                Work::CheckKeys {} => tasks::keys::check(&app, &tenant).await,
                Work::FindAnomalies {} => Ok(anomalies::find(&app, &tenant).await?),
                Work::AssessCompliance {} => Ok(compliance::look_as_scheduled(&app, &tenant).await?),
                Work::SignCheckpoint {} => by_hook(hooks.sign_checkpoint, app, tenant, String::new()).await,
                Work::ExpireApprovals {} => by_hook(hooks.expire_approvals, app, tenant, String::new()).await,
                Work::BuildReport { report_id } => by_hook(hooks.build_report, app, tenant, report_id).await,
                Work::Scan(queued) => Ok(scan::run_queued(&app, queued).await?),
            }
        }
        .boxed()
    }

    fn given_up(&self, tenant: TenantId, work: Work, why: String) -> BoxFuture<'static, Result<(), JobError>> {
        let app = self.app.clone();
        async move {
            match work {
                Work::DeliverWebhook { delivery_id } => webhooks::give_up(&app, &tenant, &delivery_id, why).await,
                Work::Scan(queued) => match queued.get("scan_id").and_then(Value::as_str) {
                    Some(scan_id) => Ok(scan::give_up(&app, &tenant, scan_id).await?),
                    None => Ok(()),
                },
                Work::BuildReport { report_id } => Ok(reports::give_up(&app, &tenant, &report_id, why).await?),
                // What was not sent stays as a dead job with the reason.
                Work::SendEmail { .. }
                | Work::RollUpUsage {}
                | Work::LearnBaselines {}
                | Work::CheckAgents {}
                | Work::CheckAlertRules {}
                | Work::EnforceRetention {}
                | Work::CheckKeys {}
                | Work::AssessCompliance {}
                | Work::FindAnomalies {}
                | Work::SignCheckpoint {}
                | Work::ExpireApprovals {} => Ok(()),
            }
        }
        .boxed()
    }
}

async fn by_hook(hook: Option<Hook>, app: Arc<App>, tenant: TenantId, about: String) -> Result<(), JobError> {
    match hook {
        Some(hook) => hook(app, tenant, about).await,
        None => Err(JobError::Hopeless("this server has no handler for this kind of job".to_owned())),
    }
}
