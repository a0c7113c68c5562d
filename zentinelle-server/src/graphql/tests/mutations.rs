//! Every change is made at least once, on both databases, and by nobody of another organisation.

use serde_json::{Value, json};

use super::super::NOT_YET;
use super::super::contract::{Contract, core};
use super::schema::selection;
use super::world::{self, Ids, filled};
use super::{ask, data};
use crate::auth::Role;
use crate::clock;
use crate::service::totp;
use crate::testing::TestServer;

/// What a call is expected to say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Says {
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
pub(super) type Call = (&'static str, &'static str, Says, Option<(&'static str, &'static str)>);

pub(super) const CALLS: &[Call] = &[
    ("updateOrganizationSettings", r#"settings: { name: "Acme", defaultPolicyMode: "permit" }"#, Done, None),
    ("updateOrganizationSettings", r#"settings: { slackNotifications: true }"#, Refused, None),
    ("updateNotification", r#"id: "{notification}", status: "read""#, Done, None),
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
    ("updateEndpointStatus", r#"id: "{agent}", status: "active""#, Done, None),
    ("regenerateEndpointApiKey", r#"id: "{agent}""#, Done, None),
    ("createAgentGroup", r#"name: "Team", tier: "standard""#, Done, Some(("group", "/group/id"))),
    (
        "updateAgentGroup",
        r##"id: "{group}", name: "Team A", description: "d", tier: "trusted", color: "#fff""##,
        Done,
        None,
    ),
    ("assignAgentToGroup", r#"agentId: "{agent}", groupId: "{group}""#, Done, None),
    ("setAgents", r#"ids: ["{agent}"], groupId: "{group}""#, Done, None),
    ("removeAgentFromGroup", r#"agentId: "{agent}""#, Done, None),
    ("deleteAgentGroup", r#"id: "{group}""#, Done, None),
    (
        "createPolicy",
        r#"input: { name: "Kept", policyType: "tool_permission", config: { denied_tools: ["nc"] } }"#,
        Done,
        Some(("policy0", "/policy/id")),
    ),
    (
        "createPolicy",
        r#"input: { name: "Tools", policyType: "tool_permission", config: { denied_tools: ["shell"] } }"#,
        Done,
        Some(("policy", "/policy/id")),
    ),
    (
        "createPolicy",
        r#"input: { name: "Own", policyType: "tool_permission", scopeType: "endpoint", scopeEndpointId: "{agent}", config: { denied_tools: ["rm"] } }"#,
        Done,
        None,
    ),
    ("updatePolicy", r#"input: { id: "{policy}", priority: 5, enforcement: "audit" }"#, Done, None),
    ("togglePolicyEnabled", r#"id: "{policy}""#, Done, None),
    ("duplicatePolicy", r#"id: "{policy}""#, Done, None),
    (
        "validatePolicy",
        r#"input: { id: "{policy}", name: "x", policyType: "tool_permission", config: { denied_tools: ["shell"] } }"#,
        Done,
        None,
    ),
    ("validatePolicy", r#"input: { name: "x", policyType: "tool_permission", config: { denied: 1 } }"#, Refused, None),
    ("restorePolicy", r#"id: "{policy}", version: 1"#, Done, None),
    (
        "importPolicies",
        r#"document: "policies:\n  - name: Imported\n    type: tool_permission\n    config: { denied_tools: [rm] }\n", dryRun: true"#,
        Done,
        None,
    ),
    ("setPolicies", r#"ids: ["{policy}"], enabled: true"#, Done, None),
    ("deletePolicy", r#"id: "{policy}""#, Done, None),
    (
        "saveAlertRule",
        r#"name: "Many", kind: "denials", config: { threshold: 5, window_minutes: 60 }, severity: "high""#,
        Done,
        Some(("rule", "/id")),
    ),
    (
        "saveAlertRule",
        r#"id: "{rule}", name: "More", kind: "denials", config: { threshold: 6, window_minutes: 60 }, severity: "low""#,
        Done,
        None,
    ),
    ("deleteAlertRule", r#"id: "{rule}""#, Done, None),
    ("acknowledgeComplianceAlert", r#"id: "{nobody}""#, Refused, None),
    ("acknowledgeComplianceAlert", r#"id: "{alert}""#, Done, None),
    ("resolveComplianceAlert", r#"id: "{alert}", notes: "n""#, Done, None),
    ("dismissComplianceAlert", r#"id: "{alert2}""#, Done, None),
    ("setAlerts", r#"ids: ["{alert3}"], status: "resolved""#, Done, None),
    ("approveAction", r#"id: "{approval}""#, Done, None),
    ("denyAction", r#"id: "{approval2}""#, Done, None),
    (
        "createContentRule",
        r#"input: { name: "Secrets", ruleType: "secret_detection", severity: "high", enforcement: "block", config: {} }"#,
        Done,
        Some(("content", "/ruleId")),
    ),
    (
        "createContentRule",
        r#"input: { name: "Own", ruleType: "secret_detection", scopeType: "endpoint", scopeEndpointId: "{agent}", config: {} }"#,
        Done,
        None,
    ),
    ("updateContentRule", r#"id: "{content}", input: { id: "{nobody}", severity: "low" }"#, Refused, None),
    ("updateContentRule", r#"id: "{content}", input: { id: "{content}", severity: "critical" }"#, Done, None),
    ("toggleContentRuleEnabled", r#"id: "{content}""#, Done, None),
    ("duplicateContentRule", r#"id: "{content}""#, Done, None),
    ("testContentRule", r#"id: "{content}", content: "hello""#, Done, None),
    ("deleteContentRule", r#"id: "{content}""#, Done, None),
    (
        "createRisk",
        r#"input: { name: "Keys leak", description: "", policyIds: ["{policy0}"], endpointIds: ["{agent}"] }"#,
        Done,
        Some(("risk", "/riskId")),
    ),
    (
        "createIncident",
        r#"input: { title: "Struck", description: "d", relatedRiskId: "{risk}", deploymentId: "eu", affectedUser: "ada", affectedUserCount: 3 }"#,
        Done,
        Some(("struck", "/incidentId")),
    ),
    ("createIncident", r#"input: { title: "t", description: "d", relatedRiskId: "{nobody}" }"#, Refused, None),
    (
        "createIncident",
        r#"input: { title: "Leak", description: "d", severity: "high", endpointId: "{agent}", tags: ["a"] }"#,
        Done,
        Some(("incident", "/incidentId")),
    ),
    ("updateIncident", r#"id: "{incident}", input: { id: "{nobody}", rootCause: "r" }"#, Refused, None),
    (
        "updateIncident",
        r#"id: "{incident}", input: { id: "{incident}", rootCause: "r", incidentType: "data_leak", relatedRiskId: "{risk}" }"#,
        Done,
        None,
    ),
    ("updateRisk", r#"id: "{risk}", input: { id: "{nobody}", status: "assessed" }"#, Refused, None),
    (
        "updateRisk",
        r#"id: "{risk}", input: { id: "{risk}", policyIds: ["{policy0}"], endpointIds: ["{agent}"], incidentIds: ["{incident}"] }"#,
        Done,
        None,
    ),
    ("updateRisk", r#"id: "{risk}", input: { status: "assessed" }"#, Done, None),
    (
        "createRisk",
        r#"input: { name: "Other", description: "", incidentIds: ["{incident}"] }"#,
        Done,
        Some(("risk2", "/riskId")),
    ),
    ("reviewRisk", r#"id: "{risk}""#, Done, None),
    ("deleteRisk", r#"id: "{risk2}""#, Done, None),
    ("addIncidentEvidence", r#"id: "{incident}", kind: "note", reference: "r""#, Done, None),
    ("acknowledgeIncident", r#"id: "{incident}""#, Done, None),
    ("assignIncident", r#"id: "{incident}", assigneeId: "ada""#, Done, None),
    ("commentIncident", r#"id: "{incident}", body: "looking""#, Done, None),
    ("setIncidents", r#"ids: ["{incident}"], status: "mitigating""#, Done, None),
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
        r#"input: { name: "Case 1", entityTypes: ["events"], userIdentifiers: ["ada"], holdType: "litigation", expirationDate: "2999-01-01", custodianEmail: "law@example.com", notificationEmails: ["a@example.com"] }"#,
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
    ("saveWebhook", r#"id: "{webhook}", name: "ops", url: "http://127.0.0.1:9/hook", events: ["alert"]"#, Done, None),
    ("testWebhook", r#"id: "{webhook}""#, Done, None),
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
    ("togglePromptFavorite", r#"promptId: "{prompt}""#, Done, None),
    ("rateSystemPrompt", r#"promptId: "{prompt}", rating: 5, review: "good""#, Done, None),
    ("rateSystemPrompt", r#"promptId: "{prompt}", rating: 9, review: "good""#, Refused, None),
    ("testSystemPrompt", r#"systemPrompt: "Be kind.", userMessage: "hello""#, Done, None),
    ("analyzeSystemPrompt", r#"promptText: "Be kind.""#, Done, None),
    ("deleteSystemPrompt", r#"id: "{prompt}""#, Done, None),
    ("saveView", r#"page: "agents", name: "mine", query: "?a=1""#, Done, Some(("view", "/id"))),
    ("saveView", r#"id: "{view}", page: "agents", name: "mine", query: "?a=2""#, Done, None),
    ("deleteView", r#"id: "{nobody}""#, Refused, None),
    ("deleteView", r#"id: "{view}""#, Done, None),
    ("setAnomaly", r#"id: "{anomaly}", status: "dismissed""#, Done, None),
    ("setModelApproval", r#"modelId: "{model}", status: "approved""#, Done, None),
    ("createUser", r#"email: "new@example.com", name: "New", role: VIEWER"#, Done, Some(("user", "/user/id"))),
    ("createUser", r#"email: "nobody", name: "New", role: VIEWER"#, Refused, None),
    ("updateUser", r#"id: "{user}", role: OPERATOR"#, Done, None),
    ("resetPassword", r#"id: "{user}""#, Done, None),
    ("listCompliancePacks", "", Done, None),
    ("activateCompliancePack", r#"packId: "soc2""#, Done, None),
    ("activateCompliancePack", r#"packId: "nothing""#, Refused, None),
    ("toggleFramework", r#"frameworkId: "CCPA""#, Done, None),
    ("runComplianceCheck", "", Done, None),
    ("assignGap", r#"frameworkId: "SOC2", controlId: "CC6.1", owner: "ada", dueDate: "2999-01-01""#, Done, None),
    ("assignGap", r#"frameworkId: "SOC2", controlId: "nothing", owner: "ada""#, Refused, None),
    ("generateComplianceReport", r#"frameworkId: "SOC2""#, Done, None),
    ("requestReport", r#"kind: "risk", format: "csv""#, Done, None),
    ("requestReport", r#"kind: "risk", format: "oscal""#, Refused, None),
    ("deleteAgentEndpoint", r#"id: "{agent}""#, Done, None),
];

/// What people do for themselves, signed in. `{before}` and `{code}` are one-time codes.
pub(super) const PERSONAL: &[Call] = &[
    ("setNotificationPreferences", "email: true", Done, None),
    ("beginTotp", "", Done, Some(("uri", "/uri"))),
    ("confirmTotp", r#"code: "000000""#, Refused, None),
    ("confirmTotp", r#"code: "{before}""#, Done, Some(("lost", "/recoveryCodes/0"))),
    ("renewRecoveryCodes", r#"code: "{code}""#, Done, Some(("recovery", "/recoveryCodes/0"))),
    ("disableTotp", r#"code: "{lost}""#, Refused, None),
    ("disableTotp", r#"code: "{recovery}""#, Done, None),
    ("changePassword", r#"current: "correct horse battery", new: "another horse entirely""#, Done, None),
    ("revokeSession", r#"id: "{session}""#, Done, None),
];

#[test]
fn no_change_is_left_untried() {
    let contract = Contract::read().expect("the contract is sound");
    for field in contract.fields("Mutation") {
        let name = field.name.node.as_str();
        let tried = CALLS.iter().chain(PERSONAL).any(|(call, _, says, _)| *call == name && *says == Done);
        assert!(tried || NOT_YET.contains(&name), "{name} is never made");
    }
}

/// What a call asks for, all of what it answers selected.
fn document(contract: &Contract, name: &str, arguments: &str, ids: &Ids) -> String {
    let field = contract.field("Mutation", name).expect("a change");
    let arguments = filled(arguments, ids);
    let arguments = if arguments.is_empty() { arguments } else { format!("({arguments})") };
    format!("mutation {{ {name}{arguments} {} }}", selection(contract, core(&field.ty.node), 1))
}

/// Checks what a call says, and keeps what it made.
fn said(call: &Call, answer: &Value, ids: &mut Ids) {
    let (name, _, says, makes) = call;
    let payload = &data(answer)[*name];
    let success = payload["success"].as_bool().unwrap_or(true);
    let expected = *says == Either || success == (*says == Done);
    assert!(expected, "{call:?}: {payload:#}");
    assert_eq!(payload["errors"].as_array().is_none_or(Vec::is_empty), success, "{name}: {payload:#}");
    if let Some((what, pointer)) = makes {
        let id = payload.pointer(pointer).and_then(Value::as_str);
        ids.insert(what, id.unwrap_or_else(|| panic!("{name}: {payload:#}")).to_owned());
    }
}

/// Whether an answer says that something was changed.
fn changed(name: &str, answer: &Value) -> bool {
    let payload = &answer["data"][name];
    if answer.get("errors").is_some() || payload.is_null() {
        return false;
    }
    payload["changed"].as_u64().map_or(payload["success"] == true, |changed| changed > 0)
}

async fn every_change_is_made(server: TestServer) {
    let contract = Contract::read().expect("the contract is sound");
    let (key, spy) = (server.operator(Role::Admin).await, world::spy(&server).await);
    let mut ids = world::left_behind(&server).await;
    let model = json!({ "provider": "acme", "model": "m-1" });
    let (_, made) = server.post("/api/zentinelle/v1/models", &key, model).await;
    ids.insert("model", made["id"].as_str().expect("an id").to_owned());
    for call in CALLS {
        let (name, arguments, ..) = call;
        if NOT_YET.contains(name) {
            continue;
        }
        let query = document(&contract, name, arguments, &ids);
        // Validating changes nothing, and looks at nothing but the draft.
        if arguments.contains("\"{") && *name != "validatePolicy" {
            let answer = ask(&server, &spy, &query, json!({})).await;
            assert!(!changed(name, &answer), "{call:?} is made by another organisation: {answer:#}");
        }
        said(call, &ask(&server, &key, &query, json!({})).await, &mut ids);
    }
}

async fn people_do_for_themselves(server: TestServer) {
    let contract = Contract::read().expect("the contract is sound");
    let (cookie, id) = world::person(&server, "jane@example.com", Role::Viewer).await;
    let (other, _) = world::person(&server, "joe@example.com", Role::Viewer).await;
    let mut ids = Ids::new();
    let sessions = world::ask_as(&server, &cookie, "{ sessions { id userId } }").await;
    let own = data(&sessions)["sessions"].as_array().expect("a list").iter().find(|one| one["userId"] == id);
    ids.insert("session", own.expect("a session")["id"].as_str().expect("an id").to_owned());
    for call in PERSONAL {
        let (name, arguments, ..) = call;
        if let Some(uri) = ids.get("uri").cloned() {
            let now = clock::now_micros();
            ids.insert("before", totp::code(&uri, now - 30_000_000));
            ids.insert("code", totp::code(&uri, now));
        }
        let query = document(&contract, name, arguments, &ids);
        if *name == "revokeSession" {
            let answer = world::ask_as(&server, &other, &query).await;
            assert!(!changed(name, &answer), "somebody else ends the session: {answer:#}");
        }
        said(call, &world::ask_as(&server, &cookie, &query).await, &mut ids);
    }
    let after = world::ask_as(&server, &cookie, "{ me { name } }").await;
    assert_eq!(after["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{after:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_do_for_themselves_on_sqlite() {
    people_do_for_themselves(TestServer::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_do_for_themselves_on_postgresql() {
    people_do_for_themselves(TestServer::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_made_on_sqlite() {
    every_change_is_made(TestServer::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_made_on_postgresql() {
    every_change_is_made(TestServer::postgres().await).await;
}
