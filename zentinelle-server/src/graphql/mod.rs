//! The management API: GraphQL under `/gql/zentinelle/`.
//!
//! The schema files in `schema/` are the contract. At the start they are read ([`contract`]); with the
//! first request they are joined with the resolvers ([`resolvers`]) and built into what is served
//! ([`load`]). A root field without a guard or a resolver fails that, and the tests. Who may ask is
//! decided in [`guard`] and nowhere else; how much, in [`limits`].

pub(crate) mod ask;
mod batch;
mod contract;
mod error;
mod guard;
mod limits;
mod listeners;
mod load;
pub(crate) mod page;
mod payload;
mod resolvers;
mod scalars;
pub(crate) mod transport;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, OnceLock};

use async_graphql::dataloader::DataLoader;
use async_graphql::dynamic::Schema;
use async_graphql::{Data, Executor, Request, Response, ServerError};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use self::ask::Resolvers;
use self::batch::Batch;
use self::contract::Contract;
pub(crate) use self::contract::ContractError;
use self::limits::Limits;
use self::listeners::Listeners;
use crate::app::App;
use crate::auth::Permission;
use crate::config;

/// Root fields of the contract whose subject is still being built. They answer with the code
/// `NOT_IMPLEMENTED`. A field with a resolver is answered, whether it stands here or not.
const NOT_YET: &[&str] = resolvers::NOT_YET;

/// The management API of a server.
pub(crate) struct GraphQl {
    /// What is served. It is large and takes a while, and a server of agents may never be asked.
    schema: OnceLock<Result<Schema, ContractError>>,
    contract: Arc<Contract>,
    resolvers: Resolvers,
    limits: Limits,
    /// The open subscriptions.
    listeners: Listeners,
    /// Whether clients may ask for the schema.
    pub(crate) introspection: bool,
}

impl fmt::Debug for GraphQl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GraphQl")
    }
}

impl GraphQl {
    /// Reads the contract and gathers the resolvers.
    pub(crate) fn new(config: &config::GraphQl) -> Result<Self, ContractError> {
        let contract = Arc::new(Contract::read()?);
        let mut resolvers = Resolvers::default();
        resolvers::register(&mut resolvers);
        let limits = Limits { depth: config.max_depth as usize, complexity: config.max_complexity.into() };
        let (schema, listeners) = (OnceLock::new(), Listeners::default());
        Ok(Self { schema, contract, resolvers, limits, listeners, introspection: config.introspection })
    }

    fn schema(&self) -> Result<&Schema, &ContractError> {
        let built = || load::schema(&self.contract, &self.resolvers, self.introspection);
        self.schema.get_or_init(built).as_ref()
    }

    /// The schema as a document, with who may ask what.
    fn document(&self) -> Result<String, &ContractError> {
        let options = async_graphql::SDLExportOptions::new().use_space_ident();
        let guard = "\"Who may ask: the permission a key needs, and the least role of a person.\"\n\
                     directive @guard(may: String!, least: Role!) on FIELD_DEFINITION\n\n";
        Ok(format!("{guard}{}", self.schema()?.sdl_with_options(options)))
    }

    /// How many subscriptions are open at this server.
    #[cfg(test)]
    pub(crate) fn open_subscriptions(&self) -> u32 {
        self.listeners.count()
    }

    /// Who may ask which root field.
    pub(crate) fn guards(&self) -> impl Iterator<Item = &contract::Guard> {
        self.contract.guards.values()
    }

    /// Every permission that some root field asks for.
    pub(crate) fn permissions(&self) -> impl Iterator<Item = &Permission> {
        self.contract.permissions()
    }
}

/// The schema as a document, for clients and for a look at what changed.
pub(crate) fn sdl() -> String {
    let told = |error: &ContractError| format!("# {error}\n");
    match GraphQl::new(&config::GraphQl::default()) {
        Ok(graphql) => graphql.document().unwrap_or_else(told),
        Err(error) => told(&error),
    }
}

/// What all fields of one request share.
#[derive(Clone)]
struct Shared {
    app: Arc<App>,
    loader: Arc<DataLoader<Batch>>,
}

/// Runs requests on a server: limits first, then the fields.
#[derive(Clone)]
pub(crate) struct Runner(pub(crate) Arc<App>);

impl Runner {
    /// What runs the request, and the request with what its fields share; or why it is not run.
    fn prepared(&self, mut request: Request) -> Result<(&Schema, Request), Box<Response>> {
        let refuse = |message: String, code: &str| {
            let mut error = ServerError::new(message, None);
            error.extensions.get_or_insert_default().set("code", code);
            Box::new(Response::from_errors(vec![error]))
        };
        let graphql = &self.0.graphql;
        let schema = graphql.schema().map_err(|error| {
            tracing::error!(%error, "the management API cannot be built");
            refuse("the server failed".to_owned(), "INTERNAL_ERROR")
        })?;
        let variables = request.variables.clone();
        let document = match request.parsed_query() {
            Ok(document) => document,
            Err(error) => return Err(refuse(error.message.clone(), "GRAPHQL_PARSE_FAILED")),
        };
        if let Err(exceeded) = limits::check(&graphql.contract, graphql.limits, document, &variables) {
            return Err(refuse(exceeded.to_string(), "TOO_COMPLEX"));
        }
        let loader = Arc::new(DataLoader::new(Batch { app: self.0.clone() }, tokio::spawn));
        Ok((schema, request.data(Shared { app: self.0.clone(), loader })))
    }
}

impl Executor for Runner {
    async fn execute(&self, request: Request) -> Response {
        match self.prepared(request) {
            Ok((schema, request)) => coded(schema.execute(request).await),
            Err(refused) => *refused,
        }
    }

    fn execute_stream(&self, request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        match self.prepared(request) {
            Ok((schema, request)) => {
                schema.execute_stream_with_session_data(request, session.unwrap_or_default()).map(coded).boxed()
            }
            Err(refused) => futures_util::stream::once(async { *refused }).boxed(),
        }
    }
}

/// Gives every error a code: what has none by now is a fault of the document.
fn coded(mut response: Response) -> Response {
    for error in &mut response.errors {
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            if error.message.starts_with("internal:") {
                tracing::error!(message = error.message, path = ?error.path, "a resolver broke the contract");
                "the server failed".clone_into(&mut error.message);
                extensions.set("code", "INTERNAL_ERROR");
            } else {
                extensions.set("code", "GRAPHQL_VALIDATION_FAILED");
            }
        }
    }
    response
}
