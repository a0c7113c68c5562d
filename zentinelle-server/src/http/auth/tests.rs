//! Signing in over HTTP, as browsers do.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};

use crate::auth::{Caller, Role};
use crate::clock;
use crate::config::AuthMode;
use crate::service::totp;
use crate::service::users::{self, NewUser};
use crate::store::entities::recovery_code;
use crate::store::users as store;
use crate::testing::TestServer;

const LOGIN: &str = "/api/zentinelle/v1/auth/login";
const ME: &str = "/api/zentinelle/v1/auth/me";
const PASSWORD: &str = "correct horse battery";

/// A browser's answer.
struct Answer {
    status: StatusCode,
    body: Value,
    cookie: Option<String>,
}

impl Answer {
    fn error(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body["error"].as_str().unwrap_or_default())
    }
}

/// Sends a request as a page of this server does, with other headers on top.
async fn browser(server: &TestServer, method: Method, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:8420");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = request.header("content-type", "application/json").body(body).expect("a request");
    let response = server.answer(request).await;
    let status = response.status();
    let cookie = response.headers().get("set-cookie").map(|cookie| cookie.to_str().expect("text").to_owned());
    let cookie = cookie.map(|cookie| cookie.split(';').next().unwrap_or_default().to_owned());
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default(), cookie }
}

const HERE: (&str, &str) = ("sec-fetch-site", "same-origin");

async fn person(server: &TestServer, email: &str, role: Role) -> String {
    let new = NewUser { email: email.to_owned(), name: "Jane Doe".to_owned(), role };
    let caller = Caller::local(server.tenant.clone());
    users::create(&server.app.store, &caller, new, Some(PASSWORD)).await.expect("made").0.id
}

