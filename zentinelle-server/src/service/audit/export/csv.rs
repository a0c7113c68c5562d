//! The trail as a table. No cell is read as a formula by a spreadsheet.

use std::borrow::Cow;

use serde_json::Value;
use zentinelle_core::audit::Entry;

use super::unreadable;
use crate::clock;
use crate::store::{StoreError, wire_name};

/// The columns. The first nine are those that earlier receivers know.
const COLUMNS: [&str; 20] = [
    "id",
    "tenant_id",
    "action",
    "timestamp",
    "ext_user_id",
    "resource_type",
    "resource_id",
    "chain_sequence",
    "entry_hash",
    "chain_hash",
    "outcome",
    "agent_id",
    "api_key_prefix",
    "ip_address",
    "user_agent",
    "resource_name",
    "changes",
    "metadata",
    "decision",
    "recorded_at_us",
];

/// The line of column names.
pub(super) fn header() -> Result<Vec<u8>, StoreError> {
    let mut out = Vec::new();
    line(&mut out, &COLUMNS.map(Cow::Borrowed))?;
    Ok(out)
}

/// One entry as a line.
pub(super) fn write(entry: &Entry, out: &mut Vec<u8>) -> Result<(), StoreError> {
    let record = &entry.record;
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let json = |value: &Value| if value.is_null() { String::new() } else { value.to_string() };
    let at = clock::micros(record.timestamp);
    let cells = [
        record.id.clone(),
        record.tenant_id.clone(),
        wire_name(&record.action),
        clock::iso(at),
        optional(&record.ext_user_id),
        record.resource_type.clone(),
        optional(&record.resource_id),
        entry.sequence.to_string(),
        entry.entry_hash.to_string(),
        entry.chain_hash.to_string(),
        wire_name(&record.outcome),
        optional(&record.agent_id),
        optional(&record.api_key_prefix),
        optional(&record.ip_address),
        optional(&record.user_agent),
        optional(&record.resource_name),
        json(&record.changes),
        json(&record.metadata),
        json(&record.decision),
        at.to_string(),
    ];
    line(out, &cells.map(Cow::Owned))
}

fn line(out: &mut Vec<u8>, cells: &[Cow<'_, str>]) -> Result<(), StoreError> {
    let mut writer = csv::WriterBuilder::new().from_writer(out);
    writer.write_record(cells.iter().map(|cell| inert(cell).into_owned())).map_err(|error| unreadable(&error))?;
    writer.flush().map_err(|error| unreadable(&error))
}

/// A cell that no spreadsheet takes for a formula: one that could begin one gets an apostrophe
/// in front, which spreadsheets show as the mark of a text.
pub(crate) fn inert(cell: &str) -> Cow<'_, str> {
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    let suspicious = cell.trim_start_matches([' ', '\u{a0}', '\u{feff}', '\0']).starts_with(begins);
    if suspicious { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

#[cfg(test)]
mod tests {
    use super::inert;

    #[test]
    fn no_cell_begins_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u{feff}=1", "＝1"] {
            assert!(inert(cell).starts_with('\''), "{cell}");
        }
        for cell in ["", "a=1", "1-1", "{\"a\":1}", "agent:a"] {
            assert_eq!(inert(cell), cell);
        }
    }
}
