//! `/api/zentinelle/v1/audit/…`: the trail as evidence.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use zentinelle_core::audit::{Entry, Fault};

use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::Query;
use crate::service::audit::export::{self, Format, Period};
use crate::service::audit::{self, Asked, Verified};
use crate::service::fields;
use crate::store::audit::EntryFilter;
use crate::store::{self, wire_name};

/// The most entries of one page.
const MOST_ENTRIES: u64 = 500;
/// Entries of a page when nothing is said.
const USUAL_ENTRIES: u64 = 50;
/// The longest text of a filter. Unit: characters.
const MOST_FILTER: usize = 255;

/// Which part of the trail to verify.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct VerifyQuery {
    /// The first entry; the check begins at the nearest signed head before it.
    from_sequence: Option<u64>,
    /// The last entry; the check goes on to the nearest signed head after it.
    to_sequence: Option<u64>,
    /// Instead: so many of the newest entries.
    recent: Option<u64>,
}

/// Whether the trail is whole, in order, unedited and signed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerifyReply {
    /// Whether entries were verified, none is at fault, and a signed head vouches for them.
    valid: bool,
    /// `valid`, `unanchored`, `nothing_verified` or `invalid`.
    status: String,
    /// How many entries were recomputed and found right.
    records_checked: u64,
    /// The first entry at fault; null when there is none, or its place is not known.
    broken_at_sequence: Option<u64>,
    /// The hash of the last entry, which covers all before it.
    root_hash: Option<String>,
    /// The Merkle root over all entries.
    merkle_root: Option<String>,
    /// How many entries the trail has.
    size: u64,
    /// The first entry that was looked at.
    from_sequence: u64,
    /// The last entry that was found.
    to_sequence: u64,
    /// How many signed heads fit.
    checkpoints: u64,
    /// The last entry that a signed head vouches for. Later ones could be changed unnoticed
    /// until the next is signed.
    anchored_through: u64,
    /// What is wrong, the first of it.
    faults: Vec<FaultReply>,
    /// How much is wrong.
    fault_count: u64,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FaultReply {
    /// Its kind, such as `edited` or `missing`.
    kind: String,
    /// The entry, or the first one concerned.
    sequence: Option<u64>,
    /// The last one concerned.
    through: Option<u64>,
    /// The same for people.
    message: String,
}

impl From<Fault> for FaultReply {
    fn from(fault: Fault) -> Self {
        Self { kind: wire_name(&fault.kind), sequence: fault.sequence, through: fault.through, message: fault.message }
    }
}

impl From<Verified> for VerifyReply {
    fn from(verified: Verified) -> Self {
        let valid = verified.is_valid();
        Self {
            valid,
            status: wire_name(&verified.status),
            records_checked: verified.records_checked,
            broken_at_sequence: verified.broken_at(),
            root_hash: verified.chain_hash.map(|hash| hash.to_string()),
            merkle_root: verified.root.map(|root| root.to_string()),
            size: verified.size,
            from_sequence: verified.first,
            to_sequence: verified.last,
            checkpoints: verified.checkpoints,
            anchored_through: verified.anchored_through,
            faults: verified.faults.into_iter().map(FaultReply::from).collect(),
            fault_count: verified.fault_count,
        }
    }
}

