//! The bus over a real PostgreSQL and a real Redis, and without either.

mod broken;
mod proxy;

use std::time::{Duration, Instant};

use sea_orm::sqlx::postgres::PgPoolOptions;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, SqlxPostgresConnector, TransactionTrait as _};
use zentinelle_core::ids::TenantId;

use self::proxy::Proxy;
use super::link::Link;
use super::{BACKLOG, Bus, Delivery, Notice, Received, Receiver, Timing};
use crate::store::testing;

const TIMING: Timing = Timing { beat: Duration::from_millis(50), silence: Duration::from_secs(5) };

fn notice(revision: i64) -> Notice {
    Notice::PoliciesChanged { tenant: TenantId::new("acme"), revision }
}

/// What comes next; a test that waits this long has failed.
async fn next(receiver: &mut Receiver) -> Received {
    let next = tokio::time::timeout(Duration::from_secs(20), receiver.next()).await;
    next.expect("something comes").expect("the bus lives")
}

async fn expect(receiver: &mut Receiver, revisions: impl IntoIterator<Item = i64>) {
    for revision in revisions {
        assert_eq!(next(receiver).await, Received::Notice(notice(revision)));
    }
}

async fn expect_silence(receivers: &mut [&mut Receiver]) {
    tokio::time::sleep(Duration::from_millis(150)).await;
    for receiver in receivers {
        assert!(receiver.notices.is_empty(), "{:?}", receiver.next().await);
    }
}

/// Several replicas on one PostgreSQL database or one Redis channel of their own.
enum Server {
    Postgres(DatabaseConnection),
    Redis { url: String, prefix: String },
}

impl Server {
    async fn postgres() -> Self {
        Self::Postgres(testing::postgres().await.db().clone())
    }

    fn redis() -> Self {
        let url = std::env::var("ZENTINELLE_TEST_REDIS_URL")
            .expect("ZENTINELLE_TEST_REDIS_URL is not set: run the tests with `scripts/services.sh run -- cargo test`");
        Self::Redis { url, prefix: format!("test_{}_", uuid::Uuid::now_v7().simple()) }
    }

    async fn both() -> [Self; 2] {
        [Self::postgres().await, Self::redis()]
    }

    async fn replica(&self, timing: Timing) -> Bus {
        let link = match self {
            Self::Postgres(db) => Link::Postgres(db.clone()),
            Self::Redis { url, prefix } => Link::redis(url, prefix).expect("an address"),
        };
        Bus::over(link, timing).await
    }

    /// A replica whose way to the server leads through the proxy.
    async fn behind_proxy(&self, timing: Timing) -> (Bus, Proxy) {
        match self {
            Self::Postgres(db) => {
                let options = db.get_postgres_connection_pool().connect_options();
                let proxy = Proxy::before(format!("{}:{}", options.get_host(), options.get_port())).await;
                let options = (*options).clone().host("127.0.0.1").port(proxy.port);
                let pool = PgPoolOptions::new().acquire_timeout(Duration::from_secs(1)).connect_lazy_with(options);
                let db = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
                (Self::Postgres(db).replica(timing).await, proxy)
            }
            Self::Redis { url, prefix } => {
                let mut url: url::Url = url.parse().expect("an address");
                let target = format!("{}:{}", url.host_str().expect("a host"), url.port().unwrap_or(6379));
                let proxy = Proxy::before(target).await;
                url.set_host(Some("127.0.0.1")).expect("a host");
                url.set_port(Some(proxy.port)).expect("a port");
                let url = url.to_string();
                (Self::Redis { url, prefix: prefix.clone() }.replica(timing).await, proxy)
            }
        }
    }

    /// Sends a text as it is.
    async fn send_raw(&self, text: &str) {
        match self {
            Self::Postgres(db) => super::link::notify(db, text.to_owned()).await.expect("sent"),
            Self::Redis { url, prefix } => {
                Link::redis(url, prefix).expect("an address").send(text.to_owned()).await.expect("sent");
            }
        }
    }
}

#[tokio::test]
async fn a_single_replica_hears_itself_once() {
    let bus = Bus::local();
    let mut receiver = bus.subscribe();
    assert_eq!(bus.publish(&notice(1)).await, Delivery::Sent);
    let store = testing::sqlite().await;
    let after = bus.publish_in(store.db(), notice(2)).await.expect("nothing to send");
    expect(&mut receiver, [1]).await;
    expect_silence(&mut [&mut receiver]).await;
    assert_eq!(after.deliver().await, Delivery::Sent);
    drop(bus.publish_in(store.db(), notice(3)).await); // interrupted before the delivery
    expect(&mut receiver, [2, 3]).await;
    expect_silence(&mut [&mut receiver]).await;
    drop(bus);
    assert_eq!(receiver.next().await, None);
}

