//! Everything a request handler can reach.

use std::sync::Arc;

use zentinelle_core::ids::{AgentId, TenantId};

use crate::auth::access::AccessTable;
use crate::auth::directory::Directory;
use crate::bus::{Bus, Notice};
use crate::config::Mode;
use crate::recorder::Recorder;
use crate::sealing::MasterKeys;
use crate::service::approvals::Approvals;
use crate::service::audit::AuditKeys;
use crate::snapshot::Snapshots;
use crate::store::Store;

/// The running server's parts.
#[derive(Debug)]
pub(crate) struct App {
    /// The database.
    pub(crate) store: Store,
    /// Finds callers by their keys.
    pub(crate) directory: Directory,
    /// Who may call which route.
    pub(crate) access: AccessTable,
    /// The compiled policies.
    pub(crate) snapshots: Snapshots,
    /// Running totals.
    pub(crate) ledger: crate::ledger::LedgerStore,
    /// Tells the other replicas what changed.
    pub(crate) bus: Bus,
    /// Writes behind the answers.
    pub(crate) recorder: Recorder,
    /// This server's name among replicas.
    pub(crate) node_id: String,
    /// Seals what must come back in clear.
    pub(crate) sealing: Arc<MasterKeys>,
    /// One organisation, or many.
    pub(crate) mode: Mode,
    /// Requests that wait for a person.
    pub(crate) approvals: Approvals,
    /// Signs the heads of audit chains.
    pub(crate) audit_keys: AuditKeys,
}

/// What to do once a change is committed: this server and every replica takes it up.
impl App {
    /// Policies, or settings that decide, were changed. When this returns, this server decides
    /// by the new ones, and the others have been told.
    pub(crate) async fn policies_changed(&self, tenant: &TenantId) {
        self.take_up_policies(tenant).await;
        let revision = self.snapshots.revision(tenant).await.unwrap_or_default();
        self.bus.publish(&Notice::PoliciesChanged { tenant: tenant.clone(), revision }).await;
    }

    /// Loads a tenant's policies again.
    pub(crate) async fn take_up_policies(&self, tenant: &TenantId) {
        if let Err(error) = self.snapshots.refresh(tenant).await {
            tracing::error!(%tenant, ?error, "the changed policies could not be loaded");
        }
    }

    /// A key was revoked, rotated or changed.
    pub(crate) async fn key_changed(&self, tenant: &TenantId, public_id: &str) {
        self.directory.forget_key(public_id);
        let notice = Notice::KeyChanged { tenant: tenant.clone(), public_id: public_id.to_owned() };
        self.bus.publish(&notice).await;
    }

    /// An agent was made, changed or suspended.
    pub(crate) async fn agent_changed(&self, tenant: &TenantId, agent: &AgentId) {
        self.directory.forget_agent(tenant, agent);
        let notice = Notice::AgentChanged { tenant: tenant.clone(), agent_id: agent.clone() };
        self.bus.publish(&notice).await;
    }

    /// An approval request was decided, taken back, or is over.
    pub(crate) async fn approval_changed(&self, tenant: &TenantId, id: &str) {
        self.approvals.waiting.wake(tenant, id);
        let notice = Notice::ApprovalDecided { tenant: tenant.clone(), id: id.to_owned() };
        self.bus.publish(&notice).await;
    }
}
