//! The risk register.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{at, audited, fails, ok, servers, stranger};
use crate::auth::Role;

#[tokio::test]
async fn a_risk_is_scored_on_one_scale_and_every_change_is_on_the_chain() {
    for server in servers().await {
        let (operator, viewer) = (server.operator(Role::Operator).await, server.operator(Role::Viewer).await);
        for (body, says) in [
            (json!({}), "is missing"),
            (json!({"name": "x", "severity": 4}), "write 1, 2, 3, 5 or 8"),
            (json!({"name": "x", "impact": 0}), "write 1, 2, 3, 5 or 8"),
            (json!({"name": "x", "category": "weather"}), "`privacy`"),
            (json!({"name": "x", "status": "gone"}), "`mitigating`"),
            (json!({"name": "x", "policy_ids": ["nope"]}), "there is no `nope`"),
            (json!({"name": "x", "agent_ids": ["nope"]}), "there is no `nope`"),
            (json!({"name": "x", "next_review_date": "soon"}), "is no instant"),
            (json!({"name": "x", "severity": 1, "residual_severity": 8}), "above the 9"),
            (json!({"name": "x", "description": "a\0"}), "NUL"),
        ] {
            let (status, answer) = server.post(&at("risks"), &operator, body.clone()).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
            assert!(answer.to_string().contains(says), "{body}: {answer}");
        }
        server.agent("builder").await;
        let policy = server.policy("tool_permission", json!({"denied_tools": ["shell"]})).await;
        let incident = ok(&server, Method::POST, "incidents", &operator, json!({"title": "Leak"})).await;
        let incident = incident["id"].as_str().expect("an id");
        let body = json!({"name": "Keys leak", "category": "privacy", "severity": 8, "likelihood": 5, "impact": 8,
            "residual_likelihood": 1, "owner": "ann", "tags": ["keys"], "policy_ids": [policy],
            "agent_ids": ["builder"], "incident_ids": [incident], "next_review_date": "2026-01-02"});
        let (status, made) = server.post(&at("risks"), &operator, body).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        assert_eq!((&made["score"], &made["level"]), (&json!(320), &json!("critical")));
        assert_eq!((&made["residual_score"], &made["residual_level"]), (&json!(64), &json!("medium")));
        assert_eq!((&made["next_review_date"], &made["review_due"]), (&json!("2026-01-02"), &json!(true)));
        assert_eq!((&made["policy_ids"], &made["agent_ids"]), (&json!([policy]), &json!(["builder"])));
        assert_eq!(made["incident_ids"], json!([incident]));

        let path = format!("risks/{}", made["id"].as_str().expect("an id"));
        let changed = ok(&server, Method::PATCH, &path, &operator, json!({"likelihood": 2, "agent_ids": []})).await;
        assert_eq!((&changed["score"], &changed["agent_ids"]), (&json!(128), &json!([])));
        assert_eq!(changed["policy_ids"], json!([policy]), "what is left out stays");
        let reviewed = ok(&server, Method::POST, &format!("{path}/review"), &operator, Value::Null).await;
        assert_eq!(
            (&reviewed["review_due"], &reviewed["last_reviewed_by"]),
            (&json!(false), &json!("operator:operator"))
        );
        ok(&server, Method::POST, "risks", &operator, json!({"name": "Small", "severity": 1})).await;

        let stats = ok(&server, Method::GET, "risks/stats", &viewer, Value::Null).await;
        assert_eq!(
            (&stats["open"], &stats["by_level"]["high"], &stats["by_level"]["low"]),
            (&json!(2), &json!(1), &json!(1))
        );
        assert_eq!((&stats["without_owner"], &stats["highest_score"]), (&json!(1), &json!(128)));
        let matrix = ok(&server, Method::GET, "risks/matrix", &viewer, Value::Null).await;
        let cells = matrix["cells"].as_array().expect("cells");
        let filled: Vec<&Value> = cells.iter().filter(|cell| cell["count"] != 0).collect();
        assert_eq!((cells.len(), filled.len()), (25, 2));
        let trend = ok(&server, Method::GET, "risks/trend?days=7", &viewer, Value::Null).await;
        assert_eq!(trend["trend"].as_array().map(Vec::len), Some(1), "{trend}");
        assert_eq!((&trend["trend"][0]["open_count"], &trend["trend"][0]["mean"]), (&json!(2), &json!(68.5)));

        for (query, expected) in
            [("level=high", 1), ("search=KEYS", 1), ("search=%25", 0), ("category=security", 1), ("status=closed", 0)]
        {
            let page = ok(&server, Method::GET, &format!("risks?{query}"), &viewer, Value::Null).await;
            assert_eq!(page["count"], expected, "{query}");
        }
        fails(&server, Method::GET, "risks?level=huge", &viewer, Value::Null, 400, "invalid_request").await;
        fails(&server, Method::DELETE, &path, &operator, Value::Null, 403, "forbidden").await;
        let stranger = stranger(&server).await;
        for (method, path) in [
            (Method::GET, path.clone()),
            (Method::PATCH, path.clone()),
            (Method::POST, format!("{path}/review")),
            (Method::DELETE, path.clone()),
        ] {
            fails(&server, method, &path, &stranger, json!({}), 404, "not_found").await;
        }
        ok(&server, Method::PATCH, &path, &operator, json!({"status": "closed"})).await;
        fails(&server, Method::POST, &format!("{path}/review"), &operator, Value::Null, 409, "risk_closed").await;
        let admin = server.operator(Role::Admin).await;
        ok(&server, Method::DELETE, &path, &admin, Value::Null).await;
        fails(&server, Method::GET, &path, &viewer, Value::Null, 404, "not_found").await;
        assert_eq!(audited(&server, "risk").await, 6);
    }
}