async fn sign_in(server: &TestServer, email: &str) -> String {
    let body = json!({ "email": email, "password": PASSWORD });
    let answer = browser(server, Method::POST, LOGIN, &[HERE], body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.cookie.expect("a cookie")
}

async fn a_cookie_opens_what_the_persons_role_may_see_and_nothing_else(server: TestServer) {
    let id = person(&server, "Viewer@Example.com", Role::Viewer).await;
    let cookie = sign_in(&server, " viewer@example.COM").await;
    let cookie = ("cookie", cookie.as_str());
    let me = browser(&server, Method::GET, ME, &[cookie], Value::Null).await;
    assert_eq!((&me.body["role"], &me.body["signed_in_by"]), (&json!("viewer"), &json!("local")), "{}", me.body);
    assert_eq!((&me.body["id"], &me.body["email"]), (&json!(id), &json!("viewer@example.com")));
    let policies = "/api/zentinelle/v1/policies";
    assert_eq!(browser(&server, Method::GET, policies, &[cookie], Value::Null).await.status, StatusCode::OK);
    let write = browser(&server, Method::POST, policies, &[cookie, HERE], json!({})).await;
    assert_eq!(write.error(), (403, "forbidden"));
    let people = browser(&server, Method::GET, "/api/zentinelle/v1/users", &[cookie], Value::Null).await;
    assert_eq!(people.error(), (403, "forbidden"));
}

async fn another_sites_page_changes_nothing_with_the_cookie(server: TestServer) {
    person(&server, "admin@example.com", Role::Admin).await;
    let cookie = sign_in(&server, "admin@example.com").await;
    let cookie = ("cookie", cookie.as_str());
    let (path, body) = ("/api/zentinelle/v1/keys", json!({ "kind": "enrolment", "label": "x" }));
    for foreign in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("x-nothing", "said"),
    ] {
        let answer = browser(&server, Method::POST, path, &[cookie, foreign], body.clone()).await;
        assert_eq!(answer.error(), (403, "foreign_origin"), "{foreign:?}");
    }
    for own in [HERE, ("origin", "http://127.0.0.1:8420")] {
        let answer = browser(&server, Method::POST, path, &[cookie, own], body.clone()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{own:?} {}", answer.body);
    }
    // Nor can another site sign its visitors in, or out.
    for path in [LOGIN, "/api/zentinelle/v1/auth/logout"] {
        let answer = browser(&server, Method::POST, path, &[cookie, ("sec-fetch-site", "cross-site")], json!({})).await;
        assert_eq!(answer.error(), (403, "foreign_origin"), "{path}");
    }
}

async fn failures_are_told_alike_and_make_the_account_wait(server: TestServer) {
    let id = person(&server, "jane@example.com", Role::Operator).await;
    for email in ["jane@example.com", "nobody@example.com"] {
        let wrong = json!({ "email": email, "password": "something else" });
        for _ in 0..5 {
            let answer = browser(&server, Method::POST, LOGIN, &[], wrong.clone()).await;
            assert_eq!(answer.error(), (401, "invalid_credentials"), "{email}");
            assert!(answer.cookie.is_none());
        }
        let answer = browser(&server, Method::POST, LOGIN, &[], wrong.clone()).await;
        assert_eq!(answer.error(), (429, "rate_limit_exceeded"), "{email}");
    }
    // The right password waits as well, and is good afterwards.
    let right = json!({ "email": "jane@example.com", "password": PASSWORD });
    let answer = browser(&server, Method::POST, LOGIN, &[], right.clone()).await;
    assert_eq!(answer.error(), (429, "rate_limit_exceeded"));
    let txn = server.app.store.begin().await.expect("a transaction");
    let mut row = store::by_id(&txn, &server.tenant, &id).await.expect("read").expect("there");
    assert_eq!(row.failures, 5);
    row.locked_until = Some(clock::now_micros() - 1);
    store::put(&txn, row).await.expect("kept");
    txn.commit().await.expect("committed");
    assert_eq!(browser(&server, Method::POST, LOGIN, &[], right).await.status, StatusCode::OK);
}

async fn many_guesses_at_once_are_as_few_as_one_after_the_other(server: TestServer) {
    person(&server, "jane@example.com", Role::Operator).await;
    let wrong = json!({ "email": "jane@example.com", "password": "something else" });
    let guesses = (0..12).map(|_| browser(&server, Method::POST, LOGIN, &[], wrong.clone()));
    let answers = futures_util::future::join_all(guesses).await;
    let looked_at = answers.iter().filter(|answer| answer.status == StatusCode::UNAUTHORIZED).count();
    assert_eq!(looked_at, 5);
}

async fn a_one_time_code_is_asked_for_once_it_was_confirmed_and_is_good_once(server: TestServer) {
    let id = person(&server, "jane@example.com", Role::Operator).await;
    let cookie = sign_in(&server, "jane@example.com").await;
    let cookie = ("cookie", cookie.as_str());
    let own = |path: &str| format!("/api/zentinelle/v1/auth/{path}");
    let begun = browser(&server, Method::POST, &own("totp"), &[cookie, HERE], Value::Null).await;
    let uri = begun.body["uri"].as_str().expect("an address").to_owned();
    assert!(uri.starts_with("otpauth://totp/") && uri.contains("issuer=Zentinelle"), "{uri}");
    // Not confirmed: not asked for.
    sign_in(&server, "jane@example.com").await;
    let wrong =
        browser(&server, Method::POST, &own("totp/confirm"), &[cookie, HERE], json!({ "code": "000000" })).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{}", wrong.body);
    let code = totp::code(&uri, clock::now_micros() - 30_000_000);
    let right = browser(&server, Method::POST, &own("totp/confirm"), &[cookie, HERE], json!({ "code": code })).await;
    assert_eq!(right.status, StatusCode::OK, "{}", right.body);
    let codes: Vec<&str> =
        right.body["recovery_codes"].as_array().expect("codes").iter().filter_map(Value::as_str).collect();
    assert_eq!(codes.len(), 10, "{codes:?}");

    let row = store::by_id(server.app.store.db(), &server.tenant, &id).await.expect("read").expect("there");
    assert!(!row.sealed_totp.expect("sealed").contains("otpauth") && row.totp_confirmed);
    let show = |code: Option<String>| json!({ "email": "jane@example.com", "password": PASSWORD, "code": code });
    let asked = browser(&server, Method::POST, LOGIN, &[], show(None)).await;
    assert_eq!(asked.error(), (403, "totp_required"));
    // The code that confirmed is used up.
    let used = browser(&server, Method::POST, LOGIN, &[], show(Some(code))).await;
    assert_eq!(used.error(), (401, "invalid_credentials"));
    let fresh = totp::code(&uri, clock::now_micros());
    let good = browser(&server, Method::POST, LOGIN, &[], show(Some(fresh.clone()))).await;
    assert_eq!(good.status, StatusCode::OK, "{}", good.body);
    let again = browser(&server, Method::POST, LOGIN, &[], show(Some(fresh))).await;
    assert_eq!(again.error(), (401, "invalid_credentials"));
    // A recovery code is good once, however it is written, and is nowhere in the database.
    let lost = codes[3].to_uppercase().replace('-', " ");
    let good = browser(&server, Method::POST, LOGIN, &[], show(Some(lost.clone()))).await;
    assert_eq!(good.status, StatusCode::OK, "{}", good.body);
    let again = browser(&server, Method::POST, LOGIN, &[], show(Some(lost))).await;
    assert_eq!(again.error(), (401, "invalid_credentials"));
    let kept = recovery_code::Entity::find().all(server.app.store.db()).await.expect("read");
    assert_eq!(kept.len(), 9);
    assert!(kept.iter().all(|row| !codes.iter().any(|code| row.code_hash.contains(&code.replace('-', "")))));
}

async fn a_temporary_password_opens_nothing_but_the_choice_of_another(server: TestServer) {
    let (row, first) = users::first_administrator(&server.app.store, &server.tenant, "admin@localhost")
        .await
        .expect("made")
        .expect("there was nobody");
    assert!(users::first_administrator(&server.app.store, &server.tenant, "x@y").await.expect("asked").is_none());
    let show = |new: Option<&str>| json!({ "email": row.email, "password": *first, "new_password": new });
    let asked = browser(&server, Method::POST, LOGIN, &[], show(None)).await;
    assert_eq!((asked.error(), asked.cookie.clone()), ((403, "password_change_required"), None));
    let weak = browser(&server, Method::POST, LOGIN, &[], show(Some("short"))).await;
    assert_eq!(weak.error(), (400, "invalid_request"));
    let same = browser(&server, Method::POST, LOGIN, &[], show(Some(&first))).await;
    assert_eq!(same.error(), (400, "invalid_request"));
    let chosen = browser(&server, Method::POST, LOGIN, &[], show(Some(PASSWORD))).await;
    assert_eq!((chosen.status, &chosen.body["user"]["role"]), (StatusCode::OK, &json!("admin")), "{}", chosen.body);
    let old = browser(&server, Method::POST, LOGIN, &[], show(None)).await;
    assert_eq!(old.error(), (401, "invalid_credentials"));
}

async fn sessions_end_when_they_are_told_to_and_when_the_person_becomes_less(server: TestServer) {
    let id = person(&server, "jane@example.com", Role::Operator).await;
    person(&server, "boss@example.com", Role::Admin).await;
    let boss = sign_in(&server, "boss@example.com").await;
    let boss = ("cookie", boss.as_str());
    let alive = async |cookie: &str| browser(&server, Method::GET, ME, &[("cookie", cookie)], Value::Null).await.status;

    let (one, two) = (sign_in(&server, "jane@example.com").await, sign_in(&server, "jane@example.com").await);
    assert_ne!(one, two);
    let path = "/api/zentinelle/v1/auth/sessions";
    let listed = browser(&server, Method::GET, path, &[("cookie", &one)], Value::Null).await;
    assert_eq!(listed.body["count"], 2, "{}", listed.body);
    let rows = listed.body["results"].as_array().expect("a list");
    let other = rows.iter().find(|row| row["current"] == false).expect("the other")["id"].as_str().expect("an id");
    let ended =
        browser(&server, Method::DELETE, &format!("{path}/{other}"), &[("cookie", &one), HERE], Value::Null).await;
    assert_eq!(
        (ended.status, alive(&one).await, alive(&two).await),
        (StatusCode::NO_CONTENT, StatusCode::OK, StatusCode::UNAUTHORIZED)
    );
    // One's own are one's own.
    let foreign = browser(&server, Method::GET, path, &[boss], Value::Null).await.body["results"][0]["id"].clone();
    let foreign = format!("{path}/{}", foreign.as_str().expect("an id"));
    let refused = browser(&server, Method::DELETE, &foreign, &[("cookie", &one), HERE], Value::Null).await;
    assert_eq!(refused.error(), (404, "not_found"));

    // A new password ends the others and leaves the one that asked.
    let three = sign_in(&server, "jane@example.com").await;
    let change = json!({ "current": PASSWORD, "new": "another horse entirely" });
    let changed =
        browser(&server, Method::POST, "/api/zentinelle/v1/auth/password", &[("cookie", &three), HERE], change).await;
    assert_eq!(
        (changed.status, alive(&one).await, alive(&three).await),
        (StatusCode::NO_CONTENT, StatusCode::UNAUTHORIZED, StatusCode::OK)
    );
    // Another role ends them all.
    let user = format!("/api/zentinelle/v1/users/{id}");
    let less = browser(&server, Method::PATCH, &user, &[boss, HERE], json!({ "role": "viewer" })).await;
    assert_eq!((less.status, alive(&three).await), (StatusCode::OK, StatusCode::UNAUTHORIZED), "{}", less.body);
    // Whoever signs out takes the cookie along.
    let out = browser(&server, Method::POST, "/api/zentinelle/v1/auth/logout", &[boss, HERE], Value::Null).await;
    assert_eq!((out.status, out.cookie.as_deref()), (StatusCode::OK, Some("zentinelle=")));
    let ended = browser(&server, Method::GET, ME, &[boss], Value::Null).await;
    assert_eq!(ended.error(), (401, "session_ended"));
}

async fn the_last_administrator_stays_one(server: TestServer) {
    let id = person(&server, "boss@example.com", Role::Admin).await;
    let key = server.operator(Role::Admin).await;
    let user = format!("/api/zentinelle/v1/users/{id}");
    for (method, body) in [
        (Method::PATCH, json!({ "role": "viewer" })),
        (Method::PATCH, json!({ "disabled": true })),
        (Method::DELETE, Value::Null),
    ] {
        let (status, body) = server.send(method, &user, &key, body).await;
        assert_eq!((status, &body["error"]), (StatusCode::CONFLICT, &json!("last_administrator")), "{body}");
    }
}

#[tokio::test]
async fn open_mode_lets_in_who_reaches_this_machine_by_its_name_and_says_so() {
    let server = TestServer::configured(|config| config.auth.mode = AuthMode::Open).await;
    let me = browser(&server, Method::GET, ME, &[], Value::Null).await;
    assert_eq!((&me.body["role"], &me.body["signed_in_by"]), (&json!("admin"), &json!("open")), "{}", me.body);
    let options = browser(&server, Method::GET, "/api/zentinelle/v1/auth/options", &[], Value::Null).await;
    assert!(options.body["warning"].is_string() && options.body["mode"] == "open", "{}", options.body);
    let (path, body) = ("/api/zentinelle/v1/keys", json!({ "kind": "enrolment", "label": "x" }));
    let foreign = browser(&server, Method::POST, path, &[("origin", "https://evil.example")], body.clone()).await;
    assert_eq!(foreign.error(), (403, "foreign_origin"));
    assert_eq!(browser(&server, Method::POST, path, &[HERE], body).await.status, StatusCode::CREATED);
    let proxied = browser(&server, Method::GET, ME, &[("x-forwarded-for", "192.0.2.1")], Value::Null).await;
    assert_eq!(proxied.error(), (401, "not_authenticated"));
    // Somebody who signs in is who they are, also here.
    person(&server, "viewer@example.com", Role::Viewer).await;
    let cookie = sign_in(&server, "viewer@example.com").await;
    let me = browser(&server, Method::GET, ME, &[("cookie", &cookie)], Value::Null).await;
    assert_eq!(me.body["role"], "viewer");
}

#[tokio::test]
async fn with_keys_alone_nobody_signs_in() {
    let server = TestServer::configured(|config| config.auth.mode = AuthMode::Keys).await;
    person(&server, "jane@example.com", Role::Admin).await;
    let body = json!({ "email": "jane@example.com", "password": PASSWORD });
    assert_eq!(browser(&server, Method::POST, LOGIN, &[], body).await.error(), (403, "passwords_off"));
}

/// Runs tests over both databases.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $name() { super::$name(crate::testing::TestServer::sqlite().await).await; })+
        }
        mod on_postgresql {
            $(#[tokio::test] async fn $name() { super::$name(crate::testing::TestServer::postgres().await).await; })+
        }
    };
}

on_both!(
    a_cookie_opens_what_the_persons_role_may_see_and_nothing_else,
    another_sites_page_changes_nothing_with_the_cookie,
    failures_are_told_alike_and_make_the_account_wait,
    many_guesses_at_once_are_as_few_as_one_after_the_other,
    a_one_time_code_is_asked_for_once_it_was_confirmed_and_is_good_once,
    a_temporary_password_opens_nothing_but_the_choice_of_another,
    sessions_end_when_they_are_told_to_and_when_the_person_becomes_less,
    the_last_administrator_stays_one,
);
