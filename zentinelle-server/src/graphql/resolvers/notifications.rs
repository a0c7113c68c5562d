//! Messages for the people of the organisation.

use serde::Deserialize;
use serde_json::{Value, json};

use super::shared::at;
use crate::clock;
use crate::graphql::ask::{Ask, Id, Resolvers};
use crate::graphql::page::{Connection, PageArgs};
use crate::http::error::ApiError;
use crate::store::entities::notification;
use crate::store::notifications as store;

pub(super) fn register(to: &mut Resolvers) {
    to.query("notifications", async |ask: Ask, args: Notifications| -> Result<Value, ApiError> {
        let page: PageArgs<store::Listed> = crate::http::extract::read(json!({
            "first": args.first, "after": args.after, "filter": { "status": args.status.map(|status| vec![status]) },
        }))?;
        let page = serde_json::to_value(read(&ask, &page).await?).unwrap_or_default();
        Ok(page.get("nodes").cloned().unwrap_or_default())
    });
    to.query("notificationsPage", async |ask: Ask, args: PageArgs<store::Listed>| read(&ask, &args).await);
    to.mutation("updateNotification", async |ask: Ask, args: Update| -> Result<Value, ApiError> {
        let id = args.id.known("notification")?;
        let row = match args.status.to_lowercase().as_str() {
            "read" => store::read(ask.db(), ask.tenant(), id, clock::now_micros()).await?,
            "unread" => store::unread(ask.db(), ask.tenant(), id).await?,
            _ => return Err(ApiError::invalid("status", "expected read or unread")),
        };
        Ok(json!({ "notification": view(row) }))
    });
    to.mutation("markAllNotificationsRead", async |ask: Ask, _: Value| -> Result<Value, ApiError> {
        let count = store::read_all(ask.db(), ask.tenant(), clock::now_micros()).await?;
        Ok(json!({ "count": count }))
    });
}

async fn read(ask: &Ask, args: &PageArgs<store::Listed>) -> Result<Connection, ApiError> {
    let select = args.filter().select(ask.tenant());
    args.read(ask, "notifications", select, store::SORTS, notification::Column::Id, view).await
}

/// A notification, as it is answered.
pub(super) fn view(row: notification::Model) -> Value {
    json!({
        "id": row.id, "type": row.kind, "subject": row.subject, "message": row.message, "status": row.status,
        "statusDate": at(row.read_at), "metadata": row.metadata, "createdAt": clock::iso(row.created_at),
        "severity": row.severity,
    })
}

#[derive(Deserialize)]
struct Notifications {
    first: Option<i64>,
    after: Option<String>,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Update {
    id: Id,
    status: String,
}
