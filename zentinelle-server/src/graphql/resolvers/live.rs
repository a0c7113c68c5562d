//! What happens, as it happens; and what happened in one session, in order.
//!
//! A subscription looks for new rows when this server wrote some, and besides often enough that
//! what other replicas write is seen within a second. It ends when its caller is no longer let in: at
//! once when the key or session was ended here or on another replica, else within ten seconds.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use hashbrown::HashMap;
use sea_orm::{EntityTrait, ModelTrait, Select};
use serde::Deserialize;
use serde_json::{Value, json};
use zentinelle_core::Action;
use zentinelle_core::request::ActionKind;

use super::shared::{display, made_at};
use super::{activity, alerts, approvals, decisions, incidents, notifications};
use crate::bus::{Notice, Received, Receiver};
use crate::clock;
use crate::graphql::ask::{Ask, Feed, Id, Instant, Resolvers};
use crate::graphql::listeners::Place;
use crate::graphql::page;
use crate::http::error::ApiError;
use crate::service::sessions;
use crate::store::entities::{alert, approval, evaluation, event, incident, interaction, notification};
use crate::store::{
    alerts as alert_store, approvals as approval_store, evaluations, events, incidents as incident_store, interactions,
    keyset, notifications as notification_store,
};

/// The longest time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(600);
/// The longest time between two looks whether the caller is still let in.
const CHECK_EVERY: Duration = Duration::from_secs(10);
/// How far back a look goes: clocks differ, and rows reach the database out of order. Unit: microseconds.
const OVERLAP: i64 = 15_000_000;
/// The most rows of a kind in one look.
const MOST_ROWS: u64 = 200;

pub(super) fn register(to: &mut Resolvers) {
    to.query("timeline", timeline);
    to.subscription("activity", async |ask: Ask, args: After| {
        let since = args.after.as_ref().and_then(|after| made_at(&after.0));
        let after = args.after.map(|after| after.0).unwrap_or_default();
        let look: Look =
            Arc::new(move |ask, from| Box::pin(happened(ask, since.map_or(from, |since| since.min(from)))));
        follow(ask, look, since.map(|_| after)).await
    });
    to.subscription("alertChanged", async |ask: Ask, _: Value| {
        follow(ask, Arc::new(|ask, _| Box::pin(changed_alerts(ask))), None).await
    });
    to.subscription("incidentChanged", async |ask: Ask, _: Value| {
        follow(ask, Arc::new(|ask, _| Box::pin(changed_incidents(ask))), None).await
    });
    to.subscription("approvalChanged", async |ask: Ask, _: Value| {
        follow(ask, Arc::new(|ask, _| Box::pin(changed_approvals(ask))), None).await
    });
    to.subscription("notificationAdded", async |ask: Ask, _: Value| {
        follow(ask, Arc::new(|ask, from| Box::pin(added_notifications(ask, from))), None).await
    });
}

/// One row that may be news.
struct Row {
    id: String,
    /// Changes whenever the row does.
    stamp: String,
    value: Value,
}

type Look = Arc<dyn Fn(Ask, i64) -> BoxFuture<'static, Result<Vec<Row>, ApiError>> + Send + Sync>;

#[derive(Deserialize)]
struct After {
    after: Option<Id>,
}

struct Following {
    ask: Ask,
    look: Look,
    seen: HashMap<String, String>,
    ready: VecDeque<Value>,
    notices: Receiver,
    written: crate::recorder::Drained,
    failed: bool,
    checked: tokio::time::Instant,
    _place: Place,
}

/// Follows what a look finds: what is there when it begins is no news, unless it came after an
/// entry that the client has seen last.
async fn follow(ask: Ask, look: Look, after: Option<String>) -> Result<Feed, ApiError> {
    let most = ask.app.config.graphql.max_subscriptions;
    let place = ask.app.graphql.listeners.place(&ask.caller, most)?;
    let mut seen = HashMap::new();
    let mut ready = VecDeque::new();
    for row in look(ask.clone(), clock::now_micros() - OVERLAP).await? {
        if after.as_ref().is_some_and(|after| row.id > *after) {
            ready.push_back(row.value);
        }
        seen.insert(row.id, row.stamp);
    }
    let (notices, written) = (ask.app.bus.subscribe(), ask.app.recorder.written());
    let checked = tokio::time::Instant::now();
    let following = Following { ask, look, seen, ready, notices, written, failed: false, checked, _place: place };
    Ok(futures_util::stream::unfold(following, next).boxed())
}

async fn next(mut following: Following) -> Option<(Result<Value, ApiError>, Following)> {
    loop {
        if let Some(value) = following.ready.pop_front() {
            return Some((Ok(value), following));
        }
        if following.failed || !following.wait().await {
            return None;
        }
        let since = clock::now_micros() - OVERLAP;
        match (following.look)(following.ask.clone(), since).await {
            Ok(rows) => following.take(rows),
            Err(error) => {
                following.failed = true;
                return Some((Err(error), following));
            }
        }
    }
}

