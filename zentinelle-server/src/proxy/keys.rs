//! The tenants' own keys for upstreams: opened once and kept in memory until they change.

use zentinelle_core::ids::TenantId;
use zentinelle_core::scope::ScopeChain;
use zeroize::Zeroizing;

use super::refusal::Refusal;
use crate::app::App;
use crate::auth::AgentFacts;
use crate::sealing::SealContext;
use crate::service::agent_secrets::scope_of;
use crate::service::cached::PerTenant;
use crate::service::secrets::Kind;
use crate::store::StoreError;
use crate::store::secrets as store;
use zentinelle_core::scope::Scope;

/// Most keys a tenant has for upstreams.
const MOST: u64 = 1_000;

/// The opened keys of each tenant.
#[derive(Debug)]
pub(crate) struct ProviderKeys(PerTenant<Vec<ProviderKey>>);

/// One key of a tenant.
pub(crate) struct ProviderKey {
    upstream: String,
    scope: Scope,
    /// None: it does not open, which must not be passed over for another.
    key: Option<Zeroizing<String>>,
}

impl ProviderKeys {
    /// None is known yet.
    pub(crate) fn new() -> Self {
        Self(PerTenant::new())
    }

    /// The key an agent's calls to an upstream use, if its tenant keeps one for it.
    pub(crate) async fn of(
        &self,
        app: &App,
        agent: &AgentFacts,
        upstream: &str,
    ) -> Result<Option<Zeroizing<String>>, Refusal> {
        let tenant = &agent.agent.tenant_id;
        let known = self.0.get(tenant, || load(app, tenant)).await?;
        let chain = ScopeChain::new(&agent.agent, None);
        let mine = known.iter().find(|key| key.upstream == upstream && chain.is_covered_by(&key.scope));
        match mine.map(|mine| &mine.key) {
            None => Ok(None),
            Some(Some(key)) => Ok(Some(key.clone())),
            Some(None) => {
                let message = format!("the key kept for `{upstream}` does not open");
                Err(Refusal::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "no_api_key", message))
            }
        }
    }

    /// Forgets every key after a change.
    pub(crate) fn changed(&self) {
        self.0.changed();
    }
}

async fn load(app: &App, tenant: &TenantId) -> Result<Vec<ProviderKey>, StoreError> {
    let rows = store::list(app.store.db(), tenant, Kind::Provider.name(), None, MOST).await?;
    let active = rows.into_iter().filter(|row| row.active);
    Ok(active
        .filter_map(|row| {
            let scope = scope_of(&row.scope_level, row.scope_id.as_deref())?;
            let opened = app.keys.open(&SealContext { tenant, kind: &row.kind, name: &row.name }, &row.sealed);
            let key = opened.ok().and_then(|text| text.expose_text().map(|text| Zeroizing::new(text.to_owned())));
            if key.is_none() {
                tracing::error!(%tenant, upstream = row.name, "a sealed key for a provider does not open");
            }
            Some(ProviderKey { upstream: row.name, scope, key })
        })
        .collect())
}
