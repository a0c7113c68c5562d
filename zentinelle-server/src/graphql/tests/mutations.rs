//! Every change is made at least once, on both databases.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::NOT_YET;
use super::super::contract::{Contract, core};
use super::schema::selection;
use super::{ask, data};
use crate::auth::Role;
use crate::testing::TestServer;

/// What a call is expected to say.
#[derive(Clone, Copy, PartialEq)]
enum Says {
    /// It was made.
    Done,
    /// It cannot be made here, and the payload says why.
    Refused,
    /// Whichever of the two.
    Either,
}
use Says::{Done, Either, Refused};

/// A change, its arguments with names in braces for what earlier ones made, and what it makes:
/// a name, and where in the payload it stands.
type Call = (&'static str, &'static str, Says, Option<(&'static str, &'static str)>);

const CALLS: &[Call] = &[
    ("updateOrganizationSettings", r#"settings: { name: "Acme", defaultPolicyMode: "permit" }"#, Done, None),
    ("updateOrganizationSettings", r#"settings: { slackNotifications: true }"#, Refused, None),
    ("updateNotification", r#"id: "{nobody}", status: "read""#, Refused, None),
    ("markAllNotificationsRead", "", Done, None),
    (
        "createAgentEndpoint",
        r#"input: { name: "Bot", agentType: "custom", agentId: "bot", capabilities: ["chat"] }"#,
        Done,
        Some(("agent", "/endpoint/id")),
    ),
    ("createAgentEndpoint", r#"input: { name: "Bot", agentType: "custom", agentId: "bot" }"#, Refused, None),
    ("updateAgentEndpoint", r#"input: { id: "{agent}", name: "Robot", agentType: "langchain" }"#, Done, None),
    ("suspendAgentEndpoint", r#"id: "{agent}""#, Done, None),
    ("activateAgentEndpoint", r#"id: "{agent}""#, Done, None),
    ("updateEndpointStatus", r#"id: "bot", status: "active""#, Either, None),
    ("regenerateEndpointApiKey", r#"id: "{agent}""#, Done, None),
    ("createAgentGroup", r#"name: "Team", tier: "standard""#, Done, Some(("group", "/group/id"))),
    (
        "updateAgentGroup",
        r##"id: "{group}", name: "Team A", description: "d", tier: "trusted", color: "#fff""##,
        Done,
        None,
    ),
    ("assignAgentToGroup", r#"agentId: "{agent}", groupId: "{group}""#, Done, None),
    ("setAgents", r#"ids: ["{agent}", "{nobody}"], groupId: "{group}""#, Either, None),
    ("removeAgentFromGroup", r#"agentId: "{agent}""#, Done, None),
    ("deleteAgentGroup", r#"id: "{group}""#, Done, None),
    (
        "createPolicy",
        r#"input: { name: "Tools", policyType: "tool_permission", config: { denied_tools: ["shell"] } }"#,
        Done,
        Some(("policy", "/policy/id")),
    ),
    ("updatePolicy", r#"input: { id: "{policy}", priority: 5, enforcement: "audit" }"#, Done, None),
    ("togglePolicyEnabled", r#"id: "{policy}""#, Done, None),
    ("duplicatePolicy", r#"id: "{policy}""#, Done, None),
    ("validatePolicy", r#"input: { name: "x", policyType: "tool_permission", config: { denied: 1 } }"#, Refused, None),
    ("restorePolicy", r#"id: "{policy}", version: 1"#, Done, None),
    (
        "importPolicies",
        r#"document: "policies:\n  - name: Imported\n    type: tool_permission\n    config: { denied_tools: [rm] }\n", dryRun: true"#,
        Done,
        None,
    ),
    ("setPolicies", r#"ids: ["{policy}"], enabled: true"#, Either, None),
    ("deletePolicy", r#"id: "{policy}""#, Done, None),
    (
        "saveAlertRule",
        r#"name: "Many", kind: "denials", config: { threshold: 5, window_minutes: 60 }, severity: "high""#,
        Done,
        Some(("rule", "/id")),
    ),
    ("deleteAlertRule", r#"id: "{rule}""#, Done, None),
    ("acknowledgeComplianceAlert", r#"id: "{nobody}""#, Refused, None),
    ("resolveComplianceAlert", r#"id: "{nobody}", notes: "n""#, Refused, None),
    ("dismissComplianceAlert", r#"id: "{nobody}""#, Refused, None),
    ("setAlerts", r#"ids: ["{nobody}"], status: "resolved""#, Either, None),
    ("approveAction", r#"id: "{nobody}""#, Refused, None),
    ("denyAction", r#"id: "{nobody}""#, Refused, None),
    (
        "createContentRule",
        r#"input: { name: "Secrets", ruleType: "secret_detection", severity: "high", enforcement: "block", config: {} }"#,
        Done,
        Some(("content", "/ruleId")),
    ),
    ("updateContentRule", r#"id: "{content}", input: { id: "{content}", severity: "critical" }"#, Done, None),
    ("toggleContentRuleEnabled", r#"id: "{content}""#, Done, None),
    ("duplicateContentRule", r#"id: "{content}""#, Done, None),
    ("testContentRule", r#"id: "{content}", content: "hello""#, Done, None),
    ("deleteContentRule", r#"id: "{content}""#, Done, None),
    (
        "createIncident",
        r#"input: { title: "Leak", description: "d", severity: "high", endpointId: "{agent}", tags: ["a"] }"#,
        Done,
        Some(("incident", "/incidentId")),
    ),
    ("updateIncident", r#"id: "{incident}", input: { id: "{incident}", rootCause: "r" }"#, Done, None),
    ("acknowledgeIncident", r#"id: "{incident}""#, Done, None),
    ("assignIncident", r#"id: "{incident}", assigneeId: "ada""#, Done, None),
    ("commentIncident", r#"id: "{incident}", body: "looking""#, Done, None),
    ("setIncidents", r#"ids: ["{incident}"], status: "mitigating""#, Either, None),
    ("resolveIncident", r#"id: "{incident}", resolution: "mended""#, Done, None),
    ("closeIncident", r#"id: "{incident}", lessonsLearned: "l""#, Done, None),
    ("exportAuditLogs", r#"format: "csv", startDate: "2026-01-01", endDate: "2026-12-31""#, Done, None),
    (
        "createRetentionPolicy",
        r#"input: { name: "Events", entityType: "events", retentionDays: 30, complianceRequirement: "gdpr" }"#,
        Done,
        Some(("retention", "/policyId")),
    ),
    ("updateRetentionPolicy", r#"input: { id: "{retention}", retentionDays: 60 }"#, Done, None),
    ("toggleRetentionPolicyEnabled", r#"id: "{retention}""#, Done, None),
    ("deleteRetentionPolicy", r#"id: "{retention}""#, Done, None),
    (
        "createLegalHold",
        r#"input: { name: "Case 1", entityTypes: ["events"], userIdentifiers: ["ada"] }"#,
        Done,
        Some(("hold", "/holdId")),
    ),
    ("updateLegalHold", r#"input: { id: "{hold}", description: "still" }"#, Done, None),
    ("deleteLegalHold", r#"id: "{hold}""#, Refused, None),
    ("releaseLegalHold", r#"id: "{hold}""#, Done, None),
    ("deleteLegalHold", r#"id: "{hold}""#, Done, None),
    ("createPlatformApiKey", r#"name: "ci", scopes: ["policies:read"]"#, Done, Some(("key", "/keyId"))),
    ("createEnrolmentToken", r#"name: "enrol""#, Done, None),
    ("revokeApiKey", r#"id: "{key}""#, Done, None),
    ("deleteApiKey", r#"id: "{key}""#, Done, None),
    ("saveProviderKey", r#"name: "openai", provider: "openai", key: "sk-test-1234567890""#, Done, None),
    ("deleteProviderKey", r#"name: "openai""#, Done, None),
    (
        "saveWebhook",
        r#"name: "ops", url: "http://127.0.0.1:9/hook", events: []"#,
        Done,
        Some(("webhook", "/webhook/id")),
    ),
    ("testWebhook", r#"id: "{webhook}""#, Either, None),
    ("deleteWebhook", r#"id: "{webhook}""#, Done, None),
    (
        "createSystemPrompt",
        r#"input: { name: "Greeter", promptText: "Be kind to {{name}}." }"#,
        Done,
        Some(("prompt", "/prompt/id")),
    ),
    ("updateSystemPrompt", r#"id: "{prompt}", input: { promptText: "Be kind." }"#, Done, None),
    ("restorePrompt", r#"id: "{prompt}", version: 1"#, Done, None),
    ("forkSystemPrompt", r#"id: "{prompt}""#, Done, None),
    ("togglePromptFavorite", r#"promptId: "{prompt}""#, Either, None),
    ("rateSystemPrompt", r#"promptId: "{prompt}", rating: 5, review: "good""#, Either, None),
    ("testSystemPrompt", r#"systemPrompt: "Be kind.", userMessage: "hello""#, Either, None),
    ("analyzeSystemPrompt", r#"promptText: "Be kind.""#, Either, None),
    ("deleteSystemPrompt", r#"id: "{prompt}""#, Done, None),
    ("saveView", r#"page: "agents", name: "mine", query: "?a=1""#, Either, None),
    ("deleteView", r#"id: "{nobody}""#, Either, None),
    ("setAnomaly", r#"id: "{nobody}", status: "dismissed""#, Either, None),
    ("addIncidentEvidence", r#"id: "{incident}", kind: "note", reference: "r""#, Either, None),
    ("setModelApproval", r#"modelId: "{nobody}", status: "approved""#, Either, None),
    ("deleteAgentEndpoint", r#"id: "{agent}""#, Done, None),
];

/// Changes whose subjects have tests of their own beside them.
const ELSEWHERE: &[&str] = &[
    "createUser",
    "updateUser",
    "resetPassword",
    "changePassword",
    "beginTotp",
    "confirmTotp",
    "disableTotp",
    "revokeSession",
    "listCompliancePacks",
    "activateCompliancePack",
    "toggleFramework",
    "runComplianceCheck",
    "generateComplianceReport",
    "requestReport",
    "createRisk",
    "updateRisk",
    "reviewRisk",
    "deleteRisk",
    "createSystemPrompt",
    "updateSystemPrompt",
    "deleteSystemPrompt",
    "forkSystemPrompt",
    "togglePromptFavorite",
    "rateSystemPrompt",
    "testSystemPrompt",
    "analyzeSystemPrompt",
    "restorePrompt",
    "saveView",
    "deleteView",
    "addIncidentEvidence",
    "setAnomaly",
    "setModelApproval",
];

#[test]
fn no_change_is_left_untried() {
    let contract = Contract::read().expect("the contract is sound");
    for field in contract.fields("Mutation") {
        let name = field.name.node.as_str();
        let tried = CALLS.iter().any(|(call, ..)| *call == name);
        assert!(tried || ELSEWHERE.contains(&name) || NOT_YET.contains(&name), "{name} is never called");
    }
}

async fn every_change_is_made(server: TestServer) {
    let contract = Contract::read().expect("the contract is sound");
    let key = server.operator(Role::Admin).await;
    let mut made: BTreeMap<&str, String> = BTreeMap::new();
    made.insert("nobody", "0198a000-0000-7000-8000-000000000001".to_owned());
    for (name, arguments, says, makes) in CALLS {
        if NOT_YET.contains(name) {
            continue;
        }
        let field = contract.field("Mutation", name).expect("a change");
        let mut arguments = (*arguments).to_owned();
        for (what, id) in &made {
            arguments = arguments.replace(&format!("{{{what}}}"), id);
        }
        let arguments = if arguments.is_empty() { arguments } else { format!("({arguments})") };
        let selected = selection(&contract, core(&field.ty.node), 1);
        let answer = ask(&server, &key, &format!("mutation {{ {name}{arguments} {selected} }}"), json!({})).await;
        let payload = &data(&answer)[name];
        let success = payload["success"].as_bool().unwrap_or(true);
        let expected = *says == Either || success == (*says == Done);
        assert!(expected, "{name}{arguments}: {payload:#}");
        assert_eq!(payload["errors"].as_array().is_none_or(Vec::is_empty), success, "{name}: {payload:#}");
        if let Some((what, pointer)) = makes {
            let id = payload.pointer(pointer).and_then(Value::as_str);
            made.insert(what, id.unwrap_or_else(|| panic!("{name}: {payload:#}")).to_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_made_on_sqlite() {
    every_change_is_made(TestServer::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_made_on_postgresql() {
    every_change_is_made(TestServer::postgres().await).await;
}
