//! The management API, asked over HTTP.

mod frame;
mod governance;
mod held;
mod live;
mod mutations;
mod pages;
mod schema;
mod subscriptions;
mod tenancy;
mod trial;
mod world;

use serde_json::{Value, json};

use crate::testing::TestServer;

/// Where the API is.
const PATH: &str = "/gql/zentinelle/";

/// Asks with a key.
async fn ask(server: &TestServer, key: &str, query: &str, variables: Value) -> Value {
    let (_, answer) = server.post(PATH, key, json!({ "query": query, "variables": variables })).await;
    answer
}

/// The data of an answer that has no errors.
fn data(answer: &Value) -> &Value {
    assert!(answer.get("errors").is_none(), "{answer:#}");
    &answer["data"]
}
