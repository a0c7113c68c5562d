//! The recurring work on both databases.

use axum::http::{Method, StatusCode};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _};
use serde_json::{Value, json};
use zentinelle_core::ids::AgentId;

use super::{agents, alert_rules, baselines, keys, retention, roll_up};
use crate::auth::Role;
use crate::auth::key::KeyKind;
use crate::clock;
use crate::service::keys::NewKey;
use crate::store::decision_hours::{self, Dimension, Width};
use crate::store::entities::{
    agent, alert, alert_rule, api_key, audit_entry, evaluation, event, notification, usage_hourly, usage_record,
};
use crate::testing::TestServer;

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

async fn servers() -> [TestServer; 2] {
    [TestServer::sqlite().await, TestServer::postgres().await]
}

fn call(server: &TestServer, at: i64, tokens: i64) -> usage_record::Model {
    usage_record::Model {
        tenant_id: server.tenant.as_str().to_owned(),
        id: clock::new_id(),
        agent_id: "builder".to_owned(),
        user_id: Some("ada".to_owned()),
        provider: "openai".to_owned(),
        model: "gpt".to_owned(),
        input_tokens: tokens,
        cached_input_tokens: 0,
        cache_write_tokens: 0,
        output_tokens: 1,
        reasoning_tokens: 0,
        usd_micros: 7,
        estimated: false,
        source: "event".to_owned(),
        occurred_at: at,
    }
}

async fn used(server: &TestServer, rows: Vec<usage_record::Model>) {
    let rows = rows.into_iter().map(sea_orm::IntoActiveModel::into_active_model);
    usage_record::Entity::insert_many(rows).exec_without_returning(server.app.store.db()).await.expect("kept");
}

async fn hourly(server: &TestServer) -> Vec<(i64, i64, i64, i64)> {
    let rows = usage_hourly::Entity::find().order_by_asc(usage_hourly::Column::HourAt).all(server.app.store.db()).await;
    rows.expect("read").into_iter().map(|row| (row.hour_at, row.calls, row.input_tokens, row.usd_micros)).collect()
}

#[tokio::test]
async fn usage_is_summed_up_once_however_often_it_is_summed_up() {
    for server in servers().await {
        let now = clock::now_micros();
        let this = now - now % HOUR;
        let long_ago = this - 30 * DAY;
        used(&server, vec![call(&server, this, 10), call(&server, this + 1, 5), call(&server, this - 1, 3)]).await;
        used(&server, vec![call(&server, long_ago, 100)]).await;
        let expected = vec![(long_ago, 1, 100, 7), (this - HOUR, 1, 3, 7), (this, 2, 15, 14)];
        for _ in 0..2 {
            roll_up::roll_up(&server.app, &server.tenant).await.expect("summed up");
            assert_eq!(hourly(&server).await, expected);
        }
        // One call that was reported long after it happened, and one that is new.
        used(&server, vec![call(&server, long_ago + 5, 11), call(&server, this + 2, 1)]).await;
        roll_up::roll_up(&server.app, &server.tenant).await.expect("summed up");
        assert_eq!(hourly(&server).await, vec![(long_ago, 2, 111, 14), (this - HOUR, 1, 3, 7), (this, 3, 16, 21)]);
    }
}

fn decision(server: &TestServer, minute: i64, at: i64) -> evaluation::Model {
    evaluation::Model {
        tenant_id: server.tenant.as_str().to_owned(),
        id: clock::new_id(),
        agent_id: "builder".to_owned(),
        user_id: Some(if minute % 2 == 0 { "ada" } else { "bob" }.to_owned()),
        session_id: Some("s".to_owned()),
        action: "tool_call".to_owned(),
        resource: None,
        effect: "permit".to_owned(),
        allowed: true,
        dry_run: false,
        code: None,
        reason: None,
        policies: json!([]),
        warnings: json!([]),
        context: json!({"tokens_used": minute + 1}),
        risk_score: 0,
        policy_set_version: "1".to_owned(),
        source: "native".to_owned(),
        duration_us: 1,
        occurred_at: at,
    }
}

