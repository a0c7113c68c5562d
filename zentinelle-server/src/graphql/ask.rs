//! What a resolver is asked with, and the register of resolvers.
//!
//! A resolver takes its arguments as a typed struct and answers anything that serialises with
//! camelCase keys; plain fields of an object are then read from it by their names.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::dataloader::DataLoader;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _};
use hashbrown::{HashMap, HashSet};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zentinelle_core::ids::TenantId;

use super::batch::{Batch, Key};
use crate::app::App;
use crate::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract;

/// One question to a resolver.
#[derive(Clone)]
pub(crate) struct Ask {
    /// The server.
    pub(crate) app: Arc<App>,
    /// Who asks; the guard admitted them.
    pub(crate) caller: Caller,
    /// The object a nested field belongs to; null for a root field.
    pub(crate) parent: Arc<Value>,
    /// Loads many things of a kind with one statement.
    pub(crate) loader: Arc<DataLoader<Batch>>,
    /// The fields that are selected of the answer.
    pub(crate) selected: Arc<HashSet<String>>,
}

impl Ask {
    /// Whose data it is about.
    pub(crate) fn tenant(&self) -> &TenantId {
        &self.caller.tenant
    }

    /// The database.
    pub(crate) fn db(&self) -> &sea_orm::DatabaseConnection {
        self.app.store.db()
    }

    /// A text of the parent object; empty when it has none.
    pub(crate) fn of_parent(&self, key: &str) -> &str {
        self.parent.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Loads one thing of a kind, together with whatever else is asked for at the same time.
    pub(crate) async fn load(&self, kind: &'static str, id: &str) -> Result<Value, ApiError> {
        if id.is_empty() {
            return Ok(Value::Null);
        }
        let key = Key { kind, tenant: self.caller.tenant.clone(), id: id.to_owned() };
        match self.loader.load_one(key).await {
            Ok(found) => Ok(found.unwrap_or_default()),
            Err(error) => Err(ApiError::Internal(format!("{kind} could not be loaded: {error:?}"))),
        }
    }
}

/// What a resolver answers.
pub(crate) type Answer = BoxFuture<'static, Result<Value, ApiError>>;
/// What a subscription answers.
pub(crate) type Feed = BoxStream<'static, Result<Value, ApiError>>;
type Resolver = Arc<dyn Fn(Ask, Value) -> Answer + Send + Sync>;
type Subscriber = Arc<dyn Fn(Ask, Value) -> BoxFuture<'static, Result<Feed, ApiError>> + Send + Sync>;
pub(crate) type Batched = Arc<
    dyn Fn(Arc<App>, TenantId, Vec<String>) -> BoxFuture<'static, Result<HashMap<String, Value>, ApiError>>
        + Send
        + Sync,
>;

/// Every resolver there is.
#[derive(Default)]
pub(crate) struct Resolvers {
    /// By `Type.field`.
    pub(crate) fields: BTreeMap<String, Resolver>,
    /// By `Subscription.field`.
    pub(crate) feeds: BTreeMap<String, Subscriber>,
    /// By the kind of thing that is loaded.
    pub(crate) batches: HashMap<&'static str, Batched>,
}

impl Resolvers {
    /// Answers a field of a type.
    pub(crate) fn field<A, R, F, Fut>(&mut self, parent: &str, name: &str, resolver: F)
    where
        A: DeserializeOwned + Send + 'static,
        R: Serialize + 'static,
        F: Fn(Ask, A) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<R, ApiError>> + Send + 'static,
    {
        let answer = move |ask: Ask, arguments: Value| -> Answer {
            let resolver = resolver.clone();
            async move {
                let arguments: A = extract::read(arguments)?;
                let answer = resolver(ask, arguments).await?;
                serde_json::to_value(answer).map_err(|error| ApiError::Internal(error.to_string()))
            }
            .boxed()
        };
        self.fields.insert(format!("{parent}.{name}"), Arc::new(answer));
    }

    /// Answers a query.
    pub(crate) fn query<A, R, F, Fut>(&mut self, name: &str, resolver: F)
    where
        A: DeserializeOwned + Send + 'static,
        R: Serialize + 'static,
        F: Fn(Ask, A) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<R, ApiError>> + Send + 'static,
    {
        self.field("Query", name, resolver);
    }

    /// Answers a change. What its payload must have besides is filled in: `success`, `errors` …
    pub(crate) fn mutation<A, R, F, Fut>(&mut self, name: &str, resolver: F)
    where
        A: DeserializeOwned + Send + 'static,
        R: Serialize + 'static,
        F: Fn(Ask, A) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<R, ApiError>> + Send + 'static,
    {
        self.field("Mutation", name, resolver);
    }

    /// Answers a subscription.
    pub(crate) fn subscription<A, F, Fut>(&mut self, name: &str, resolver: F)
    where
        A: DeserializeOwned + Send + 'static,
        F: Fn(Ask, A) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Feed, ApiError>> + Send + 'static,
    {
        let feed = move |ask: Ask, arguments: Value| -> BoxFuture<'static, Result<Feed, ApiError>> {
            let resolver = resolver.clone();
            async move { Ok(resolver(ask, extract::read(arguments)?).await?.boxed()) }.boxed()
        };
        self.feeds.insert(format!("Subscription.{name}"), Arc::new(feed));
    }

    /// Loads things of a kind by their ids, many at once.
    pub(crate) fn batch<F, Fut>(&mut self, kind: &'static str, load: F)
    where
        F: Fn(Arc<App>, TenantId, Vec<String>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<HashMap<String, Value>, ApiError>> + Send + 'static,
    {
        self.batches.insert(kind, Arc::new(move |app, tenant, ids| load(app, tenant, ids).boxed()));
    }
}

pub(crate) use crate::store::keyset::Instant;

/// The arguments of a field that takes none.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Nothing {}

/// An id as clients write it. A text that is no id names nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) String);

impl<'de> serde::Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(deserializer)? {
            Value::String(text) => crate::http::listing::canonical(&text).unwrap_or(text),
            other => other.to_string(),
        }))
    }
}

impl Id {
    /// The id, if the text can be one of a `what`.
    pub(crate) fn known(&self, what: &'static str) -> Result<&str, ApiError> {
        match crate::http::listing::canonical(&self.0) {
            Some(_) => Ok(&self.0),
            None => Err(ApiError::NotFound { what }),
        }
    }
}

/// `{ id }`.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct ById {
    /// Which one; none asks for nothing.
    #[serde(default)]
    pub(crate) id: Id,
}

/// Nothing instead of an error where a thing does not exist.
pub(crate) fn optional<T>(found: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.status() == axum::http::StatusCode::NOT_FOUND => Ok(None),
        Err(error) => Err(error),
    }
}
