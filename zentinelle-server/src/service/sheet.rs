//! CSV that is safe to open in a spreadsheet.
//!
//! A cell that begins with one of `= + - @`, a tab or a line break is taken for a formula by
//! spreadsheets, and content that agents and users wrote must not run on the auditor's machine:
//! such a cell gets an apostrophe in front. Numbers are written by [`Sheet::row`] as they are.

use std::borrow::Cow;

/// A growing CSV text.
#[derive(Debug)]
pub(crate) struct Sheet(csv::Writer<Vec<u8>>);

impl Sheet {
    /// A sheet with a line of headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        let mut sheet = Self::continued();
        sheet.row(headings.iter().map(|heading| Cell::from(*heading)));
        sheet
    }

    /// A further part of a sheet, without headings.
    pub(crate) fn continued() -> Self {
        Self(csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::CRLF).from_writer(Vec::new()))
    }

    /// Adds a row.
    pub(crate) fn row<'t>(&mut self, cells: impl IntoIterator<Item = Cell<'t>>) {
        let cells: Vec<Cell<'t>> = cells.into_iter().collect();
        // Writing to memory cannot fail; rows may differ in length.
        let _ = self.0.write_record(cells.iter().map(|cell| cell.0.as_bytes()));
    }

    /// The text so far.
    pub(crate) fn into_text(self) -> String {
        let bytes = self.0.into_inner().unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default()
    }
}

/// One cell.
#[derive(Debug)]
pub(crate) struct Cell<'t>(Cow<'t, str>);

impl<'t> From<&'t str> for Cell<'t> {
    fn from(text: &'t str) -> Self {
        Self(inert(text))
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(inert(&text).into_owned()))
    }
}

impl<'t> From<Option<&'t str>> for Cell<'t> {
    fn from(text: Option<&'t str>) -> Self {
        Self::from(text.unwrap_or_default())
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Self(Cow::Owned(number.to_string()))
    }
}

impl From<f64> for Cell<'_> {
    fn from(number: f64) -> Self {
        Self(Cow::Owned(number.to_string()))
    }
}

impl From<bool> for Cell<'_> {
    fn from(truth: bool) -> Self {
        Self(Cow::Borrowed(if truth { "true" } else { "false" }))
    }
}

/// The text as a spreadsheet shows it instead of computing it.
fn inert(text: &str) -> Cow<'_, str> {
    // Spreadsheets pass over blanks and some invisible characters before a formula, and take the full-width forms too.
    let first = text.trim_start_matches(|c: char| c.is_whitespace() || zentinelle_core::matching::text::is_invisible(c));
    let begins_with_break = text.starts_with(['\t', '\r', '\n']);
    if begins_with_break || first.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) {
        return Cow::Owned(format!("'{text}"));
    }
    Cow::Borrowed(text)
}

#[cfg(test)]
mod tests {
    use super::{Cell, Sheet};

    #[test]
    fn a_formula_is_shown_and_not_run() {
        let mut sheet = Sheet::new(&["a", "b", "c", "d"]);
        sheet.row([Cell::from("=HYPERLINK(\"x\")"), Cell::from(" \u{feff}@SUM(A1)"), Cell::from(-3), Cell::from("a,\"b\"\nc")]);
        assert_eq!(
            sheet.into_text(),
            "a,b,c,d\r\n\"'=HYPERLINK(\"\"x\"\")\",' \u{feff}@SUM(A1),-3,\"a,\"\"b\"\"\nc\"\r\n"
        );
    }
}
