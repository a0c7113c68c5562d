//! Keys.

use axum::http::Method;
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};

use super::{audit, err, ok};
use crate::auth::Role;
use crate::store::entities::api_key;
use crate::testing::TestServer;

async fn works(server: &TestServer, key: &str) -> bool {
    server.app.directory.authenticate(key).await.is_ok()
}

fn text(made: &Value) -> String {
    made["api_key"].as_str().expect("a key").to_owned()
}

#[tokio::test]
async fn a_key_is_shown_once_rotated_with_overlap_and_revoked_at_once() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let admin = server.operator(Role::Admin).await;
        let mut texts = vec![admin.clone()];
        let body = json!({"kind": "operator", "label": "nightly", "role": "viewer", "expires_in": "30d"});
        let made = ok(&server, Method::POST, "keys", &admin, body).await;
        let (first, id) = (text(&made), made["key"]["id"].as_str().expect("an id").to_owned());
        assert!(first.starts_with("sk_platform_") && works(&server, &first).await);
        let path = format!("keys/{id}");

        let rotated =
            ok(&server, Method::POST, &format!("{path}/rotate"), &admin, json!({"overlap_seconds": 60})).await;
        let second = text(&rotated);
        assert_eq!(rotated["key"]["id"], id.as_str(), "the key keeps its id");
        assert!(works(&server, &first).await && works(&server, &second).await, "both for the overlap");
        let rotated = ok(&server, Method::POST, &format!("{path}/rotate"), &admin, Value::Null).await;
        let third = text(&rotated);
        assert!(!works(&server, &second).await && works(&server, &third).await, "no overlap, no second key");
        assert!(works(&server, &first).await, "its time is not over");
        let listed = ok(&server, Method::GET, "keys?kind=operator&active=true", &admin, Value::Null).await;
        assert_eq!(listed["count"], 3, "the administrator's, the first and the third: {listed}");
        let old = listed["results"].as_array().expect("a list").iter().find(|key| key["replaced_by"] == id.as_str());
        let old = old.expect("the first one")["id"].as_str().expect("an id").to_owned();
        let again = err(&server, Method::POST, &format!("keys/{old}/rotate"), &admin, Value::Null).await;
        assert_eq!(again, (409, "key_not_active".to_owned()));

        ok(&server, Method::DELETE, &path, &admin, Value::Null).await;
        assert!(!works(&server, &first).await && !works(&server, &third).await, "the key and what went before it");
        ok(&server, Method::DELETE, &path, &admin, Value::Null).await;
        assert_eq!(ok(&server, Method::GET, &path, &admin, Value::Null).await["status"], "revoked");
        assert_eq!(err(&server, Method::POST, &format!("{path}/rotate"), &admin, Value::Null).await.0, 409);
        assert_eq!(err(&server, Method::DELETE, "keys/nobody", &admin, Value::Null).await.0, 404);

        texts.extend([first, second, third]);
        let trail = audit(&server, "api_key").await;
        let actions: Vec<&str> = trail.iter().map(|(action, _)| action.as_str()).collect();
        assert_eq!(actions, ["create", "create", "rotate_key", "rotate_key", "delete"]);
        let rows = api_key::Entity::find().all(server.app.store.db()).await.expect("read");
        let everything = format!("{listed} {trail:?} {rows:?} {:?}", server.app.directory);
        for text in &texts {
            let secret = text.get(24..).expect("the part that is not shown");
            assert!(!everything.contains(secret), "a key shows up again");
        }
    }
}

#[tokio::test]
async fn a_rotated_enrolment_key_still_acts_for_the_agents_it_enrolled() {
    let server = TestServer::sqlite().await;
    let admin = server.operator(Role::Admin).await;
    let made =
        ok(&server, Method::POST, "keys", &admin, json!({"kind": "enrolment", "label": "fleet", "max_uses": 9})).await;
    let (id, first) = (made["key"]["id"].as_str().expect("an id").to_owned(), text(&made));
    let rotated = ok(&server, Method::POST, &format!("keys/{id}/rotate"), &admin, json!({"overlap_seconds": 60})).await;
    assert_eq!(rotated["key"]["max_uses"], 9);
    for key in [first, text(&rotated)] {
        let caller = server.app.directory.authenticate(&key).await.expect("both are good");
        assert_eq!(&*caller.key_id, id.as_str());
    }
}

