//! What a request names of databases: tables, databases and statements.
//!
//! Looked for at the top of the context and in `tool_args`. A text under `query` may be a
//! search for shoes; it is taken for SQL when it begins as a statement can, or holds a semicolon.

use serde_json::Value;

use crate::matching::sql::{self, SqlFault};
use crate::matching::text::is_invisible;
use crate::request::{Context, EvaluationError};

/// Words a statement may begin with, in any dialect.
const BEGINNINGS: &[&str] = &[
    "ALTER",
    "ANALYZE",
    "ATTACH",
    "BEGIN",
    "CALL",
    "CLUSTER",
    "COMMENT",
    "COPY",
    "CREATE",
    "DECLARE",
    "DELETE",
    "DESC",
    "DESCRIBE",
    "DETACH",
    "DO",
    "DROP",
    "EXEC",
    "EXECUTE",
    "EXPLAIN",
    "EXPORT",
    "FROM",
    "GRANT",
    "HANDLER",
    "IF",
    "IMPORT",
    "INSERT",
    "LOAD",
    "LOCK",
    "MERGE",
    "OPTIMIZE",
    "PIVOT",
    "PRAGMA",
    "PREPARE",
    "REFRESH",
    "REINDEX",
    "RENAME",
    "REPLACE",
    "REVOKE",
    "SELECT",
    "SET",
    "SHOW",
    "SUMMARIZE",
    "TABLE",
    "TRUNCATE",
    "UNLOAD",
    "UPDATE",
    "UPSERT",
    "USE",
    "VACUUM",
    "VALUES",
    "WHILE",
    "WITH",
];
/// Schemas that databases make by themselves; before a table they say nothing of the database.
const DEFAULT_SCHEMAS: [&str; 3] = ["public", "dbo", "main"];

/// What one request names.
#[derive(Debug, Default)]
pub(super) struct Named<'a> {
    /// Tables, as written but without quotes, parts joined by dots.
    pub(super) tables: Vec<String>,
    /// Databases said to be used, apart from those before a table's name.
    pub(super) databases: Vec<&'a str>,
    /// Texts that are SQL.
    pub(super) statements: Vec<&'a str>,
    /// Why a statement cannot be judged.
    pub(super) fault: Option<SqlFault>,
}

impl<'a> Named<'a> {
    /// Gathers what the request names.
    pub(super) fn of(context: &'a Context) -> Result<Self, EvaluationError> {
        let mut named = Self::default();
        named.databases.extend(context.name("database")?);
        named.tables.extend(context.name("table")?.map(unquoted));
        named.gather_statements(context.iter());
        match context.get("tool_args") {
            Some(Value::Object(arguments)) => {
                texts(arguments.get("database"), &mut |name| named.databases.push(name));
                texts(arguments.get("table"), &mut |name| named.tables.push(unquoted(name)));
                named.gather_statements(arguments.iter());
            }
            other => texts(other, &mut |text| named.take_statement(text, false)),
        }
        for statement in &named.statements {
            match sql::tables(statement) {
                Ok(tables) => named.tables.extend(tables),
                // Nothing but blanks and comments does nothing.
                Err(SqlFault::Empty) => {}
                Err(fault) => named.fault = Some(fault),
            }
        }
        Ok(named)
    }

    /// Whether the request names nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.databases.is_empty() && self.statements.is_empty()
    }

    /// The databases that stand before the names of tables, and whether a table stands without one.
    pub(super) fn qualifiers(&self) -> (Vec<&str>, bool) {
        let mut bare = false;
        let mut found = Vec::new();
        for table in &self.tables {
            match table.split_once('.') {
                Some((first, rest))
                    if rest.contains('.') || !DEFAULT_SCHEMAS.iter().any(|name| first.eq_ignore_ascii_case(name)) =>
                {
                    found.push(first);
                }
                _ => bare = true,
            }
        }
        (found, bare)
    }

    fn gather_statements(&mut self, entries: impl Iterator<Item = (&'a String, &'a Value)>) {
        for (key, value) in entries {
            let certain = key.eq_ignore_ascii_case("sql");
            if certain || key.eq_ignore_ascii_case("query") || key.eq_ignore_ascii_case("statement") {
                texts(Some(value), &mut |text| self.take_statement(text, certain));
            }
        }
    }

    fn take_statement(&mut self, text: &'a str, certain: bool) {
        if certain || is_sql(text) {
            self.statements.push(text);
        }
    }
}

/// Calls `take` for every text in a value, however deep.
fn texts<'a>(value: Option<&'a Value>, take: &mut impl FnMut(&'a str)) {
    match value {
        Some(Value::String(text)) if !text.is_empty() => take(text),
        Some(Value::Array(items)) => items.iter().for_each(|item| texts(Some(item), take)),
        Some(Value::Object(entries)) => entries.values().for_each(|entry| texts(Some(entry), take)),
        _ => {}
    }
}

fn unquoted(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '"' | '`' | '[' | ']')).collect()
}

/// Whether a database could run the text.
fn is_sql(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || is_invisible(c));
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let word = text.get(..end).unwrap_or_default();
    BEGINNINGS.iter().any(|beginning| beginning.eq_ignore_ascii_case(word))
        || text.starts_with("--")
        || text.starts_with(['/', '#', '(', '{'])
        || text.contains(';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_no_statement_and_a_comment_hides_none() {
        for text in ["shoes for children, that's all", "what's the weather", "", "  "] {
            assert!(!is_sql(text), "{text}");
        }
        for text in [" select 1", "/* x */ DELETE FROM t", "--\nDROP TABLE t", "\u{feff}SELECT 1", "x; DROP TABLE t"] {
            assert!(is_sql(text), "{text}");
        }
    }

    #[test]
    fn a_default_schema_is_no_database() {
        let tables = ["app.users", "public.users", "app.public.users", "users"].map(str::to_owned).to_vec();
        let named = Named { tables, ..Named::default() };
        assert_eq!(named.qualifiers(), (vec!["app", "app"], true));
    }
}
