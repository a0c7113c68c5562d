//! Anomalies, and what shows an incident.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock;
use crate::graphql::ask::{Ask, Id, Instant, Resolvers};
use crate::graphql::page::MOST_LIST;
use crate::http::error::ApiError;
use crate::service::anomalies;
use crate::service::incidents::{self, NewEvidence};
use crate::store::anomalies as store;
use crate::store::entities::anomaly;

pub(super) fn register(to: &mut Resolvers) {
    to.query("anomalies", async |ask: Ask, args: Listed| {
        let statuses = args.status.unwrap_or_default();
        let rows = store::list(ask.db(), ask.tenant(), args.since.map(|since| since.0), &statuses, MOST_LIST).await?;
        Ok::<_, ApiError>(rows.into_iter().map(view).collect::<Vec<_>>())
    });
    to.mutation("setAnomaly", async |ask: Ask, args: Set| -> Result<Value, ApiError> {
        anomalies::set(&ask.app, &ask.caller, args.id.known("anomaly")?, &args.status).await?;
        Ok(json!({ "id": args.id.0 }))
    });
    to.mutation("addIncidentEvidence", async |ask: Ask, args: Added| -> Result<Value, ApiError> {
        let row = incidents::add_evidence(&ask.app, &ask.caller, args.id.known("incident")?, args.piece).await?;
        Ok(json!({ "id": row.id }))
    });
}

fn view(row: anomaly::Model) -> Value {
    let (noun, unit) = match row.measure.as_str() {
        "calls" => ("model calls", 1.0),
        "tokens" => ("tokens", 1.0),
        _ => ("US dollars", 1_000_000.0),
    };
    let (actual, expected) = (row.actual as f64 / unit, row.expected / unit);
    json!({
        "id": row.id, "kind": row.measure, "severity": row.severity,
        "title": format!("{}: {actual:.0} {noun} on {}, {expected:.0} a day before", row.agent_id, clock::day(row.day_at)),
        "agentId": row.agent_id, "at": clock::iso(row.day_at), "actual": actual, "expected": expected,
        "sigma": (row.sigma * 10.0).round() / 10.0, "status": row.status,
    })
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    since: Option<Instant>,
    #[serde(default)]
    status: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Set {
    id: Id,
    status: String,
}

#[derive(Deserialize)]
struct Added {
    id: Id,
    #[serde(flatten)]
    piece: NewEvidence,
}