#[tokio::test]
async fn a_rotation_at_the_moment_of_a_revocation_leaves_no_key_behind() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let admin = server.operator(Role::Admin).await;
        for _ in 0..6 {
            let body = json!({"kind": "operator", "label": "x", "role": "viewer"});
            let made = ok(&server, Method::POST, "keys", &admin, body).await;
            let path = format!("keys/{}", made["key"]["id"].as_str().expect("an id"));
            let (rotate, long) = (format!("{path}/rotate"), json!({"overlap_seconds": 60}));
            let (rotated, revoked) = futures_util::future::join(
                super::call(&server, Method::POST, &rotate, &admin, long),
                super::call(&server, Method::DELETE, &path, &admin, Value::Null),
            )
            .await;
            assert_eq!(revoked.0, 204, "{revoked:?}");
            assert!(!works(&server, &text(&made)).await);
            match rotated.0.as_u16() {
                200 => assert!(!works(&server, &text(&rotated.1)).await, "the new text outlived the revocation"),
                status => assert_eq!(status, 409, "{rotated:?}"),
            }
        }
    }
}

#[tokio::test]
async fn nobody_makes_a_key_above_his_own() {
    let server = TestServer::sqlite().await;
    let admin = server.operator(Role::Admin).await;
    let full =
        ok(&server, Method::POST, "keys", &admin, json!({"kind": "operator", "label": "full", "role": "admin"})).await;
    let narrow = json!({"kind": "operator", "label": "n", "role": "admin", "scopes": ["keys:write", "keys:read"]});
    let narrow = text(&ok(&server, Method::POST, "keys", &admin, narrow).await);
    for body in [
        json!({"kind": "operator", "label": "x", "role": "admin"}),
        json!({"kind": "operator", "label": "x", "role": "viewer"}),
        json!({"kind": "operator", "label": "x", "role": "admin", "scopes": ["policies:write"]}),
    ] {
        let refused = err(&server, Method::POST, "keys", &narrow, body.clone()).await;
        assert_eq!(refused, (403, "above_own_rights".to_owned()), "{body}");
    }
    let enrolment = json!({"kind": "enrolment", "label": "x"});
    assert_eq!(err(&server, Method::POST, "keys", &narrow, enrolment).await, (403, "forbidden".to_owned()));
    // Nor by taking over a key that is there.
    let path = format!("keys/{}/rotate", full["key"]["id"].as_str().expect("an id"));
    assert_eq!(err(&server, Method::POST, &path, &narrow, Value::Null).await, (403, "above_own_rights".to_owned()));
    let same = json!({"kind": "operator", "label": "x", "role": "admin", "scopes": ["keys:read"]});
    ok(&server, Method::POST, "keys", &narrow, same).await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let server = TestServer::sqlite().await;
    let admin = server.operator(Role::Admin).await;
    for body in [
        json!({}),
        json!({"kind": "agent", "label": "x"}),
        json!({"kind": "root", "label": "x"}),
        json!({"kind": "operator", "label": "x"}),
        json!({"kind": "operator", "label": " ", "role": "viewer"}),
        json!({"kind": "operator", "label": "a\u{0}", "role": "viewer"}),
        json!({"kind": "operator", "label": "x", "role": "viewer", "scopes": ["policies:write"]}),
        json!({"kind": "operator", "label": "x", "role": "admin", "scopes": ["polices:read"]}),
        json!({"kind": "operator", "label": "x", "role": "admin", "scopes": ["everything"]}),
        json!({"kind": "operator", "label": "x", "role": "admin", "max_uses": 3}),
        json!({"kind": "enrolment", "label": "x", "role": "admin"}),
        json!({"kind": "enrolment", "label": "x", "max_uses": 0}),
        json!({"kind": "enrolment", "label": "x", "max_uses": 2, "single_use": true}),
        json!({"kind": "enrolment", "label": "x", "expires_in": "soon"}),
        json!({"kind": "enrolment", "label": "x", "expires_in": -5}),
        json!({"kind": "enrolment", "label": "x", "expire_in": "1d"}),
    ] {
        assert_eq!(
            err(&server, Method::POST, "keys", &admin, body.clone()).await,
            (400, "invalid_request".to_owned()),
            "{body}"
        );
    }
    let once =
        ok(&server, Method::POST, "keys", &admin, json!({"kind": "bootstrap", "label": "x", "single_use": true})).await;
    assert!(text(&once).starts_with("bt_00000000-0000-0000-0000-000000000001_"));
    assert_eq!(once["key"]["max_uses"], 1);
    let long = json!({"overlap_seconds": 4_000_000});
    let path = format!("keys/{}/rotate", once["key"]["id"].as_str().expect("an id"));
    assert_eq!(err(&server, Method::POST, &path, &admin, long).await.0, 400);
}