/// Verifies the trail. "Nothing verified" is not "valid".
#[utoipa::path(
    get, path = "/api/zentinelle/v1/audit/verify", tag = "audit", operation_id = "audit_verify", params(VerifyQuery),
    responses(
        (status = 200, description = "What was found", body = VerifyReply),
        (status = "4XX", description = "The question makes no sense", body = ErrorBody),
    ),
    security(("operator_key" = ["audit:read"]))
)]
pub(crate) async fn verify(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<VerifyQuery>,
) -> Result<Json<VerifyReply>, ApiError> {
    for (field, number) in
        [("from_sequence", query.from_sequence), ("to_sequence", query.to_sequence), ("recent", query.recent)]
    {
        if number == Some(0) {
            return Err(ApiError::invalid(field, "entries are counted from 1"));
        }
    }
    if query.recent.is_some() && (query.from_sequence.is_some() || query.to_sequence.is_some()) {
        return Err(ApiError::invalid("recent", "give either `recent`, or `from_sequence` and `to_sequence`"));
    }
    if query.from_sequence.zip(query.to_sequence).is_some_and(|(from, to)| from > to) {
        return Err(ApiError::invalid("to_sequence", "lies before `from_sequence`"));
    }
    let asked = Asked { from: query.from_sequence, to: query.to_sequence, recent: query.recent };
    Ok(Json(audit::verify(&app, &caller.tenant, asked).await?.into()))
}

/// Which entries to find.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct EntriesQuery {
    /// Who acted: a user, an operator or an agent, as the entry names it.
    actor: Option<String>,
    /// What was done, such as `update`.
    action: Option<String>,
    /// The kind of thing it was done to.
    resource_type: Option<String>,
    /// The thing.
    resource_id: Option<String>,
    /// Not before this instant.
    from: Option<String>,
    /// Not after this instant.
    to: Option<String>,
    /// How many; at most 500, 50 when nothing is said.
    limit: Option<u64>,
    /// Where to go on, from the page before.
    cursor: Option<String>,
}

/// A page of the trail, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntriesReply {
    /// The entries.
    #[schema(value_type = Vec<Object>)]
    entries: Vec<Value>,
    /// For the next page; null when this is the last.
    next_cursor: Option<String>,
}

/// Finds entries.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/audit/entries", tag = "audit", operation_id = "audit_entries",
    params(EntriesQuery),
    responses(
        (status = 200, description = "A page", body = EntriesReply),
        (status = "4XX", description = "The question makes no sense", body = ErrorBody),
    ),
    security(("operator_key" = ["audit:read"]))
)]
pub(crate) async fn entries(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<EntriesQuery>,
) -> Result<Json<EntriesReply>, ApiError> {
    let limit = match query.limit {
        Some(0) => return Err(ApiError::invalid("limit", "at least 1")),
        Some(limit) => limit.min(MOST_ENTRIES),
        None => USUAL_ENTRIES,
    };
    let below = match &query.cursor {
        Some(cursor) => Some(cursor.parse().map_err(|_| ApiError::invalid("cursor", "is none of ours"))?),
        None => None,
    };
    let filter = EntryFilter {
        actor: filter("actor", query.actor)?,
        action: filter("action", query.action)?,
        resource_type: filter("resource_type", query.resource_type)?,
        resource_id: filter("resource_id", query.resource_id)?,
        from: instant("from", query.from.as_deref())?,
        to: instant("to", query.to.as_deref())?,
    };
    let mut rows = store::audit::search(app.store.db(), &caller.tenant, &filter, below, limit + 1).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = rows.last().filter(|_| more).map(|row| row.sequence.to_string());
    let entries = rows.iter().map(|row| shown(row.sequence, &row.entry)).collect();
    Ok(Json(EntriesReply { entries, next_cursor }))
}

/// An entry as one object: the record with its place and hashes.
fn shown(sequence: i64, entry: &str) -> Value {
    let Ok(entry) = serde_json::from_str::<Entry>(entry) else {
        return serde_json::json!({ "sequence": sequence, "unreadable": true });
    };
    let mut shown = serde_json::to_value(&entry.record).unwrap_or_default();
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("timestamp".to_owned(), clock::iso(clock::micros(entry.record.timestamp)).into());
        shown.insert("sequence".to_owned(), entry.sequence.into());
        shown.insert("entry_hash".to_owned(), entry.entry_hash.to_string().into());
        shown.insert("chain_hash".to_owned(), entry.chain_hash.to_string().into());
    }
    shown
}

