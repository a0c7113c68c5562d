//! A whole server in the test's own process, spoken to without a socket.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use sea_orm::{EntityTrait as _, Set};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use zentinelle_core::ids::{AgentId, TenantId};

use crate::app::App;
use crate::auth::key::KeyKind;
use crate::auth::{Caller, Role};
use crate::clock;
use crate::config::Config;
use crate::http::router::Routes;
use crate::jobs::Workers;
use crate::sealing::MasterKeys;
use crate::server::Server;
use crate::service::keys::{self, NewKey};
use crate::service::tenants;
use crate::store::Store;
use crate::store::entities::{agent, policy};

/// Master keys that are the same in every test.
pub(crate) fn master_keys() -> MasterKeys {
    MasterKeys::parse("test:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").expect("sound keys")
}

/// A server over a fresh database, with keys for every kind of caller.
pub(crate) struct TestServer {
    /// Its parts.
    pub(crate) app: Arc<App>,
    /// Its tenant.
    pub(crate) tenant: TenantId,
    routes: Routes,
    _directory: tempfile::TempDir,
}

impl TestServer {
    /// On SQLite in memory.
    pub(crate) async fn sqlite() -> Self {
        Self::over(crate::store::testing::sqlite().await).await
    }

    /// On a fresh PostgreSQL database.
    pub(crate) async fn postgres() -> Self {
        Self::over(crate::store::testing::postgres().await).await
    }

    /// On SQLite in memory, with a configuration of its own.
    pub(crate) async fn configured(configure: impl FnOnce(&mut Config)) -> Self {
        Self::with(crate::store::testing::sqlite().await, configure).await
    }

    /// Over a database that is there.
    pub(crate) async fn over(store: Store) -> Self {
        Self::with(store, |_| {}).await
    }

    /// Over a database that is there, with a configuration of its own.
    pub(crate) async fn with(store: Store, configure: impl FnOnce(&mut Config)) -> Self {
        let tenant = TenantId::new(tenants::STANDALONE);
        tenants::ensure(&store, &tenant, "Test organisation").await.expect("a tenant");
        let directory = tempfile::tempdir().expect("a directory");
        let mut config = Config { data_dir: directory.path().to_owned(), ..Config::default() };
        // A test may ask more often than a client should.
        config.throttle.enabled = false;
        config.webhooks.allow = vec!["127.0.0.1".to_owned()];
        configure(&mut config);
        let server = Server::over(store, master_keys(), &config).await.expect("a server");
        Self { app: server.app.clone(), tenant, routes: server.routes(), _directory: directory }
    }

    /// Another server over the same database: a replica, or this one after a restart.
    pub(crate) async fn another(&self) -> Self {
        Self::with(self.app.store.clone(), |_| {}).await
    }

    /// Begins the background work of a running server.
    pub(crate) fn work(&self) -> Workers {
        Workers::start(&self.app, &self.app.config.jobs)
    }

    /// A key of a kind for this server's tenant.
    pub(crate) async fn key(&self, new: NewKey) -> String {
        self.key_of(&self.tenant, new).await
    }

    /// A key of a kind for any tenant.
    pub(crate) async fn key_of(&self, tenant: &TenantId, new: NewKey) -> String {
        let txn = self.app.store.begin().await.expect("a transaction");
        let caller = Caller::local(tenant.clone());
        let issued = keys::issue(&txn, self.app.directory.hasher(), &caller, new).await.expect("a key");
        txn.commit().await.expect("committed");
        issued.key.text.to_string()
    }

    /// The key of an operator with a role.
    pub(crate) async fn operator(&self, role: Role) -> String {
        self.key(NewKey { role: Some(role), ..NewKey::new(KeyKind::Operator, role.name()) }).await
    }

    /// An active agent and its key.
    pub(crate) async fn agent(&self, id: &str) -> String {
        let now = clock::now_micros();
        let row = agent::ActiveModel {
            tenant_id: Set(self.tenant.as_str().to_owned()),
            id: Set(clock::new_id()),
            agent_id: Set(id.to_owned()),
            name: Set(id.to_owned()),
            description: Set(String::new()),
            agent_type: Set("custom".to_owned()),
            status: Set("active".to_owned()),
            health: Set("unknown".to_owned()),
            capabilities: Set(json!([])),
            metadata: Set(json!({})),
            config: Set(json!({})),
            sub_organization_id: Set(None),
            deployment_id: Set(None),
            group_id: Set(None),
            enrolled_by: Set(None),
            registered_at: Set(now),
            last_heartbeat_at: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
        };
        agent::Entity::insert(row).exec_without_returning(self.app.store.db()).await.expect("an agent");
        self.key(NewKey { agent_id: Some(AgentId::new(id)), ..NewKey::new(KeyKind::Agent, id) }).await
    }

