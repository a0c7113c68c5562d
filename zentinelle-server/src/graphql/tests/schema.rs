//! The whole schema: documented, guarded, resolved; asked by everybody.

use serde_json::{Value, json};

use super::super::contract::{Contract, ROOTS, core, is_list};
use super::super::{NOT_YET, resolvers, sdl};
use super::{PATH, ask};
use crate::auth::Role;
use crate::graphql::ask::Resolvers;
use crate::testing::TestServer;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/schema.graphql");
const REFERENCE: &str = include_str!("../../../../fixtures/graphql/reference.json");

#[test]
fn the_committed_schema_is_up_to_date() {
    let text = sdl();
    if std::env::var_os("ZENTINELLE_GENERATE").is_some() {
        std::fs::write(FILE, &text).expect("written");
    }
    let committed = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(committed == text, "docs/reference/schema.graphql has drifted: run `make generate`");
}

#[test]
fn every_root_field_has_a_guard_and_a_resolver() {
    let contract = Contract::read().expect("the contract is sound");
    let mut known = Resolvers::default();
    resolvers::register(&mut known);
    for root in ROOTS {
        assert!(!contract.fields(root).is_empty(), "{root}");
        for field in contract.fields(root) {
            let name = format!("{root}.{}", field.name.node);
            assert!(contract.guards.contains_key(&name), "{name} has no guard");
            let resolved = known.fields.contains_key(&name) || known.feeds.contains_key(&name);
            assert!(resolved || NOT_YET.contains(&field.name.node.as_str()), "{name} has no resolver");
        }
    }
}

/// Whether a type of ours takes or gives what a documented one does.
fn same_type(ours: &str, documented: &str) -> bool {
    // What the reference made required by mistake may be left out here.
    let documented = documented.split(" = ").next().unwrap_or_default();
    ours == documented || ours == documented.trim_end_matches('!')
}

#[test]
fn the_schema_holds_everything_that_is_documented() {
    let contract = Contract::read().expect("the contract is sound");
    let reference: Value = serde_json::from_str(REFERENCE).expect("JSON");
    let mut looked_at = 0;
    for operation in reference["operations"].as_array().expect("a list") {
        if operation["extra"] == true {
            continue;
        }
        let root = if operation["kind"] == "mutation" { "Mutation" } else { "Query" };
        let name = operation["name"].as_str().expect("a name");
        let field = contract.field(root, name).unwrap_or_else(|| panic!("{root}.{name} is missing"));
        let given = operation["returns"].as_str().expect("a type");
        assert_eq!(field.ty.node.to_string().trim_end_matches('!'), given.trim_end_matches('!'), "{root}.{name}");
        for argument in operation["arguments"].as_array().into_iter().flatten() {
            let (argument, ty) = (argument[0].as_str().expect("a name"), argument[1].as_str().expect("a type"));
            let ours = field.arguments.iter().find(|ours| ours.node.name.node == argument);
            let ours = ours.unwrap_or_else(|| panic!("{root}.{name}({argument}) is missing"));
            let ours = ours.node.ty.node.to_string();
            assert!(same_type(&ours, ty), "{root}.{name}({argument}): {ours}, documented as {ty}");
        }
        looked_at += 1;
    }
    assert_eq!(looked_at, 129);
}

