//! Prices, usage and budgets.

use axum::http::Method;
use serde_json::{Value, json};

use super::{at, audited, eventually, fails, ok, servers, stranger};
use crate::auth::Role;

#[tokio::test]
async fn a_tenants_own_price_counts_before_the_list_price() {
    for server in servers().await {
        let (agent, admin) = (server.agent("builder").await, server.operator(Role::Admin).await);
        let operator = server.operator(Role::Operator).await;
        let all = ok(&server, Method::GET, "prices", &operator, Value::Null).await;
        assert!(all["count"].as_u64().is_some_and(|count| count > 40));
        let body = json!({"provider": "OpenAI", "model": "gpt-5", "input_usd": 1, "output_usd": "x"});
        fails(&server, Method::PUT, "prices", &admin, body, 400, "invalid_request").await;
        for body in [
            json!({"provider": "openai", "model": "gpt-5", "input_usd": 1}),
            json!({"provider": "openai", "model": "gpt-5", "input_usd": -1, "output_usd": 1}),
            json!({"provider": "openai", "model": "gpt-5", "input_usd": 1e12, "output_usd": 1}),
            json!({"model": "gpt-5", "input_usd": 1, "output_usd": 1}),
            json!({"provider": "openai", "model": "a/", "input_usd": 1, "output_usd": 1}),
            json!({"provider": "openai", "model": "a\0", "input_usd": 1, "output_usd": 1}),
        ] {
            fails(&server, Method::PUT, "prices", &admin, body, 400, "invalid_request").await;
        }
        let body = json!({"provider": "OpenAI", "model": "gpt-5", "input_usd": 0.5, "output_usd": 4, "effective_at": "2025-01-01"});
        fails(&server, Method::PUT, "prices", &operator, body.clone(), 403, "forbidden").await;
        let put = ok(&server, Method::PUT, "prices", &admin, body.clone()).await;
        assert_eq!((&put["input_usd"], &put["origin"]), (&json!("0.500000"), &json!("tenant")));
        let again = ok(&server, Method::PUT, "prices", &admin, body).await;
        assert_ne!(again["id"], put["id"]);
        let listed = ok(&server, Method::GET, "prices?provider=openai&model=gpt-5", &operator, Value::Null).await;
        assert_eq!((&listed["count"], &listed["results"][0]["origin"]), (&json!(2), &json!("tenant")));
        let call = json!({"ai_provider": "openai", "ai_model": "gpt-5-2025-08-07", "input_token_count": 2_000_000, "output_token_count": 0});
        ok(&server, Method::POST, "interaction", &agent, call.clone()).await;
        eventually(&server, &at("usage"), &operator, |usage| usage["total"]["usd_micros"] == 1_000_000).await;
        let path = format!("prices/{}", again["id"].as_str().expect("an id"));
        let stranger = stranger(&server).await;
        fails(&server, Method::DELETE, &path, &stranger, Value::Null, 404, "not_found").await;
        ok(&server, Method::DELETE, &path, &admin, Value::Null).await;
        ok(&server, Method::POST, "interaction", &agent, call).await;
        eventually(&server, &at("usage"), &operator, |usage| usage["total"]["usd_micros"] == 3_500_000).await;
        assert_eq!(audited(&server, "model_price").await, 3);
    }
}

