//! Handing the trail out: as a bundle that anybody can verify offline, or in the words of a SIEM.
//!
//! Rows are read page by page as the reader takes them, so an export of any length needs the
//! memory of one page.

mod cef;
mod csv;
mod ocsf;

use std::collections::VecDeque;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::try_unfold;
use serde_json::json;
use zentinelle_core::audit::{AuditAction, Chain, Entry, Line};
use zentinelle_core::ids::TenantId;

use super::walk::{Notes, PAGE, sequence_of};
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::service::change::Change;
use crate::store::audit::{self, Stretch};
use crate::store::entities::audit_entry;
use crate::store::{Store, StoreError};

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// JSON lines with hashes and signatures, for `zentinelle audit verify`.
    Bundle,
    /// A table.
    Csv,
    /// ArcSight's Common Event Format.
    Cef,
    /// The Open Cybersecurity Schema Framework, as JSON lines.
    Ocsf,
}

impl Format {
    /// Reads the name of a form.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "ndjson" | "jsonl" => Some(Self::Bundle),
            "csv" => Some(Self::Csv),
            "cef" => Some(Self::Cef),
            "ocsf" => Some(Self::Ocsf),
            _ => None,
        }
    }

    /// The media type of the form.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Bundle | Self::Ocsf => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Cef => "text/plain; charset=utf-8",
        }
    }

    /// The name of a file of the form.
    pub(crate) const fn file_name(self) -> &'static str {
        match self {
            Self::Bundle => "audit_export.jsonl",
            Self::Csv => "audit_export.csv",
            Self::Cef => "audit_export.cef",
            Self::Ocsf => "audit_export.ocsf.jsonl",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Bundle => "jsonl",
            Self::Csv => "csv",
            Self::Cef => "cef",
            Self::Ocsf => "ocsf",
        }
    }
}

/// Between which instants, both included. Unit: microseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Period {
    /// Not before.
    pub(crate) from: i64,
    /// Not after.
    pub(crate) to: i64,
}

/// Records the export, signs the head, and gives the pieces of the file.
///
/// A bundle is widened to the nearest signed heads on both sides: between two of them everything
/// can be verified, and nothing beyond them.
pub(crate) async fn export(
    app: &App,
    caller: &Caller,
    format: Format,
    period: Period,
) -> Result<impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static, ApiError> {
    let tenant = &caller.tenant;
    let txn = app.store.begin().await?;
    let change = Change {
        caller,
        action: AuditAction::Export,
        resource_type: "audit_trail",
        resource_id: format.name(),
        resource_name: "",
        changes: json!({ "from": clock::iso(period.from), "to": clock::iso(period.to) }),
    };
    change.record(&txn).await?;
    txn.commit().await?;
    // A chain that does not verify is exported all the same, unsigned at its end: whoever reads
    // the bundle finds what is wrong.
    if let Err(error) = super::checkpoint(app, tenant).await {
        tracing::error!(%tenant, ?error, "the audit chain is exported without a fresh signature");
    }
    let db = app.store.db();
    let found = audit::sequences_between(db, tenant, period.from, period.to).await?;
    let mut pages = Pages {
        store: app.store.clone(),
        tenant: tenant.clone(),
        format,
        period,
        opening: Vec::new(),
        stretch: found.unwrap_or(Stretch { first: 1, last: 0 }),
        notes: Notes::from(1, 0),
        done: false,
    };
    match format {
        Format::Bundle => pages.open_bundle(found).await?,
        Format::Csv => pages.opening = csv::header()?,
        Format::Cef | Format::Ocsf => {}
    }
    Ok(try_unfold(pages, Pages::next))
}

/// What is left to hand out.
struct Pages {
    store: Store,
    tenant: TenantId,
    format: Format,
    period: Period,
    opening: Vec<u8>,
    stretch: Stretch,
    notes: Notes,
    done: bool,
}

impl Pages {
    /// Widens the stretch to signed heads, and begins with the one it sets out from.
    async fn open_bundle(&mut self, found: Option<Stretch>) -> Result<(), ApiError> {
        let db = self.store.db();
        let Some(found) = found else {
            return self.open_at(Chain::genesis(self.tenant.as_str()), None);
        };
        let after = audit::checkpoint_at_or_after(db, &self.tenant, found.last).await?;
        let before = audit::checkpoint_before(db, &self.tenant, found.first).await?;
        let start = match before {
            Some(before) => (before.chain, Some(before.note)),
            None => (Chain::genesis(self.tenant.as_str()), None),
        };
        let last = after.map_or(found.last, |after| after.size);
        self.stretch = Stretch { first: start.0.size().saturating_add(1), last };
        self.notes = Notes::from(self.stretch.first, last);
        self.open_at(start.0, start.1)
    }

    fn open_at(&mut self, chain: Chain, note: Option<String>) -> Result<(), ApiError> {
        self.push_line(&Line::header(chain))?;
        note.map_or(Ok(()), |note| self.push_line(&Line::Checkpoint(note))).map_err(ApiError::from)
    }

    fn push_line(&mut self, line: &Line) -> Result<(), StoreError> {
        let text = line.to_text().map_err(|error| unreadable(&error))?;
        self.opening.extend_from_slice(text.as_bytes());
        Ok(())
    }

    async fn next(mut self) -> Result<Option<(Bytes, Self)>, StoreError> {
        let mut piece = std::mem::take(&mut self.opening);
        while piece.is_empty() && !self.done {
            let rows: VecDeque<_> = audit::entries(self.store.db(), &self.tenant, self.stretch, PAGE).await?.into();
            match rows.back() {
                Some(last) => self.stretch.first = sequence_of(last).saturating_add(1),
                None => self.done = true,
            }
            for row in rows {
                self.write(&row, &mut piece).await?;
            }
            if self.done {
                self.write_notes_below(u64::MAX, &mut piece).await?;
            }
        }
        Ok((!piece.is_empty()).then(|| (Bytes::from(piece), self)))
    }

    async fn write(&mut self, row: &audit_entry::Model, out: &mut Vec<u8>) -> Result<(), StoreError> {
        if self.format == Format::Bundle {
            self.write_notes_below(sequence_of(row), out).await?;
            // Letter for letter what is kept: a verifier sees every change that was made to it.
            out.extend_from_slice(b"{\"entry\":");
            out.extend_from_slice(row.entry.as_bytes());
            out.extend_from_slice(b"}\n");
            return Ok(());
        }
        if row.recorded_at < self.period.from || row.recorded_at > self.period.to {
            return Ok(());
        }
        let entry: Entry = serde_json::from_str(&row.entry).map_err(|error| unreadable(&error))?;
        match self.format {
            Format::Csv => csv::write(&entry, out),
            Format::Cef => cef::write(&entry, out),
            Format::Ocsf => ocsf::write(&entry, out),
            Format::Bundle => Ok(()),
        }
    }

    async fn write_notes_below(&mut self, sequence: u64, out: &mut Vec<u8>) -> Result<(), StoreError> {
        while let Some(note) = self.notes.next_below(sequence, self.store.db(), &self.tenant).await? {
            let line = Line::Checkpoint(note).to_text().map_err(|error| unreadable(&error))?;
            out.extend_from_slice(line.as_bytes());
        }
        Ok(())
    }
}

fn unreadable(why: &impl ToString) -> StoreError {
    StoreError::Unreadable { what: "audit entry", why: why.to_string() }
}
