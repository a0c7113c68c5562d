//! System prompts and models.

use axum::http::Method;
use serde_json::{Value, json};

use super::{audited, fails, ok, servers, stranger};
use crate::auth::Role;

#[tokio::test]
async fn a_prompt_has_versions_that_can_be_compared_and_brought_back() {
    for server in servers().await {
        let operator = server.operator(Role::Operator).await;
        let body = json!({"slug": "support", "prompt_text": "Hello {{name}}\nBe kind", "applies_to": ["chat"]});
        let made = ok(&server, Method::POST, "system-prompts", &operator, body.clone()).await;
        assert_eq!(
            (&made["version"], &made["variables"], &made["estimated_tokens"]),
            (&json!(1), &json!(["name"]), &json!(zentinelle_core::dialect::estimate_text("Hello {{name}}\nBe kind")))
        );
        fails(&server, Method::POST, "system-prompts", &operator, body, 409, "already_exists").await;
        for body in [
            json!({"slug": "A b", "prompt_text": "x"}),
            json!({"slug": "x"}),
            json!({"slug": "x", "prompt_text": " "}),
            json!({"slug": "x", "prompt_text": "a\0"}),
            json!({"slug": "x", "prompt_text": "x".repeat(200_001)}),
        ] {
            fails(&server, Method::POST, "system-prompts", &operator, body, 400, "invalid_request").await;
        }
        let path = format!("system-prompts/{}", made["id"].as_str().expect("an id"));
        let changed = ok(
            &server,
            Method::PATCH,
            &path,
            &operator,
            json!({"prompt_text": "Hello {{name}}\nBe brief", "version": 1}),
        )
        .await;
        assert_eq!(changed["version"], 2);
        fails(
            &server,
            Method::PATCH,
            &path,
            &operator,
            json!({"prompt_text": "x", "version": 1}),
            409,
            "stale_version",
        )
        .await;
        let renamed = ok(&server, Method::PATCH, &path, &operator, json!({"title": "Support"})).await;
        assert_eq!((&renamed["version"], &renamed["title"]), (&json!(2), &json!("Support")));
        let diff = ok(&server, Method::GET, &format!("{path}/diff?from=1&to=2"), &operator, Value::Null).await;
        let expected = json!([{"change": "same", "text": "Hello {{name}}"}, {"change": "removed", "text": "Be kind"}, {"change": "added", "text": "Be brief"}]);
        assert_eq!(diff["lines"], expected);
        for query in ["from=1", "from=a&to=2", ""] {
            fails(
                &server,
                Method::GET,
                &format!("{path}/diff?{query}"),
                &operator,
                Value::Null,
                400,
                "invalid_request",
            )
            .await;
        }
        fails(&server, Method::GET, &format!("{path}/diff?from=1&to=9"), &operator, Value::Null, 404, "not_found")
            .await;
        let restored = ok(&server, Method::POST, &format!("{path}/restore"), &operator, json!({"version": 1})).await;
        assert_eq!((&restored["version"], &restored["prompt_text"]), (&json!(3), &json!("Hello {{name}}\nBe kind")));
        fails(&server, Method::POST, &format!("{path}/restore"), &operator, json!({"version": 77}), 404, "not_found")
            .await;
        fails(&server, Method::POST, &format!("{path}/restore"), &operator, json!({}), 400, "invalid_request").await;
        let versions = ok(&server, Method::GET, &format!("{path}/versions?limit=2"), &operator, Value::Null).await;
        assert_eq!((&versions["results"][0]["version"], &versions["next_cursor"]), (&json!(3), &json!(2)));
        let stranger = stranger(&server).await;
        for (method, path) in [
            (Method::GET, path.clone()),
            (Method::PATCH, path.clone()),
            (Method::DELETE, path.clone()),
            (Method::GET, format!("{path}/versions")),
            (Method::GET, format!("{path}/diff?from=1&to=2")),
            (Method::POST, format!("{path}/restore")),
        ] {
            fails(&server, method, &path, &stranger, json!({"version": 1}), 404, "not_found").await;
        }
        ok(&server, Method::DELETE, &path, &operator, Value::Null).await;
        assert_eq!(audited(&server, "system_prompt").await, 5);
    }
}

#[tokio::test]
async fn a_model_is_registered_and_decided_about() {
    for server in servers().await {
        let operator = server.operator(Role::Operator).await;
        let body =
            json!({"provider": "OpenAI", "model": "gpt-5", "capabilities": ["vision"], "context_window": 400_000});
        let made = ok(&server, Method::POST, "models", &operator, body.clone()).await;
        assert_eq!(
            (&made["approval"], &made["provider"], &made["decided_by"]),
            (&json!("pending"), &json!("openai"), &Value::Null)
        );
        fails(&server, Method::POST, "models", &operator, body, 409, "already_exists").await;
        fails(&server, Method::POST, "models", &operator, json!({"model": "x"}), 400, "invalid_request").await;
        let path = format!("models/{}", made["id"].as_str().expect("an id"));
        fails(&server, Method::PATCH, &path, &operator, json!({"approval": "perhaps"}), 400, "invalid_request").await;
        let decided = ok(
            &server,
            Method::PATCH,
            &path,
            &operator,
            json!({"approval": "restricted", "approval_note": "no customer data"}),
        )
        .await;
        assert_eq!((&decided["approval"], &decided["decided_by"]), (&json!("restricted"), &json!("operator:operator")));
        let back = ok(&server, Method::PATCH, &path, &operator, json!({"approval": "pending"})).await;
        assert!(back["decided_at"].is_null());
        let stranger = stranger(&server).await;
        fails(&server, Method::GET, &path, &stranger, Value::Null, 404, "not_found").await;
        assert_eq!(ok(&server, Method::GET, "models", &operator, Value::Null).await["count"], 1);
        ok(&server, Method::DELETE, &path, &operator, Value::Null).await;
        assert_eq!(audited(&server, "model").await, 4);
    }
}