impl Following {
    fn take(&mut self, rows: Vec<Row>) {
        let mut seen = HashMap::with_capacity(rows.len());
        for row in rows {
            if self.seen.get(&row.id) != Some(&row.stamp) {
                self.ready.push_back(row.value);
            }
            seen.insert(row.id, row.stamp);
        }
        self.seen = seen;
    }

    /// Whether the caller is still let in. Where that cannot be told, they are not.
    async fn still_in(&mut self) -> bool {
        self.checked = tokio::time::Instant::now();
        sessions::still_in(&self.ask.app, &self.ask.caller).await.unwrap_or_default()
    }

    /// Waits until there may be news; no when the caller is no longer let in.
    async fn wait(&mut self) -> bool {
        if self.checked.elapsed() >= CHECK_EVERY && !self.still_in().await {
            return false;
        }
        let until = tokio::time::Instant::now() + LOOK_EVERY;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return true,
                () = self.written.changed() => return true,
                received = self.notices.next() => match received {
                    None => return false,
                    Some(Received::Notice(Notice::KeyChanged { public_id, .. }))
                        if *public_id == *self.ask.caller.public_id => {
                            if self.ask.caller.signed_in.is_none() || !self.still_in().await {
                                return false;
                            }
                        }
                    Some(Received::Notice(Notice::ApprovalDecided { .. } | Notice::Activity { .. })) => return true,
                    Some(_) => {}
                },
            }
        }
    }
}

/// The newest rows of a list, oldest first.
async fn newest<E>(ask: &Ask, select: Select<E>, by: E::Column, id: E::Column) -> Result<Vec<E::Model>, ApiError>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E> + Send + Sync,
{
    let window = keyset::Window { limit: MOST_ROWS, descending: true, backwards: false, from: None };
    let (mut rows, _) = keyset::read(ask.db(), select, keyset::Order::By(by), id, window).await?;
    rows.reverse();
    Ok(rows)
}

