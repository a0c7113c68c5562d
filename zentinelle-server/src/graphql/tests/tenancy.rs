//! Nobody is shown what belongs to another organisation, whichever id they ask by.

use async_graphql_parser::types::TypeKind;
use serde_json::json;

use super::super::contract::{Contract, core};
use super::ask;
use super::mutations::{CALLS, PERSONAL};
use super::schema::selection;
use super::world::{self, MARK, filled};
use crate::auth::Role;
use crate::testing::TestServer;

/// A question by an id, with names in braces for what another organisation has.
const QUESTIONS: &[(&str, &str)] = &[
    ("events", r#"endpointId: "{agent}""#),
    ("eventsPage", r#"filter: { endpointId: "{agent}" }"#),
    ("eventsByCorrelation", r#"correlationId: "tenant-a-batch""#),
    ("interactionLogs", r#"endpointId: "{agent}""#),
    ("interactionLog", r#"id: "{interaction}""#),
    ("interactionsPage", r#"filter: { endpointId: "{agent}" }"#),
    ("endpoint", r#"id: "{agent}""#),
    ("agentGroup", r#"id: "{group}""#),
    ("agentsPage", r#"filter: { groupId: "{group}" }"#),
    ("complianceAlert", r#"id: "{alert}""#),
    ("approvalsPage", r#"filter: { endpointId: "{agent}" }"#),
    ("approval", r#"id: "{approval}""#),
    ("auditLogs", r#"resourceId: "{policy}""#),
    ("contentRule", r#"id: "{content}""#),
    ("contentScans", r#"endpointId: "{agent}""#),
    ("contentScan", r#"id: "{scan}""#),
    ("contentScansPage", r#"filter: { endpointId: "{agent}" }"#),
    ("contentViolationsPage", r#"filter: { endpointId: "{agent}" }"#),
    ("decisionsPage", r#"filter: { endpointId: "{agent}" }"#),
    ("decisionsPage", r#"filter: { policyId: "{policy}" }"#),
    ("decision", r#"id: "{decision}""#),
    ("timeline", r#"correlationId: "tenant-a-batch""#),
    ("incident", r#"id: "{incident}""#),
    ("incidentsPage", r#"filter: { endpointId: "{agent}" }"#),
    ("incidentsPage", r#"filter: { agentId: "tenant-a-agent" }"#),
    ("apiKey", r#"id: "{key}""#),
    ("aiModel", r#"id: "{model}""#),
    ("modelApproval", r#"id: "{model}""#),
    ("policy", r#"id: "{policy}""#),
    ("policyRevisions", r#"policyId: "{policy}""#),
    ("policyDiff", r#"id: "{policy}", from: 1, to: 2"#),
    ("effectivePolicies", r#"endpointId: "{agent}""#),
    ("effectiveLadder", r#"endpointId: "{agent}""#),
    ("policyExport", r#"ids: ["{policy}"]"#),
    (
        "policyImpact",
        r#"input: { id: "{policy}", name: "x", policyType: "tool_permission", config: { denied_tools: ["search"] } }"#,
    ),
    ("systemPrompt", r#"id: "{prompt}""#),
    ("promptVersions", r#"id: "{prompt}""#),
    ("promptDiff", r#"id: "{prompt}", from: 1, to: 2"#),
    ("retentionPolicy", r#"id: "{retention}""#),
    ("legalHold", r#"id: "{hold}""#),
    ("risk", r#"id: "{risk}""#),
];

/// Ids of what every organisation has alike, or of what is only named: where, and why.
const NOBODYS: &[(&str, &str, &str)] = &[
    ("endpoints", "deploymentId", "a deployment is a name that agents say, no object"),
    ("effectivePolicies", "deploymentId", "a deployment is a name that agents say, no object"),
    ("createIncident", "deploymentId", "a deployment is a name that agents say, no object"),
    ("updateIncident", "deploymentId", "a deployment is a name that agents say, no object"),
    ("createRetentionPolicy", "deploymentId", "a deployment is a name that agents say, no object"),
    ("updateRetentionPolicy", "deploymentId", "a deployment is a name that agents say, no object"),
    ("createContentRule", "scopeDeploymentId", "a deployment is a name that agents say, no object"),
    ("framework", "id", "frameworks are built in"),
    ("aiProvider", "id", "vendors are built in"),
    ("promptCategory", "id", "categories are built in"),
    ("createSystemPrompt", "categoryId", "categories are built in"),
    ("createSystemPrompt", "tagIds", "tags are built in"),
    ("updateSystemPrompt", "categoryId", "categories are built in"),
    ("updateSystemPrompt", "tagIds", "tags are built in"),
];

/// The arguments by which a root field takes ids, those within inputs included.
fn ids_of(contract: &Contract, root: &str, field: &str) -> Vec<String> {
    let field = contract.field(root, field).expect("a field");
    let mut found = Vec::new();
    for argument in &field.arguments {
        let name = core(&argument.node.ty.node);
        match contract.types.get(name).map(|known| &known.kind) {
            Some(TypeKind::InputObject(input)) => {
                let within = input.fields.iter().filter(|field| matches!(core(&field.node.ty.node), "ID" | "UUID"));
                found.extend(within.map(|field| field.node.name.node.to_string()));
            }
            _ if matches!(name, "ID" | "UUID") => found.push(argument.node.name.node.to_string()),
            _ => {}
        }
    }
    found
}

#[test]
fn every_field_that_takes_an_id_is_asked_with_a_foreign_one() {
    let contract = Contract::read().expect("the contract is sound");
    let mut cases: Vec<(&str, &str)> = QUESTIONS.to_vec();
    cases.extend(CALLS.iter().chain(PERSONAL).map(|(name, arguments, ..)| (*name, *arguments)));
    let mut looked_at = 0;
    for root in ["Query", "Mutation"] {
        for field in contract.fields(root) {
            let name = field.name.node.as_str();
            for id in ids_of(&contract, root, name) {
                let exempt = NOBODYS.iter().any(|(field, argument, _)| *field == name && *argument == id);
                let asked = |(field, arguments): &(&str, &str)| {
                    *field == name
                        && [format!("{id}: \"{{"), format!("{id}: [\"{{")].iter().any(|text| arguments.contains(text))
                };
                assert!(exempt || cases.iter().any(asked), "nobody asks {root}.{name}({id}) with a foreign id");
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 100, "{looked_at}");
}

async fn what_is_asked_by_id_is_ones_own(server: TestServer) {
    let contract = Contract::read().expect("the contract is sound");
    let (key, spy) = (server.operator(Role::Admin).await, world::spy(&server).await);
    let mut ids = world::left_behind(&server).await;
    world::made(&server, &key, &mut ids).await;
    // A second version, so that there is something to compare.
    let change = filled(
        r#"mutation { a: updatePolicy(input: { id: "{policy}", description: "tenant-a words" }) { success }
            b: updateSystemPrompt(id: "{prompt}", input: { promptText: "tenant-a text" }) { success } }"#,
        &ids,
    );
    ask(&server, &key, &change, json!({})).await;
    for (field, arguments) in QUESTIONS {
        let definition = contract.field("Query", field).expect("a question");
        let under = core(&definition.ty.node);
        let selected = if contract.is_object(under) { selection(&contract, under, 1) } else { String::new() };
        let query = format!("{{ {field}({}) {selected} }}", filled(arguments, &ids));
        let own = ask(&server, &key, &query, json!({})).await;
        assert!(own.to_string().contains(MARK), "{field} shows nothing to its own organisation: {own:#}");
        let foreign = ask(&server, &spy, &query, json!({})).await;
        assert!(!foreign["data"].to_string().contains(MARK), "{field} shows another's: {foreign:#}");
        let fine = ["NOT_FOUND", "INVALID_REQUEST", "INVALID_POLICY"];
        for error in foreign["errors"].as_array().into_iter().flatten() {
            let code = error["extensions"]["code"].as_str().unwrap_or("-");
            assert!(fine.contains(&code), "{field}: {foreign:#}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_by_id_is_ones_own_on_sqlite() {
    what_is_asked_by_id_is_ones_own(TestServer::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_by_id_is_ones_own_on_postgresql() {
    what_is_asked_by_id_is_ones_own(TestServer::postgres().await).await;
}
