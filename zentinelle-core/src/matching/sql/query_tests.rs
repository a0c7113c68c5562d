//! The structure of queries, by itself and beside what `sqlparser` makes of them.

use proptest::prelude::*;

use super::peer::{dialects, seen};
use super::*;

/// What the structure says of the keyword by which a text does more than read, if it understands it.
fn writes(text: &str) -> Option<Option<&'static str>> {
    match query::read(&tokens(text, READINGS[0]).tokens)? {
        Kind::Query(structure) => Some(structure.writes),
        Kind::Other(verb) => Some(Some(verb.unwrap_or("OTHER"))),
    }
}

#[test]
fn the_structure_alone_refuses_what_does_more_than_read() {
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
        ("EXPLAIN MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", "MERGE"),
    ] {
        assert_eq!(writes(text), Some(Some(keyword)), "{text}");
        assert!(read_only(text).is_err(), "{text}");
    }
    for text in ["EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1", "EXPLAIN USE d", "EXPLAIN BEGIN", "DESCRIBE CALL p()"] {
        assert_eq!(writes(text), Some(Some("OTHER")), "{text}");
        assert!(read_only(text).is_err(), "{text}");
    }
    for text in ["DESCRIBE comment", "DESCRIBE use.t", "EXPLAIN SELECT 1", "EXPLAIN (ANALYZE, FORMAT json) SELECT 1"] {
        assert_eq!(writes(text), Some(None), "{text}");
    }
}

#[test]
fn what_is_not_understood_is_judged_by_its_tokens() {
    for text in ["DO $$ BEGIN DELETE FROM t; END $$", "SELECT 1 SHUTDOWN", "SELECT 1 EXEC xp_cmdshell 'dir'"] {
        assert!(read_only(text).is_err(), "{text}");
    }
    let vendor = "SELECT a FROM t MATCHING {x} WITH FANCY MODE";
    assert_eq!(writes(vendor), None);
    assert_eq!(read_only(vendor), Ok(()));
}

