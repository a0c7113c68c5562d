//! Reads the structure of a query: its blocks, what stands in `FROM`, and where names stand.
//!
//! One grammar for all dialects, over the tokens of [`super::lexer`]. It knows no precedence and no types, only what
//! may follow what: between two operands stands an operator, after a clause its own words, and a second `SELECT` only
//! after a set operator or a parenthesis. That is what matters here. A statement read by it to its end is one statement
//! for every database, so a name in `FROM` that a common table expression has is that expression. Whatever it does not
//! know makes it give up, and the statement is judged by its tokens alone, which is stricter.
//!
//! Tests hold it to `sqlparser`: where both read a statement, it finds no table less.

mod calls;
mod expressions;
mod reader;
mod tables;

use std::collections::BTreeSet;

use self::reader::Reader;
use super::lexer::{Placed, Token};
use super::words::{CLAUSES, OTHER_VERBS, WHOLE_STATEMENTS};

/// Longest statement that is read, in tokens.
const MAX_TOKENS: usize = 2048;

/// What a statement is.
pub(super) enum Kind<'a> {
    /// A query, or the explanation of one.
    Query(Structure<'a>),
    /// Something else, with its verb if that writes rows.
    Other(Option<&'static str>),
}

/// What is known of a query that was read to its end.
#[derive(Default)]
pub(super) struct Structure<'a> {
    /// The tokens that are names of columns, tables and the like.
    pub(super) names: BTreeSet<usize>,
    /// The tokens in `FROM` that name common table expressions.
    pub(super) expressions: BTreeSet<usize>,
    /// The keyword by which it does more than read, if it does.
    pub(super) writes: Option<&'static str>,
    /// The common table expressions of each query around, the innermost last.
    scopes: Vec<Vec<Expression<'a>>>,
}

/// A common table expression, and the token after which it can be named.
///
/// Spelling and quotes have to agree, since databases differ on how they fold names; where they do not agree the
/// name may be a table's.
struct Expression<'a> {
    name: Token<'a>,
    visible_from: usize,
}

/// Something that was read; `None` where the grammar does not know what stands there.
type Read<T = ()> = Option<T>;

/// What a statement is, if it is understood as a whole.
pub(super) fn read<'a>(statement: &[Placed<'a>]) -> Option<Kind<'a>> {
    if statement.len() > MAX_TOKENS {
        return None;
    }
    let mut reader = Reader::new(statement);
    if reader.any(&["EXPLAIN", "DESCRIBE", "DESC"]) {
        reader.explain_options()?;
        let verb = reader.peek()?.token;
        if let Token::Word(word) = verb
            && let Some(verb) = OTHER_VERBS.iter().find(|verb| word.eq_ignore_ascii_case(verb))
        {
            // A table may be called like a verb.
            let named = reader.name().is_some() && reader.is_done() && !WHOLE_STATEMENTS.contains(verb);
            let writes = ["INSERT", "UPDATE", "DELETE", "MERGE"].into_iter().find(|writing| writing == verb);
            return Some(if named { Kind::Query(reader.found) } else { Kind::Other(writes) });
        }
        if !reader.begins_query() && !verb.is_mark('(') {
            reader.name()?;
            return reader.is_done().then_some(Kind::Query(reader.found));
        }
    }
    reader.query()?;
    reader.is_done().then_some(Kind::Query(reader.found))
}

impl Reader<'_, '_> {
    fn explain_options(&mut self) -> Read {
        if self.is_mark('(') && !self.peek_at(1)?.is_any(&["SELECT", "WITH", "VALUES", "("]) {
            return self.options();
        }
        self.many(&["ANALYZE", "VERBOSE", "QUERY", "PLAN", "ESTIMATE", "EXTENDED", "FORMATTED", "TABLE"]);
        if self.words(&["FORMAT"]) {
            self.mark('=');
            self.part()?;
        }
        Some(())
    }

    fn begins_query(&self) -> bool {
        self.is_any(&["SELECT", "WITH", "VALUES", "TABLE", "FROM"])
    }

    fn query(&mut self) -> Read {
        let scopes = self.found.scopes.len();
        self.found.scopes.push(Vec::new());
        if self.words(&["WITH"]) {
            self.with()?;
        }
        self.body()?;
        self.rest_of_query()?;
        self.found.scopes.truncate(scopes);
        Some(())
    }

