//! Judges one statement by its words.

use std::borrow::Cow;

use super::super::text::fold;
use super::SqlFault;
use super::lexer::{Placed, Token};
use super::words::{ALSO_FUNCTIONS, PACKAGES, READING, SIDE_EFFECTS, SOFT, WRITING};

/// A word that would write as a keyword, where a name stands.
pub(super) struct Doubt {
    /// Which token of the statement.
    pub(super) index: usize,
    /// The keyword, in capitals.
    pub(super) keyword: &'static str,
}

/// What the tokens of a statement leave open.
pub(super) struct Findings {
    /// Words that are harmless only if they are names.
    pub(super) doubts: Vec<Doubt>,
    /// Whether it is a `SELECT` without any word that its structure could show to do more than read.
    pub(super) plain: bool,
}

/// Judges the tokens of one statement. `number` counts statements from 1, for messages.
pub(super) fn judge(number: usize, statement: &[Placed<'_>]) -> Result<Findings, SqlFault> {
    let not_a_query = SqlFault::NotAQuery { statement: number };
    let body = after_open(statement);
    let verb = body.first().ok_or(not_a_query.clone())?;
    if !verb.is_any(READING) {
        return Err(not_a_query);
    }
    if verb.is_any(&["EXPLAIN", "DESCRIBE", "DESC"]) {
        judge_explained(number, body)?;
    }
    let shows = verb.is_word("SHOW");
    let mut findings = Findings { doubts: Vec::new(), plain: verb.is_word("SELECT") };
    for index in 0..statement.len() {
        let around = Around { statement, index };
        match around.usage() {
            Usage::Plain => {}
            Usage::Harmless => findings.plain = false,
            Usage::Doubtful(keyword) => {
                findings.plain = false;
                findings.doubts.push(Doubt { index, keyword });
            }
            // `SHOW CREATE TABLE t` prints a definition.
            Usage::Writing("CREATE") if shows && around.before_is(&["SHOW"]) => findings.plain = false,
            Usage::Writing(keyword) => return Err(SqlFault::Writes { statement: number, keyword }),
        }
        if let Some(function) = around.side_effect() {
            return Err(SqlFault::SideEffect { statement: number, function });
        }
    }
    Ok(findings)
}

fn after_open<'s, 'a>(mut tokens: &'s [Placed<'a>]) -> &'s [Placed<'a>] {
    while let Some((_, rest)) = tokens.split_first().filter(|(first, _)| first.is_mark('(')) {
        tokens = rest;
    }
    tokens
}

