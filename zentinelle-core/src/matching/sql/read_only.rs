//! Judges one statement by its words.

use std::borrow::Cow;

use super::super::text::fold;
use super::SqlFault;
use super::lexer::Token;

/// Verbs a reading statement begins with.
const READING: &[&str] = &["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"];

/// Words that write wherever they stand as keywords. They are reserved nearly everywhere, so a column of that name has
/// to be quoted or qualified.
const WRITING: &[&str] = &[
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "REPLACE",
    "INTO",
    "CREATE",
    "ALTER",
    "DROP",
    "TRUNCATE",
    "GRANT",
    "REVOKE",
    "EXEC",
    "EXECUTE",
    "SET",
    "UPSERT",
    "WAITFOR",
    "RECONFIGURE",
    "DBCC",
    "BULK",
];

/// Words that begin a statement with effects but are also good names for columns: they count unless they stand
/// where a value stands.
const SOFT: &[&str] = &[
    "CALL",
    "COPY",
    "LOAD",
    "VACUUM",
    "PRAGMA",
    "ATTACH",
    "DETACH",
    "LOCK",
    "DO",
    "RENAME",
    "REINDEX",
    "CLUSTER",
    "REFRESH",
    "IMPORT",
    "EXPORT",
    "UNLOAD",
    "HANDLER",
    "INSTALL",
    "UNINSTALL",
    "FLUSH",
    "RESET",
    "KILL",
    "SHUTDOWN",
    "BACKUP",
    "RESTORE",
    "DENY",
    "NOTIFY",
    "LISTEN",
    "UNLISTEN",
    "DISCARD",
    "PREPARE",
    "DEALLOCATE",
    "DECLARE",
    "RAISERROR",
    "UNDROP",
    "PURGE",
    "OPTIMIZE",
    "REPAIR",
];

/// Functions of the same name as a writing word. They count as calls when a parenthesis follows.
const ALSO_FUNCTIONS: &[&str] = &["REPLACE", "TRUNCATE", "INSERT"];

/// Functions with effects, or that read beyond tables: files, the network, other servers, settings, locks, sleep, or
/// SQL given as text. A name ending in `*` stands for a family.
const SIDE_EFFECTS: &[&str] = &[
    // PostgreSQL
    "pg_sleep*",
    "pg_read_*",
    "pg_ls_*",
    "pg_stat_file",
    "pg_file_*",
    "pg_write_*",
    "pg_logdir_ls",
    "pg_advisory_*",
    "pg_try_advisory_*",
    "pg_terminate_backend",
    "pg_cancel_backend",
    "pg_reload_conf",
    "pg_rotate_logfile*",
    "pg_switch_wal",
    "pg_switch_xlog",
    "pg_create_*",
    "pg_drop_*",
    "pg_promote",
    "pg_logical_*",
    "pg_replication_*",
    "pg_copy_*",
    "pg_wal_replay_*",
    "pg_start_backup",
    "pg_stop_backup",
    "pg_backup_*",
    "pg_notify",
    "pg_import_system_collations",
    "pg_export_snapshot",
    "pg_stat_reset*",
    "pg_stat_statements_reset",
    "pg_extension_config_dump",
    "lo_*",
    "lowrite",
    "loread",
    "dblink*",
    "set_config",
    "setval",
    "nextval",
    "query_to_xml*",
    "cursor_to_xml*",
    "table_to_xml*",
    "schema_to_xml*",
    "database_to_xml*",
    "ts_stat",
    "ts_rewrite",
    "postgres_fdw_*",
    "adminpack*",
    "brin_*",
    "gin_clean_pending_list",
    // MySQL
    "load_file",
    "sleep",
    "benchmark",
    "get_lock",
    "release_lock",
    "release_all_locks",
    "master_pos_wait",
    "source_pos_wait",
    "wait_for_executed_gtid_set",
    "wait_until_sql_thread_after_gtids",
    "sys_exec",
    "sys_eval",
    "sys_set",
    // SQLite, DuckDB
    "load_extension",
    "readfile",
    "writefile",
    "edit",
    "fts3_tokenizer",
    "read_text",
    "read_blob",
    "read_csv*",
    "read_json*",
    "read_parquet",
    "read_ndjson*",
    "parquet_scan",
    "sqlite_scan",
    "postgres_scan",
    "postgres_query",
    "mysql_query",
    // SQL Server
    "xp_*",
    "sp_*",
    "openrowset",
    "openquery",
    "opendatasource",
    "openxml",
    // Oracle
    "dbms_*",
    "utl_*",
    "httpuritype",
    "sys_context_set",
    // Snowflake, BigQuery
    "system$*",
    "external_query",
];