    /// What may follow a block: set operators with further blocks, and clauses.
    fn rest_of_query(&mut self) -> Read {
        self.clauses()?;
        while self.any(&["UNION", "INTERSECT", "EXCEPT", "MINUS"]) {
            self.many(&["ALL", "DISTINCT"]);
            if self.words(&["BY"]) {
                self.words(&["NAME"]).then_some(())?;
            }
            self.body()?;
            self.clauses()?;
        }
        Some(())
    }

    fn with(&mut self) -> Read {
        let recursive = self.words(&["RECURSIVE"]);
        // To some databases that word is the name of an expression.
        (!recursive || !self.is("AS") && !self.is_mark('(')).then_some(())?;
        self.list(|reader| {
            let (at, name) = (reader.at, reader.peek()?.token);
            reader.part()?;
            if reader.is_mark('(') {
                reader.names()?;
            }
            reader.words(&["AS"]).then_some(())?;
            reader.words(&["NOT"]);
            reader.words(&["MATERIALIZED"]);
            // Only a recursive expression sees itself; otherwise the same name inside is a table's.
            if recursive {
                reader.found.scopes.last_mut()?.push(Expression { name, visible_from: at });
            }
            reader.parens(Self::query)?;
            if !recursive {
                reader.found.scopes.last_mut()?.push(Expression { name, visible_from: reader.at });
            }
            Some(())
        })
    }

    fn body(&mut self) -> Read {
        if self.is_mark('(') {
            return self.parens(Self::query);
        }
        if self.words(&["SELECT"]) {
            return self.select();
        }
        if self.words(&["VALUES"]) {
            return self.list(|reader| {
                reader.words(&["ROW"]);
                reader.parens(|reader| reader.list(Self::expression))
            });
        }
        if self.words(&["TABLE"]) {
            return self.name();
        }
        if self.words(&["FROM"]) {
            self.tables()?;
            return if self.words(&["SELECT"]) { self.select() } else { Some(()) };
        }
        self.writing()
    }

    /// A statement that writes, within an expression or after one. What it writes to is never an expression.
    fn writing(&mut self) -> Read {
        if self.words(&["INSERT"]) {
            self.writes("INSERT");
            self.words(&["INTO"]).then_some(())?;
            self.name()?;
            if self.is_mark('(') {
                self.names()?;
            }
            self.begins_query().then_some(())?;
            self.query()?;
        } else if self.words(&["UPDATE"]) {
            self.writes("UPDATE");
            self.name()?;
            self.alias()?;
            self.words(&["SET"]).then_some(())?;
            self.list(Self::expression)?;
            if self.words(&["FROM"]) {
                self.tables()?;
            }
        } else if self.words(&["DELETE", "FROM"]) {
            self.writes("DELETE");
            self.name()?;
            self.alias()?;
            if self.words(&["USING"]) {
                self.tables()?;
            }
        } else {
            return None;
        }
        if self.words(&["WHERE"]) {
            self.expression()?;
        }
        if self.words(&["RETURNING"]) { self.items() } else { Some(()) }
    }

    fn select(&mut self) -> Read {
        self.many(&["ALL", "DISTINCTROW", "STRAIGHT_JOIN", "SQL_NO_CACHE", "SQL_CALC_FOUND_ROWS", "HIGH_PRIORITY"]);
        if self.words(&["DISTINCT", "ON"]) {
            self.parens(|reader| reader.list(Self::expression))?;
        }
        self.any(&["DISTINCT"]);
        if self.is("TOP")
            && self.peek_at(1).is_some_and(|next| matches!(next.token, Token::Number(_) | Token::Mark('(')))
        {
            self.step();
            if !self.is_mark('(') {
                self.step()
            } else {
                self.options()?
            }
            self.any(&["PERCENT"]);
            self.words(&["WITH", "TIES"]);
        }
        if self.is("AS") && self.peek_at(1)?.is_any(&["STRUCT", "VALUE"]) {
            self.at += 2;
        }
        // A list may be empty before `FROM`.
        if !self.is("FROM") && !self.is_done() {
            self.items()?;
        }
        if self.words(&["INTO"]) {
            self.writes("INTO");
            self.many(&["TEMP", "TEMPORARY", "TABLE", "OUTFILE", "DUMPFILE"]);
            self.list(Self::name)?;
        }
        if self.words(&["FROM"]) { self.tables() } else { Some(()) }
    }

    fn items(&mut self) -> Read {
        self.list(|reader| {
            // A comma may stand after the last one.
            if reader.is("FROM") && !reader.peek_at(1)?.is_mark(',') {
                return Some(());
            }
            reader.expression()?;
            while reader.changes_columns() {
                reader.step();
                if reader.is_mark('(') { reader.options()? } else { reader.name()? }
            }
            reader.alias()
        })
    }