    /// A policy for the whole organisation, in force when this returns.
    pub(crate) async fn policy(&self, policy_type: &str, config: Value) -> String {
        self.policy_at("organization", None, policy_type, config).await
    }

    /// A policy for one user, in force when this returns.
    pub(crate) async fn user_policy(&self, user: &str, policy_type: &str, config: Value) -> String {
        self.policy_at("user", Some(user.to_owned()), policy_type, config).await
    }

    async fn policy_at(&self, level: &str, id_there: Option<String>, policy_type: &str, config: Value) -> String {
        let id = clock::new_id();
        let now = clock::now_micros();
        let row = policy::ActiveModel {
            tenant_id: Set(self.tenant.as_str().to_owned()),
            id: Set(id.clone()),
            name: Set(format!("test {policy_type}")),
            description: Set(String::new()),
            policy_type: Set(policy_type.to_owned()),
            scope_level: Set(level.to_owned()),
            scope_id: Set(id_there),
            config: Set(config),
            priority: Set(0),
            enabled: Set(true),
            enforcement: Set("enforce".to_owned()),
            inheritance: Set("replace".to_owned()),
            version: Set(1),
            source: Set("api".to_owned()),
            created_by: Set("test".to_owned()),
            created_at: Set(now),
            updated_at: Set(now),
        };
        let txn = self.app.store.begin().await.expect("a transaction");
        policy::Entity::insert(row).exec_without_returning(&txn).await.expect("a policy");
        crate::store::tenants::bump_revision(&txn, &self.tenant).await.expect("a tenant");
        txn.commit().await.expect("committed");
        self.app.policies_changed(&self.tenant).await;
        id
    }

    /// Waits until the database has everything that was recorded.
    pub(crate) async fn settled(&self) {
        assert!(self.app.recorder.settled(std::time::Duration::from_secs(10)).await, "the journal is drained");
    }

    /// Sends a request; a body of null sends none.
    pub(crate) async fn send(&self, method: Method, path: &str, key: &str, body: Value) -> (StatusCode, Value) {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.send_raw(method, path, key, body).await
    }

    /// Sends a request that names the version it means.
    pub(crate) async fn send_if_match(
        &self,
        method: Method,
        path: &str,
        key: &str,
        version: &str,
        body: Value,
    ) -> StatusCode {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-zentinelle-key", key)
            .header("content-type", "application/json")
            .header("if-match", version)
            .body(Body::from(body.to_string()))
            .expect("a request");
        self.routes.clone().oneshot(request).await.expect("an answer").status()
    }

    /// Sends a body as it is.
    pub(crate) async fn send_raw(&self, method: Method, path: &str, key: &str, body: Vec<u8>) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-zentinelle-key", key)
            .header("content-type", "application/json")
            .body(Body::from(body))
            .expect("a request");
        let response = self.answer(request).await;
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&bytes).into_owned()));
        (status, body)
    }

    /// Listens on a free port of this machine until the test ends.
    pub(crate) async fn listen(&self) -> std::net::SocketAddr {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (app, routes) = (Arc::clone(&self.app), self.routes.clone());
        tokio::spawn(async move {
            let handle = axum_server::Handle::new();
            crate::http::listener::serve(&app, listener, routes, &app.config, handle).await
        });
        address
    }

    /// Asks until the answer is the expected one: records are written behind the answers.
    pub(crate) async fn eventually<T: PartialEq + std::fmt::Debug>(&self, expected: T, ask: impl AsyncFn() -> T) {
        for _ in 0..1_000 {
            if ask().await == expected {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(ask().await, expected);
    }

    /// Sends a request as it is.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response {
        self.routes.clone().oneshot(request).await.expect("an answer")
    }

    /// Sends a POST.
    pub(crate) async fn post(&self, path: &str, key: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, key, body).await
    }

    /// Sends a GET.
    pub(crate) async fn get(&self, path: &str, key: &str) -> (StatusCode, Value) {
        self.send(Method::GET, path, key, Value::Null).await
    }
}
