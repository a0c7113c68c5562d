use proptest::prelude::*;
use sqlparser::dialect::{BigQueryDialect, Dialect, MySqlDialect, SQLiteDialect};
use sqlparser::tokenizer::{Token as Parsed, Tokenizer};

use super::*;

/// How many dialects parse the text.
fn parses(text: &str) -> usize {
    let cut = tokens(text, READINGS[0]);
    let stream = stream(&cut.tokens).unwrap_or_default();
    parse::trees(&stream).count()
}

fn tree_says(text: &str) -> Result<bool, SqlFault> {
    let cut = tokens(text, READINGS[0]);
    tree::read_only(1, &stream(&cut.tokens).unwrap(), &[])
}

#[test]
fn the_tree_alone_refuses_what_does_more_than_read() {
    for (text, keyword) in [
        ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "DELETE"),
        ("WITH x AS (INSERT INTO t VALUES (1) RETURNING id) SELECT id FROM x", "INSERT"),
        ("WITH a AS (SELECT 1), x AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM x", "UPDATE"),
        ("WITH x AS (SELECT 1) DELETE FROM t", "DELETE"),
        ("SELECT * FROM (SELECT * FROM t FOR UPDATE) s", "FOR UPDATE"),
        ("SELECT * FROM t FOR SHARE SKIP LOCKED", "FOR SHARE"),
        ("SELECT a INTO t FROM u", "INTO"),
        ("EXPLAIN ANALYZE DELETE FROM t", "DELETE"),
        ("EXPLAIN (ANALYZE, VERBOSE) UPDATE t SET a = 1", "UPDATE"),
        ("MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", "MERGE"),
    ] {
        assert_eq!(tree_says(text), Err(SqlFault::Writes { statement: 1, keyword }), "{text}");
        assert!(read_only(text).is_err(), "{text}");
    }
    for text in [
        "CREATE TABLE t AS SELECT * FROM u",
        "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1",
        "CALL purge(1)",
        "COPY (SELECT 1) TO PROGRAM 'sh'",
        "COPY t FROM STDIN",
        "PRAGMA user_version = 1",
        "SET ROLE admin",
        "SET x = 1",
        "TRUNCATE t",
        "DROP TABLE t",
        "GRANT SELECT ON t TO u",
        "ATTACH DATABASE 'f' AS g",
        "BEGIN",
        "LOCK TABLE t",
        "VACUUM t",
    ] {
        assert_eq!(tree_says(text), Err(SqlFault::NotAQuery { statement: 1 }), "{text}");
        assert!(read_only(text).is_err(), "{text}");
    }
}

#[test]
fn what_the_parser_does_not_know_is_judged_by_its_tokens() {
    for text in ["DO $$ BEGIN DELETE FROM t; END $$", "SELECT 1 SHUTDOWN", "SELECT 1 EXEC xp_cmdshell 'dir'"] {
        assert!(read_only(text).is_err(), "{text}");
    }
    let vendor = "SELECT a FROM t MATCHING {x} WITH FANCY MODE";
    assert_eq!(parses(vendor), 0);
    assert_eq!(read_only(vendor), Ok(()));
}

#[test]
fn writing_words_pass_where_every_tree_takes_them_for_names() {
    for text in [
        "SELECT update, delete FROM audit",
        "SELECT a, merge FROM audit WHERE drop > 3 AND set = 1 ORDER BY update DESC",
        "SELECT (a).update FROM t",
        "SELECT a[1].set FROM t",
        "SELECT max(update) FROM t",
        "SELECT REPLACE(x, 'a', 'b'), created_at AS create FROM t",
        "SELECT `a`, update FROM t -- the last change",
        "WITH x AS (SELECT drop FROM t) SELECT drop FROM x",
        "SELECT CASE WHEN alter = 1 THEN grant ELSE revoke END FROM t",
    ] {
        assert_eq!(read_only(text), Ok(()), "{text}");
    }
    for text in [
        "SELECT 1 update",
        "SELECT a FROM t update",
        "SELECT (1).DROP TABLE t",
        "SELECT update(1)",
        "SELECT (a).update(1)",
        "SELECT a, into FROM t",
        "SELECT a, DELETE FROM t WHERE MATCHING {x}",
        "SELECT (DELETE FROM t)",
        "SELECT ? DELETE FROM t",
        "SELECT ? SHUTDOWN",
        "SELECT * DELETE FROM t",
        "SELECT 1 IF 1 = 1 SELECT 2 ELSE DELETE FROM t",
        "SELECT 1 AS update DELETE FROM t",
    ] {
        assert!(read_only(text).is_err(), "{text}");
    }
}