/// `EXPLAIN ANALYZE` runs what it explains, so the inner statement has to be a query as well.
fn judge_explained(number: usize, body: &[Placed<'_>]) -> Result<(), SqlFault> {
    let runs = body.iter().skip(1).take(6).any(|token| token.is_any(&["ANALYZE", "ANALYSE"]));
    if runs && !body.iter().skip(1).any(|token| token.is_any(&["SELECT", "WITH", "VALUES", "TABLE"])) {
        return Err(SqlFault::NotAQuery { statement: number });
    }
    Ok(())
}

/// What a token does to a statement.
enum Usage {
    /// Nothing that matters here.
    Plain,
    /// A keyword that matters elsewhere.
    Harmless,
    /// Writes with this keyword, unless it is a name.
    Doubtful(&'static str),
    /// Writes or locks with this keyword.
    Writing(&'static str),
}

/// A token and its neighbours.
struct Around<'s, 'a> {
    statement: &'s [Placed<'a>],
    index: usize,
}

impl<'s, 'a> Around<'s, 'a> {
    fn token(&self) -> Option<&'s Placed<'a>> {
        self.statement.get(self.index)
    }

    fn before(&self, steps: usize) -> Option<&'s Placed<'a>> {
        self.index.checked_sub(steps).and_then(|index| self.statement.get(index))
    }

    fn after(&self, steps: usize) -> Option<&'s Placed<'a>> {
        self.statement.get(self.index + steps)
    }

    fn before_is(&self, words: &[&str]) -> bool {
        self.before(1).is_some_and(|token| token.is_any(words))
    }

    fn after_is(&self, words: &[&str]) -> bool {
        self.after(1).is_some_and(|token| token.is_any(words))
    }

    /// Whether the token is the later part of a qualified name, such as `o.update`.
    fn is_qualified(&self) -> bool {
        self.before(1).is_some_and(|token| token.is_mark('.'))
            && self
                .before(2)
                .is_some_and(|token| matches!(token.token, Token::Word(_) | Token::Name(_)) || token.is_mark(']'))
    }

    fn is_called(&self) -> bool {
        self.after(1).is_some_and(|token| token.is_mark('('))
    }

    fn usage(&self) -> Usage {
        let Some(&Token::Word(found)) = self.token().map(|placed| &placed.token) else {
            return Usage::Plain;
        };
        // Some databases read full-width letters as plain ones.
        let spelled = if found.is_ascii() { Cow::Borrowed(found) } else { fold(found) };
        let pick = |words: &[&'static str]| words.iter().copied().find(|word| spelled.eq_ignore_ascii_case(word));
        if let Some(keyword) = pick(WRITING) {
            return match () {
                () if self.is_qualified() || self.is_innocent(keyword) => Usage::Harmless,
                () if self.may_be_name(keyword) => Usage::Doubtful(keyword),
                () => Usage::Writing(keyword),
            };
        }
        if let Some(keyword) = pick(SOFT) {
            let harmless = self.is_qualified() || self.is_value();
            return if harmless { Usage::Harmless } else { Usage::Writing(keyword) };
        }
        match pick(&["FOR", "WITH", "NEXT", "NEXTVAL"]) {
            None => Usage::Plain,
            Some("FOR") if self.after_is(&["SHARE"]) => Usage::Writing("FOR SHARE"),
            Some("FOR")
                if self.after_is(&["KEY", "NO"])
                    && self.after(2).is_some_and(|token| token.is_any(&["SHARE", "KEY"])) =>
            {
                Usage::Writing("FOR SHARE")
            }
            Some("NEXT") if self.after_is(&["VALUE"]) && self.after(2).is_some_and(|token| token.is_word("FOR")) => {
                Usage::Writing("NEXT VALUE FOR")
            }
            Some("NEXTVAL") if self.is_qualified() => Usage::Writing("NEXTVAL"),
            Some(_) => Usage::Harmless,
        }
    }

    /// Whether a writing word stands where only a name can stand, for the structure to confirm.
    ///
    /// `INTO` is reserved everywhere, and `(DELETE FROM` may begin a common table expression.
    fn may_be_name(&self, keyword: &str) -> bool {
        let is_mark = |steps: usize, mark: char| self.before(steps).is_some_and(|token| token.is_mark(mark));
        let member = is_mark(1, '.') && (is_mark(2, ')') || is_mark(2, ']'));
        // What follows `*` may be the next statement, where databases need no semicolon.
        let begins = is_mark(1, '*') || (is_mark(1, '(') && self.after_is(&["FROM"]));
        keyword != "INTO" && (member && !self.is_called() || self.is_value() && !begins)
    }

    /// Uses of a writing word that do not write.
    fn is_innocent(&self, keyword: &str) -> bool {
        match keyword {
            "SET" => self.before_is(&["CHARACTER", "CHAR"]),
            // The join hint, as in `INNER MERGE JOIN` and `OPTION (MERGE JOIN)`.
            "MERGE" => self.after_is(&["JOIN"]),
            _ => ALSO_FUNCTIONS.contains(&keyword) && self.is_called() && self.index > 0,
        }
    }

    /// Whether the token stands where a column stands: after something that asks for a value, and before
    /// something that ends one.
    fn is_value(&self) -> bool {
        const ASKS: &[&str] = &[
            "SELECT", "DISTINCT", "ALL", "AS", "BY", "WHERE", "AND", "OR", "NOT", "ON", "HAVING", "WHEN", "THEN",
            "ELSE", "CASE", "BETWEEN", "LIKE", "ILIKE", "IN", "FROM", "JOIN",
        ];
        const ENDS: &[&str] = &[
            "FROM", "AS", "IS", "AND", "OR", "NOT", "BETWEEN", "LIKE", "ILIKE", "ASC", "DESC", "WHERE", "GROUP",
            "ORDER", "LIMIT", "JOIN", "ON", "THEN", "WHEN", "ELSE", "END", "UNION", "HAVING",
        ];
        let asked = self.before(1).is_some_and(|token| match token.token {
            // Not every sign: a `?` is a value itself.
            Token::Mark(mark) => "(,=<>+-*/%|&^~!:.[".contains(mark),
            word => word.is_any(ASKS),
        });
        let ended = self.after(1).is_none_or(|token| match token.token {
            Token::Mark(mark) => !matches!(mark, '(' | '@' | '[' | '\\' | '{'),
            word => word.is_any(ENDS),
        });
        asked && ended
    }

    /// The function with effects that is called here, if one is.
    fn side_effect(&self) -> Option<&'static str> {
        let (Token::Word(name) | Token::Name(name)) = self.token()?.token else {
            return None;
        };
        let is_member = || {
            self.after(1).is_some_and(|token| token.is_mark('.'))
                && self.after(3).is_some_and(|token| token.is_mark('('))
        };
        if !self.is_called() && !is_member() {
            return None;
        }
        let name = fold(name);
        let listed = |list: &[&'static str]| list.iter().copied().find(|entry| is_named(&name, entry));
        listed(if self.is_called() { SIDE_EFFECTS } else { PACKAGES })
    }
}

fn is_named(name: &str, entry: &str) -> bool {
    match entry.strip_suffix('*') {
        Some(family) => name.starts_with(family),
        None => name == entry,
    }
}
