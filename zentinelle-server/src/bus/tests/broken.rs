//! Connections that break, freeze or carry rubbish.

use std::time::Duration;

use sea_orm::ConnectionTrait as _;

use super::proxy::Mode;
use super::{Server, TIMING, expect, next, notice};
use crate::bus::{Bus, Delivery, Received, Timing};

async fn until_connected(bus: &Bus, wanted: bool) {
    let mut connected = bus.shared.connected.subscribe();
    let wait = connected.wait_for(|connected| *connected == wanted);
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("in time").expect("the bus lives");
}

#[tokio::test]
async fn a_cut_connection_is_renewed_and_subscribers_read_everything_again() {
    for server in Server::both().await {
        let (here, proxy) = server.behind_proxy(TIMING).await;
        let there = server.replica(TIMING).await;
        let mut receiver = here.subscribe();
        for round in 0..3 {
            proxy.set(Mode::Cut);
            until_connected(&here, false).await;
            there.publish(&notice(100 + round)).await; // nobody hears this
            proxy.set(Mode::Open);
            assert_eq!(next(&mut receiver).await, Received::Resync);
            there.publish(&notice(round)).await;
            expect(&mut receiver, [round]).await;
        }
    }
}

#[tokio::test]
async fn a_listener_that_postgresql_ends_comes_back() {
    let Server::Postgres(db) = Server::postgres().await else { unreachable!("asked for") };
    let server = Server::Postgres(db.clone());
    let here = server.replica(TIMING).await;
    let mut receiver = here.subscribe();
    let ended = db
        .execute_unprepared(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND query LIKE 'LISTEN%'",
        )
        .await
        .expect("asked");
    assert_eq!(ended.rows_affected(), 1);
    assert_eq!(next(&mut receiver).await, Received::Resync);
    server.replica(TIMING).await.publish(&notice(1)).await;
    expect(&mut receiver, [1]).await;
}

#[tokio::test]
async fn a_connection_that_died_without_a_word_is_found_by_its_silence() {
    let timing = Timing { beat: Duration::from_millis(50), silence: Duration::from_millis(500) };
    for server in Server::both().await {
        let (here, proxy) = server.behind_proxy(timing).await;
        let mut receiver = here.subscribe();
        proxy.set(Mode::Frozen);
        until_connected(&here, false).await;
        proxy.set(Mode::Open);
        assert_eq!(next(&mut receiver).await, Received::Resync);
        until_connected(&here, true).await;
        let there = server.replica(TIMING).await;
        there.publish(&notice(1)).await;
        // Once the ways are free again it may have found reason to read everything twice.
        while next(&mut receiver).await != Received::Notice(notice(1)) {}
    }
}

#[tokio::test]
async fn who_could_not_send_has_the_others_read_everything_again() {
    for server in Server::both().await {
        let (here, proxy) = server.behind_proxy(TIMING).await;
        let there = server.replica(TIMING).await;
        let (mut at_here, mut at_there) = (here.subscribe(), there.subscribe());
        proxy.set(Mode::Cut);
        assert_eq!(here.publish(&notice(1)).await, Delivery::Owed);
        expect(&mut at_here, [1]).await;
        proxy.set(Mode::Open);
        assert_eq!(next(&mut at_there).await, Received::Resync);
        while here.publish(&notice(2)).await == Delivery::Owed {}
        while next(&mut at_there).await != Received::Notice(notice(2)) {}
    }
}

#[tokio::test]
async fn a_text_that_cannot_be_read_may_have_been_important() {
    for server in Server::both().await {
        let here = server.replica(TIMING).await;
        let mut receiver = here.subscribe();
        for text in ["", "{}", "not a notice", r#"{"from":1}"#] {
            server.send_raw(text).await;
        }
        assert_eq!(next(&mut receiver).await, Received::Resync);
        server.replica(TIMING).await.publish(&notice(1)).await;
        expect(&mut receiver, [1]).await;
    }
}

#[tokio::test]
async fn a_start_without_a_server_goes_on_and_finds_it_later() {
    let server = Server::redis();
    let (first, proxy) = server.behind_proxy(TIMING).await;
    drop(first);
    proxy.set(Mode::Cut);
    let Server::Redis { url, prefix } = &server else { unreachable!("asked for") };
    let mut url: url::Url = url.parse().expect("an address");
    url.set_port(Some(proxy.port)).expect("a port");
    let here = Bus::redis(url.as_str(), prefix).await.expect("an address");
    assert!(!here.is_connected());
    let mut receiver = here.subscribe();
    proxy.set(Mode::Open);
    assert_eq!(next(&mut receiver).await, Received::Resync);
    server.replica(TIMING).await.publish(&notice(1)).await;
    expect(&mut receiver, [1]).await;
}
