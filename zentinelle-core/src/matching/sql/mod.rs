//! SQL statements: whether they only read, and which tables they name.
//!
//! Both questions are answered from tokens, not from a parse tree. A parser knows some dialects and refuses the
//! vendor syntax it does not know; tokens exist for every text, cost no recursion, and the words that write are the
//! same everywhere. The dialect is unknown here, so a text is judged as each family of databases would cut it
//! (see `lexer`), and the strictest answer counts: a text that only reads for PostgreSQL but deletes for MySQL is not
//! read-only. A reading in which the text ends inside a quote is left out, except for the statements complete
//! before that point, as long as another reading can make sense of it.
//!
//! What cannot be seen in a statement cannot be judged: a function or view of the database's own may write.
//! A read-only database role remains the real protection; this is the earlier and more helpful no.

mod lexer;
mod read_only;
mod tables;

use self::lexer::{READINGS, Token, is_plain, tokens};
use self::read_only::judge;

/// Longest text judged, in bytes.
const MAX_LENGTH: usize = 1 << 20;

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
        statements.iter().enumerate().try_for_each(|(index, statement)| judge(index + 1, statement))
    })
}

/// The tables, views and databases a text names, as written but without quotes, sorted, each once; parts of a
/// qualified name are joined by dots.
///
/// Names are gathered where a table may stand (after `FROM`, `JOIN`, `INTO`, `UPDATE`, `TABLE` and the like), at any
/// depth. The list may hold too much (the name of a common table expression, a function in `FROM`), never too
/// little. Names are *not* folded; compare them as the policy compares names.
///
/// # Errors
/// When the text is empty, too long, or ends inside a quote.
pub fn tables(text: &str) -> Result<Vec<String>, SqlFault> {
    let mut found = std::collections::BTreeSet::new();
    each_reading(text, |statements| {
        for statement in statements {
            tables::gather(statement, &mut found);
        }
        Ok(())
    })?;
    Ok(found.into_iter().collect())
}

fn each_reading<'a>(
    text: &'a str,
    mut visit: impl FnMut(&[&[Token<'a>]]) -> Result<(), SqlFault>,
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
    for &reading in readings {
        let cut = tokens(text, reading);
        let mut statements: Vec<&[Token<'_>]> = cut.tokens.split(|token| token.is_mark(';')).collect();
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
    }
    if understood { Ok(()) } else { Err(fault) }
}

#[cfg(test)]
mod tests;
