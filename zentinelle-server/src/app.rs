//! Everything a request handler can reach.

use std::sync::Arc;

use zentinelle_core::ids::{AgentId, TenantId};

use crate::auth::access::AccessTable;
use crate::auth::directory::Directory;
use crate::bus::{Bus, Notice};
use crate::jobs::{Hooks, Schedules};
use crate::recorder::Recorder;
use crate::sealing::MasterKeys;
use crate::service::cached::PerTenant;
use crate::service::content_rules::RuleSet;
use crate::service::prices::Prices;
use crate::snapshot::Snapshots;
use crate::store::Store;
use crate::webhooks;

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
    /// The compiled content rules.
    pub(crate) content_rules: PerTenant<RuleSet>,
    /// What model calls cost.
    pub(crate) prices: PerTenant<Prices>,
    /// Tells the other replicas what changed.
    pub(crate) bus: Bus,
    /// Writes behind the answers.
    pub(crate) recorder: Recorder,
    /// Seals secrets; other keys are derived from them.
    pub(crate) keys: Arc<MasterKeys>,
    /// This server's name among replicas.
    pub(crate) node_id: String,
    /// What background work needs.
    pub(crate) background: Background,
}

/// What background work, and the routes that show it, need.
#[derive(Debug)]
pub(crate) struct Background {
    /// What recurs.
    pub(crate) schedules: Schedules,
    /// Handlers that other parts of the server contribute.
    pub(crate) hooks: Hooks,
    /// Sends notices.
    pub(crate) webhooks: webhooks::Client,
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

    /// Content rules were changed.
    pub(crate) async fn content_rules_changed(&self, tenant: &TenantId) {
        self.content_rules.changed();
        self.bus.publish(&Notice::SettingsChanged { tenant: tenant.clone() }).await;
    }

    /// Prices were changed.
    pub(crate) async fn prices_changed(&self, tenant: &TenantId) {
        self.prices.changed();
        self.bus.publish(&Notice::SettingsChanged { tenant: tenant.clone() }).await;
    }

    /// Forgets what tenants chose besides policies, to read it again.
    pub(crate) fn take_up_settings(&self) {
        self.content_rules.changed();
        self.prices.changed();
    }
}
