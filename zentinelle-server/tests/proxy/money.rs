//! One budget, however many calls and however they end: never above it, and nothing stays reserved.

use std::sync::Arc;
use std::time::Duration;

use crate::setup::{Proxied, Speaks};

/// gpt-4o: 2.50 and 10 US dollars a million tokens. Unit: millionths of a dollar.
fn cost(input: u64, output: u64) -> u64 {
    (input * 5).div_ceil(2) + output * 10
}

fn budget(usd: &str) -> String {
    format!(r#"policies: [{{ name: money, id: money, type: budget_limit, config: {{ monthly_limit_usd: "{usd}" }} }}]"#)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_streams_at_once_never_spend_more_than_the_budget() {
    let proxied = Arc::new(Proxied::start(&budget("0.25")).await);
    let calls: Vec<_> = (0..1_000)
        .map(|number| {
            let proxied = Arc::clone(&proxied);
            tokio::spawn(async move {
                // Every third breaks off, which is no cheaper.
                let words = ["", "[[truncate]]", "[[reset_midstream]]"][number % 3];
                let words = format!("{words} [[input_tokens=20]] [[output_tokens=100]] [[gap=1]]");
                proxied.ask(Speaks::Chat, &words, true).await
            })
        })
        .collect();
    let (mut served, mut refused) = (0_u64, 0_u64);
    for call in calls {
        let answer = call.await.expect("no failure");
        match answer.status {
            200 => served += 1,
            429 => {
                refused += 1;
                let wait = answer.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
                assert!(wait.is_some_and(|wait| wait > 0), "{:?}", answer.headers);
                Speaks::Chat.error(429, &answer.body);
            }
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert_eq!(served + refused, 1_000);
    assert_eq!(proxied.upstream.seen().total(), served, "what is refused is not sent");
    assert!(served > 0 && served * cost(20, 100) <= 250_000, "{served} streams were served");
    proxied.settles_at(|used| used <= 250_000 && used > 0, "the budget is a quarter of a dollar").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_call_used_is_what_it_costs() {
    let proxied = Proxied::start(&budget("10")).await;
    let mut due = 0;
    for speaks in [Speaks::Chat, Speaks::Responses] {
        for streams in [false, true] {
            let answer = proxied.ask(speaks, "[[input_tokens=40]] [[output_tokens=30]]", streams).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            due += cost(40, 30);
            proxied.settles_at(|used| used == due, &format!("{speaks:?}, streamed {streams}, {due} are due")).await;
        }
    }
    // Half of the input came from the cache, at half the price.
    let words = "[[input_tokens=40]] [[cached_tokens=20]] [[output_tokens=30]]";
    for streams in [false, true] {
        assert_eq!(proxied.ask(Speaks::Chat, words, streams).await.status, 200);
        due += 50 + 25 + 300;
        proxied.settles_at(|used| used == due, &format!("cached, streamed {streams}, {due} are due")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_costs_nothing_is_given_back() {
    let proxied = Proxied::start(&budget("10")).await;
    for speaks in Speaks::ALL {
        for words in ["[[error=400]]", "[[error=429]]", "[[error=500]]", "[[redirect=http://x.example/]]"] {
            for streams in [false, true] {
                assert!(proxied.ask(speaks, words, streams).await.status >= 400);
            }
        }
    }
    let body = Speaks::Chat.call("hello", false).1;
    assert_eq!(proxied.send("/proxy/nowhere/v1/chat/completions", &body).await.status, 502);
    proxied.settles_at(|used| used == 0, "nothing was delivered and nothing used").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_usage_settles_at_what_was_reserved() {
    for streams in [false, true] {
        let proxied = Proxied::start(&budget("10")).await;
        assert_eq!(proxied.ask(Speaks::Chat, "[[no_usage]]", streams).await.status, 200);
        // A hundred tokens of output and at least the words of the prompt.
        proxied.settles_at(|used| used > cost(1, 100), "an answer without usage is not free").await;
        let reserved = proxied.used().await;
        assert!(reserved < cost(200, 100), "{reserved}: what is reserved is an estimate of this call");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_left_is_paid_for_and_no_longer_reserved() {
    let proxied = Proxied::start(&budget("10")).await;
    for speaks in [Speaks::Chat, Speaks::Messages, Speaks::Google] {
        let before = proxied.used().await;
        let (path, body) = speaks.call("[[chunks=500]] [[gap=20]]", true);
        let request = proxied.client.post(format!("{}{path}", proxied.server.url)).json(&body);
        let request = request.header("X-Zentinelle-Key", &proxied.server.agent);
        let mut reply = request.send().await.expect("answered");
        for _ in 0..10 {
            reply.chunk().await.expect("a chunk");
        }
        drop(reply);
        tokio::time::sleep(Duration::from_millis(500)).await;
        proxied.settles_at(|used| used > before, &format!("{speaks:?}: what was written was paid for")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_replies_under_load_leave_the_budget_whole() {
    let words = [
        "hello",
        "[[hangup]]",
        "[[reset]]",
        "[[truncate]]",
        "[[reset_midstream]]",
        "[[bad_json]]",
        "[[error=500]]",
        "[[no_usage]]",
        "[[long_length]]",
        "[[gzip_bomb]]",
        "[[input_tokens=0]] [[output_tokens=0]]",
        "[[duplicate_keys]]",
    ];
    let proxied = Arc::new(Proxied::start(&budget("0.2")).await);
    let calls: Vec<_> = (0..300)
        .map(|number| {
            let proxied = Arc::clone(&proxied);
            let speaks = Speaks::ALL[number % 4];
            tokio::spawn(async move { proxied.ask(speaks, words[number % words.len()], number % 2 == 0).await.status })
        })
        .collect();
    for call in calls {
        let status = call.await.expect("no failure");
        assert!([200, 400, 429, 500, 502, 503, 504].contains(&status), "{status}");
    }
    proxied.settles_at(|used| used <= 200_000, "two tenths of a dollar").await;
}
