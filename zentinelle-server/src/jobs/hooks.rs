//! Work whose rules live in other parts of the server.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use zentinelle_core::ids::TenantId;

use super::JobError;
use crate::app::App;
use crate::service::approvals::resolve;
use crate::service::{audit, reports};

/// Does one thing for a tenant; the text is the id of what it is about, or empty.
pub(crate) type Hook = fn(Arc<App>, TenantId, String) -> BoxFuture<'static, Result<(), JobError>>;

/// The handlers other parts of the server contribute. A kind without one is not scheduled, and a
/// job of it is set aside as dead with that reason.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hooks {
    /// Signs the state of a tenant's audit chain.
    pub(crate) sign_checkpoint: Option<Hook>,
    /// Closes approvals whose time is over.
    pub(crate) expire_approvals: Option<Hook>,
    /// Builds the report with the id.
    pub(crate) build_report: Option<Hook>,
}

impl Hooks {
    /// The handlers this server has.
    pub(crate) const fn wired() -> Self {
        Self {
            sign_checkpoint: Some(|app, tenant, _| {
                async move { Ok(audit::checkpoint_if_due(&app, &tenant).await?) }.boxed()
            }),
            expire_approvals: Some(|app, _, _| {
                async move {
                    resolve::expire_due(&app).await?;
                    Ok(())
                }
                .boxed()
            }),
            build_report: Some(|app, tenant, id| async move { Ok(reports::build(&app, &tenant, &id).await?) }.boxed()),
        }
    }

    /// The kinds of jobs that have no handler.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        [
            ("sign_checkpoint", self.sign_checkpoint.is_none()),
            ("expire_approvals", self.expire_approvals.is_none()),
            ("report", self.build_report.is_none()),
        ]
        .into_iter()
        .filter_map(|(kind, missing)| missing.then_some(kind))
        .collect()
    }
}
