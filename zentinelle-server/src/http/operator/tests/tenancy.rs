//! Tenants, and what one sees of another: nothing.

use axum::http::Method;
use serde_json::{Value, json};
use zentinelle_core::ids::TenantId;

use super::{err, ok};
use crate::auth::Role;
use crate::auth::key::KeyKind;
use crate::service::keys::NewKey;
use crate::service::tenants;
use crate::testing::TestServer;

/// The key of an administrator of another tenant on the same server.
async fn stranger(server: &TestServer) -> String {
    let tenant = TenantId::new("globex");
    tenants::ensure(&server.app.store, &tenant, "Globex").await.expect("a tenant");
    server.key_of(&tenant, NewKey { role: Some(Role::Admin), ..NewKey::new(KeyKind::Operator, "stranger") }).await
}

#[tokio::test]
async fn nothing_of_another_tenant_can_be_seen_or_touched() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let (admin, stranger) = (server.operator(Role::Admin).await, stranger(&server).await);
        let policy = json!({"name": "No shells", "type": "tool_permission"});
        let policy =
            ok(&server, Method::POST, "policies", &admin, policy).await["id"].as_str().expect("an id").to_owned();
        let key = json!({"kind": "operator", "label": "x", "role": "viewer"});
        let key = ok(&server, Method::POST, "keys", &admin, key).await["key"]["id"].as_str().expect("an id").to_owned();
        for folder in ["managed-secrets", "provider-keys"] {
            ok(&server, Method::PUT, &format!("{folder}/openai"), &admin, json!({"value": "v"})).await;
        }
        let full = json!({"name": "Mine now", "type": "tool_permission"});
        for (method, path, body) in [
            (Method::GET, format!("policies/{policy}"), Value::Null),
            (Method::PUT, format!("policies/{policy}"), full.clone()),
            (Method::PATCH, format!("policies/{policy}"), json!({"enabled": false})),
            (Method::DELETE, format!("policies/{policy}"), Value::Null),
            (Method::GET, format!("policies/{policy}/history"), Value::Null),
            (Method::GET, format!("policies/{policy}/diff?from=1&to=1"), Value::Null),
            (Method::POST, format!("policies/{policy}/restore"), json!({"version": 1})),
            (
                Method::POST,
                "policies/dry-run".to_owned(),
                json!({"request": {"action": "a"}, "candidate": {"remove": [policy]}}),
            ),
            (Method::POST, "policies/simulate".to_owned(), json!({"candidate": {"remove": [policy]}})),
            (Method::GET, format!("keys/{key}"), Value::Null),
            (Method::POST, format!("keys/{key}/rotate"), Value::Null),
            (Method::DELETE, format!("keys/{key}"), Value::Null),
            (Method::GET, "managed-secrets/openai".to_owned(), Value::Null),
            (Method::DELETE, "managed-secrets/openai".to_owned(), Value::Null),
            (Method::GET, "provider-keys/openai".to_owned(), Value::Null),
            (Method::DELETE, "provider-keys/openai".to_owned(), Value::Null),
        ] {
            let (status, error) = err(&server, method.clone(), &path, &stranger, body).await;
            assert_eq!((status, error.as_str()), (404, "not_found"), "{method} {path}");
        }
        for list in ["policies", "managed-secrets", "provider-keys"] {
            assert_eq!(ok(&server, Method::GET, list, &stranger, Value::Null).await["count"], 0, "{list}");
        }
        assert_eq!(ok(&server, Method::GET, "keys", &stranger, Value::Null).await["count"], 1, "its own");
        for path in ["tenants", "tenants?limit=1"] {
            assert_eq!(
                err(&server, Method::GET, path, &stranger, Value::Null).await,
                (403, "not_of_installation".to_owned())
            );
        }
        let made = err(&server, Method::POST, "tenants", &stranger, json!({"name": "x"})).await;
        assert_eq!(made, (403, "not_of_installation".to_owned()));
        // The same id may be used by both, each for its own.
        let text = format!("policies: [{{id: {policy}, name: Ours, type: rate_limit}}]");
        ok(&server, Method::POST, "policies/import", &stranger, json!({"documents": text})).await;
        let own = ok(&server, Method::GET, &format!("policies/{policy}"), &admin, Value::Null).await;
        assert_eq!(own["name"], "No shells");
    }
}

#[tokio::test]
async fn tenants_are_made_by_the_installation_and_only_on_a_server_for_many() {
    let one = TestServer::sqlite().await;
    let admin = one.operator(Role::Admin).await;
    assert_eq!(ok(&one, Method::GET, "tenants", &admin, Value::Null).await["count"], 1);
    assert_eq!(err(&one, Method::POST, "tenants", &admin, json!({"name": "x"})).await, (409, "standalone".to_owned()));

    let many = TestServer::multi_tenant().await;
    {
        let admin = many.operator(Role::Admin).await;
        let body = json!({"id": "acme", "name": "Acme", "admin_key": true});
        let made = ok(&many, Method::POST, "tenants", &admin, body.clone()).await;
        let key = made["api_key"].as_str().expect("a key");
        assert_eq!(ok(&many, Method::GET, "policies", key, Value::Null).await["count"], 0);
        assert_eq!(err(&many, Method::POST, "tenants", &admin, body).await, (409, "already_exists".to_owned()));
        for id in ["Acme", "a b", "-x", &"x".repeat(65)] {
            let body = json!({"id": id, "name": "x"});
            assert_eq!(err(&many, Method::POST, "tenants", &admin, body).await.0, 400, "{id}");
        }
        let narrow = json!({"kind": "operator", "label": "n", "role": "admin", "scopes": ["tenants:write"]});
        let narrow = ok(&many, Method::POST, "keys", &admin, narrow).await;
        let narrow = narrow["api_key"].as_str().expect("a key");
        let full = json!({"name": "x", "admin_key": true});
        assert_eq!(err(&many, Method::POST, "tenants", narrow, full).await, (403, "forbidden".to_owned()));
        ok(&many, Method::POST, "tenants", narrow, json!({"name": "x"})).await;
        assert_eq!(ok(&many, Method::GET, "tenants", &admin, Value::Null).await["count"], 3);
    }
}
