use proptest::prelude::*;

use super::*;

fn passes(text: &str) {
    assert_eq!(read_only(text), Ok(()), "{text}");
}

fn fails(text: &str) {
    assert!(read_only(text).is_err(), "{text}");
}

#[test]
fn queries_pass_whatever_their_names_strings_and_comments_say() {
    for text in [
        "SELECT id, name FROM users WHERE id = 7",
        "select o.updated_by, created_at, update_count from orders o;",
        "SELECT 1 -- never drop this",
        "SELECT 1 --drop",
        "SELECT 1 /* delete /* it */ all */ + 2",
        "SELECT 'it''s; DROP TABLE t'",
        "SELECT 'it\\'s time to drop by'",
        "SELECT \"delete\", `drop`, [update] FROM t",
        "SELECT $$please delete me$$, $tag$ drop $tag$",
        "SELECT E'a\\'; delete'",
        "SELECT replace(name, 'a', 'b'), truncate(x, 2) FROM t",
        "SELECT o.update, o.set FROM o",
        "SELECT load, copy AS lock FROM metrics WHERE load > 3 ORDER BY load DESC",
        "(SELECT 1) UNION (SELECT 2)",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "VALUES (1), (2)",
        "TABLE t",
        "SHOW CREATE TABLE t",
        "DESCRIBE t",
        "EXPLAIN ANALYZE SELECT 1",
        "EXPLAIN (ANALYZE, BUFFERS) SELECT 1",
        "EXPLAIN QUERY PLAN SELECT 1",
        "SELECT /*+ hint */ a FROM t",
        "SELECT /*!40001 SQL_NO_CACHE */ * FROM t",
        "SELECT CAST(a AS CHAR CHARACTER SET utf8) FROM t",
        "SELECT ARRAY[1, 2], a[1] FROM t",
        "SELECT a FROM t WHERE b = $1 AND c = :name AND d = ?",
        "SELECT 1; SELECT 2;",
    ] {
        passes(text);
    }
}

#[test]
fn whatever_does_more_than_read_fails() {
    for text in [
        "insert into users(id) values (1)",
        "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
        "SELECT 1; DROP TABLE t",
        "SELECT 1 DROP TABLE t",
        "SELECT 1DROP TABLE t",
        "SELECT 1.DROP TABLE t",
        "SELECT 1 EXEC xp_cmdshell 'dir'",
        "SELECT 1 SHUTDOWN",
        "SELECT * INTO backup FROM t",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT a FROM t FOR UPDATE",
        "SELECT a FROM t FOR NO KEY UPDATE",
        "SELECT a FROM t FOR SHARE",
        "SELECT a FROM t LOCK IN SHARE MODE",
        "GRANT ALL ON t TO public",
        "REPLACE INTO t VALUES (1)",
        "COPY t FROM '/tmp/x'",
        "CALL purge_all()",
        "VACUUM FULL t",
        "PRAGMA writable_schema = 1",
        "SET ROLE admin",
        "DO $$ BEGIN DELETE FROM t; END $$",
        "EXPLAIN ANALYZE DELETE FROM t",
        "EXPLAIN ANALYZE EXECUTE p",
        "BEGIN; SELECT 1",
        "SELECT pg_sleep(10)",
        "SELECT pg_catalog.\"pg_read_file\" ('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT load_file('/etc/passwd')",
        "SELECT * FROM dblink('host=x', 'DELETE')",
        "SELECT nextval('s')",
        "SELECT s.nextval FROM dual",
        "SELECT NEXT VALUE FOR s",
        "SELECT utl_http.request('http://x') FROM dual",
        "SELECT [pg_sleep](1)",
        "drop\u{a0}table t",
    ] {
        fails(text);
    }
    assert_eq!(
        read_only("SELECT 1; SELECT 2 FOR UPDATE").unwrap_err().to_string(),
        "statement 2 uses UPDATE, which does more than read"
    );
}

#[test]
fn a_text_that_writes_in_one_dialect_fails_in_all() {
    for text in [
        "SELECT 'a\\'; DROP TABLE t; -- '",
        "SELECT 'a\\'' ; DROP TABLE t; -- '",
        "SELECT 1 /*! INTO OUTFILE '/tmp/x' */",
        "SELECT 1 /*!99999 ' */ ; DROP TABLE t -- '",
        "SELECT 1 --1; DROP TABLE t",
        "SELECT 1 --1 INTO OUTFILE 'x'",
        "SELECT 1 # 2; DROP TABLE t",
        "SELECT 1 /* /* */ INTO OUTFILE 'x' -- */",
        "SELECT 1 /* /* */ ; DROP TABLE t -- */",
        "SELECT 1 $$ ; DROP TABLE t; SELECT 1 $$",
        "SELECT q'[']; DROP TABLE t; --'",
        "SELECT 1 -- x\r; DROP TABLE t",
        "SELECT a['];DROP TABLE t;--']",
        "SELECT `; DROP TABLE t; SELECT `",
        "SELECT '''a' ; DROP TABLE t; -- '''",
        "SELECT 1 // 2; DROP TABLE t",
        "SELECT b\"\\\" , \" ; DROP TABLE t; -- \"",
        "SELECT X'\\'; DROP TABLE t; -- '",
        "SELECT 1 /*! + '*/' ; DROP TABLE t; -- ' */",
        "SELECT 1 --\u{1}'\n; DROP TABLE t -- '",
        "SELECT 1 /*M! ; DROP TABLE t */",
    ] {
        fails(text);
    }
}

