//! Secrets, provider keys and settings.

use axum::http::Method;
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};

use super::{audit, call, err, may_use, ok};
use crate::auth::Role;
use crate::sealing::SealContext;
use crate::store::entities::secret;
use crate::testing::TestServer;

const VALUE: &str = "sk-live-4f9d8a7c6b5e4d3c2b1a";

#[tokio::test]
async fn a_secret_goes_in_sealed_and_never_comes_out() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let admin = server.operator(Role::Admin).await;
        let mut answers = Vec::new();
        for (folder, kind) in [("managed-secrets", "bundle"), ("provider-keys", "provider")] {
            let path = format!("{folder}/openai");
            let (status, made) = call(&server, Method::PUT, &path, &admin, json!({"value": VALUE})).await;
            assert_eq!(
                (status.as_u16(), &made["last_four"], &made["active"]),
                (201, &json!("2b1a"), &json!(true)),
                "{made}"
            );
            let body = json!({"value": VALUE, "scope": "endpoint:builder", "active": false});
            let (status, changed) = call(&server, Method::PUT, &path, &admin, body).await;
            assert_eq!(
                (status.as_u16(), &changed["scope_id"], &changed["active"]),
                (200, &json!("builder"), &json!(false))
            );
            assert_eq!(changed["created_at"], made["created_at"]);
            let one = ok(&server, Method::GET, &path, &admin, Value::Null).await;
            let list = ok(&server, Method::GET, folder, &admin, Value::Null).await;
            assert_eq!((&list["count"], &list["results"][0]), (&json!(1), &one));
            let row =
                secret::Entity::find_by_id((server.tenant.as_str().to_owned(), "openai".to_owned(), kind.to_owned()));
            let row = row.one(server.app.store.db()).await.expect("read").expect("there");
            let context = SealContext { tenant: &server.tenant, kind, name: "openai" };
            let opened = server.app.sealing.open(&context, &row.sealed).expect("opened");
            assert_eq!(opened.expose_text(), Some(VALUE));
            answers.push(format!("{made} {changed} {one} {list} {row:?}"));
            for body in [
                json!(VALUE),
                json!([VALUE]),
                json!({"value": [VALUE]}),
                json!({"value": 5}),
                json!({"values": VALUE}),
                json!({"value": VALUE, "scope": VALUE}),
                json!({"value": ""}),
            ] {
                let (status, answer) = call(&server, Method::PUT, &path, &admin, body.clone()).await;
                assert_eq!(status.as_u16(), 400, "{body}");
                answers.push(answer.to_string());
            }
            for name in ["a%20b", "a%2Fb", "%C3%A9"] {
                assert!(matches!(
                    call(&server, Method::PUT, &format!("{folder}/{name}"), &admin, json!({"value": VALUE}))
                        .await
                        .0
                        .as_u16(),
                    400 | 404
                ));
            }
            ok(&server, Method::DELETE, &path, &admin, Value::Null).await;
            assert_eq!(err(&server, Method::DELETE, &path, &admin, Value::Null).await.0, 404);
            assert_eq!(err(&server, Method::GET, &path, &admin, Value::Null).await.0, 404);
        }
        for kind in ["secret", "provider_key"] {
            let trail = audit(&server, kind).await;
            let actions: Vec<&str> = trail.iter().map(|(action, _)| action.as_str()).collect();
            assert_eq!(actions, ["create", "update", "delete"]);
            answers.push(format!("{trail:?}"));
        }
        answers.push(format!("{:?}", server.app));
        assert!(!answers.concat().contains("4f9d8a7c"), "the secret shows up again");
    }
}

#[tokio::test]
async fn settings_are_strict_and_decide_from_the_reply_on() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let (admin, agent) = (server.operator(Role::Admin).await, server.agent("builder").await);
        let before = ok(&server, Method::GET, "settings", &admin, Value::Null).await;
        assert_eq!(before["settings"]["no_policy"], "deny");
        assert!(!may_use(&server, &agent, "search").await);
        let after =
            ok(&server, Method::PATCH, "settings", &admin, json!({"no_policy": "permit", "content_limit": 5})).await;
        assert_eq!(
            (&after["settings"]["no_policy"], &after["settings"]["content_limit"]),
            (&json!("permit"), &json!(5))
        );
        assert!(may_use(&server, &agent, "search").await);
        let full = "/api/zentinelle/v1/settings";
        let stale = before["revision"].to_string();
        assert_eq!(server.send_if_match(Method::PATCH, full, &admin, &stale, json!({"content_limit": 6})).await, 409);
        let fresh = after["revision"].to_string();
        assert_eq!(server.send_if_match(Method::PATCH, full, &admin, &fresh, json!({"content_limit": 6})).await, 200);
        let same = ok(&server, Method::PATCH, "settings", &admin, json!({"content_limit": 6})).await;
        let back = ok(&server, Method::PATCH, "settings", &admin, json!({"no_policy": null})).await;
        assert_eq!((&back["settings"]["no_policy"], &back["settings"]["content_limit"]), (&json!("deny"), &json!(6)));
        assert_eq!(back["revision"].as_i64(), same["revision"].as_i64().map(|revision| revision + 1));
        assert!(!may_use(&server, &agent, "search").await);
        for body in [
            json!({"no_polcy": "permit"}),
            json!({"no_polcy": null}),
            json!({"no_policy": "maybe"}),
            json!({"content_limit": -1}),
            json!({"evaluate_per_minute": 0}),
            json!({"heartbeat_timeout_seconds": 5}),
            json!([]),
        ] {
            assert_eq!(
                err(&server, Method::PATCH, "settings", &admin, body.clone()).await,
                (400, "invalid_request".to_owned()),
                "{body}"
            );
        }
        let trail = audit(&server, "settings").await;
        assert_eq!((trail.len(), &trail[1].1["changes"]["changed"]), (3, &json!({"content_limit": [5, 6]})));
    }
}
