//! Gathers the names that stand where a table may stand.

use super::lexer::{Placed, Token};
use super::words::FROM_INSIDE;

/// Words after which a table follows, wherever they stand.
const OPENS: &[&str] =
    &["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "USING", "APPLY", "STRAIGHT_JOIN", "REFERENCES", "OVERWRITE"];
/// Words after which a table follows where a statement begins.
const VERBS: &[&str] = &[
    "DESCRIBE", "DESC", "EXPLAIN", "TRUNCATE", "USE", "COPY", "MERGE", "ANALYZE", "VACUUM", "LOCK", "REPLACE",
    "INSERT", "DELETE", "REFRESH", "OPTIMIZE", "CLUSTER", "REINDEX",
];
/// Words after which a table or database follows in statements that define or show things.
const KINDS: &[&str] = &["VIEW", "DATABASE", "SCHEMA", "ON", "IN"];
/// Verbs of such statements.
const DEFINING: &[&str] = &["GRANT", "REVOKE", "CREATE", "DROP", "ALTER", "COMMENT", "DENY", "SHOW"];
/// Words that may stand between such a word and the table.
const BETWEEN: &[&str] = &[
    "ONLY",
    "LATERAL",
    "IF",
    "NOT",
    "EXISTS",
    "TABLES",
    "IGNORE",
    "LOW_PRIORITY",
    "DELAYED",
    "QUICK",
    "HIGH_PRIORITY",
    "OR",
    "REPLACE",
    "TEMP",
    "TEMPORARY",
    "FULL",
    "VERBOSE",
    "ANALYZE",
    "EXTENDED",
    "FORMATTED",
    "DATABASE",
    "SCHEMA",
    "CONCURRENTLY",
    "MATERIALIZED",
    "VIEW",
];
/// Words that end a list of tables.
const CLOSES: &[&str] = &[
    "WHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "MINUS",
    "SET",
    "VALUES",
    "SELECT",
    "RETURNING",
    "QUALIFY",
];
/// Words that are no table where one is expected, and do not end a list of them either.
const STOPS: &[&str] = &["WITH", "ON", "FOR", "OFFSET", "FETCH", "WHEN", "OUTPUT", "WINDOW", "AS", "OF", "TO"];

/// Words after which, and after a comma in the list they open, a table follows at once.
const DIRECT: &[&str] = &["FROM", "JOIN", "APPLY", "STRAIGHT_JOIN"];
/// Words that are no table even there: every database reserves them.
pub(super) const NO_TABLE: &[&str] =
    &["WHERE", "GROUP", "ORDER", "HAVING", "UNION", "INTERSECT", "EXCEPT", "SELECT", "ON"];
/// Words that are none if a name or a parenthesis follows.
pub(super) const BEFORE_TABLE: &[&str] = &["ONLY", "LATERAL", "TABLE", "WITH"];

/// One parenthesis level.
#[derive(Clone, Copy, Default)]
struct Level {
    /// A table is expected next.
    expects: bool,
    /// Inside a list of tables, so that a comma brings the next one.
    lists: bool,
    /// Whatever word stands where a table is expected is one.
    direct: bool,
    /// `FROM` here belongs to a function.
    function: bool,
}

/// The tables one statement names, each with the token it begins at.
pub(super) fn gather(statement: &[Placed<'_>]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let Some(verb) = statement.iter().find(|token| !token.is_mark('(')) else {
        return found;
    };
    let mut levels: Vec<Level> = Vec::new();
    let mut level = Level::default();
    let mut index = 0;
    while let Some(token) = statement.get(index) {
        let before = index.checked_sub(1).and_then(|before| statement.get(before));
        match token.token {
            Token::Mark('(') => {
                let function = before.is_some_and(|token| token.is_any(FROM_INSIDE));
                levels.push(level);
                // `FROM (a, b)` and `FROM ((a JOIN b))` list tables inside.
                level = Level { function, ..if level.expects { level } else { Level::default() } };
            }
            Token::Mark(')') => {
                level = levels.pop().unwrap_or_default();
                level.expects = false;
            }
            Token::Mark(',') => level.expects = level.lists,
            Token::Word(_) if level.function && token.is_word("FROM") => level.function = false,
            Token::Word(_) if level.expects && level.direct && is_table(statement, index) => {
                index = take(statement, index, &mut found);
                level.expects = false;
                continue;
            }
            Token::Word(_) if !is_qualified(before) && opens(statement, index, verb) => {
                level.lists = true;
                level.expects = true;
                level.direct = token.is_any(DIRECT);
            }
            Token::Word(_) if token.is_any(CLOSES) && !is_qualified(before) => {
                level = Level::default();
            }
            Token::Word(_) if level.expects && token.is_any(STOPS) => level.expects = false,
            Token::Word(_) if level.expects && token.is_any(BETWEEN) => {}
            Token::Word(_) | Token::Name(_) | Token::Text(_) if level.expects => {
                index = take(statement, index, &mut found);
                level.expects = false;
                continue;
            }
            _ => {}
        }
        index += 1;
    }
    found
}

/// Whether a word where a table has to stand is one, rather than a word before it.
fn is_table(statement: &[Placed<'_>], index: usize) -> bool {
    let (token, next) = (statement.get(index), statement.get(index + 1));
    let is = |words: &[&str]| token.is_some_and(|token| token.is_any(words));
    let called = next.is_some_and(|next| next.is_mark('('));
    let named = next.is_some_and(|next| matches!(next.token, Token::Word(_) | Token::Name(_)));
    let before = is(BEFORE_TABLE) && (named || called);
    let rows = is(&["VALUES"]) && called;
    !(is(NO_TABLE) || before || rows)
}

/// Notes the name at `index` and says where it ends.
fn take(statement: &[Placed<'_>], index: usize, found: &mut Vec<(usize, String)>) -> usize {
    let (name, length) = qualified(statement.get(index..).unwrap_or_default());
    if let Some(whole) = hyphenated(statement.get(index..).unwrap_or_default()) {
        found.push((index, whole));
    }
    found.push((index, name));
    index + length
}

/// Reads `my-project.data.table`, as BigQuery does without quotes.
fn hyphenated(tokens: &[Placed<'_>]) -> Option<String> {
    let mut name = String::new();
    for token in tokens {
        match token.token {
            Token::Word(part) | Token::Number(part) if name.is_empty() || name.ends_with(['-', '.']) => {
                name.push_str(part)
            }
            Token::Mark(mark @ ('-' | '.')) => name.push(mark),
            _ => break,
        }
    }
    name.contains('-').then_some(name)
}

fn is_qualified(before: Option<&Placed<'_>>) -> bool {
    before.is_some_and(|token| token.is_mark('.'))
}

/// Whether the word at `index` is one after which a table follows.
fn opens(statement: &[Placed<'_>], index: usize, verb: &Placed<'_>) -> bool {
    let before = |steps: usize| index.checked_sub(steps).and_then(|at| statement.get(at));
    let Some(token) = statement.get(index) else {
        return false;
    };
    let called = statement.get(index + 1).is_some_and(|token| token.is_mark('('));
    if token.is_word("FROM") {
        // `IS DISTINCT FROM` and `IS NOT DISTINCT FROM` compare.
        return !(before(1).is_some_and(|token| token.is_word("DISTINCT"))
            && before(2).is_some_and(|token| token.is_any(&["IS", "NOT"])));
    }
    if token.is_word("UPDATE") {
        // `FOR UPDATE` and `ON DUPLICATE KEY UPDATE` name no table.
        return !before(1).is_some_and(|token| token.is_any(&["FOR", "KEY"]));
    }
    if token.is_word("USING") && called {
        // In a query this is a list of columns to join by.
        return !verb.is_any(&["SELECT", "WITH"]);
    }
    if token.is_any(OPENS) {
        return true;
    }
    if token.is_any(VERBS) && !called {
        return before(1).is_none_or(|token| token.is_mark('(') || token.is_mark(')'));
    }
    token.is_any(KINDS) && verb.is_any(DEFINING)
}

/// Reads `a.b.c`, and how many tokens it took.
fn qualified(tokens: &[Placed<'_>]) -> (String, usize) {
    let mut name = String::new();
    let mut length = 0;
    loop {
        match tokens.get(length).map(|placed| placed.token) {
            Some(Token::Word(part) | Token::Name(part) | Token::Text(part)) => {
                name.push_str(part);
                length += 1;
            }
            // `server..table` leaves a part out.
            Some(Token::Mark('.')) => {}
            _ => return (name, length),
        }
        let mut dotted = false;
        while tokens.get(length).is_some_and(|token| token.is_mark('.')) {
            name.push('.');
            length += 1;
            dotted = true;
        }
        if !dotted {
            return (name, length);
        }
    }
}