async fn decided(server: &TestServer, rows: Vec<evaluation::Model>) {
    let rows = rows.into_iter().map(sea_orm::IntoActiveModel::into_active_model);
    evaluation::Entity::insert_many(rows).exec_without_returning(server.app.store.db()).await.expect("kept");
}

#[tokio::test]
async fn decisions_are_counted_alike_before_and_after_they_are_summed_up() {
    for server in servers().await {
        let (db, tenant) = (server.app.store.db(), &server.tenant);
        let now = clock::now_micros();
        let denied = |at: i64| evaluation::Model {
            allowed: false,
            code: Some("tool_permission.denied".to_owned()),
            ..decision(&server, 0, at)
        };
        let tried = evaluation::Model { dry_run: true, ..decision(&server, 0, now - 2 * HOUR) };
        let other = evaluation::Model { agent_id: "tester".to_owned(), ..decision(&server, 0, now - 50 * HOUR) };
        let rows =
            vec![denied(now - 30 * HOUR), denied(now - 2 * HOUR), decision(&server, 1, now - 2 * HOUR), tried, other];
        decided(&server, rows).await;
        // Neither end stands at a full hour.
        let range = (now - 51 * HOUR - 7, now + 7);
        let counted = async || {
            let mut found = Vec::new();
            for by in [Dimension::All, Dimension::Agent, Dimension::Action, Dimension::Code] {
                for width in [Width::Hour, Width::Day, Width::Whole] {
                    found.push(decision_hours::over_time(db, tenant, range, width, by, None).await.expect("counted"));
                }
            }
            found.into_iter().flatten().map(|one| (one.bucket, one.name, one.total, one.blocked)).collect::<Vec<_>>()
        };
        let before = counted().await;
        assert!(before.contains(&(0, Some("builder".to_owned()), 3, 2)), "{before:?}");
        roll_up::roll_up(&server.app, tenant).await.expect("summed up");
        assert_eq!(counted().await, before);
        // One that is new, and one that came late.
        decided(&server, vec![denied(now), denied(now - 49 * HOUR)]).await;
        roll_up::roll_up(&server.app, tenant).await.expect("summed up");
        let most = decision_hours::greatest(db, tenant, range, Dimension::Code, true, 5).await.expect("counted");
        assert_eq!(most, [("tool_permission.denied".to_owned(), 4)]);
        let one = [String::from("tester")];
        let named = decision_hours::over_time(db, tenant, range, Width::Whole, Dimension::Agent, Some(&one)).await;
        assert_eq!(named.expect("counted").iter().map(|one| one.total).sum::<i64>(), 1);
    }
}

#[tokio::test]
async fn baselines_are_learnt_from_what_was_permitted_and_decide_at_once() {
    for server in servers().await {
        server.agent("builder").await;
        let now = clock::now_micros();
        let start = now - now % DAY - DAY;
        let mut rows: Vec<_> = (0..60).map(|minute| decision(&server, minute, start + minute * 60_000_000)).collect();
        rows.push(evaluation::Model {
            allowed: false,
            context: json!({"tokens_used": 1e9}),
            ..decision(&server, 0, start)
        });
        rows.push(evaluation::Model {
            dry_run: true,
            context: json!({"tokens_used": 1e9}),
            ..decision(&server, 0, start)
        });
        rows.push(evaluation::Model { context: json!({"tokens_used": 1e9}), ..decision(&server, 0, now - 20 * DAY) });
        decided(&server, rows).await;
        let facts = async || {
            let found = server.app.directory.agent(&server.tenant, &AgentId::new("builder")).await;
            found.expect("read").expect("there").baseline.clone()
        };
        baselines::learn(&server.app, &server.tenant).await.expect("nothing asked for");
        assert!(facts().await.is_none(), "no policy asks for a baseline");
        server.policy("behavioral_baseline", json!({"baseline_window_days": 7})).await;
        baselines::learn(&server.app, &server.tenant).await.expect("learnt");
        let learnt = facts().await.expect("known at once");
        assert_eq!(learnt.sample_count, 60);
        // Tokens 1 to 60: 0.95 * 59 = 56.05, so 57.05. One session of 60 calls, in one hour.
        assert!((learnt.token_usage_p95 - 57.05).abs() < 1e-9, "{learnt:?}");
        assert_eq!((learnt.tool_calls_per_session_p95, learnt.requests_per_hour_p95), (60.0, 60.0));
        assert_eq!(learnt.unique_domains_per_day_p95, 0.0);
    }
}