fn filter(field: &str, text: Option<String>) -> Result<Option<String>, ApiError> {
    let text = text.filter(|text| !text.is_empty());
    text.as_deref().map_or(Ok(()), |text| fields::text(field, text, MOST_FILTER))?;
    Ok(text)
}

fn instant(field: &str, text: Option<&str>) -> Result<Option<i64>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let instant = clock::parse(text).ok_or_else(|| {
        ApiError::invalid(field, "is no instant: write `2026-03-11T12:00:00Z`, or `2026-03-11` for midnight UTC")
    })?;
    Ok(Some(clock::micros(instant)))
}

/// What to export.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// Not before this instant; from the beginning when left out.
    from: Option<String>,
    /// Not after this instant; to the end when left out.
    to: Option<String>,
    /// `ndjson` or `jsonl` (a bundle that `zentinelle audit verify` checks), `csv`, `cef`, `ocsf`.
    format: Option<String>,
}

/// Exports the trail, streaming. A bundle begins and ends at the nearest signed heads.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/audit/export", tag = "audit", operation_id = "audit_export", params(ExportQuery),
    responses(
        (status = 200, description = "The trail in the form asked for", content(
            (String = "application/x-ndjson"), (String = "text/csv"), (String = "text/plain")
        )),
        (status = "4XX", description = "The question makes no sense", body = ErrorBody),
    ),
    security(("operator_key" = ["audit:export"]))
)]
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let name = query.format.as_deref().filter(|name| !name.is_empty()).unwrap_or("ndjson");
    let format = Format::from_name(name)
        .ok_or_else(|| ApiError::invalid("format", "write `jsonl`, `ndjson`, `csv`, `cef` or `ocsf`"))?;
    let period = Period {
        from: instant("from", query.from.as_deref())?.unwrap_or(0),
        to: instant("to", query.to.as_deref())?.unwrap_or(i64::MAX),
    };
    if period.from > period.to {
        return Err(ApiError::invalid("to", "lies before `from`"));
    }
    let pieces = export::export(&app, &caller, format, period).await?;
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let disposition = format!("attachment; filename=\"{}\"", format.file_name());
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// Proof that one entry is in the log that was signed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptReply {
    /// The entry, the way to the root, and the signed root. The public key is under `audit/key`.
    #[schema(value_type = Object)]
    receipt: zentinelle_core::audit::Receipt,
}

/// The receipt of an entry, which shows nothing of the others.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/audit/entries/{sequence}/receipt", tag = "audit", operation_id = "audit_receipt",
    params(("sequence" = String, Path, description = "The entry's place, from 1")),
    responses(
        (status = 200, description = "The receipt", body = ReceiptReply),
        (status = "4XX", description = "There is no such entry, or the trail does not hold it as signed", body = ErrorBody),
    ),
    security(("operator_key" = ["audit:read"]))
)]
pub(crate) async fn receipt(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(sequence): Path<String>,
) -> Result<Json<ReceiptReply>, ApiError> {
    let sequence: u64 = sequence.parse().map_err(|_| ApiError::NotFound { what: "audit entry" })?;
    Ok(Json(ReceiptReply { receipt: audit::receipt(&app, &caller.tenant, sequence).await? }))
}

/// The keys whose signatures under the trail are to be believed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyReply {
    /// The key that signs now, as `zentinelle audit verify --key` reads it.
    key: String,
    /// Every key of this installation, newest first.
    keys: Vec<String>,
}

/// The public keys. Keep a copy where nobody who runs the server can change it.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/audit/key", tag = "audit", operation_id = "audit_key",
    responses((status = 200, description = "The keys", body = KeyReply)), security(("public" = []))
)]
pub(crate) async fn key(State(app): State<Arc<App>>) -> Json<KeyReply> {
    Json(KeyReply {
        key: app.audit_keys.signer().key().to_string(),
        keys: app.audit_keys.trusted().iter().map(ToString::to_string).collect(),
    })
}
