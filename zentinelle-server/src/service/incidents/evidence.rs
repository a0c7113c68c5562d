//! What shows an incident: pieces that say what they are, where they lie, and who added them.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use zentinelle_core::audit::AuditAction;

use super::change;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::service::fields;
use crate::store::entities::incident;
use crate::store::incidents as store;

/// The most pieces of one incident.
const MOST_PIECES: usize = 200;
/// The longest reference. Unit: characters.
const MOST_REFERENCE: usize = 2_000;

/// What a piece of evidence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EvidenceKind {
    /// A recorded decision, by its id.
    Decision,
    /// A reported event, by its id.
    Event,
    /// An alert, by its id.
    Alert,
    /// A recorded interaction with a model, by its id.
    Interaction,
    /// The result of a content scan, by its id.
    Scan,
    /// A policy, by its id.
    Policy,
    /// An agent, by its id.
    Agent,
    /// A page elsewhere, by its address.
    Url,
    /// What somebody saw, in words.
    Note,
}

/// A piece of evidence as people give it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = NewIncidentEvidence)]
pub(crate) struct NewEvidence {
    /// What it is.
    kind: EvidenceKind,
    /// Where it lies: an id, or an address with its scheme.
    #[schema(max_length = 2000)]
    reference: String,
    /// What it shows.
    #[serde(default)]
    note: Option<String>,
}

/// A piece of evidence as an incident keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = IncidentEvidence)]
pub(crate) struct Evidence {
    /// What it is.
    kind: EvidenceKind,
    /// Where it lies.
    reference: String,
    /// What it shows; empty for nothing said.
    note: String,
    /// Who added it.
    added_by: String,
    /// When it was added.
    added_at: String,
}

impl Evidence {
    /// A piece that was just given. `at` names the place of its fields in the request.
    fn new(given: NewEvidence, at: &str, caller: &Caller, now: i64) -> Result<Self, ApiError> {
        let field = format!("{at}reference");
        let reference = fields::required(&field, Some(&given.reference), MOST_REFERENCE)?;
        if given.kind == EvidenceKind::Url && !reference.starts_with("https://") && !reference.starts_with("http://") {
            return Err(ApiError::invalid(&field, "must be an address that begins with https:// or http://"));
        }
        let note = given.note.unwrap_or_default();
        fields::text(&format!("{at}note"), &note, fields::MOST_PROSE)?;
        Ok(Self { kind: given.kind, reference, note, added_by: caller.actor(), added_at: clock::iso(now) })
    }

    fn says_as_much_as(&self, other: &Self) -> bool {
        (self.kind, &self.reference, &self.note) == (other.kind, &other.reference, &other.note)
    }
}

/// What an incident keeps.
fn kept(row: &incident::Model) -> Result<Vec<Evidence>, ApiError> {
    serde_json::from_value(row.evidence.clone())
        .map_err(|error| ApiError::Internal(format!("evidence of incident {}: {error}", row.id)))
}

fn keep(row: &mut incident::Model, pieces: &[Evidence]) -> Result<(), ApiError> {
    if pieces.len() > MOST_PIECES {
        let message = format!("holds {} pieces; an incident keeps at most {MOST_PIECES}", pieces.len());
        return Err(ApiError::invalid("evidence", message));
    }
    let pieces = json!(pieces);
    fields::json("evidence", &pieces)?;
    row.evidence = pieces;
    Ok(())
}

/// Puts other pieces in the place of those an incident keeps. A piece that stays keeps who added it, and when.
pub(super) fn replace(row: &mut incident::Model, given: Vec<NewEvidence>, caller: &Caller) -> Result<(), ApiError> {
    let (before, now) = (kept(row)?, clock::now_micros());
    let pieces = given.into_iter().enumerate().map(|(index, given)| {
        let new = Evidence::new(given, &format!("evidence[{index}]."), caller, now)?;
        Ok(before.iter().find(|old| old.says_as_much_as(&new)).cloned().unwrap_or(new))
    });
    keep(row, &pieces.collect::<Result<Vec<_>, ApiError>>()?)
}

/// Adds a piece in the caller's name.
pub(crate) async fn add(app: &App, caller: &Caller, id: &str, given: NewEvidence) -> Result<incident::Model, ApiError> {
    let now = clock::now_micros();
    let piece = Evidence::new(given, "", caller, now)?;
    let changes = json!({ "evidence_added": { "kind": piece.kind, "reference": piece.reference } });
    let txn = app.store.begin().await?;
    let mut row = store::locked(&txn, &caller.tenant, id).await?;
    let mut pieces = kept(&row)?;
    pieces.push(piece);
    keep(&mut row, &pieces)?;
    row.updated_at = now;
    store::update(&txn, row.clone()).await?;
    change(caller, AuditAction::Update, &row, changes).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}
