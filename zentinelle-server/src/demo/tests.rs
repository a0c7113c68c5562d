//! The demonstration's past, lived through once.

use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
use zentinelle_core::ids::TenantId;

use super::seed;
use crate::auth::Caller;
use crate::service::reports;
use crate::store::approvals::PENDING;
use crate::store::entities::{
    alert, approval, content_violation, evaluation, incident, interaction, report, risk, risk_link, usage_hourly, user,
};
use crate::testing::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn a_month_leaves_what_every_page_of_the_portal_shows() {
    let server = TestServer::sqlite().await;
    let started = std::time::Instant::now();
    let keys = seed(&server.app, 30).await.expect("lived through");
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
    let finished = report::Entity::find().all(db).await.expect("read");
    for (kind, begins) in [("pdf", "%PDF-"), ("oscal", "{"), ("csv", "title,")] {
        let row = finished.iter().find(|row| row.format == kind).expect(kind);
        assert_eq!((row.status.as_str(), row.error_message.as_str()), ("complete", ""), "{kind}");
        let who = Caller::local(TenantId::new(row.tenant_id.as_str()));
        let (_, bytes) = reports::download(&server.app, &who, &row.id).await.expect(kind);
        assert!(bytes.starts_with(begins.as_bytes()), "{kind}");
    }
    let waits = waiting(&server).await;
    let now = crate::clock::now_micros();
    for agent in ["hr-screener", "invoice-processor"] {
        assert!(waits.iter().any(|row| row.agent_id == agent), "{agent}: {waits:?}");
    }
    assert!(waits.iter().all(|row| row.requested_at < now && row.expires_at > now), "{waits:?}");
    // Another start leaves them alone.
    seed(&server.app, 30).await.expect("seeded again");
    assert_eq!(waiting(&server).await, waits);
    // What came up long ago was raised then, and somebody dealt with it.
    let raised = alert::Entity::find().all(db).await.expect("read");
    assert!(raised.iter().all(|row| row.first_violation_at.is_none_or(|at| row.created_at - at < 60_000_000)));
    let opened = incident::Entity::find().all(db).await.expect("read");
    assert!(opened.iter().all(|row| row.detected_at - row.occurred_at < 60_000_000));
    // Not all of it is of this instant.
    let first = evaluation::Entity::find().one(db).await.expect("read").expect("one");
    assert!(first.occurred_at < crate::clock::now_micros() - 86_400_000_000);
    assert!(keys.commands(server.app.config.listen, true).contains("open mode"));
}

/// The requests that nobody decided yet and whose time is not over.
async fn waiting(server: &TestServer) -> Vec<approval::Model> {
    let pending = approval::Entity::find()
        .filter(approval::Column::Status.eq(PENDING))
        .filter(approval::Column::ExpiresAt.gt(crate::clock::now_micros()));
    pending.all(server.app.store.db()).await.expect("read")
}