#[tokio::test]
async fn a_subscriber_that_falls_behind_is_told_so_and_goes_on() {
    let bus = Bus::local();
    let mut receiver = bus.subscribe();
    for revision in 0..=i64::try_from(BACKLOG).expect("small") {
        bus.publish(&notice(revision)).await;
    }
    assert_eq!(next(&mut receiver).await, Received::Resync);
    bus.publish(&notice(-1)).await;
    expect(&mut receiver, [-1]).await;
}

#[tokio::test]
async fn every_replica_hears_of_every_notice_once_and_in_order() {
    for server in Server::both().await {
        let (here, there) = (server.replica(TIMING).await, server.replica(TIMING).await);
        assert!(here.is_connected() && there.is_connected());
        let (mut at_here, mut at_there) = (here.subscribe(), there.subscribe());
        for revision in 0..100 {
            assert_eq!(here.publish(&notice(revision)).await, Delivery::Sent);
        }
        expect(&mut at_here, 0..100).await;
        expect(&mut at_there, 0..100).await;
        expect_silence(&mut [&mut at_here, &mut at_there]).await;
    }
}

#[tokio::test]
async fn installations_on_one_redis_do_not_hear_each_other() {
    let (one, other) = (Server::redis().replica(TIMING).await, Server::redis().replica(TIMING).await);
    let mut receiver = other.subscribe();
    one.publish(&notice(1)).await;
    expect_silence(&mut [&mut receiver]).await;
}

#[tokio::test]
async fn a_notice_of_a_transaction_goes_out_with_its_commit_and_not_before() {
    let Server::Postgres(db) = Server::postgres().await else { unreachable!("asked for") };
    let server = Server::Postgres(db.clone());
    let (here, there) = (server.replica(TIMING).await, server.replica(TIMING).await);
    let (mut at_here, mut at_there) = (here.subscribe(), there.subscribe());

    let transaction = db.begin().await.expect("begun");
    let after = here.publish_in(&transaction, notice(1)).await.expect("sent");
    expect_silence(&mut [&mut at_here, &mut at_there]).await;
    transaction.commit().await.expect("committed");
    assert_eq!(after.deliver().await, Delivery::Sent);
    expect(&mut at_here, [1]).await;
    expect(&mut at_there, [1]).await;

    let transaction = db.begin().await.expect("begun");
    let after = here.publish_in(&transaction, notice(2)).await.expect("sent");
    transaction.rollback().await.expect("rolled back");
    drop(after);
    expect_silence(&mut [&mut at_here, &mut at_there]).await;

    let transaction = db.begin().await.expect("begun");
    let after = here.publish_in(&transaction, notice(3)).await.expect("sent");
    transaction.commit().await.expect("committed");
    drop(after); // interrupted: the copy on the wire stands in
    expect(&mut at_here, [3]).await;
    expect(&mut at_there, [3]).await;
    expect_silence(&mut [&mut at_here, &mut at_there]).await;
}

#[tokio::test]
async fn a_change_is_announced_over_redis_after_its_commit() {
    let (server, store) = (Server::redis(), testing::sqlite().await);
    let (here, there) = (server.replica(TIMING).await, server.replica(TIMING).await);
    let (mut at_here, mut at_there) = (here.subscribe(), there.subscribe());
    let after = here.publish_in(store.db(), notice(1)).await.expect("nothing to send yet");
    expect_silence(&mut [&mut at_here, &mut at_there]).await;
    assert_eq!(after.deliver().await, Delivery::Sent);
    expect(&mut at_here, [1]).await;
    expect(&mut at_there, [1]).await;
    drop(here.publish_in(store.db(), notice(2)).await);
    expect(&mut at_here, [2]).await;
    assert_eq!(next(&mut at_there).await, Received::Resync, "in case it was committed");
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "a figure for people, not a check")]
async fn the_time_a_notice_takes_is_printed() {
    for (name, server) in ["PostgreSQL", "Redis"].into_iter().zip(Server::both().await) {
        let (here, there) = (server.replica(Timing::default()).await, server.replica(Timing::default()).await);
        let mut receiver = there.subscribe();
        let mut taken = Vec::new();
        for revision in 0..500 {
            let start = Instant::now();
            here.publish(&notice(revision)).await;
            expect(&mut receiver, [revision]).await;
            taken.push(start.elapsed().as_secs_f64() * 1e3);
        }
        taken.sort_by(f64::total_cmp);
        println!("{name}: a notice takes {:.2} ms, p99 {:.2} ms, most {:.2} ms", taken[250], taken[495], taken[499]);
    }
}

#[tokio::test]
async fn nothing_of_an_address_is_printed() {
    let refused = Bus::redis("http://user:hunter2@nowhere", "").await.expect_err("not an address of Redis");
    assert!(!format!("{refused} {refused:?}").contains("hunter2"));
    let db = Server::postgres().await;
    let printed = format!("{:?}", db.replica(TIMING).await);
    assert_eq!(printed, "Bus { link: Some(Postgres), connected: true }");
    let Server::Postgres(db) = db else { unreachable!("asked for") };
    db.execute_unprepared("SELECT 1").await.expect("the pool is not in the way");
}