/// Packages whose members are called as `package.member(..)`.
const PACKAGES: &[&str] = &["dbms_*", "utl_*", "sys_exec*"];

/// Judges the tokens of one statement. `number` counts statements from 1, for messages.
pub(super) fn judge(number: usize, statement: &[Token<'_>]) -> Result<(), SqlFault> {
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
    for index in 0..statement.len() {
        let around = Around { statement, index };
        if let Some(keyword) = around.writing_word() {
            // `SHOW CREATE TABLE t` prints a definition.
            if !(shows && keyword == "CREATE" && around.before(1).is_some_and(|token| token.is_word("SHOW"))) {
                return Err(SqlFault::Writes { statement: number, keyword });
            }
        }
        if let Some(function) = around.side_effect() {
            return Err(SqlFault::SideEffect { statement: number, function });
        }
    }
    Ok(())
}

fn after_open<'s, 'a>(mut tokens: &'s [Token<'a>]) -> &'s [Token<'a>] {
    while let [Token::Mark('('), rest @ ..] = tokens {
        tokens = rest;
    }
    tokens
}

/// `EXPLAIN ANALYZE` runs what it explains, so the inner statement has to be a query as well.
fn judge_explained(number: usize, body: &[Token<'_>]) -> Result<(), SqlFault> {
    let runs = body.iter().skip(1).take(6).any(|token| token.is_any(&["ANALYZE", "ANALYSE"]));
    if runs && !body.iter().skip(1).any(|token| token.is_any(&["SELECT", "WITH", "VALUES", "TABLE"])) {
        return Err(SqlFault::NotAQuery { statement: number });
    }
    Ok(())
}

/// A token and its neighbours.
struct Around<'s, 'a> {
    statement: &'s [Token<'a>],
    index: usize,
}

impl<'s, 'a> Around<'s, 'a> {
    fn token(&self) -> Option<&'s Token<'a>> {
        self.statement.get(self.index)
    }

    fn before(&self, steps: usize) -> Option<&'s Token<'a>> {
        self.index.checked_sub(steps).and_then(|index| self.statement.get(index))
    }

    fn after(&self, steps: usize) -> Option<&'s Token<'a>> {
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
                .is_some_and(|token| matches!(token, Token::Word(_) | Token::Name(_)) || token.is_mark(']'))
    }

    fn is_called(&self) -> bool {
        self.after(1).is_some_and(|token| token.is_mark('('))
    }

    /// The keyword by which this token writes or locks, if it does.
    fn writing_word(&self) -> Option<&'static str> {
        let Some(Token::Word(found)) = self.token() else {
            return None;
        };
        // Some databases read full-width letters as plain ones.
        let spelled = if found.is_ascii() { Cow::Borrowed(*found) } else { fold(found) };
        let pick = |words: &[&'static str]| words.iter().copied().find(|word| spelled.eq_ignore_ascii_case(word));
        if let Some(keyword) = pick(WRITING) {
            return (!self.is_qualified() && !self.is_innocent(keyword)).then_some(keyword);
        }
        if let Some(keyword) = pick(SOFT) {
            return (!self.is_qualified() && !self.is_value()).then_some(keyword);
        }
        match pick(&["FOR", "NEXT", "NEXTVAL"])? {
            "FOR" if self.after_is(&["SHARE"]) => Some("FOR SHARE"),
            "FOR"
                if self.after_is(&["KEY", "NO"])
                    && self.after(2).is_some_and(|token| token.is_any(&["SHARE", "KEY"])) =>
            {
                Some("FOR SHARE")
            }
            "NEXT" if self.after_is(&["VALUE"]) && self.after(2).is_some_and(|token| token.is_word("FOR")) => {
                Some("NEXT VALUE FOR")
            }
            "NEXTVAL" if self.is_qualified() => Some("NEXTVAL"),
            _ => None,
        }
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
        let asked = self.before(1).is_some_and(|token| match token {
            Token::Mark(mark) => *mark != ')' && *mark != ']',
            token => token.is_any(ASKS),
        });
        let ended = self.after(1).is_none_or(|token| match token {
            Token::Mark(mark) => !matches!(mark, '(' | '@' | '[' | '\\' | '{'),
            token => token.is_any(ENDS),
        });
        asked && ended
    }

    /// The function with effects that is called here, if one is.
    fn side_effect(&self) -> Option<&'static str> {
        let (Token::Word(name) | Token::Name(name)) = self.token()? else {
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
