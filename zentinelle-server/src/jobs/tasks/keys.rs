//! Keys that end: a notification a week before, and one when they have.

use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _};
use serde_json::json;
use zentinelle_core::ids::TenantId;

use crate::app::App;
use crate::clock;
use crate::jobs::JobError;
use crate::store::StoreError;
use crate::store::entities::api_key;
use crate::webhooks::{self, Emission, Event, stable_id};

/// Unit: microseconds.
const DAY: i64 = 86_400_000_000;
/// How long before its end a key is spoken of. Unit: microseconds.
const NOTICE: i64 = 7 * DAY;
/// How long after its end a key is still spoken of, if it was missed. Unit: microseconds.
const LOOK_BACK: i64 = 30 * DAY;

/// Looks at the keys of a tenant that end soon, or ended lately.
pub(crate) async fn check(app: &App, tenant: &TenantId) -> Result<(), JobError> {
    let now = clock::now_micros();
    let ending = api_key::Entity::find()
        .filter(api_key::Column::TenantId.eq(tenant.as_str()))
        .filter(api_key::Column::RevokedAt.is_null())
        .filter(api_key::Column::ReplacedBy.is_null())
        .filter(api_key::Column::ExpiresAt.lte(now.saturating_add(NOTICE)))
        .filter(api_key::Column::ExpiresAt.gt(now.saturating_sub(LOOK_BACK)))
        .all(app.store.db())
        .await?;
    for key in ending {
        let Some(expires_at) = key.expires_at else { continue };
        let expired = expires_at <= now;
        // A key made for a day needs no warning that it ends within a week.
        if !expired && expires_at.saturating_sub(key.created_at) <= NOTICE {
            continue;
        }
        let txn = app.store.begin().await?;
        tell(&txn, tenant, &key, expires_at, expired).await?;
        txn.commit().await?;
    }
    Ok(())
}

/// Notifies once for each key and occasion, however often this runs.
async fn tell(
    txn: &DatabaseTransaction,
    tenant: &TenantId,
    key: &api_key::Model,
    expires_at: i64,
    expired: bool,
) -> Result<(), StoreError> {
    let (kind, ends, severity) =
        if expired { ("key_expired", "has ended", "high") } else { ("key_expiring", "ends soon", "medium") };
    let at = if expired { expires_at } else { expires_at.saturating_sub(NOTICE) };
    let (what, when) = (format!("{} key `{}`", key.kind, key.label), clock::iso(expires_at));
    let subject = format!("the {what} {ends}");
    let message = format!("the {what} ({}) {ends}: {when}; rotate it, so that whoever uses it goes on", key.public_id);
    let metadata = json!({ "key_id": key.id, "public_id": key.public_id, "kind": key.kind,
        "agent_id": key.agent_id, "expires_at": when, "expired": expired });
    let told = Emission {
        tenant: tenant.clone(),
        id: stable_id(at, &[kind, &key.id, &expires_at.to_string()]),
        event: Event::Alert,
        severity: severity.to_owned(),
        title: subject,
        agent_id: key.agent_id.clone(),
        user_id: None,
        action: None,
        at,
        data: json!({ "alert_type": kind, "description": message, "metadata": metadata }),
    };
    webhooks::emit(txn, told).await?;
    Ok(())
}