    /// Whether columns of a `*` are left out or changed here. `EXCEPT` before a query is a set operator.
    fn changes_columns(&self) -> bool {
        const QUERIES: &[&str] = &["SELECT", "WITH", "VALUES", "TABLE", "FROM", "ALL", "DISTINCT"];
        let after = usize::from(self.peek_at(1).is_some_and(|next| next.is_mark('(')));
        self.is_any(&["EXCEPT", "EXCLUDE", "REPLACE", "RENAME"])
            && self.peek_at(1 + after).is_some_and(|next| !next.is_any(QUERIES) && !next.is_mark('('))
    }

    /// A name after `AS`, or a bare one that begins no clause.
    fn alias(&mut self) -> Read {
        if self.words(&["AS"]) {
            return self.part();
        }
        match self.peek().map(|token| token.token) {
            Some(Token::Word(_)) if self.is_any(CLAUSES) => Some(()),
            Some(Token::Word(_) | Token::Name(_) | Token::Text(_)) => self.part(),
            _ => Some(()),
        }
    }

    fn clauses(&mut self) -> Read {
        loop {
            if self.any(&["WHERE", "PREWHERE", "HAVING", "QUALIFY"]) || self.words(&["CONNECT", "BY"]) {
                self.words(&["NOCYCLE"]);
                self.expression()?;
            } else if self.words(&["START", "WITH"]) {
                self.expression()?;
            } else if self.words(&["GROUP", "BY", "ALL"])
                || self.words(&["ORDER", "BY", "ALL"])
                || self.words(&["LIMIT", "ALL"])
            {
                self.any(&["ASC", "DESC"]);
            } else if self.words(&["GROUP", "BY"]) {
                self.any(&["DISTINCT"]);
                self.list(|reader| {
                    reader.words(&["GROUPING", "SETS"]);
                    reader.expression()
                })?;
                if self.words(&["WITH"]) {
                    self.any(&["ROLLUP", "CUBE", "TOTALS"]).then_some(())?;
                }
            } else if self.any(&["ORDER", "SORT", "CLUSTER", "DISTRIBUTE"]) {
                self.words(&["SIBLINGS"]);
                self.order()?;
            } else if self.words(&["WINDOW"]) {
                self.list(|reader| {
                    reader.part()?;
                    reader.words(&["AS"]).then_some(())?;
                    reader.parens(Self::window)
                })?;
            } else if self.any(&["LIMIT", "OFFSET"]) {
                self.list(Self::expression)?;
                self.any(&["ROW", "ROWS"]);
                if self.words(&["BY"]) {
                    self.list(Self::expression)?;
                }
                self.words(&["WITH", "TIES"]);
            } else if self.words(&["FETCH"]) {
                self.any(&["FIRST", "NEXT"]).then_some(())?;
                if !self.is_any(&["ROW", "ROWS"]) {
                    self.expression()?;
                }
                self.any(&["PERCENT"]);
                self.any(&["ROW", "ROWS"]).then_some(())?;
                (self.words(&["ONLY"]) || self.words(&["WITH", "TIES"])).then_some(())?;
            } else if self.words(&["OPTION"]) {
                self.options()?;
            } else if self.words(&["FOR"]) {
                self.locks()?;
            } else {
                return Some(());
            }
        }
    }

    /// `BY`, and what a result is sorted by.
    fn order(&mut self) -> Read {
        self.words(&["BY"]).then_some(())?;
        self.list(|reader| {
            reader.expression()?;
            reader.any(&["ASC", "DESC"]);
            if reader.words(&["NULLS"]) {
                reader.any(&["FIRST", "LAST"]).then_some(())?;
            }
            Some(())
        })
    }

    fn locks(&mut self) -> Read {
        if self.any(&["XML", "JSON", "BROWSE"]) {
            return self.list(Self::expression);
        }
        let shared = self.words(&["SHARE"]) || self.words(&["KEY", "SHARE"]);
        if shared {
            self.writes("FOR SHARE");
        } else {
            self.words(&["NO", "KEY"]);
            self.words(&["UPDATE"]).then_some(())?;
            self.writes("FOR UPDATE");
        }
        if self.words(&["OF"]) {
            self.list(Self::name)?;
        }
        let _ = self.words(&["SKIP", "LOCKED"]) || self.words(&["NOWAIT"]);
        Some(())
    }
}