async fn changed_alerts(ask: Ask) -> Result<Vec<Row>, ApiError> {
    let select = alert_store::Listed::default().select(ask.tenant());
    let rows = newest(&ask, select, alert::Column::UpdatedAt, alert::Column::Id).await?;
    let row = |row: alert::Model| Row {
        id: row.id.clone(),
        stamp: format!("{}:{}", row.updated_at, row.status),
        value: alerts::view(row),
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn changed_incidents(ask: Ask) -> Result<Vec<Row>, ApiError> {
    let select = incident_store::Listed::default().select(ask.tenant());
    let rows = newest(&ask, select, incident::Column::UpdatedAt, incident::Column::Id).await?;
    let row = |row: incident::Model| Row {
        id: row.id.clone(),
        stamp: format!("{}:{}", row.updated_at, row.status),
        value: incidents::view(row),
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn changed_approvals(ask: Ask) -> Result<Vec<Row>, ApiError> {
    let select = approval_store::Listed::default().select(ask.tenant());
    let rows = newest(&ask, select, approval::Column::RequestedAt, approval::Column::Id).await?;
    let row = |row: approval::Model| {
        let (id, value) = (row.id.clone(), approvals::view(row));
        Row { id, stamp: value.get("status").and_then(Value::as_str).unwrap_or_default().to_owned(), value }
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn added_notifications(ask: Ask, from: i64) -> Result<Vec<Row>, ApiError> {
    let since = Some(Instant(from));
    let select = notification_store::Listed { since, ..notification_store::Listed::default() }.select(ask.tenant());
    let rows = newest(&ask, select, notification::Column::CreatedAt, notification::Column::Id).await?;
    let row =
        |row: notification::Model| Row { id: row.id.clone(), stamp: String::new(), value: notifications::view(row) };
    Ok(rows.into_iter().map(row).collect())
}

/// Decisions, calls and events since an instant, oldest first.
async fn happened(ask: Ask, from: i64) -> Result<Vec<Row>, ApiError> {
    let since = Some(Instant(from));
    let asked = evaluations::Listed { since, ..evaluations::Listed::default() };
    let called = interactions::Listed { since, ..interactions::Listed::default() };
    let reported = events::Listed { since, ..events::Listed::default() };
    let entries = entries(&ask, asked, called, reported).await?;
    let row = |value: Value| {
        let id = value.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        Row { id, stamp: String::new(), value }
    };
    Ok(entries.into_iter().map(row).collect())
}

async fn entries(
    ask: &Ask,
    asked: evaluations::Listed,
    called: interactions::Listed,
    reported: events::Listed,
) -> Result<Vec<Value>, ApiError> {
    let tenant = ask.tenant();
    let mut found = Vec::new();
    let rows = newest(ask, asked.select(tenant), evaluation::Column::OccurredAt, evaluation::Column::Id).await?;
    found.extend(rows.into_iter().map(of_decision));
    let rows = newest(ask, called.select(tenant), interaction::Column::OccurredAt, interaction::Column::Id).await?;
    found.extend(rows.into_iter().map(of_call));
    let rows = newest(ask, reported.select(tenant), event::Column::OccurredAt, event::Column::Id).await?;
    found.extend(rows.into_iter().map(of_event));
    // Instants are all written with six digits, so their texts sort as they do.
    found.sort_by(|one, other| one["at"].as_str().cmp(&other["at"].as_str()));
    Ok(found)
}

/// An action as people read it; clients name a call to a model in several ways.
fn action(name: &str) -> String {
    match Action::new(name).kind() {
        ActionKind::ModelCall => "Model call".to_owned(),
        ActionKind::ModelReply => "Model reply".to_owned(),
        ActionKind::ToolCall => "Tool call".to_owned(),
        ActionKind::SecretAccess | ActionKind::Spawn | ActionKind::Stop | ActionKind::Other => display(name),
    }
}

fn of_decision(row: evaluation::Model) -> Value {
    let about = row.resource.as_deref().map(|resource| format!(" {resource}")).unwrap_or_default();
    let status = if row.allowed { "allowed" } else { "denied" };
    json!({
        "id": row.id, "kind": "decision", "at": clock::iso(row.occurred_at), "status": status,
        "title": format!("{}{about}", action(&row.action)), "agentId": row.agent_id, "userIdentifier": row.user_id,
        "detail": decisions::view(row),
    })
}

fn of_call(row: interaction::Model) -> Value {
    let about = row.model.as_deref().map(|model| format!(" {model}")).unwrap_or_default();
    json!({
        "id": row.id, "kind": "interaction", "at": clock::iso(row.occurred_at),
        "status": row.decision.clone().unwrap_or_else(|| "recorded".to_owned()),
        "title": format!("{}{about}", display(&row.interaction_type)), "agentId": row.agent_id,
        "userIdentifier": row.user_id, "detail": activity::view(row),
    })
}

fn of_event(row: event::Model) -> Value {
    json!({
        "id": row.id, "kind": "event", "at": clock::iso(row.occurred_at), "status": row.category,
        "title": display(&row.event_type), "agentId": row.agent_id, "userIdentifier": row.user_id,
        "detail": activity::event_view(row),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Timeline {
    session_id: Option<String>,
    correlation_id: Option<String>,
    first: Option<i64>,
}

async fn timeline(ask: Ask, args: Timeline) -> Result<Vec<Value>, ApiError> {
    let most = usize::try_from(page::size("first", args.first, 200)?).unwrap_or(usize::MAX);
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (session, correlation) = (given(args.session_id), given(args.correlation_id));
    let (Some(id), is_session) = (session.clone().or_else(|| correlation.clone()), session.is_some()) else {
        return Err(ApiError::invalid("sessionId", "name a session or a correlation id"));
    };
    crate::service::fields::text("sessionId", &id, 255)?;
    let session = Some(if is_session { id.clone() } else { "\u{1}".to_owned() });
    let asked = evaluations::Listed { session_id: session.clone(), ..evaluations::Listed::default() };
    let called = interactions::Listed { session_id: session, ..interactions::Listed::default() };
    let batch = Some(correlation.unwrap_or_else(|| "\u{1}".to_owned()));
    let reported = events::Listed { correlation_id: batch.clone(), ..events::Listed::default() };
    let mut found = entries(&ask, asked, called, reported).await?;
    if !is_session {
        let rows = interactions::by_request_ids(ask.db(), ask.tenant(), std::slice::from_ref(&id)).await?;
        found.extend(rows.into_iter().map(of_call));
        let decisions = evaluations::correlated(ask.db(), ask.tenant(), &id, around(&found)).await?;
        found.extend(decisions.into_iter().map(of_decision));
        found.sort_by(|one, other| one["at"].as_str().cmp(&other["at"].as_str()));
    }
    found.truncate(most);
    Ok(found)
}

/// The hour around some entries; the last days where there are none. Decisions of one request lie
/// close to what else it left, and a look at all of them would take long. Unit: microseconds.
fn around(entries: &[Value]) -> (i64, i64) {
    const HOUR: i64 = 3_600_000_000;
    let instants = entries.iter().filter_map(|entry| clock::parse(entry.get("at")?.as_str()?).map(clock::micros));
    let now = clock::now_micros();
    match instants.fold(None, |span: Option<(i64, i64)>, at| {
        Some(span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))))
    }) {
        Some((first, last)) => (first - HOUR, last + HOUR),
        None => (now - 7 * 24 * HOUR, now + HOUR),
    }
}
