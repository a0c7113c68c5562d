//! The demonstration's past, lived through once.

use sea_orm::{EntityTrait as _, PaginatorTrait as _};

use super::seed;
use crate::store::entities::{
    alert, approval, content_violation, evaluation, incident, interaction, risk, risk_link, usage_hourly, user,
};
use crate::testing::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn a_fortnight_leaves_what_every_page_of_the_portal_shows() {
    let server = TestServer::sqlite().await;
    let started = std::time::Instant::now();
    let keys = seed(&server.app, 14).await.expect("lived through");
    let db = server.app.store.db();
    let denied = evaluation::Entity::find().all(db).await.expect("read").iter().filter(|row| !row.allowed).count();
    let counts = [
        ("decisions", evaluation::Entity::find().count(db).await.expect("read"), 100),
        ("denials", denied as u64, 5),
        ("turns", interaction::Entity::find().count(db).await.expect("read"), 50),
        ("hours of usage", usage_hourly::Entity::find().count(db).await.expect("read"), 50),
        ("violations", content_violation::Entity::find().count(db).await.expect("read"), 1),
        ("alerts", alert::Entity::find().count(db).await.expect("read"), 1),
        ("incidents", incident::Entity::find().count(db).await.expect("read"), 1),
        ("approvals", approval::Entity::find().count(db).await.expect("read"), 1),
        ("risks", risk::Entity::find().count(db).await.expect("read"), 6),
        ("links of risks", risk_link::Entity::find().count(db).await.expect("read"), 8),
        ("people", user::Entity::find().count(db).await.expect("read"), 4),
    ];
    eprintln!("{counts:?} {:?}", started.elapsed());
    for (what, found, least) in counts {
        assert!(found >= least, "{found} {what}");
    }
    let linked = risk_link::Entity::find().all(db).await.expect("read");
    for kind in ["policy", "agent", "incident"] {
        assert!(linked.iter().any(|link| link.kind == kind), "no risk is linked with a {kind}");
    }
    // Not all of it is of this instant.
    let first = evaluation::Entity::find().one(db).await.expect("read").expect("one");
    assert!(first.occurred_at < crate::clock::now_micros() - 86_400_000_000);
    assert!(keys.commands(server.app.config.listen, true).contains("open mode"));
}
