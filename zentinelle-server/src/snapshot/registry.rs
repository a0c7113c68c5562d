//! The models an organisation denied in its registry: no call of them is permitted, whatever its
//! policies say.
//!
//! They are a `model_restriction` policy of their own, in an engine of its own that is asked before
//! the policies. Beside the policies it would be one of them, and an agent no policy is about would
//! be permitted everything but these models, where the organisation wants such agents denied.
//!
//! A name that is denied with one vendor is denied with all: who a call's vendor is, the agent says
//! itself. Records and replies name the policy like any other, with the code
//! `model_restriction.model_blocked`.

use serde_json::json;
use zentinelle_core::ids::TenantId;
use zentinelle_core::{Decision, Engine, Policy, PolicySet, Request};

/// What decisions call it.
const ID: &str = "model-registry";
const NAME: &str = "Model registry: denied models";

/// The denied models of one tenant.
#[derive(Debug)]
pub(crate) struct Registry(Engine);

impl Registry {
    /// The denied models by their names; none when nothing is denied.
    pub(super) fn new(tenant: &TenantId, version: &str, denied: &[String]) -> Option<Self> {
        if denied.is_empty() {
            return None;
        }
        let mut policy = Policy::new(ID, tenant.clone(), "model_restriction", json!({ "blocked_models": denied }));
        policy.name = NAME.to_owned();
        Some(Self(Engine::new(PolicySet::compile(tenant.clone(), version, vec![policy]))))
    }

    /// The decision on a request that is about a denied model; none on any other.
    pub(crate) fn refusal(&self, request: &Request) -> Option<Decision> {
        // It counts nothing, so there is nothing to commit.
        Some(self.0.assess(request).conclude(None)).filter(|decision| !decision.is_permitted())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{Method, StatusCode};
    use serde_json::{Value, json};

    use crate::auth::Role;
    use crate::testing::TestServer;

    const EVALUATE: &str = "/api/zentinelle/v1/evaluate";

    async fn models_are_denied(server: TestServer) {
        let (operator, agent) = (server.operator(Role::Operator).await, server.agent("builder").await);
        let ask = |model: &str| json!({ "action": "llm:invoke", "context": { "model": model, "provider": "acme" } });
        let allowed = async |model: &str| {
            let (status, answer) = server.post(EVALUATE, &agent, ask(model)).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
            answer
        };
        let new = json!({ "provider": "acme", "model": "m-1", "approval": "denied" });
        let (_, made) = server.post("/api/zentinelle/v1/models", &operator, new).await;
        // Nothing else was decided about the agent: there is no policy for it, and that still denies.
        assert_eq!(allowed("m-2").await["allowed"], false);
        server.policy("tool_permission", json!({ "denied_tools": ["shell"] })).await;
        assert_eq!(allowed("m-2").await["allowed"], true);
        for model in ["m-1", "M-1", "acme/m-1"] {
            let answer = allowed(model).await;
            assert_eq!(answer["allowed"], false, "{model}: {answer}");
            assert_eq!(answer["policies_evaluated"][0]["code"], "model_restriction.model_blocked", "{answer}");
            assert_eq!(answer["policies_evaluated"][0]["name"], super::NAME, "{answer}");
        }
        let (_, said) =
            server.post("/api/zentinelle/v1/policies/dry-run", &operator, json!({ "request": ask("m-1") })).await;
        assert_ne!(said["after"]["allowed"], true, "{said}");
        let path = format!("/api/zentinelle/v1/models/{}", made["id"].as_str().expect("an id"));
        server.send(Method::PATCH, &path, &operator, json!({ "approval": "approved" })).await;
        assert_eq!(allowed("m-1").await["allowed"], true);
        server.send(Method::PATCH, &path, &operator, json!({ "approval": "denied" })).await;
        assert_eq!(allowed("m-1").await["allowed"], false);
        server.send(Method::DELETE, &path, &operator, Value::Null).await;
        assert_eq!(allowed("m-1").await["allowed"], true);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_denied_model_is_denied_until_it_no_longer_is_on_sqlite() {
        models_are_denied(TestServer::sqlite().await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_denied_model_is_denied_until_it_no_longer_is_on_postgresql() {
        models_are_denied(TestServer::postgres().await).await;
    }
}
