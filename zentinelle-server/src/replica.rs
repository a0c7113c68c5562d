//! This server as one of several: it says that it lives, and takes up what others changed.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait as _, Set};

use crate::app::App;
use crate::bus::{Notice, Received};
use crate::clock;
use crate::store::entities::replica;
use crate::store::{StoreError, keys};

/// How often a server says that it lives, and looks whether it missed a change.
const BEAT: Duration = Duration::from_secs(1);
/// How far back a look for revoked keys goes: clocks differ. Unit: microseconds.
const LOOK_BACK: i64 = 60_000_000;
/// After how long a silent server counts as dead. Unit: seconds.
pub(crate) const SILENT_SECONDS: u32 = 10;

/// Starts both tasks; they end with the server.
pub(crate) fn start(app: &Arc<App>) {
    tokio::spawn(listen(Arc::downgrade(app), app.bus.subscribe()));
    tokio::spawn(beat(Arc::downgrade(app), clock::now_micros()));
}

/// Takes up every change that a notice tells of.
async fn listen(app: Weak<App>, mut notices: crate::bus::Receiver) {
    while let Some(received) = notices.next().await {
        let Some(app) = app.upgrade() else { return };
        match received {
            Received::Notice(Notice::PoliciesChanged { tenant, revision }) => {
                if app.snapshots.revision(&tenant).await.is_some_and(|present| present < revision) {
                    app.take_up_policies(&tenant).await;
                }
            }
            Received::Notice(Notice::SettingsChanged { tenant }) => {
                app.take_up_settings();
                app.take_up_policies(&tenant).await;
            }
            Received::Notice(Notice::KeyChanged { public_id, .. }) => app.directory.forget_key(&public_id),
            Received::Notice(Notice::AgentChanged { tenant, agent_id }) => {
                app.directory.forget_agent(&tenant, &agent_id)
            }
            Received::Notice(Notice::ApprovalDecided { tenant, id }) => app.approvals.waiting.wake(&tenant, &id),
            Received::Notice(Notice::Activity { .. }) => {}
            Received::Resync => {
                app.directory.forget_all();
                app.take_up_settings();
                app.snapshots.refresh_all().await;
                app.approvals.waiting.wake_all();
            }
        }
    }
}

/// Says that this server lives, and finds the changes whose notice never came because whoever
/// made them died in between.
async fn beat(app: Weak<App>, started_at: i64) {
    loop {
        tokio::time::sleep(BEAT).await;
        let Some(app) = app.upgrade() else { return };
        if let Err(error) = say_alive(&app, started_at).await {
            tracing::warn!(?error, "this server cannot say that it lives");
        }
        app.keys.look();
        // Whoever revoked a key may have been a command that could tell nobody.
        let since = clock::now_micros() - LOOK_BACK;
        match keys::revoked_since(app.store.db(), since).await {
            Ok(revoked) => revoked.iter().for_each(|public_id| app.directory.forget_if_good(public_id)),
            Err(error) => tracing::warn!(?error, "this server cannot look for revoked keys"),
        }
        match app.snapshots.outdated().await {
            Ok(tenants) => {
                for tenant in tenants {
                    app.take_up_policies(&tenant).await;
                }
            }
            Err(error) => tracing::warn!(?error, "this server cannot look for changed policies"),
        }
    }
}

async fn say_alive(app: &App, started_at: i64) -> Result<(), StoreError> {
    if !app.store.is_postgres() {
        return Ok(());
    }
    let row = replica::ActiveModel {
        node_id: Set(app.node_id.clone()),
        address: Set(String::new()),
        version: Set(env!("CARGO_PKG_VERSION").to_owned()),
        started_at: Set(started_at),
        seen_at: Set(clock::now_micros()),
    };
    replica::Entity::insert(row)
        .on_conflict(
            OnConflict::column(replica::Column::NodeId)
                .update_columns([replica::Column::SeenAt, replica::Column::StartedAt, replica::Column::Version])
                .to_owned(),
        )
        .exec_without_returning(app.store.db())
        .await?;
    Ok(())
}
