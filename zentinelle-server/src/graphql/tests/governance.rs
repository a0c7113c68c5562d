//! The risk register, compliance, and what else governs, through the management API.

use sea_orm::EntityTrait as _;
use sea_orm::sea_query::Expr;
use serde_json::{Value, json};

use super::{ask, data};
use crate::auth::Role;
use crate::store::entities::legal_hold;
use crate::store::legal_holds;
use crate::testing::TestServer;

async fn servers() -> [TestServer; 2] {
    [TestServer::sqlite().await, TestServer::postgres().await]
}

#[tokio::test(flavor = "multi_thread")]
async fn risks_are_written_reviewed_linked_and_counted() {
    for server in servers().await {
        let key = server.operator(Role::Admin).await;
        server.agent("builder").await;
        let policy = server.policy("tool_permission", json!({"denied_tools": ["shell"]})).await;
        let incident = "mutation { createIncident(input: { title: \"Leak\", description: \"\" }) { incidentId } }";
        let answer = ask(&server, &key, incident, json!({})).await;
        let incident = data(&answer)["createIncident"]["incidentId"].clone();
        let create = "mutation($input: CreateRiskInput!) { createRisk(input: $input) {
            success riskId errors problems { code message path } } }";
        let wrong = json!({"input": {"name": "Keys leak", "description": "", "likelihood": 4}});
        let answer = ask(&server, &key, create, wrong).await;
        let payload = &data(&answer)["createRisk"];
        assert_eq!((&payload["success"], &payload["problems"][0]["path"]), (&json!(false), &json!(["likelihood"])));
        assert!(payload["errors"][0].as_str().is_some_and(|text| text.contains("1, 2, 3, 5 or 8")), "{payload}");
        let right = json!({"input": {"name": "Keys leak", "description": "", "severity": 8, "likelihood": 5,
            "impact": 8, "residualLikelihood": 1, "owner": "ann", "policyIds": [policy], "incidentIds": [incident],
            "endpointIds": ["builder"], "nextReviewDate": "2026-01-02", "tags": ["keys"]}});
        let answer = ask(&server, &key, create, right).await;
        let id = data(&answer)["createRisk"]["riskId"].clone();
        let query = "query($id: ID) { risk(id: $id) { name riskScore riskLevel residualRiskScore residualRiskLevel
              nextReviewDate ownerName likelihoodDisplay incidentCount policies { id } agents { agentId }
              incidents { id title relatedRiskName risk { id } } }
            risks(riskLevel: \"critical\") { id }
            risksPage(first: 1, filter: { reviewDue: true }, sort: { field: \"name\" }) { totalCount nodes { id } pageInfo { hasNextPage } }
            riskStats { totalRisks openRisks criticalRisks risksByLevel { level count } totalIncidents openIncidents
              incidentsBySeverity { severity count } slaBreachedCount }
            riskOptions { likelihoods { value label } }
            riskTrend(days: 7) { at open mean highest }
            riskMatrix { likelihood impact count } }";
        let answer = ask(&server, &key, query, json!({"id": id})).await;
        let found = data(&answer);
        let risk = &found["risk"];
        assert_eq!(
            (&risk["riskScore"], &risk["riskLevel"], &risk["residualRiskScore"]),
            (&json!(320), &json!("critical"), &json!(64))
        );
        assert_eq!((&risk["policies"][0]["id"], &risk["agents"][0]["agentId"]), (&json!(policy), &json!("builder")));
        assert_eq!(
            (&risk["incidents"][0]["relatedRiskName"], &risk["incidentCount"]),
            (&json!("Keys leak"), &json!(1))
        );
        assert_eq!((&found["risksPage"]["totalCount"], &found["risks"][0]["id"]), (&json!(1), &id));
        assert_eq!(
            (&found["riskStats"]["criticalRisks"], &found["riskStats"]["openIncidents"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(found["riskMatrix"].as_array().map(Vec::len), Some(25));
        let change = "mutation($id: ID!) { reviewRisk(id: $id) { success errors }
            updateRisk(id: $id, input: { id: $id, status: \"closed\" }) { success riskId errors }
            deleteRisk(id: $id) { success errors } }";
        let answer = ask(&server, &key, change, json!({"id": id})).await;
        for field in ["reviewRisk", "updateRisk", "deleteRisk"] {
            assert_eq!(data(&answer)[field]["success"], true, "{field}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn activating_a_pack_changes_controls_and_reports_are_asked_for() {
    for server in servers().await {
        let key = server.operator(Role::Admin).await;
        let query = "{ framework(id: \"soc2\") { id name version effectiveFrom source enabled met partial notMet notAssessed
              score status deadlines { date what source }
              controls { id title category required status why advice policyTypes severity
                evidence { kind summary reference observedAt supports } } }
            frameworks { id enabled met }
            compliancePacks { id name version policies activeVersion }
            complianceOverview { capabilitiesEnabled capabilitiesTotal frameworkCoverage { id requiredPercentage missingRequired }
              controlCapabilities { id enabled supportingPolicies supportsFrameworks } }
            complianceStatus { overallScore lastAssessment frameworks { id score controls { id status } }
              recentFindings { id title status foundAt } } }";
        let answer = ask(&server, &key, query, json!({})).await;
        let before = data(&answer).clone();
        assert!(before["frameworks"].as_array().is_some_and(|all| all.len() >= 12), "{before}");
        let packs = |found: &Value| {
            let packs = found["compliancePacks"].as_array().expect("packs").clone();
            packs.into_iter().find(|pack| pack["id"] == "soc2").expect("soc2")["activeVersion"].clone()
        };
        assert_eq!(packs(&before), Value::Null);
        let change = "mutation { activateCompliancePack(packId: \"soc2\") { success policiesCreated packVersion errors }
            runComplianceCheck { success checkId errors }
            toggleFramework(frameworkId: \"CCPA\") { framework { id enabled } errors }
            listCompliancePacks { packs { name policyCount } }
            requestReport(kind: \"compliance_full\", format: \"oscal\") { success report { id kind format status progress } errors { code path } }
            generateComplianceReport(frameworkId: \"SOC2\") { success reportUrl errors }
            wrong: requestReport(kind: \"risk\", format: \"oscal\") { success errors { code path message } } }";
        let answer = ask(&server, &key, change, json!({})).await;
        let changed = data(&answer);
        assert_eq!(changed["activateCompliancePack"]["success"], true, "{changed}");
        assert_eq!(changed["toggleFramework"]["framework"], json!({"id": "CCPA", "enabled": true}));
        assert_eq!(
            (&changed["requestReport"]["report"]["kind"], &changed["wrong"]["success"]),
            (&json!("compliance_full"), &json!(false))
        );
        let answer = ask(&server, &key, query, json!({})).await;
        let after = data(&answer);
        assert!(after["framework"]["met"].as_u64() > before["framework"]["met"].as_u64(), "{after}");
        assert_eq!(packs(after), json!("2024-01"));
        assert!(after["complianceStatus"]["recentFindings"].as_array().is_some_and(|all| !all.is_empty()));
        let page = "{ complianceReportsPage(first: 1) { totalCount nodes { id kind progress downloadUrl } pageInfo { hasNextPage } }
            complianceReports { id name framework } }";
        let answer = ask(&server, &key, page, json!({})).await;
        let found = data(&answer);
        assert_eq!(
            (&found["complianceReportsPage"]["totalCount"], &found["complianceReports"][0]["framework"]),
            (&json!(2), &json!("SOC2"))
        );
        let viewer = server.operator(Role::Viewer).await;
        let answer =
            ask(&server, &viewer, "mutation { toggleFramework(frameworkId: \"CCPA\") { errors } }", json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_are_kept_marked_rated_forked_and_analysed() {
    for server in servers().await {
        let key = server.operator(Role::Operator).await;
        let create = "mutation($input: CreateSystemPromptInput!) { createSystemPrompt(input: $input) { success errors
            problems { path } prompt { id slug templateVariables category { slug promptCount } tags { slug tagType }
              renderedPreview(variables: { name: \"Ann\" }) compatibleProviders version } } }";
        let tags = ask(
            &server,
            &key,
            "{ promptTags(tagType: \"format\") { id slug } promptCategories { id slug } }",
            json!({}),
        )
        .await;
        let (tag, category) =
            (data(&tags)["promptTags"][0]["id"].clone(), data(&tags)["promptCategories"][1]["id"].clone());
        let input = json!({"name": "Support desk", "promptText": "You are {{name}}. Never promise refunds.",
            "categoryId": category, "tagIds": [tag], "compatibleProviders": ["openai"]});
        let answer = ask(&server, &key, create, json!({"input": input})).await;
        let made = data(&answer)["createSystemPrompt"].clone();
        assert_eq!(made["success"], true, "{made}");
        let prompt = &made["prompt"];
        assert_eq!((&prompt["slug"], &prompt["templateVariables"]), (&json!("support-desk"), &json!(["name"])));
        assert_eq!(prompt["renderedPreview"], "You are Ann. Never promise refunds.");
        assert_eq!(
            (&prompt["category"]["slug"], &prompt["tags"][0]["slug"]),
            (&json!("customer-service"), &json!("json"))
        );
        let change = "mutation($id: ID!) {
            a: togglePromptFavorite(promptId: $id) { isFavorited errors }
            b: rateSystemPrompt(promptId: $id, rating: 4, review: \"good\") { success ratingObj { rating prompt { avgRating } } errors }
            c: rateSystemPrompt(promptId: $id, rating: 9, review: \"\") { success errors }
            d: forkSystemPrompt(id: $id) { success prompt { id status } errors }
            e: updateSystemPrompt(id: $id, input: { promptText: \"You are {{name}}. Do not promise refunds.\" }) { success prompt { version compatibleProviders } errors }
            f: analyzeSystemPrompt(promptText: \"hi\") { success overallScore strengths improvements { category explanation } tokenEfficiency }
            g: testSystemPrompt(systemPrompt: \"You are kind.\", userMessage: \"hi\") { success error response inputTokens } }";
        let answer = ask(&server, &key, change, json!({"id": prompt["id"]})).await;
        let changed = data(&answer);
        assert_eq!(
            (&changed["a"]["isFavorited"], &changed["b"]["ratingObj"]["prompt"]["avgRating"]),
            (&json!(true), &json!(4.0)),
            "{changed}"
        );
        assert_eq!((&changed["c"]["success"], &changed["d"]["prompt"]["status"]), (&json!(false), &json!("draft")));
        assert_eq!(
            (&changed["e"]["prompt"]["version"], &changed["e"]["prompt"]["compatibleProviders"]),
            (&json!(2), &json!(["openai"]))
        );
        assert!(changed["f"]["improvements"].as_array().is_some_and(|all| all.len() >= 3), "{changed}");
        assert_eq!((&changed["g"]["success"], &changed["g"]["response"]), (&json!(true), &json!("")));
        let list = "query($id: ID!) { systemPromptsPage(first: 1, filter: { search: \"refunds\" }) { totalCount nodes { id } pageInfo { hasNextPage } }
            myFavorites { id favoriteCount forkCount userRating } systemPrompt(slug: \"support-desk\") { name isFavorited }
            promptVersions(id: $id) { version tokenCount } promptDiff(id: $id, from: 1, to: 2) { path before after }
            promptCategories { slug promptCount } }";
        let answer = ask(&server, &key, list, json!({"id": prompt["id"]})).await;
        let found = data(&answer);
        assert_eq!(
            (&found["systemPromptsPage"]["totalCount"], &found["myFavorites"][0]["forkCount"]),
            (&json!(2), &json!(1))
        );
        assert_eq!(
            (found["promptVersions"].as_array().map(Vec::len), &found["promptDiff"][0]["path"]),
            (Some(2), &json!("/promptText"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_ones_own_unless_shared_and_evidence_names_its_kind() {
    for server in servers().await {
        let (key, viewer) = (server.operator(Role::Operator).await, server.operator(Role::Viewer).await);
        let save = "mutation($name: String!, $shared: Boolean) { saveView(page: \"/risk/\", name: $name, query: \"level=high\", shared: $shared) { success id errors { code } } }";
        for (name, shared) in [("mine", false), ("ours", true)] {
            let answer = ask(&server, &key, save, json!({"name": name, "shared": shared})).await;
            assert_eq!(data(&answer)["saveView"]["success"], true, "{answer}");
        }
        let list = "{ savedViews(page: \"/risk/\") { id name mine } }";
        let own = ask(&server, &key, list, json!({})).await;
        let others = ask(&server, &viewer, list, json!({})).await;
        assert_eq!(data(&own)["savedViews"].as_array().map(Vec::len), Some(2));
        assert_eq!(
            (data(&others)["savedViews"].as_array().map(Vec::len), &data(&others)["savedViews"][0]["mine"]),
            (Some(1), &json!(false))
        );
        let delete = "mutation($id: ID!) { deleteView(id: $id) { success errors { code } } }";
        let shared = json!({"id": data(&others)["savedViews"][0]["id"]});
        let answer = ask(&server, &viewer, delete, shared.clone()).await;
        assert_eq!(data(&answer)["deleteView"]["success"], false);
        let answer = ask(&server, &key, delete, shared).await;
        assert_eq!(data(&answer)["deleteView"]["success"], true);

        let incident = ask(
            &server,
            &key,
            "mutation { createIncident(input: { title: \"Leak\", description: \"\" }) { incidentId } }",
            json!({}),
        )
        .await;
        let id = data(&incident)["createIncident"]["incidentId"].clone();
        let add = "mutation($id: ID!, $kind: String!) { addIncidentEvidence(id: $id, kind: $kind, reference: \"https://example.org/1\", note: \"seen\") { success errors { message } } }";
        for (kind, good) in [("url", true), ("rumour", false)] {
            let answer = ask(&server, &key, add, json!({"id": id, "kind": kind})).await;
            assert_eq!(data(&answer)["addIncidentEvidence"]["success"], good, "{answer}");
        }
        let answer = ask(
            &server,
            &key,
            "query($id: ID) { incident(id: $id) { evidence slaStatus } anomalies { id } modelApprovals { id } }",
            json!({"id": id}),
        )
        .await;
        assert_eq!(data(&answer)["incident"]["evidence"][0]["kind"], "url");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_decided_about_and_what_does_not_exist_is_not_changed() {
    for server in servers().await {
        let key = server.operator(Role::Operator).await;
        let model = json!({"provider": "openai", "model": "gpt-5"});
        let (_, made) = server.post("/api/zentinelle/v1/models", &key, model).await;
        let change = "mutation($id: ID!) {
            setModelApproval(modelId: $id, status: \"denied\", notes: \"no contract\") { success errors { message } }
            setAnomaly(id: $id, status: \"dismissed\") { success errors { code } }
            restorePrompt(id: $id, version: 1) { success errors { code } }
            deleteSystemPrompt(id: $id) { success errors } }";
        let answer = ask(&server, &key, change, json!({"id": made["id"]})).await;
        let changed = data(&answer);
        assert_eq!(changed["setModelApproval"]["success"], true, "{changed}");
        for field in ["setAnomaly", "restorePrompt", "deleteSystemPrompt"] {
            assert_eq!(changed[field]["success"], false, "{field}: {changed}");
        }
        let answer =
            ask(&server, &key, "{ modelApprovals(status: \"denied\") { id isUsable reviewNotes } }", json!({})).await;
        assert_eq!(data(&answer)["modelApprovals"][0]["isUsable"], false);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_says_what_it_was_given_and_holds_no_longer_than_it_should() {
    for server in servers().await {
        let key = server.operator(Role::Admin).await;
        let create = "mutation($input: CreateLegalHoldInput!) { createLegalHold(input: $input) { holdId errors problems { path } } }";
        let input = json!({ "name": "Case", "holdType": "litigation", "referenceNumber": "A-1",
            "expirationDate": "2999-01-01T00:00:00Z", "custodianEmail": "Law@Example.com", "notifyOnAccess": true,
            "notificationEmails": ["a@example.com"], "metadata": { "court": "x" } });
        let answer = ask(&server, &key, create, json!({ "input": input })).await;
        let id = data(&answer)["createLegalHold"]["holdId"].clone();
        let query = "query($id: ID) { legalHold(id: $id) { holdType referenceNumber expirationDate custodianEmail notifyOnAccess
            notificationEmails metadata status isActive }
            legalHolds(holdType: \"litigation\", status: \"active\") { id } expired: legalHolds(status: \"expired\") { id } }";
        let answer = ask(&server, &key, query, json!({ "id": id })).await;
        let found = data(&answer);
        let hold = json!({ "holdType": "litigation", "referenceNumber": "A-1", "status": "active", "isActive": true,
            "expirationDate": "2999-01-01T00:00:00.000000Z", "custodianEmail": "law@example.com", "notifyOnAccess": true,
            "notificationEmails": ["a@example.com"], "metadata": { "court": "x" } });
        assert_eq!((&found["legalHold"], &found["legalHolds"][0]["id"]), (&hold, &id));
        let held = async || legal_holds::active(server.app.store.db(), &server.tenant).await.expect("read").len();
        assert_eq!(held().await, 1);
        for wrong in [
            json!({ "holdType": "grudge" }),
            json!({ "custodianEmail": "nobody" }),
            json!({ "expirationDate": "2001-01-01" }),
        ] {
            let mut input = wrong.as_object().cloned().expect("an object");
            input.insert("name".to_owned(), json!("Other"));
            let answer = ask(&server, &key, create, json!({ "input": input })).await;
            assert_eq!(data(&answer)["createLegalHold"]["holdId"], Value::Null, "{answer}");
        }
        // Its time is over, and so it holds nothing; it is told of once and can be removed.
        let past = crate::clock::now_micros() - 1_000_000;
        legal_hold::Entity::update_many()
            .col_expr(legal_hold::Column::EffectiveAt, Expr::value(past - 1))
            .col_expr(legal_hold::Column::ExpiresAt, Expr::value(past))
            .exec(server.app.store.db())
            .await
            .expect("changed");
        assert_eq!(held().await, 0);
        let answer = ask(&server, &key, query, json!({ "id": id })).await;
        let found = data(&answer);
        assert_eq!(
            (&found["legalHold"]["status"], &found["legalHold"]["isActive"]),
            (&json!("expired"), &json!(false))
        );
        assert_eq!((&found["legalHolds"], &found["expired"][0]["id"]), (&json!([]), &id));
        for _ in 0..2 {
            crate::service::legal_holds::tell_of_expired(&server.app, &server.tenant).await.expect("told");
        }
        let bell = ask(
            &server,
            &key,
            "{ notificationsPage(filter: { type: [\"legal_hold\"] }) { nodes { subject } } }",
            json!({}),
        )
        .await;
        let nodes = data(&bell)["notificationsPage"]["nodes"].as_array().expect("a list").clone();
        assert_eq!(
            nodes.iter().filter(|one| one["subject"] == "the legal hold `Case` has expired").count(),
            1,
            "{nodes:?}"
        );
        let gone =
            ask(&server, &key, "mutation($id: ID!) { deleteLegalHold(id: $id) { success } }", json!({ "id": id }))
                .await;
        assert_eq!(data(&gone)["deleteLegalHold"]["success"], true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_says_whom_it_struck_where_and_which_risk_it_was() {
    for server in servers().await {
        let key = server.operator(Role::Operator).await;
        let risk = ask(
            &server,
            &key,
            "mutation { createRisk(input: { name: \"Leak\", description: \"\" }) { riskId } }",
            json!({}),
        )
        .await;
        let risk = data(&risk)["createRisk"]["riskId"].clone();
        let create =
            "mutation($risk: ID) { createIncident(input: { title: \"t\", description: \"d\", relatedRiskId: $risk,
            deploymentId: \"eu-1\", affectedUser: \"ada\", affectedUserCount: 12 }) { incidentId errors } }";
        let answer = ask(&server, &key, create, json!({ "risk": risk })).await;
        let id = data(&answer)["createIncident"]["incidentId"].clone();
        let query = "query($id: ID) { incident(id: $id) { affectedUser affectedUserCount deploymentId incidentType risk { id } } }";
        let answer = ask(&server, &key, query, json!({ "id": id })).await;
        let told = json!({ "affectedUser": "ada", "affectedUserCount": 12, "deploymentId": "eu-1",
            "incidentType": "other", "risk": { "id": risk } });
        assert_eq!(data(&answer)["incident"], told);
        let change = "mutation($id: ID!) { updateIncident(id: $id, input: { affectedUserCount: 13, incidentType: \"data_leak\", relatedRiskId: \"\" }) { success errors } }";
        let answer = ask(&server, &key, change, json!({ "id": id })).await;
        assert_eq!(data(&answer)["updateIncident"]["success"], true, "{answer}");
        let answer = ask(&server, &key, query, json!({ "id": id })).await;
        let told = json!({ "affectedUser": "ada", "affectedUserCount": 13, "deploymentId": "eu-1",
            "incidentType": "data_leak", "risk": null });
        assert_eq!(data(&answer)["incident"], told);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_has_an_owner_and_a_day_in_the_organisations_own_time() {
    for server in servers().await {
        let key = server.operator(Role::Admin).await;
        ask(
            &server,
            &key,
            "mutation { updateOrganizationSettings(settings: { timezone: \"Pacific/Auckland\" }) { success } }",
            json!({}),
        )
        .await;
        let query = "{ framework(id: \"SOC2\") { controls { id status assignment { owner dueDate overdue note assignedBy } } } }";
        let gap = async || {
            let answer = ask(&server, &key, query, json!({})).await;
            let controls = data(&answer)["framework"]["controls"].as_array().expect("controls").clone();
            controls.into_iter().find(|control| control["status"] != "met").expect("a gap")
        };
        let open = gap().await;
        assert_eq!(open["assignment"], Value::Null);
        let assign = "mutation($control: String!, $owner: String!, $due: Date) {
            assignGap(frameworkId: \"SOC2\", controlId: $control, owner: $owner, dueDate: $due, note: \"soon\") { success errors { message } } }";
        for (due, overdue) in [("2026-01-02", true), ("2999-12-31", false)] {
            let answer = ask(&server, &key, assign, json!({ "control": open["id"], "owner": "ada", "due": due })).await;
            assert_eq!(data(&answer)["assignGap"]["success"], true, "{answer}");
            let assigned = gap().await["assignment"].clone();
            assert_eq!(
                (&assigned["owner"], &assigned["dueDate"], &assigned["overdue"]),
                (&json!("ada"), &json!(due), &json!(overdue))
            );
        }
        let answer = ask(&server, &key, assign, json!({ "control": open["id"], "owner": "", "due": null })).await;
        assert_eq!(data(&answer)["assignGap"]["success"], true, "{answer}");
        assert_eq!(gap().await["assignment"], Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_that_are_used_are_featured_and_decisions_stand_in_the_timeline_of_their_request() {
    for server in servers().await {
        let (key, agent) = (server.operator(Role::Operator).await, server.agent("builder").await);
        server.policy("tool_permission", json!({ "denied_tools": ["shell"] })).await;
        for (name, text) in [("Used", "Be kind to {{who}}."), ("Unused", "Be brief.")] {
            let input = json!({ "name": name, "promptText": text, "variableDefaults": { "who": "all" } });
            let create = "mutation($input: CreateSystemPromptInput!) { createSystemPrompt(input: $input) { errors prompt { id } } }";
            let answer = ask(&server, &key, create, json!({ "input": input })).await;
            let id = &data(&answer)["createSystemPrompt"]["prompt"]["id"];
            let activate =
                "mutation($id: ID!) { updateSystemPrompt(id: $id, input: { status: \"active\" }) { errors } }";
            data(&ask(&server, &key, activate, json!({ "id": id })).await);
        }
        for text in ["Be kind to all.", "Be kind to {{who}}.", "Something else."] {
            let turn = json!({ "interaction_type": "chat", "ai_model": "m", "ai_provider": "acme", "input_content": "hi",
                "output_content": "ho", "system_prompt": text, "request_id": "r-1" });
            let (status, answer) = server.post("/api/zentinelle/v1/interaction", &agent, turn).await;
            assert!(status.is_success(), "{answer}");
        }
        let asked = json!({ "action": "tool_call", "context": { "tool": "search", "request_id": "r-1" } });
        server.post("/api/zentinelle/v1/evaluate", &agent, asked).await;
        server.settled().await;
        let query = "{ featuredPrompts { name usageCount isFeatured } systemPromptsPage { nodes { name usageCount } }
            timeline(correlationId: \"r-1\") { kind } }";
        let answer = ask(&server, &key, query, json!({})).await;
        let found = data(&answer);
        assert_eq!(found["featuredPrompts"], json!([{ "name": "Used", "usageCount": 2, "isFeatured": true }]));
        let all = found["systemPromptsPage"]["nodes"].as_array().expect("a list");
        assert!(all.contains(&json!({ "name": "Unused", "usageCount": 0 })), "{all:?}");
        let kinds: Vec<&str> =
            found["timeline"].as_array().expect("a list").iter().filter_map(|one| one["kind"].as_str()).collect();
        assert!(kinds.contains(&"decision") && kinds.contains(&"interaction"), "{kinds:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_names_the_agent_and_whom_it_acted_for() {
    for server in servers().await {
        let (key, agent) = (server.operator(Role::Operator).await, server.agent("builder").await);
        server.policy("tool_permission", json!({ "requires_approval": ["pay"] })).await;
        for (tool, user) in [("pay", "ann@acme.example"), ("search", "ben@acme.example")] {
            let asked = json!({ "action": "tool_call", "user_id": user, "context": { "tool": tool } });
            server.post("/api/zentinelle/v1/evaluate", &agent, asked).await;
        }
        server.settled().await;
        let query = "{ auditLogsPage(filter: { resourceType: [\"approval\"] }) { nodes { actor { name email type } } }
            operators: auditLogsPage(filter: { resourceType: [\"api_key\"] }) { nodes { actor { type } } }
            auditAnalytics(days: 1) { topAgents { agentId eventCount } byType { eventType count } } }";
        let answer = ask(&server, &key, query, json!({})).await;
        let found = data(&answer);
        let actor = json!({ "name": "builder", "email": "ann@acme.example", "type": "agent" });
        assert_eq!(found["auditLogsPage"]["nodes"], json!([{ "actor": actor }]));
        assert_eq!(found["operators"]["nodes"][0]["actor"]["type"], "operator", "{answer}");
        // What was allowed counts as well, though it stands on no chain.
        assert_eq!(found["auditAnalytics"]["topAgents"], json!([{ "agentId": "builder", "eventCount": 2 }]));
    }
}