#[test]
fn names_of_common_table_expressions_are_no_tables() {
    let cases: &[(&str, &[&str])] = &[
        ("WITH x AS (SELECT * FROM a), y AS (SELECT * FROM x) SELECT * FROM x JOIN y USING (i)", &["a"]),
        // Not recursive, so the inner name is the table's.
        ("WITH t AS (SELECT * FROM t) SELECT * FROM t", &["t"]),
        ("WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT n FROM t, u) SELECT * FROM t", &["u"]),
        ("WITH x AS (SELECT * FROM y), y AS (SELECT 1) SELECT * FROM x, y", &["y"]),
        ("SELECT * FROM (WITH x AS (SELECT 1) SELECT * FROM x) s, x", &["x"]),
        ("WITH x AS (SELECT 1) SELECT * FROM s.x, x", &["s.x"]),
        // Databases fold names differently.
        ("WITH \"X\" AS (SELECT 1) SELECT * FROM X", &["X"]),
        ("WITH x AS (SELECT 1) SELECT (SELECT max(i) FROM x) FROM b WHERE c IN (SELECT d FROM e)", &["b", "e"]),
        ("WITH x AS (SELECT 1) SELECT * FROM x; SELECT * FROM x", &["x"]),
        ("WITH x AS (SELECT 1) TABLE x", &["x"]),
        ("EXPLAIN WITH x AS (SELECT * FROM a) SELECT * FROM x", &["a"]),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", &["t"]),
        ("WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x", &["a"]),
    ];
    for (text, expected) in cases {
        assert_eq!(tables(text).unwrap(), *expected, "{text}");
    }
}

#[test]
fn a_tree_is_only_made_where_it_is_shallow() {
    let limit = 240;
    for text in [
        format!("WITH x AS (SELECT 1) SELECT 1{}", " + 1".repeat(limit)),
        format!("WITH x AS (SELECT 1) SELECT {}1", "- ".repeat(limit)),
        format!("WITH x AS (SELECT 1) SELECT 1{}", " UNION SELECT 1".repeat(limit / 2)),
        format!("WITH x AS (SELECT 1) SELECT 1{}", "::int".repeat(limit / 2)),
        format!("WITH x AS (SELECT 1) SELECT {} true", "NOT ".repeat(limit)),
        format!("WITH x AS (SELECT 1) SELECT CAST(a AS {}int", "ARRAY<".repeat(limit / 2)),
        format!("{}SELECT 1", "EXPLAIN ".repeat(limit)),
        format!("WITH x AS (SELECT 1) SELECT {}1{}", "CASE WHEN ".repeat(60), " THEN 1 END".repeat(60)),
    ] {
        let _ = read_only(&text);
        let _ = tables(&text);
    }
    for open in ["(", "(SELECT ", "f(", "NOT (", "(SELECT * FROM (", "CASE (", "a IN (", "EXISTS (", "[", "{a: ", "("] {
        for depth in [11, 23, 1000] {
            let text = format!("WITH x AS (SELECT 1) SELECT * FROM {}", open.repeat(depth));
            let _ = read_only(&text);
            let _ = tables(&text);
            let text = format!("WITH x AS (SELECT 1) SELECT {}1{}", open.repeat(depth), ")".repeat(depth));
            let _ = read_only(&text);
        }
    }
    let sum = format!("WITH x AS (SELECT 1) SELECT 1{}", " + 1".repeat(100_000));
    assert_eq!(read_only(&sum), Ok(()));
}

/// Why the texts are cut here and not by the tokenizer of `sqlparser`: it is made to accept what is right, so where
/// a server and it disagree on the end of a string, it can hide a statement in one. Should a case no longer fail,
/// its line in the module's description can go.
#[test]
fn the_parsers_own_tokenizer_would_hide_statements() {
    let cases: &[(&dyn Dialect, &str)] = &[
        (&MySqlDialect {}, "SELECT b\"\\\" , \" ; DROP TABLE t; -- \""),
        (&BigQueryDialect, "SELECT b\"\\\" , \" ; DROP TABLE t; -- \""),
        (&SQLiteDialect {}, "SELECT X'\\'; DROP TABLE t; -- '"),
        (&MySqlDialect {}, "SELECT 1 /*! + '*/' ; DROP TABLE t; -- ' */"),
        (&MySqlDialect {}, "SELECT 1 --\u{1}'\n; DROP TABLE t -- '"),
        (&MySqlDialect {}, "SELECT 1 /*M! ; DROP TABLE t */"),
    ];
    for (dialect, text) in cases {
        let seen = Tokenizer::new(*dialect, text)
            .tokenize()
            .is_ok_and(|tokens| tokens.iter().any(|token| matches!(token, Parsed::Word(word) if word.value == "DROP")));
        assert!(!seen, "{text}");
        assert!(read_only(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_order_of_words_panics_or_writes(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "(", ")", "SELECT", "FROM", "a", "f(", "[", "]", "CASE", "WHEN", ",", "NOT", "-", "JOIN", "->", "1", "''",
                "AS", "INTERVAL", "{", "}", ":", "<", ">", "ARRAY", "WITH", ".", "\"a\"", "@", "$1", "?", "update",
            ]),
            0..40,
        ),
    ) {
        let words = words.join(" ");
        for start in ["SELECT", "WITH x AS (SELECT 1) SELECT", "EXPLAIN", "SHOW"] {
            let text = format!("{start} {words}");
            let _ = read_only(&text);
            let _ = tables(&text);
            let text = format!("{text} 1 DROP TABLE t");
            prop_assert!(read_only(&text).is_err(), "{}", text);
        }
    }
}