/// A value for an argument that must be given.
fn value(contract: &Contract, ty: &async_graphql_parser::types::Type) -> String {
    use async_graphql_parser::types::TypeKind;
    let one = match core(ty) {
        "ID" | "UUID" => "\"0198a000-0000-7000-8000-000000000001\"".to_owned(),
        "String" => "\"x\"".to_owned(),
        "Int" => "1".to_owned(),
        "Float" => "1.0".to_owned(),
        "Boolean" => "true".to_owned(),
        "DateTime" => "\"2026-01-01T00:00:00Z\"".to_owned(),
        "Date" => "\"2026-01-01\"".to_owned(),
        "JSON" => "{}".to_owned(),
        name => match contract.types.get(name).map(|known| &known.kind) {
            Some(TypeKind::Enum(values)) => values.values[0].node.value.node.to_string(),
            Some(TypeKind::InputObject(input)) => {
                let needed = input.fields.iter().filter(|field| !field.node.ty.node.nullable);
                let fields =
                    needed.map(|field| format!("{}: {}", field.node.name.node, value(contract, &field.node.ty.node)));
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
            _ => panic!("no value for {name}"),
        },
    };
    if is_list(ty) { format!("[{one}]") } else { one }
}

/// What can be selected of a type: its plain fields, and those of the objects within.
pub(super) fn selection(contract: &Contract, name: &str, depth: usize) -> String {
    let mut parts = Vec::new();
    for field in contract.fields(name) {
        if field.arguments.iter().any(|argument| !argument.node.ty.node.nullable) {
            continue;
        }
        let under = core(&field.ty.node);
        if !contract.is_object(under) {
            parts.push(field.name.node.to_string());
        } else if depth > 0 {
            let inner = selection(contract, under, depth - 1);
            if !inner.is_empty() {
                parts.push(format!("{} {inner}", field.name.node));
            }
        }
    }
    if parts.is_empty() { String::new() } else { format!("{{ {} }}", parts.join(" ")) }
}

/// A document that asks one root field for all it has.
fn document(contract: &Contract, root: &str, field: &str) -> String {
    let field = contract.field(root, field).expect("a field");
    let needed = field.arguments.iter().filter(|argument| !argument.node.ty.node.nullable);
    let arguments: Vec<String> = needed
        .map(|argument| format!("{}: {}", argument.node.name.node, value(contract, &argument.node.ty.node)))
        .collect();
    let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    let under = core(&field.ty.node);
    let selected = if contract.is_object(under) { selection(contract, under, 2) } else { String::new() };
    format!("{} {{ {}{arguments} {selected} }}", root.to_lowercase(), field.name.node)
}

fn codes(answer: &Value) -> Vec<String> {
    let errors = answer["errors"].as_array().into_iter().flatten();
    errors.map(|error| error["extensions"]["code"].as_str().unwrap_or("-").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_root_field_admits_whom_its_guard_says_and_nobody_else() {
    let server = TestServer::sqlite().await;
    let contract = Contract::read().expect("the contract is sound");
    let mut keys = Vec::new();
    for role in Role::ALL {
        keys.push((role, server.operator(role).await));
    }
    let agent = server.agent("an-agent").await;
    let mut asked = 0;
    for root in ["Query", "Mutation"] {
        for field in contract.fields(root) {
            let name = format!("{root}.{}", field.name.node);
            let guard = &contract.guards[&name];
            let text = document(&contract, root, &field.name.node);
            let answer = ask(&server, "", &text, json!({})).await;
            assert_eq!(codes(&answer), ["UNAUTHENTICATED"], "{name} without a key: {answer:#}");
            let answer = ask(&server, &agent, &text, json!({})).await;
            assert_eq!(codes(&answer), ["FORBIDDEN"], "{name} as an agent: {answer:#}");
            for (role, key) in &keys {
                let admitted = *role >= guard.least;
                // A change that is admitted would change what the others meet.
                if admitted && root == "Mutation" {
                    continue;
                }
                let answer = ask(&server, key, &text, json!({})).await;
                let refused = codes(&answer).contains(&"FORBIDDEN".to_owned());
                assert_eq!(refused, !admitted, "{name} as {}: {answer:#}", role.name());
                let fine = ["FORBIDDEN", "NOT_IMPLEMENTED", "NOT_FOUND", "INVALID_REQUEST", "INVALID_POLICY"];
                let odd: Vec<_> = codes(&answer).into_iter().filter(|code| !fine.contains(&code.as_str())).collect();
                assert!(odd.is_empty(), "{name} as {}: {answer:#}", role.name());
                asked += 1;
            }
        }
    }
    assert!(asked > 300, "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_of_this_api_is_refused_in_its_words() {
    let server = TestServer::configured(|config| config.graphql.max_depth = 4).await;
    let key = server.operator(Role::Admin).await;
    let refused = async |body: Value| {
        let (_, answer) = server.post(PATH, &key, body).await;
        codes(&answer).join(",")
    };
    assert_eq!(refused(json!([{ "query": "{ me { id } }" }])).await, "INVALID_REQUEST");
    assert_eq!(refused(json!({ "query": "{ me { id }" })).await, "GRAPHQL_PARSE_FAILED");
    assert_eq!(refused(json!({ "query": "{ me { nothing } }" })).await, "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(refused(json!({ "query": "{ agentsPage { nodes { agentGroup { id } } } }" })).await, "");
    let deep = "{ agentsPage { nodes { sessions { sessionId } } pageInfo { endCursor } } alertsPage { nodes { endpoint { agentGroup { id } } } } }";
    assert_eq!(refused(json!({ "query": deep })).await, "TOO_COMPLEX");
    let costly = "{ a: agentsPage(first: 200) { nodes { sessions(first: 200) { sessionId decisions } } } }";
    assert_eq!(refused(json!({ "query": costly })).await, "TOO_COMPLEX");
    let spread = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }";
    assert_ne!(refused(json!({ "query": spread })).await, "");
    assert_eq!(refused(json!({ "query": "{ agentsPage(first: 201) { totalCount } }" })).await, "INVALID_REQUEST");
    assert_eq!(refused(json!({ "query": "{ agentGroup(id: \"x\") { id } }" })).await, "INVALID_REQUEST");
    let nul = json!({ "query": "{ find(text: \"a\\u0000\") { id } }" });
    assert_eq!(refused(nul).await, "INVALID_REQUEST");
    let (status, answer) = server.post(PATH, "zk_nobody_nothing", json!({ "query": "{ me { id } }" })).await;
    assert_eq!((status.as_u16(), codes(&answer).join(",")), (401, "UNAUTHENTICATED".to_owned()), "{answer:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_the_schema_where_that_is_switched_off() {
    let server = TestServer::configured(|config| config.graphql.introspection = false).await;
    let key = server.operator(Role::Admin).await;
    let answer = ask(&server, &key, "{ __schema { types { name } } }", json!({})).await;
    assert!(answer["data"]["__schema"]["types"].is_null(), "{answer:#}");
    assert_eq!(server.get(PATH, "").await.0.as_u16(), 404);
}