#[test]
fn writing_words_pass_where_they_are_names() {
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
fn depth_is_bounded() {
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

proptest! {
    #[test]
    fn no_order_of_words_hides_a_table(
        start in prop::sample::select(vec![
            "SELECT", "SELECT * FROM t", "WITH x AS (SELECT 1) SELECT", "WITH x AS (SELECT 1) SELECT * FROM x", "FROM t",
            "EXPLAIN SELECT", "VALUES", "(SELECT 1)", "WITH RECURSIVE x AS (SELECT * FROM",
        ]),
        words in prop::collection::vec(
            prop::sample::select(vec![
                "(", ")", "SELECT", "FROM", "a", "t", "x", "x", "f(", "[", "]", "CASE", "WHEN", "THEN", "END", ",", ",",
                "NOT", "-", "JOIN", "ON", "->", "1", "'x'", "AS", "INTERVAL", ":", "=", "ARRAY", "WITH", ".", "\"a\"",
                "?", "update", "LIKE", "IN", "WHERE", "ORDER BY", "LIMIT", "UNION", "TABLE", "INSERT INTO t", "EXCEPT",
                "DELETE FROM t", "SET", "FOR UPDATE", "TOP", "PIVOT", "AT", "CONNECT BY", "::", "EXTRACT(", "LATERAL",
                "(SELECT", "FROM x", ")", ")", "AS x", "x AS (", "USING (a)", "ONLY", "TRIM(", "DISTINCT FROM", "IS",
            ]),
            0..16,
        ),
    ) {
        compare(&format!("{start} {}", words.join(" ")))?;
    }

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

/// Ordinary queries of analysts: all are understood, and the tables are the very ones `sqlparser` finds.
const ORDINARY: &[&str] = &[
    "SELECT id, name FROM users WHERE id = 7",
    "SELECT u.*, count(*) AS n FROM users u LEFT OUTER JOIN orders o ON o.user_id = u.id GROUP BY u.id HAVING count(*) > 3",
    "SELECT DISTINCT a FROM s.t ORDER BY a DESC NULLS LAST LIMIT 10 OFFSET 5",
    "WITH x AS (SELECT * FROM a) SELECT * FROM x JOIN b USING (id) NATURAL JOIN c CROSS JOIN d",
    "WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 9) SELECT sum(n) FROM t",
    "WITH a AS (SELECT 1), b AS (SELECT * FROM a), c AS NOT MATERIALIZED (SELECT * FROM b, d) SELECT * FROM c",
    "SELECT a FROM t WHERE b IN (SELECT c FROM u WHERE u.id = t.id) AND NOT EXISTS (SELECT 1 FROM v)",
    "SELECT (SELECT max(x) FROM u) AS m, CASE WHEN a > 1 THEN 'x' WHEN a IS NULL THEN 'y' ELSE 'z' END FROM t",
    "SELECT CASE a WHEN 1 THEN (SELECT b FROM u) ELSE -1 END FROM t",
    "SELECT a, row_number() OVER (PARTITION BY b ORDER BY c DESC) AS r FROM t",
    "SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(a) FILTER (WHERE b > 1), avg(a) OVER w FROM t WINDOW w AS (PARTITION BY c)",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t",
    "SELECT EXTRACT(year FROM d), TRIM(BOTH ' ' FROM a), SUBSTRING(a FROM 1 FOR 2), POSITION('x' IN a) FROM t",
    "SELECT OVERLAY(a PLACING 'x' FROM 2 FOR 3), a IS NOT DISTINCT FROM b FROM t",
    "SELECT CAST(a AS decimal(10, 2)), b::numeric(3, 1), c::double precision, d::timestamp with time zone FROM t",
    "SELECT a::date, INTERVAL '1 day', now() - INTERVAL '3' MONTH, d AT TIME ZONE 'UTC' FROM t",
    "SELECT DATE '2026-01-01', a || ' ' || b, a ->> 'k', a #> '{x}', a @> b FROM t",
    "SELECT array_agg(a ORDER BY b), ARRAY[1, 2], c[1], d[1][2] FROM t",
    "SELECT x FROM unnest(ARRAY[1, 2]) AS u(x), generate_series(1, 10) g",
    "SELECT * FROM t, LATERAL (SELECT * FROM u WHERE u.a = t.a) l",
    "SELECT * FROM (SELECT a FROM t UNION SELECT b FROM u) s",
    "SELECT * FROM ((SELECT a FROM t) UNION ALL (SELECT b FROM u)) AS s",
    "(SELECT a FROM t) UNION (SELECT b FROM u) ORDER BY 1 LIMIT 3",
    "SELECT a FROM t INTERSECT SELECT a FROM u EXCEPT SELECT a FROM v",
    "SELECT a FROM t WHERE b BETWEEN 1 AND 2 AND c LIKE '%x' ESCAPE '!' AND d NOT ILIKE 'y' AND e NOT IN (1, 2)",
    "SELECT a FROM t WHERE (b, c) IN ((1, 2), (3, 4)) AND d = ANY (SELECT e FROM u)",
    "SELECT a FROM t WHERE a = $1 AND b = ? AND c = :name AND d=-1",
    "SELECT a FROM t GROUP BY GROUPING SETS ((a), (b), ())",
    "SELECT a, b FROM t GROUP BY ROLLUP (a, b)",
    "SELECT a FROM t FETCH FIRST 5 ROWS ONLY",
    "SELECT a FROM t OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY",
    "SELECT TOP 10 a FROM dbo.t WITH (NOLOCK) WHERE b = @p ORDER BY c",
    "SELECT TOP (5) PERCENT a FROM t",
    "SELECT [a], [b c] FROM [dbo].[t] AS [x] OUTER APPLY (SELECT * FROM u) y",
    "SELECT a FROM t CROSS APPLY f(t.a) x FOR JSON PATH",
    "SELECT ISNULL(a, 0), LEFT(b, 3), CONVERT(varchar(10), c, 120), DATEADD(day, -7, GETDATE()) FROM t",
    "SELECT * FROM t PIVOT (SUM(a) FOR b IN ([x], [y])) AS p",
    "SELECT `a`, `t`.`b` FROM `d`.`t` JOIN `u` ON `u`.`a` = `t`.`a` LIMIT 5, 10",
    "SELECT IF(a > 1, 'x', 'y'), IFNULL(b, 0), DATE_SUB(NOW(), INTERVAL 7 DAY) FROM t",
    "SELECT GROUP_CONCAT(DISTINCT a ORDER BY b SEPARATOR ', ') FROM t GROUP BY c WITH ROLLUP",
    "SELECT a FROM t USE INDEX (i) WHERE a REGEXP '^x' AND b DIV 2 = 1",
    "SELECT * EXCEPT (a) FROM `p.d.t`, UNNEST([1, 2]) AS x WITH OFFSET AS o",
    "SELECT STRUCT(1 AS a, 2 AS b), SAFE_CAST(a AS INT64) FROM d.t FOR SYSTEM_TIME AS OF ts",
    "SELECT a FROM t QUALIFY row_number() OVER (PARTITION BY b ORDER BY c) = 1",
    "SELECT a:b:c::int, f.value FROM t, LATERAL FLATTEN(input => t.b) f",
    "SELECT * FROM t TABLESAMPLE BERNOULLI (10)",
    "SELECT * FROM t AT (TIMESTAMP => x) AS y",
    "SELECT a, LISTAGG(b, ',') WITHIN GROUP (ORDER BY b) FROM t GROUP BY ALL",
    "SELECT level FROM t START WITH a IS NULL CONNECT BY PRIOR b = a",
    "SELECT a.x FROM a, b WHERE a.id = b.id (+)",
    "SELECT nvl(a, 0), sysdate FROM dual",
    "SELECT a, x -> x + 1 FROM t",
    "FROM t SELECT a WHERE b = 1",
    "VALUES (1, 'a'), (2, 'b')",
    "SELECT a FROM t FINAL PREWHERE b = 1 WHERE c = 2",
    "EXPLAIN ANALYZE SELECT a FROM t",
    "EXPLAIN (FORMAT json) SELECT a FROM t JOIN u ON t.a = u.a",
    "SELECT count(DISTINCT a), count(*) FROM t WHERE a IS NOT NULL AND b IS TRUE OR NOT c",
    "SELECT * FROM a JOIN (b JOIN c ON b.x = c.x) ON a.x = b.x",
    "SELECT max(a.update), b AS delete FROM audit a WHERE a.set = 1",
    "SELECT 1 EXCEPT SELECT a FROM t",
    "SELECT LAST_VALUE(a) IGNORE NULLS OVER (ORDER BY b), f(c)(d) FROM t",
    "SELECT a FROM t ORDER BY ALL",
    "WITH x AS (SELECT * EXCLUDE (a) FROM t) SELECT * REPLACE (b AS c) FROM x",
];

/// Functions in `FROM` of these queries. They are among the names, since the tokens do not tell them from tables.
const FUNCTIONS: &[&str] = &["unnest", "UNNEST", "FLATTEN", "generate_series", "f", "TABLE"];

#[test]
fn ordinary_queries_are_understood_and_name_the_very_tables_a_whole_parser_finds() {
    for text in ORDINARY {
        let parsed = [READINGS[0], READINGS[1], READINGS[3]].into_iter().find_map(|reading| {
            let cut = tokens(text, reading).tokens;
            let theirs = dialects().into_iter().find_map(|dialect| seen(&cut, dialect))?;
            Some((cut, theirs))
        });
        let (cut, mut theirs) = parsed.unwrap_or_else(|| panic!("no dialect parses {text}"));
        let mut ours: BTreeSet<String> = tables_of(1, &cut).collect();
        for tables in [&mut ours, &mut theirs.tables] {
            tables.retain(|name| !FUNCTIONS.contains(&name.as_str()));
        }
        assert_eq!(ours, theirs.tables, "{text}");
        assert!(query::read(&cut).is_some(), "not understood: {text}");
    }
}

/// Words that a dialect of the parser may take for a table's name, and no database does.
fn is_no_table(name: &str) -> bool {
    tables::NO_TABLE.iter().chain(tables::BEFORE_TABLE).any(|word| name.eq_ignore_ascii_case(word))
}

/// Every table some dialect finds, we find; and what a dialect knows to write, we do not call harmless.
fn compare(text: &str) -> Result<(), TestCaseError> {
    for reading in [READINGS[0], READINGS[1], READINGS[3]] {
        let cut = tokens(text, reading);
        if cut.tokens.is_empty() || cut.tokens.iter().any(|token| token.is_mark(';')) {
            continue;
        }
        let ours: BTreeSet<String> = tables_of(1, &cut.tokens).collect();
        for dialect in dialects() {
            let Some(theirs) = seen(&cut.tokens, dialect) else {
                continue;
            };
            let missed: Vec<_> = theirs.tables.difference(&ours).filter(|name| !is_no_table(name)).collect();
            prop_assert!(missed.is_empty(), "{missed:?} of {text} in {dialect:?}; found {ours:?}");
            prop_assert!(!theirs.writes || judge_both(1, &cut.tokens).is_err(), "{text} in {dialect:?}");
        }
    }
    Ok(())
}

#[test]
fn no_keyword_hides_a_table() {
    for keyword in sqlparser::keywords::ALL_KEYWORDS {
        for text in [
            "SELECT a FROM t # x JOIN u ON a = b",
            "SELECT a FROM t x # JOIN u",
            "SELECT # (SELECT 1 FROM u) FROM t",
            "SELECT #(a FROM t), b FROM u",
            "WITH x AS (SELECT 1 FROM t) SELECT * FROM x #",
            "WITH x AS (SELECT 1 FROM t) SELECT * FROM x # x",
            "WITH # AS (SELECT 1 FROM t) SELECT * FROM #",
            "WITH x AS (SELECT 1) # SELECT * FROM x, t",
            "WITH x AS (SELECT 1) SELECT * # x",
            "WITH x AS (SELECT 1) SELECT * FROM x, # (SELECT * FROM u) v",
            "SELECT a FROM t # u",
            "# (SELECT a FROM t)",
            "EXPLAIN # SELECT a FROM t",
        ] {
            compare(&text.replace('#', keyword)).unwrap();
        }
    }
}

/// Where databases need no semicolon, what follows may be a statement of its own, to which an expression of the first
/// one means nothing. Then all names count.
#[test]
fn two_statements_are_never_read_as_one() {
    for (first, second) in [
        ("SELECT a FROM x", "SELECT a FROM x"),
        ("SELECT a FROM x y", "SELECT a FROM x"),
        ("SELECT a FROM x WHERE a = 1", "SELECT a FROM x"),
        ("SELECT a FROM x ORDER BY a", "SELECT a FROM x"),
        ("SELECT a FROM x", "IF 1 = 1 SELECT a FROM x"),
        ("SELECT a FROM x", "IF EXISTS (SELECT a FROM x) SELECT 1"),
        ("SELECT a FROM x", "PRINT (SELECT max(a) FROM x)"),
        ("SELECT a FROM x", "RETURN (SELECT max(a) FROM x)"),
        ("SELECT a FROM x WHERE a = 1", "RETURN (SELECT max(a) FROM x)"),
        ("SELECT a FROM x", "SET @a = (SELECT max(a) FROM x)"),
        ("SELECT a FROM x", "DECLARE @a int = (SELECT max(a) FROM x)"),
        ("SELECT a FROM x", "WHILE EXISTS (SELECT a FROM x) BREAK"),
        ("SELECT a FROM x", "UPDATE t SET a = 1 FROM x"),
        ("SELECT a FROM x", "GO SELECT a FROM x"),
        ("SELECT a FROM x OPTION (RECOMPILE)", "BEGIN SELECT a FROM x END"),
        ("SELECT 1", "SELECT a FROM x"),
        ("SELECT 1 y", "DELETE t FROM x"),
    ] {
        let text = format!("WITH x AS (SELECT 1 AS a) {first} {second}");
        assert_eq!(writes(&text), None, "{text}");
        assert!(tables(&text).unwrap().contains(&"x".to_owned()), "{text}");
    }
}
