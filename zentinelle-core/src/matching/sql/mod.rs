//! SQL statements: whether they only read, and which tables they name.
//!
//! Two opinions are asked, and both have to agree that a statement only reads.
//!
//! * The tokens (`lexer`, `read_only`, `tables`). A plain `SELECT` without any word that could do more is settled by
//!   them, and they are the only opinion where the structure is not understood.
//! * The structure (`query`). It knows what a word is for: a writing statement within a common table expression, a lock,
//!   `SELECT .. INTO`, or on the other hand a column named `update`, which passes only because it stands in a
//!   statement understood to its end.
//!
//! The dialect is unknown, and databases disagree on where a string or a comment ends, so a text is judged as each
//! family of them would cut it and the strictest answer counts: a text that only reads for PostgreSQL but deletes for
//! MySQL is not read-only.
//!
//! A reading in which the text ends inside a quote is left out, except for the statements complete before that
//! point, as long as another reading can make sense of it.
//!
//! What cannot be seen in a statement cannot be judged: a function or view of the database's own may write.
//! A read-only database role remains the real protection; this is the earlier and more helpful no.

mod harmless;
mod lexer;
mod query;
mod read_only;
mod readings;
mod tables;
mod words;

use std::collections::BTreeSet;

use self::lexer::{Placed, Tokens, tokens};
use self::query::Kind;
use self::read_only::judge;
use self::readings::{READINGS, is_plain};

/// Longest text judged, in bytes.
const MAX_LENGTH: usize = 1 << 20;

/// The structure of how many statements of a text is read; later ones are judged by their tokens alone.
const MAX_READ: usize = 16;

/// Why a text is not known to be read-only, or cannot be judged at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SqlFault {
    /// There is no statement.
    #[error("no SQL statement found")]
    Empty,
    /// The text is too long.
    #[error("SQL text has {length} bytes; at most {MAX_LENGTH} are judged")]
    TooLong {
        /// Length found, in bytes.
        length: usize,
    },
    /// The text holds a NUL character, where some programs stop reading.
    #[error("SQL text holds a NUL character")]
    Nul,
    /// A quote or comment does not end, in any dialect.
    #[error("SQL text ends inside a quote or comment")]
    Unterminated,
    /// A statement begins with something that is not known to read.
    #[error("statement {statement} does not begin with SELECT, WITH, VALUES, TABLE, SHOW, DESCRIBE or EXPLAIN")]
    NotAQuery {
        /// Which statement, from 1.
        statement: usize,
    },
    /// A keyword that writes, locks or changes settings.
    #[error("statement {statement} uses {keyword}, which does more than read")]
    Writes {
        /// Which statement, from 1.
        statement: usize,
        /// The keyword, in capitals.
        keyword: &'static str,
    },
    /// A function that reaches beyond the query.
    #[error("statement {statement} calls {function}, which does more than read tables")]
    SideEffect {
        /// Which statement, from 1.
        statement: usize,
        /// The function or family of functions.
        function: &'static str,
    },
}

/// Whether every statement of a text only reads, in whichever dialect it is run.
///
/// # Errors
/// The first reason found why it may not.
pub fn read_only(text: &str) -> Result<(), SqlFault> {
    each_reading(text, |statements| {
        statements.iter().enumerate().try_for_each(|(index, statement)| judge_both(index + 1, statement))
    })
}

/// Asks the tokens, then the structure.
fn judge_both(number: usize, statement: &[Placed<'_>]) -> Result<(), SqlFault> {
    let findings = judge(number, statement)?;
    if findings.plain {
        return Ok(());
    }
    let kind = if number <= MAX_READ { query::read(statement) } else { None };
    let is_name = |index: usize| matches!(&kind, Some(Kind::Query(structure)) if structure.names.contains(&index));
    let writes = match &kind {
        Some(Kind::Query(structure)) => structure.writes,
        Some(Kind::Other(None)) => return Err(SqlFault::NotAQuery { statement: number }),
        Some(Kind::Other(verb)) => *verb,
        None => None,
    };
    let doubt = findings.doubts.iter().find(|doubt| !is_name(doubt.index)).map(|doubt| doubt.keyword);
    match writes.or(doubt) {
        Some(keyword) => Err(SqlFault::Writes { statement: number, keyword }),
        None => Ok(()),
    }
}

/// The tables, views and databases a text names, as written but without quotes, sorted, each once; parts of a
/// qualified name are joined by dots.
///
/// Names are gathered where a table may stand (after `FROM`, `JOIN`, `INTO`, `UPDATE`, `TABLE` and the like), at any
/// depth. Names that a query's structure shows to be common table expressions are left out. The list
/// may hold too much (a function in `FROM`, an expression of a statement that is not understood), never too little.
/// Names are *not* folded; compare them as the policy compares names.
///
/// # Errors
/// When the text is empty, too long, or ends inside a quote.
pub fn tables(text: &str) -> Result<Vec<String>, SqlFault> {
    let mut found = BTreeSet::new();
    each_reading(text, |statements| {
        for (index, statement) in statements.iter().enumerate() {
            found.extend(tables_of(index + 1, statement));
        }
        Ok(())
    })?;
    Ok(found.into_iter().collect())
}

/// The names the tokens give, less those the structure shows to be common table expressions.
fn tables_of(number: usize, statement: &[Placed<'_>]) -> impl Iterator<Item = String> {
    let kind = if number <= MAX_READ { query::read(statement) } else { None };
    let is_expression =
        move |index| matches!(&kind, Some(Kind::Query(structure)) if structure.expressions.contains(&index));
    tables::gather(statement).into_iter().filter(move |(index, _)| !is_expression(*index)).map(|(_, name)| name)
}

fn each_reading<'a>(
    text: &'a str,
    mut visit: impl FnMut(&[&[Placed<'a>]]) -> Result<(), SqlFault>,
) -> Result<(), SqlFault> {
    if text.len() > MAX_LENGTH {
        return Err(SqlFault::TooLong { length: text.len() });
    }
    if text.contains('\0') {
        return Err(SqlFault::Nul);
    }
    let readings = if is_plain(text) { READINGS.get(..1).unwrap_or(&READINGS) } else { &READINGS };
    let mut fault = SqlFault::Unterminated;
    let mut understood = false;
    let mut seen: Vec<Tokens<'_>> = Vec::new();
    for &reading in readings {
        let cut = tokens(text, reading);
        if seen.contains(&cut) {
            continue;
        }
        let mut statements: Vec<&[Placed<'_>]> = cut.tokens.split(|token| token.is_mark(';')).collect();
        if cut.unterminated {
            // A database may run what comes before the statement it cannot read.
            statements.pop();
        }
        statements.retain(|statement| !statement.is_empty());
        visit(&statements)?;
        if statements.is_empty() && !cut.unterminated {
            fault = SqlFault::Empty;
        }
        understood |= !cut.unterminated && !statements.is_empty();
        seen.push(cut);
    }
    if understood { Ok(()) } else { Err(fault) }
}

#[cfg(test)]
mod peer;
#[cfg(test)]
mod query_tests;
#[cfg(test)]
mod tests;