async fn alerts(server: &TestServer) -> Vec<alert::Model> {
    alert::Entity::find().all(server.app.store.db()).await.expect("read")
}

#[tokio::test]
async fn a_silent_agent_is_unhealthy_until_it_reports_again() {
    for server in servers().await {
        server.agent("silent").await;
        server.agent("new").await;
        let beat = async |at: i64, health: &str| {
            agent::Entity::update_many()
                .col_expr(agent::Column::LastHeartbeatAt, Expr::value(at))
                .col_expr(agent::Column::Health, Expr::value(health))
                .filter(agent::Column::AgentId.eq("silent"))
                .exec(server.app.store.db())
                .await
                .expect("updated");
        };
        beat(clock::now_micros() - 301_000_000, "healthy").await;
        for _ in 0..2 {
            agents::check(&server.app, &server.tenant).await.expect("checked");
        }
        let rows = agent::Entity::find().order_by_asc(agent::Column::AgentId).all(server.app.store.db()).await;
        let health: Vec<String> = rows.expect("read").into_iter().map(|row| row.health).collect();
        assert_eq!(health, ["unknown", "unhealthy"]);
        let raised = alerts(&server).await;
        assert_eq!((raised.len(), raised[0].status.as_str(), raised[0].violation_count), (1, "open", 1));
        beat(clock::now_micros(), "healthy").await;
        agents::check(&server.app, &server.tenant).await.expect("checked");
        assert_eq!(alerts(&server).await[0].status, "resolved");
    }
}

fn happened(server: &TestServer, agent: &str, user: Option<&str>, at: i64) -> event::Model {
    event::Model {
        tenant_id: server.tenant.as_str().to_owned(),
        id: clock::new_id(),
        agent_id: agent.to_owned(),
        user_id: user.map(str::to_owned),
        event_type: "tool.used".to_owned(),
        category: "telemetry".to_owned(),
        payload: json!({}),
        digest: clock::new_id(),
        batch_id: "b".to_owned(),
        raw_timestamp: None,
        occurred_at: at,
        received_at: at,
    }
}

async fn reported(server: &TestServer, rows: Vec<event::Model>) {
    for row in rows {
        event::Entity::insert(row.into_active_model())
            .exec_without_returning(server.app.store.db())
            .await
            .expect("kept");
    }
}

async fn left(server: &TestServer) -> Vec<(String, Option<String>)> {
    let rows = event::Entity::find().order_by_asc(event::Column::Id).all(server.app.store.db()).await.expect("read");
    rows.into_iter().map(|row| (row.agent_id, row.user_id)).collect()
}