#[tokio::test]
async fn usage_is_summed_up_by_every_group() {
    for server in servers().await {
        let (agent, operator) = (server.agent("builder").await, server.operator(Role::Viewer).await);
        for (model, user, at) in [("gpt-5", "ann", "2026-01-01T10:30:00Z"), ("gpt-5", "bob", "2026-01-01T11:30:00Z"), ("o3", "ann", "2026-01-02T00:00:00Z")] {
            let call = json!({"ai_provider": "openai", "ai_model": model, "user_id": user, "occurred_at": at,
                "input_token_count": 100, "cached_input_token_count": 50, "output_token_count": 10, "reasoning_token_count": 4});
            ok(&server, Method::POST, "interaction", &agent, call).await;
        }
        let path = |by: &str| at(&format!("usage?group_by={by}&from=2026-01-01&to=2026-01-03"));
        eventually(&server, &path("agent"), &operator, |usage| usage["total"]["calls"] == 3).await;
        for (by, keys) in [
            ("agent", vec!["builder"]),
            ("provider", vec!["openai"]),
            ("model", vec!["gpt-5", "o3"]),
            ("user", vec!["ann", "bob"]),
            ("day", vec!["2026-01-01T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z"]),
            ("hour", vec!["2026-01-01T10:00:00.000000Z", "2026-01-01T11:00:00.000000Z", "2026-01-02T00:00:00.000000Z"]),
        ] {
            let (_, usage) = server.get(&path(by), &operator).await;
            let mut got: Vec<&str> = usage["results"].as_array().expect("a list").iter().filter_map(|one| one["key"].as_str()).collect();
            got.sort_unstable();
            assert_eq!(got, keys, "{usage}");
            assert_eq!((&usage["total"]["input_tokens"], &usage["total"]["cached_input_tokens"]), (&json!(300), &json!(150)));
            assert_eq!((&usage["total"]["total_tokens"], &usage["total"]["reasoning_tokens"]), (&json!(480), &json!(12)));
        }
        let (_, usage) = server.get(&format!("{}&limit=1", path("model")), &operator).await;
        assert_eq!((&usage["truncated"], usage["results"].as_array().map(Vec::len)), (&json!(true), Some(1)));
        for query in ["group_by=mood", "from=soon", "from=2026-02-01&to=2026-01-01", "limit=0", "group_by=hour&from=2020-01-01"] {
            fails(&server, Method::GET, &format!("usage?{query}"), &operator, Value::Null, 400, "invalid_request").await;
        }
        let stranger = stranger(&server).await;
        assert_eq!(ok(&server, Method::GET, "usage", &stranger, Value::Null).await["total"]["calls"], 0);
    }
}

#[tokio::test]
async fn the_summary_shows_budgets_with_what_the_ledger_counted() {
    let server = crate::testing::TestServer::sqlite().await;
    let (agent, operator) = (server.agent("builder").await, server.operator(Role::Viewer).await);
    server.policy("budget_limit", json!({"monthly_limit_usd": "100", "monthly_budget_usd": 50})).await;
    let ask = json!({"action": "llm:invoke", "context": {"estimated_cost_usd": 1.25}});
    ok(&server, Method::POST, "evaluate", &agent, ask).await;
    let summary = ok(&server, Method::GET, "usage/summary", &operator, Value::Null).await;
    let budgets = summary["budgets"].as_array().expect("a list");
    assert_eq!(budgets.len(), 2, "{summary}");
    for budget in budgets {
        assert_eq!((&budget["used_usd_micros"], &budget["used_usd"]), (&json!(1_250_000), &json!("1.250000")), "{summary}");
    }
    assert_eq!((&budgets[0]["limit_usd"], &budgets[0]["scope_type"]), (&json!("100.000000"), &json!("organization")));
    assert!(summary["month_start"].as_str().is_some_and(|start| start.contains("-01T00:00:00")));
    // What calls cost in truth counts as well; of a call that was decided, only the excess.
    let call = |evaluation: &Value| json!({"ai_provider": "openai", "ai_model": "gpt-5", "input_token_count": 1_600_000,
        "output_token_count": 0, "evaluation_id": evaluation});
    let ask = json!({"action": "llm:invoke", "context": {"estimated_cost_usd": 1.25}});
    let decided = ok(&server, Method::POST, "evaluate", &agent, ask).await;
    let id = decided["evaluation_id"].as_str().expect("an id");
    for _ in 0..200 {
        let found = crate::store::evaluations::of_agent(server.app.store.db(), &server.tenant, &"builder".into(), id).await;
        if found.expect("rows").is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    ok(&server, Method::POST, "interaction", &agent, call(&decided["evaluation_id"])).await;
    let spent = |summary: &Value| summary["budgets"][0]["used_usd_micros"].clone();
    let summary = ok(&server, Method::GET, "usage/summary", &operator, Value::Null).await;
    assert_eq!(spent(&summary), 1_250_000 + 2_000_000, "{summary}");
    ok(&server, Method::POST, "interaction", &agent, call(&Value::Null)).await;
    let summary = ok(&server, Method::GET, "usage/summary", &operator, Value::Null).await;
    assert_eq!(spent(&summary), 1_250_000 + 4_000_000, "{summary}");
    assert_eq!(summary["budgets"][1]["used_usd_micros"], 2_500_000);
}