#[test]
fn what_does_not_end_or_says_nothing_is_a_fault() {
    for (text, fault) in [
        ("", SqlFault::Empty),
        (" ; -- nothing", SqlFault::Empty),
        ("SELECT 'abc", SqlFault::Unterminated),
        ("SELECT \"abc", SqlFault::Unterminated),
        ("SELECT 1 /* abc", SqlFault::Unterminated),
        ("SELECT 1\0", SqlFault::Nul),
        ("\\copy t to x", SqlFault::NotAQuery { statement: 1 }),
        ("please help me", SqlFault::NotAQuery { statement: 1 }),
    ] {
        assert_eq!(read_only(text), Err(fault), "{text:?}");
    }
}

#[test]
fn depth_costs_no_stack() {
    passes(&format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000)));
    fails(&format!("SELECT 1 {}", "/*".repeat(100_000)));
    for piece in ["(", "[", "`", "--", "/*!", "$a", "'", "\\'", "[a", "/* a */"] {
        let _ = read_only(&format!("SELECT {}", piece.repeat(50_000)));
    }
    assert!(tables(&format!("SELECT {}", "(SELECT 1 FROM a ".repeat(20_000))).is_ok());
}

#[test]
fn tables_are_found_at_every_depth() {
    let cases: &[(&str, &[&str])] = &[
        ("SELECT * FROM users", &["users"]),
        ("SELECT * FROM a, b JOIN c ON a.x = b.x, s.d WHERE e = 1", &["a", "b", "c", "s.d"]),
        ("SELECT (SELECT max(x) FROM secret) FROM t", &["secret", "t"]),
        ("WITH x AS (SELECT * FROM hr.pay) SELECT * FROM x", &["hr.pay"]),
        ("SELECT * FROM \"HR\".\"Pay\" p", &["HR.Pay"]),
        ("SELECT * FROM [hr].[pay], `db`.`t`, 'odd'", &["db.t", "hr.pay", "odd"]),
        ("SELECT * FROM db..t", &["db..t"]),
        ("SELECT * FROM (a CROSS JOIN b), ONLY c", &["a", "b", "c"]),
        ("SELECT EXTRACT(year FROM created_at) FROM t WHERE a IS DISTINCT FROM b", &["t"]),
        ("INSERT INTO t SELECT * FROM u", &["t", "u"]),
        ("UPDATE t SET a = 1 FROM u", &["t", "u"]),
        ("DELETE FROM t USING u WHERE t.a = u.a", &["t", "u"]),
        ("DROP TABLE IF EXISTS t, u", &["t", "u"]),
        ("GRANT SELECT ON t TO x", &["t"]),
        ("SELECT 1 FROM a UNION ALL SELECT 2 FROM b", &["a", "b"]),
        ("SELECT * FROM a WHERE x IN (SELECT y FROM b, c)", &["a", "b", "c"]),
        ("SELECT * FROM a JOIN b USING (c) ORDER BY d DESC, e", &["a", "b"]),
        ("SELECT * FROM a WITH (NOLOCK), b FOR SYSTEM_TIME AS OF x, c FOR UPDATE", &["a", "b", "c"]),
        ("SELECT tables, replace(x, y, z) FROM t", &["t"]),
        ("DELETE t FROM u", &["t", "u"]),
        ("SHOW TABLES IN hr", &["hr"]),
        ("EXPLAIN ANALYZE SELECT * FROM t", &["t"]),
        ("TABLE t", &["t"]),
        ("DESCRIBE t", &["t"]),
        // What BigQuery reads as one name, others read as two.
        ("SELECT * FROM my-project.d.t", &["my", "my-project.d.t"]),
        ("SELECT * FROM my-project-12.d.t x", &["my", "my-project-12.d.t"]),
        ("SELECT EXTRACT(year FROM (SELECT a FROM t)), TRIM((SELECT b FROM u) FROM c)", &["t", "u"]),
        ("SELECT * FROM temp, view v JOIN output ON a = b", &["output", "temp", "view"]),
    ];
    for (text, expected) in cases {
        assert_eq!(tables(text).unwrap(), *expected, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), odd in "[-'\"`\\[\\]$#/*\\\\;()qer! a.1\r\n]{0,32}") {
        for text in [text, odd] {
            let _ = read_only(&text);
            let _ = tables(&text);
        }
    }

    #[test]
    fn a_quoted_string_hides_nothing_and_shows_nothing(text in "[a-z ;()]{0,20}") {
        let query = format!("SELECT '{text}'");
        prop_assert_eq!(read_only(&query), Ok(()));
    }

    #[test]
    fn a_second_statement_is_always_seen(text in "[a-z0-9 ,.()+*<>=-]{0,30}") {
        let query = format!("SELECT {text}\n; DROP TABLE t");
        prop_assert!(read_only(&query).is_err());
    }
}
