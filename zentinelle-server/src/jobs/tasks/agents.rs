//! Agents that stopped reporting become unhealthy and raise an alert; once they report again,
//! the alert is resolved. Their health itself comes back with the heartbeat.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::json;
use zentinelle_core::ids::{AgentId, TenantId};

use crate::app::App;
use crate::clock;
use crate::jobs::JobError;
use crate::recorder::record::RaisedAlert;
use crate::store::entities::{agent, alert};
use crate::store::{StoreError, alerts};
use crate::webhooks::{self, Emission};

/// The kind of alert.
const ALERT: &str = "agent_unhealthy";

/// Looks at every active agent of a tenant.
pub(crate) async fn check(app: &App, tenant: &TenantId) -> Result<(), JobError> {
    let snapshot = app.snapshots.get(tenant).await?;
    let timeout = i64::from(snapshot.settings.heartbeat_timeout_seconds);
    if timeout > 0 {
        silent(app, tenant, timeout).await?;
    }
    resolve(app, tenant).await?;
    Ok(())
}

/// Marks agents whose last heartbeat is too old. One that never sent a heartbeat stays unknown.
async fn silent(app: &App, tenant: &TenantId, timeout: i64) -> Result<(), StoreError> {
    let now = clock::now_micros();
    let oldest = now.saturating_sub(timeout.saturating_mul(1_000_000));
    let silent = agent::Entity::find()
        .filter(agent::Column::TenantId.eq(tenant.as_str()))
        .filter(agent::Column::Status.eq("active"))
        .filter(agent::Column::Health.ne("unhealthy"))
        .filter(agent::Column::LastHeartbeatAt.lt(oldest))
        .all(app.store.db())
        .await?;
    for row in silent {
        let txn = app.store.begin().await?;
        // Only if no heartbeat came in between.
        let marked = agent::Entity::update_many()
            .col_expr(agent::Column::Health, Expr::value("unhealthy"))
            .col_expr(agent::Column::UpdatedAt, Expr::value(now))
            .filter(agent::Column::TenantId.eq(tenant.as_str()))
            .filter(agent::Column::Id.eq(row.id.as_str()))
            .filter(agent::Column::LastHeartbeatAt.lt(oldest))
            .exec(&txn)
            .await?;
        if marked.rows_affected == 1 {
            let last = row.last_heartbeat_at.map_or_else(|| "never".to_owned(), clock::iso);
            let raised = RaisedAlert {
                tenant_id: tenant.clone(),
                id: clock::new_id(),
                dedup_key: format!("{ALERT}:{}", row.agent_id),
                alert_type: ALERT.to_owned(),
                severity: "high".to_owned(),
                title: format!("agent {} no longer reports", row.agent_id),
                description: format!("its last heartbeat came at {last}, more than {timeout} seconds ago"),
                agent_id: Some(row.agent_id.clone()),
                user_id: None,
                metadata: json!({ "last_heartbeat_at": row.last_heartbeat_at.map(clock::iso),
                    "timeout_seconds": timeout, "health_before": row.health }),
                at: now,
            };
            let told = Emission::of_alert(&raised);
            if alerts::raise(&txn, raised).await? {
                webhooks::emit(&txn, told).await?;
            }
        }
        txn.commit().await?;
        app.agent_changed(tenant, &AgentId::new(row.agent_id)).await;
    }
    Ok(())
}

/// Resolves the alerts of agents that report again.
async fn resolve(app: &App, tenant: &TenantId) -> Result<(), StoreError> {
    let open = alert::Entity::find()
        .filter(alert::Column::TenantId.eq(tenant.as_str()))
        .filter(alert::Column::AlertType.eq(ALERT))
        .filter(alert::Column::Status.is_in(["open", "acknowledged", "investigating"]))
        .all(app.store.db())
        .await?;
    for row in open {
        let Some(agent_id) = row.agent_id.as_deref() else { continue };
        let found = agent::Entity::find()
            .filter(agent::Column::TenantId.eq(tenant.as_str()))
            .filter(agent::Column::AgentId.eq(agent_id))
            .one(app.store.db())
            .await?;
        if found.is_some_and(|agent| agent.health == "unhealthy" && agent.status == "active") {
            continue;
        }
        let now = clock::now_micros();
        let notes = "the agent reports again, or is no longer active";
        alert::Entity::update_many()
            .col_expr(alert::Column::Status, Expr::value("resolved"))
            .col_expr(alert::Column::ResolvedBy, Expr::value("zentinelle"))
            .col_expr(alert::Column::ResolvedAt, Expr::value(now))
            .col_expr(alert::Column::UpdatedAt, Expr::value(now))
            .col_expr(alert::Column::ResolutionNotes, Expr::value(notes))
            .filter(alert::Column::TenantId.eq(tenant.as_str()))
            .filter(alert::Column::Id.eq(row.id.as_str()))
            .exec(app.store.db())
            .await?;
    }
    Ok(())
}
