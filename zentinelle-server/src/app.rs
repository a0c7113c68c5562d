//! Everything a request handler can reach.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use zentinelle_core::ids::{AgentId, TenantId};

use crate::auth::Caller;
use crate::auth::access::AccessTable;
use crate::auth::directory::Directory;
use crate::bus::{Bus, Notice};
use crate::config::Config;
use crate::graphql::GraphQl;
use crate::http::throttle::Throttle;
use crate::jobs::{Hooks, Schedules};
use crate::proxy::Proxy;
use crate::recorder::Recorder;
use crate::sealing::MasterKeys;
use crate::service::agent_config::SeenRevisions;
use crate::service::approvals::Approvals;
use crate::service::audit::AuditKeys;
use crate::service::cached::PerTenant;
use crate::service::content_rules::RuleSet;
use crate::service::events::Intake;
use crate::service::prices::Prices;
use crate::service::sign_in::SignIn;
use crate::snapshot::Snapshots;
use crate::store::Store;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Traces;

/// How long a stopping server waits until the database has every record.
const DRAIN_AT_STOP: Duration = Duration::from_secs(20);
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
    /// This server's name among replicas.
    pub(crate) node_id: String,
    /// Requests that wait for a person.
    pub(crate) approvals: Approvals,
    /// Signs the heads of audit chains.
    pub(crate) audit_keys: AuditKeys,
    /// What agents were last told.
    pub(crate) seen_revisions: SeenRevisions,
    /// What is remembered between batches of events.
    pub(crate) intake: Intake,
    /// Seals secrets; other keys are derived from them.
    pub(crate) keys: Arc<MasterKeys>,
    /// What the operator of the server chose.
    pub(crate) config: Arc<Config>,
    /// What is remembered between tries to sign in.
    pub(crate) sign_in: SignIn,
    /// How often callers may ask.
    pub(crate) throttle: Throttle,
    /// What is counted for Prometheus.
    pub(crate) metrics: Metrics,
    /// Sends traces, when a collector is configured.
    pub(crate) traces: Option<Traces>,
    /// The description of the interface, as JSON.
    pub(crate) openapi: Bytes,
    /// Whether the server was told to stop.
    pub(crate) stopping: AtomicBool,
    /// What background work needs.
    pub(crate) background: Background,
    /// Takes model calls.
    pub(crate) proxy: Proxy,
    /// The management API.
    pub(crate) graphql: GraphQl,
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
    /// Sends e-mails, where a mail server is configured.
    pub(crate) mail: Option<crate::notices::Mailer>,
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

    /// A person, or where they are signed in, was changed. What they are subscribed to looks whether
    /// they are still let in.
    pub(crate) async fn person_changed(&self, tenant: &TenantId, user_id: &str) {
        self.key_changed(tenant, &Caller::public_id_of(user_id)).await;
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

    /// A tenant's key for a provider was changed.
    pub(crate) async fn provider_keys_changed(&self, tenant: &TenantId) {
        self.proxy.keys.changed();
        self.bus.publish(&Notice::SettingsChanged { tenant: tenant.clone() }).await;
    }

    /// Forgets what tenants chose besides policies, to read it again.
    pub(crate) fn take_up_settings(&self) {
        self.proxy.keys.changed();
        self.content_rules.changed();
        self.prices.changed();
    }

    /// An approval request was decided, taken back, or is over.
    pub(crate) async fn approval_changed(&self, tenant: &TenantId, id: &str) {
        self.approvals.waiting.wake(tenant, id);
        let notice = Notice::ApprovalDecided { tenant: tenant.clone(), id: id.to_owned() };
        self.bus.publish(&notice).await;
    }
}

impl App {
    /// The server was told to stop: load balancers should send their requests elsewhere.
    pub(crate) fn stop_soon(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Ends what runs beside the requests, after the last one was answered. Loses nothing: what
    /// does not reach the database in time stays in the journal for the next start.
    pub(crate) async fn shutdown(&self) {
        self.proxy.settled(DRAIN_AT_STOP).await;
        if !self.recorder.settled(DRAIN_AT_STOP).await {
            tracing::warn!("stopped before the database had every record; the next start drains the rest");
        }
        if let Some(traces) = &self.traces {
            tokio::task::block_in_place(|| traces.stop());
        }
    }
}