#[tokio::test]
async fn what_is_too_old_goes_and_what_is_held_stays() {
    for server in servers().await {
        let admin = server.operator(Role::Admin).await;
        let operator = server.operator(Role::Operator).await;
        let now = clock::now_micros();
        let old = now - 40 * DAY;
        server.policy("data_retention", json!({"event_retention_days": 30, "evaluation_retention_days": 10})).await;
        let holds = "/api/zentinelle/v1/legal-holds";
        let case = json!({"name": "case 7", "reason": "litigation", "entity_types": ["events"], "agent_ids": ["a"],
            "user_ids": ["ada"], "data_from": clock::iso(old - DAY), "data_to": clock::iso(old + DAY)});
        let (status, _) = server.post(holds, &operator, case.clone()).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        let (status, hold) = server.post(holds, &admin, case).await;
        assert_eq!(status, StatusCode::CREATED, "{hold}");
        let rows = vec![
            happened(&server, "a", Some("ada"), old),              // held
            happened(&server, "a", Some("bob"), old),              // another user
            happened(&server, "b", Some("ada"), old),              // another agent
            happened(&server, "a", None, old),                     // no user
            happened(&server, "a", Some("ada"), old - 3 * DAY),    // before the hold's time
            happened(&server, "new", Some("ada"), now - 29 * DAY), // not too old
        ];
        reported(&server, rows).await;
        decided(&server, vec![decision(&server, 0, old), decision(&server, 1, now)]).await;
        retention::enforce(&server.app, &server.tenant).await.expect("enforced");
        let ada = Some("ada".to_owned());
        assert_eq!(left(&server).await, [("a".to_owned(), ada.clone()), ("new".to_owned(), ada.clone())]);
        assert_eq!(evaluation::Entity::find().all(server.app.store.db()).await.expect("read").len(), 1);

        let (_, status) = server.get("/api/zentinelle/v1/retention/status", &operator).await;
        let policy = &status["policies"][0];
        assert_eq!((&policy["event_retention_days"], &policy["auto_delete_user_data"]), (&json!(30.0), &json!(false)));
        assert_eq!(
            (&policy["policy_name"], &policy["audit_log_retention_days"]),
            (&json!("test data_retention"), &Value::Null)
        );
        assert_eq!((&status["last_run"]["deleted"]["events"], &status["active_legal_holds"]), (&json!(4), &json!(1)));
        assert_eq!(status["audit_log"]["deletes"], false);
        let summaries = audit_entry::Entity::find().filter(audit_entry::Column::ResourceType.eq("retention"));
        assert_eq!(summaries.all(server.app.store.db()).await.expect("read").len(), 1);

        let one = format!("{holds}/{}", hold["id"].as_str().expect("an id"));
        let (status, _) = server.send(Method::DELETE, &one, &admin, Value::Null).await;
        assert_eq!(status, StatusCode::CONFLICT, "a hold in force is not removed");
        let (status, _) = server.post(&format!("{one}/release"), &admin, Value::Null).await;
        assert_eq!(status, StatusCode::OK);
        retention::enforce(&server.app, &server.tenant).await.expect("enforced");
        assert_eq!(left(&server).await, [("new".to_owned(), ada)]);
        let (status, _) = server.send(Method::DELETE, &one, &admin, Value::Null).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn a_hold_of_everything_holds_everything_and_users_are_forgotten_when_told_to() {
    for server in servers().await {
        let admin = server.operator(Role::Admin).await;
        let old = clock::now_micros() - 40 * DAY;
        reported(&server, (0..3).map(|_| happened(&server, "a", Some("ada"), old)).collect()).await;
        decided(&server, vec![decision(&server, 0, old)]).await;
        let config = json!({"event_retention_days": 30, "auto_delete_user_data": true});
        server.policy("data_retention", config).await;
        let all = json!({"name": "all", "reason": "regulator"});
        let (_, hold) = server.post("/api/zentinelle/v1/legal-holds", &admin, all).await;
        retention::enforce(&server.app, &server.tenant).await.expect("enforced");
        assert_eq!(left(&server).await.len(), 3);
        let release = format!("/api/zentinelle/v1/legal-holds/{}/release", hold["id"].as_str().expect("an id"));
        server.post(&release, &admin, Value::Null).await;
        retention::enforce(&server.app, &server.tenant).await.expect("enforced");
        assert_eq!(left(&server).await.len(), 0);
        let rows = evaluation::Entity::find().all(server.app.store.db()).await.expect("read");
        assert_eq!((rows.len(), rows[0].user_id.as_deref()), (1, None), "the decision stays, its user is forgotten");
    }
}

#[tokio::test]
async fn usage_goes_only_when_it_is_summed_up_and_its_sums_stay() {
    for server in servers().await {
        let now = clock::now_micros();
        let old = now - now % HOUR - 40 * DAY;
        server.policy("data_retention", json!({"usage_retention_days": 30})).await;
        used(&server, vec![call(&server, old, 10), call(&server, old + 1, 10)]).await;
        retention::enforce(&server.app, &server.tenant).await.expect("enforced");
        let count = async || usage_record::Entity::find().all(server.app.store.db()).await.expect("read").len();
        assert_eq!(count().await, 2, "not summed up yet");
        roll_up::roll_up(&server.app, &server.tenant).await.expect("summed up");
        retention::enforce(&server.app, &server.tenant).await.expect("enforced");
        assert_eq!(count().await, 0);
        // A straggler of an hour whose records are gone does not overwrite its sum.
        used(&server, vec![call(&server, old + 2, 1)]).await;
        roll_up::roll_up(&server.app, &server.tenant).await.expect("summed up");
        assert_eq!(hourly(&server).await, vec![(old, 2, 20, 14)]);
    }
}

#[tokio::test]
async fn a_key_is_spoken_of_a_week_before_its_end_and_once_when_it_ended() {
    for server in servers().await {
        let now = clock::now_micros();
        let ending = NewKey { expires_at: Some(now + 6 * DAY), ..NewKey::new(KeyKind::Enrolment, "ending") };
        server.key(ending).await;
        server.key(NewKey { expires_at: Some(now + HOUR), ..NewKey::new(KeyKind::Enrolment, "short") }).await;
        server.key(NewKey { expires_at: Some(now - HOUR), ..NewKey::new(KeyKind::Enrolment, "ended") }).await;
        server.key(NewKey { expires_at: Some(now + 30 * DAY), ..NewKey::new(KeyKind::Enrolment, "later") }).await;
        api_key::Entity::update_many()
            .col_expr(api_key::Column::CreatedAt, Expr::value(now - 90 * DAY))
            .filter(api_key::Column::Label.is_in(["ending", "ended"]))
            .exec(server.app.store.db())
            .await
            .expect("updated");
        for _ in 0..2 {
            keys::check(&server.app, &server.tenant).await.expect("checked");
        }
        let rows =
            notification::Entity::find().order_by_asc(notification::Column::Kind).all(server.app.store.db()).await;
        let told: Vec<(String, String)> = rows.expect("read").into_iter().map(|row| (row.kind, row.subject)).collect();
        let expected = [
            ("key_expired".to_owned(), "the enrolment key `ended` has ended".to_owned()),
            ("key_expiring".to_owned(), "the enrolment key `ending` ends soon".to_owned()),
        ];
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn a_rule_that_is_due_raises_one_alert_and_tells_of_it_once() {
    for server in servers().await {
        let admin = server.operator(Role::Admin).await;
        let hook = json!({"name": "h", "url": "http://127.0.0.1:9/", "event_types": ["compliance_alert"]});
        let (status, hook) = server.post("/api/zentinelle/v1/webhooks", &admin, hook).await;
        assert_eq!(status, StatusCode::CREATED, "{hook}");
        let rule = |name: &str, condition: Value| alert_rule::Model {
            tenant_id: server.tenant.as_str().to_owned(),
            id: clock::new_id(),
            name: name.to_owned(),
            condition,
            severity: "critical".to_owned(),
            enabled: true,
            created_by: "test".to_owned(),
            created_at: 0,
            updated_at: 0,
        };
        let denials = |threshold: u64| json!({"metric": "denials", "threshold": threshold, "window_minutes": 60});
        for rule in [rule("many denials", denials(2)), rule("more denials", denials(3)), rule("broken", json!({}))] {
            let row = rule.into_active_model();
            alert_rule::Entity::insert(row).exec_without_returning(server.app.store.db()).await.expect("kept");
        }
        let now = clock::now_micros();
        let denied = |minute: i64| evaluation::Model { allowed: false, ..decision(&server, minute, now - 1_000_000) };
        decided(&server, vec![denied(1), denied(2), decision(&server, 3, now)]).await;
        for _ in 0..2 {
            let error = alert_rules::check(&server.app, &server.tenant).await.expect_err("one rule is broken");
            assert!(error.to_string().contains("`broken`"), "{error}");
        }
        let raised = alerts(&server).await;
        assert_eq!((raised.len(), raised[0].severity.as_str()), (1, "critical"));
        assert_eq!((&raised[0].metadata["value"], &raised[0].metadata["threshold"]), (&json!(2), &json!(2)));
        let path = format!("/api/zentinelle/v1/webhooks/{}/deliveries", hook["id"].as_str().expect("an id"));
        let (_, told) = server.get(&path, &admin).await;
        assert_eq!((&told["count"], &told["results"][0]["status"]), (&json!(1), &json!("pending")), "{told}");
    }
}
