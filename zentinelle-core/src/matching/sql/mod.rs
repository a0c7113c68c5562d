//! SQL statements: whether they only read, and which tables they name.
//!
//! Two opinions are asked, and both have to agree that a statement only reads.
//!
//! * The tree `sqlparser` makes of it, in whichever of its dialects can (`stream`, `parse`, `tree`, `relations`). It knows what
//!   a word is for: a writing statement within a common table expression, a lock, `SELECT .. INTO`, or on the other
//!   hand a column named `update`, which passes only because every tree that can be made takes it for a name.
//! * The tokens (`lexer`, `read_only`, `tables`). They are the only opinion where no dialect parses the statement, or
//!   where it is too large or too deep for a parser that walks by recursion. A plain `SELECT` without any word a tree
//!   could object to is settled by them.
//!
//! The tree is made of the tokens cut here, not by the parser's own tokenizer. The dialect is unknown, and databases
//! disagree on where a string or a comment ends, so a text is judged as each family of them would cut it and the
//! strictest answer counts: a text that only reads for PostgreSQL but deletes for MySQL is not read-only. The parser's
//! tokenizer is made to accept what is right, and where a server and it disagree it can hide a statement in a string.
//! A test holds it to these, all of which would pass a `DROP`:
//!
//! * `b"\" , " ; .. "`: MySQL and BigQuery escape by backslash in such strings, it does not; in `X'\'` it does for
//!   every dialect, where SQLite does not;
//! * `/*! + '*/' ; .. ' */`: an executable comment ends at the first `*/`, even inside a string; `/*M! .. */` is none;
//! * `--` before a control character begins a comment in MySQL;
//! * one malformed number or name is an error for the whole text, so that a reading could be made to fall away.
//!
//! A reading in which the text ends inside a quote is left out, except for the statements complete before that
//! point, as long as another reading can make sense of it.
//!
//! What cannot be seen in a statement cannot be judged: a function or view of the database's own may write.
//! A read-only database role remains the real protection; this is the earlier and more helpful no.

mod dialects;
mod harmless;
mod lexer;
mod parse;
mod read_only;
mod readings;
mod relations;
mod stream;
mod tables;
mod tree;
mod words;

use std::collections::BTreeSet;

use self::lexer::{Placed, Tokens, tokens};
use self::read_only::judge;
use self::readings::{READINGS, is_plain};
use self::stream::stream;

/// Longest text judged, in bytes.
const MAX_LENGTH: usize = 1 << 20;

/// How many statements of a text are parsed; later ones are judged by their tokens alone.
const MAX_PARSED: usize = 16;

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

/// Asks the tokens, then the tree.
fn judge_both(number: usize, statement: &[Placed<'_>]) -> Result<(), SqlFault> {
    let findings = judge(number, statement)?;
    if findings.plain {
        return Ok(());
    }
    let parsed = match stream(statement) {
        Some(stream) if number <= MAX_PARSED => tree::read_only(number, &stream, &findings.doubts)?,
        _ => false,
    };
    match findings.doubts.first() {
        Some(doubt) if !parsed => Err(SqlFault::Writes { statement: number, keyword: doubt.keyword }),
        _ => Ok(()),
    }
}

/// The tables, views and databases a text names, as written but without quotes, sorted, each once; parts of a
/// qualified name are joined by dots.
///
/// Names are gathered where a table may stand (after `FROM`, `JOIN`, `INTO`, `UPDATE`, `TABLE` and the like), at any
/// depth, and from the tree of a query. Names the tree shows to be common table expressions are left out. The list
/// may hold too much (a function in `FROM`, an expression of a statement that does not parse), never too little.
/// Names are *not* folded; compare them as the policy compares names.
///
/// # Errors
/// When the text is empty, too long, or ends inside a quote.
pub fn tables(text: &str) -> Result<Vec<String>, SqlFault> {
    let mut found = BTreeSet::new();
    each_reading(text, |statements| {
        for (index, statement) in statements.iter().enumerate() {
            found.append(&mut tables_of(index + 1, statement));
        }
        Ok(())
    })?;
    Ok(found.into_iter().collect())
}

/// The names the tokens give and those the tree gives, less those the tree shows to be common table expressions.
fn tables_of(number: usize, statement: &[Placed<'_>]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    tables::gather(statement, &mut found);
    // The tree does not hold the name after `TABLE` as a relation, so it could be taken for an expression's.
    if number <= MAX_PARSED
        && !statement.iter().any(|token| token.is_word("TABLE"))
        && let Some(mut relations) = stream(statement).and_then(|stream| relations::relations(&stream))
    {
        found.retain(|name| !relations.expressions.contains(name));
        // `FROM ONLY t` is a table named ONLY to some dialects of the parser.
        relations.tables.retain(|name| !name.eq_ignore_ascii_case("ONLY"));
        found.append(&mut relations.tables);
    }
    found
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
mod tests;
#[cfg(test)]
mod tree_tests;
