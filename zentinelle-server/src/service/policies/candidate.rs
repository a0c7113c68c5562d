//! Policies as they would be: the present ones with some added, changed or taken away.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use zentinelle_core::ids::{AgentId, PolicyId, TenantId};
use zentinelle_core::wire::{Defaults, RequestDocument};
use zentinelle_core::{Agent, Decision, Engine, Policy, PolicySet, Request};

use super::{documents, draft};
use crate::app::App;
use crate::clock;
use crate::http::error::ApiError;
use crate::snapshot::Snapshot;
use crate::store::policies as store;

/// The longest id of an agent. Unit: characters.
const MOST_AGENT_ID: usize = 255;
/// What the version of a candidate set is called in decisions.
const VERSION: &str = "candidate";

/// A change that somebody considers. Nothing of it is kept.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = PolicyCandidate)]
pub(crate) struct Candidate {
    /// One policy to add, or to change when its `id` is known.
    #[schema(value_type = Option<Object>)]
    policy: Option<Value>,
    /// More of them.
    #[schema(value_type = Vec<Object>)]
    upsert: Vec<Value>,
    /// Ids of policies to take away.
    remove: Vec<String>,
    /// Policies to add or change as a document, YAML or JSON.
    documents: Option<String>,
    /// Whether the candidate consists of the named policies alone.
    replace_all: bool,
}

/// The present policies and the candidate ones, in the order of their creation.
#[derive(Debug)]
pub(crate) struct Sets {
    /// The snapshot that decides now.
    pub(crate) snapshot: Arc<Snapshot>,
    /// The policies as they would be.
    pub(crate) candidate: Vec<Policy>,
    /// The ids of those that the candidate adds or changes.
    pub(crate) touched: Vec<PolicyId>,
}

impl Sets {
    /// An engine over the candidate policies.
    pub(crate) fn engine(&self, app: &App, tenant: &TenantId) -> Engine {
        let set = PolicySet::compile(tenant.clone(), VERSION, self.candidate.clone());
        app.snapshots.engine(tenant, set, &self.snapshot.settings)
    }
}

impl Candidate {
    /// Checks the candidate and puts it beside what there is.
    pub(crate) async fn sets(self, app: &App, tenant: &TenantId) -> Result<Sets, ApiError> {
        let snapshot = app.snapshots.get(tenant).await?;
        let mut written = Vec::new();
        for (index, value) in self.policy.into_iter().chain(self.upsert).enumerate() {
            let read = draft::faults_of(value, tenant).map_err(|mut faults| {
                faults.iter_mut().for_each(|fault| fault.pointer = format!("/{index}{}", fault.pointer));
                ApiError::Policies(faults)
            });
            written.push(read?);
        }
        if let Some(text) = &self.documents {
            written.extend(documents::read(text, tenant).map_err(ApiError::Policies)?);
        }
        let rows = store::all(app.store.db(), tenant).await?;
        let present = rows.into_iter().map(store::to_core).collect::<Result<Vec<Policy>, _>>()?;
        for id in &self.remove {
            if !present.iter().any(|policy| policy.id.as_str() == id) {
                return Err(ApiError::NotFound { what: "policy to remove" });
            }
        }
        let mut candidate: Vec<Policy> = if self.replace_all { Vec::new() } else { present.clone() };
        candidate.retain(|policy| !self.remove.iter().any(|id| policy.id.as_str() == id));
        let mut touched = Vec::new();
        for (index, written) in written.iter().enumerate() {
            let mut policy = written.to_policy(tenant);
            let named = |other: &&Policy| match &written.id {
                Some(id) => other.id == *id,
                None => other.name == policy.name,
            };
            let known = present.iter().find(named).map(|known| known.id.clone());
            policy.id = match (known, &written.id) {
                (Some(id), _) => id,
                (None, Some(id)) => id.clone(),
                (None, None) => PolicyId::new(format!("candidate-{}", index + 1)),
            };
            touched.push(policy.id.clone());
            match candidate.iter_mut().find(|other| other.id == policy.id) {
                Some(other) => *other = policy,
                None => candidate.push(policy),
            }
        }
        Ok(Sets { snapshot, candidate, touched })
    }
}

/// A question with two answers.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The request.
    pub(crate) request: Request,
    /// What is decided now.
    pub(crate) before: Decision,
    /// What the candidate would decide.
    pub(crate) after: Decision,
    /// Whether the agent is registered; if not, it was taken as the request describes it.
    pub(crate) agent_known: bool,
}

/// Asks both sets. Totals are read as they stand; nothing is spent and nothing recorded.
pub(crate) async fn ask(app: &App, tenant: &TenantId, sets: &Sets, asked: RequestDocument) -> Result<Asked, ApiError> {
    let named = asked.agent_id.clone().or_else(|| match &asked.agent {
        Some(zentinelle_core::wire::AgentDocument::Id(id)) => Some(id.clone()),
        _ => None,
    });
    if let Some(id) = &named {
        crate::service::fields::text("request.agent_id", id.as_str(), MOST_AGENT_ID)?;
    }
    let defaults = Defaults { tenant_id: tenant.clone(), agent_id: AgentId::new("dry-run"), now: clock::now() };
    let described = matches!(asked.agent, Some(zentinelle_core::wire::AgentDocument::Facts(_)));
    let mut request = asked.into_request(&defaults).map_err(|errors| {
        let fault = |error: &zentinelle_core::PolicyError| {
            let pointer = format!("/request{}", error.pointer());
            draft::fault(error.code().as_str(), &pointer, error.message(), error.help())
        };
        ApiError::Policies(errors.iter().map(fault).collect())
    })?;
    if request.agent.tenant_id != *tenant {
        return Err(ApiError::ForeignTenant);
    }
    let mut agent_known = false;
    if let (false, Some(id)) = (described, named)
        && let Some(facts) = app.directory.agent(tenant, &id).await?
    {
        agent_known = true;
        request.agent = facts.agent.clone();
        request.baseline = request.baseline.or_else(|| facts.baseline.clone());
    }
    request.dry_run = true;
    request.reservation = None;
    let before = decide(app, sets, &sets.snapshot.engine, &request).await;
    let after = decide(app, sets, &sets.engine(app, tenant), &request).await;
    Ok(Asked { request, before, after, agent_known })
}

async fn decide(app: &App, sets: &Sets, engine: &Engine, request: &Request) -> Decision {
    // What the organisation's registry of models denies, no policy permits.
    if let Some(refused) = sets.snapshot.refusal(request) {
        return refused;
    }
    let assessment = engine.assess(request);
    // Of a dry run, the batch only looks.
    let outcome = match assessment.batch() {
        Some(batch) => Some(app.ledger.apply(batch).await),
        None => None,
    };
    assessment.conclude(outcome)
}

/// An agent that no row describes.
pub(crate) fn stranger(tenant: &TenantId, id: &str) -> Arc<Agent> {
    Arc::new(Agent::new(tenant.clone(), id))
}
