//! Holds this entry to the one of `sqlparser`, which reads every statement.

use proptest::prelude::*;
use sqlparser::dialect::{
    BigQueryDialect, ClickHouseDialect, DatabricksDialect, DuckDbDialect, GenericDialect, HiveDialect, MsSqlDialect,
    MySqlDialect, OracleDialect, PostgreSqlDialect, RedshiftSqlDialect, SQLiteDialect,
};

use super::super::lexer::tokens;
use super::super::readings::READINGS;
use super::super::stream::stream;
use super::*;

/// The dialects as `sqlparser` has them, in the order of [`dialects`].
fn plain() -> [&'static dyn Dialect; 13] {
    [
        &GenericDialect,
        &PostgreSqlDialect {},
        &MySqlDialect {},
        &MsSqlDialect {},
        &SQLiteDialect {},
        &SnowflakeDialect,
        &BigQueryDialect,
        &OracleDialect,
        &DuckDbDialect,
        &ClickHouseDialect {},
        &RedshiftSqlDialect {},
        &DatabricksDialect {},
        &HiveDialect {},
    ]
}

fn is_reading(statement: &Statement) -> bool {
    match statement {
        Statement::Explain { statement, .. } => is_reading(statement),
        Statement::Query(_) | Statement::ExplainTable { .. } => true,
        other => other.to_string().starts_with("SHOW"),
    }
}

/// What both are compared by: the words of a statement without the options of `EXPLAIN` that hold no names.
fn words(statement: Statement) -> String {
    match statement {
        Statement::Explain { statement, options, .. } => format!("{options:?} {statement}"),
        Statement::ExplainTable { table_name, .. } => table_name.to_string(),
        Statement::ShowColumns { show_options, .. } => show_options.to_string(),
        Statement::ShowObjects(shown) => shown.show_options.to_string(),
        other => other.to_string(),
    }
}

fn compare(text: &str) -> Result<(), TestCaseError> {
    let cut = tokens(text, READINGS[0]);
    let Some(stream) = stream(&cut.tokens) else {
        return Ok(());
    };
    for (whole, own) in plain().into_iter().zip(dialects()) {
        let mut parser =
            Parser::new(whole).with_recursion_limit(RECURSION_LIMIT + 1).with_tokens_with_locations(stream.clone());
        let expected = parser.parse_statements().ok().filter(|list| list.len() == 1).and_then(|mut list| list.pop());
        let found = tree(&stream, own);
        match (expected, found) {
            (None, None) => {}
            // What is no query is not read to its end, so it need not be well formed.
            (None, Some(Tree::Other(_))) => {}
            // The name of a table may be a verb, but then nothing may follow.
            (Some(Statement::ExplainTable { .. }), Some(Tree::Other(_))) => {}
            (Some(statement), Some(Tree::Other(_))) => prop_assert!(!is_reading(&statement), "{whole:?}: {text}"),
            (Some(statement), Some(Tree::Reads(found))) => {
                prop_assert!(is_reading(&statement), "{whole:?}: {text}");
                prop_assert_eq!(words(*found), words(statement), "{:?}: {}", whole, text);
            }
            (expected, found) => {
                prop_assert!(false, "{whole:?}: {text}: {} {}", expected.is_some(), found.is_some());
            }
        }
    }
    Ok(())
}

#[test]
fn every_kind_of_statement_is_taken_for_what_it_is() {
    for text in [
        "SELECT a FROM t",
        "(SELECT 1) UNION (SELECT 2)",
        "FROM t SELECT a",
        "VALUES (1), (2)",
        "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
        "WITH x AS (SELECT 1) UPDATE t SET a = 1",
        "SELECT 1 END",
        "SELECT 1 2",
        "SHOW TABLES FROM d LIKE 'x'",
        "SHOW TERSE OBJECTS IN SCHEMA s",
        "SHOW OBJECTS LIKE 'x'",
        "SHOW CREATE TABLE t",
        "SHOW FULL COLUMNS FROM t",
        "SHOW search_path",
        "EXPLAIN SELECT 1",
        "EXPLAIN (ANALYZE, FORMAT json) SELECT 1",
        "EXPLAIN ANALYZE VERBOSE FORMAT = JSON SELECT 1",
        "EXPLAIN QUERY PLAN SELECT 1",
        "EXPLAIN ESTIMATE SELECT 1",
        "EXPLAIN EXPLAIN SELECT 1",
        "EXPLAIN EXPLAIN",
        "EXPLAIN SHOW TABLES",
        "EXPLAIN ANALYZE DELETE FROM t",
        "EXPLAIN CREATE TABLE t AS SELECT 1",
        "EXPLAIN USE d",
        "EXPLAIN BEGIN",
        "EXPLAIN ANALYZE",
        "DESCRIBE s.t",
        "DESCRIBE comment",
        "DESCRIBE use.t",
        "DESCRIBE EXTENDED t",
        "DESC TABLE t",
        "CREATE TABLE t (a INT)",
        "BEGIN",
        "UNLOCK TABLES",
        "LIST @s",
    ] {
        compare(text).unwrap();
    }
}

/// Verbs the whole parser reads and this one does not list would make a statement pass that does more than read.
#[test]
fn every_verb_is_known() {
    for keyword in sqlparser::keywords::ALL_KEYWORDS {
        for rest in
            ["", " t", " (1)", " TABLE t", " 1", " INTO t", " t FROM u", " DATABASE t", " t TO u", " t = 1", " @t"]
        {
            compare(&format!("{keyword}{rest}")).unwrap();
            compare(&format!("EXPLAIN {keyword}{rest}")).unwrap();
        }
    }
}

proptest! {
    #[test]
    fn both_entries_read_queries_alike(
        start in prop::sample::select(vec![
            "SELECT", "SELECT * FROM t", "WITH x AS (SELECT 1) SELECT", "EXPLAIN", "EXPLAIN ANALYZE SELECT", "EXPLAIN (",
            "SHOW", "SHOW OBJECTS", "SHOW TABLES", "DESCRIBE", "DESC", "VALUES", "FROM t", "(SELECT 1)",
        ]),
        words in prop::collection::vec(
            prop::sample::select(vec![
                "(", ")", "SELECT", "FROM", "a", "t", "f(", "[", "]", "CASE", "WHEN", "THEN", "END", ",", ",", "NOT", "-",
                "JOIN", "ON", "->", "1", "'x'", "AS", "INTERVAL", "{", "}", ":", "=", "<", "ARRAY", "WITH", ".", "\"a\"",
                "@", "$1", "?", "update", "LIKE", "IN", "WHERE", "ORDER BY", "LIMIT", "UNION", "TABLE", "COLUMNS",
                "INSERT INTO t", "DELETE FROM t", "SET", "FOR UPDATE", "TERSE", "OBJECTS", "BEGIN", "STRUCT", "EXCEPT",
                "TOP", "PIVOT", "AT", "CONNECT BY", "|>", "::", "QUALIFY", "EXTRACT(",
            ]),
            0..16,
        ),
    ) {
        compare(&format!("{start} {}", words.join(" ")))?;
    }
}
