//! The words and functions a statement is judged by.

/// Verbs a reading statement begins with.
pub(super) const READING: &[&str] = &["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"];

/// Words that write wherever they stand as keywords. They are reserved nearly everywhere, so a column of that name has
/// to be quoted or qualified.
pub(super) const WRITING: &[&str] = &[
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
pub(super) const SOFT: &[&str] = &[
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
pub(super) const ALSO_FUNCTIONS: &[&str] = &["REPLACE", "TRUNCATE", "INSERT"];

/// Functions with effects, or that read beyond tables: files, the network, other servers, settings, locks, sleep, or
/// SQL given as text. A name ending in `*` stands for a family.
pub(super) const SIDE_EFFECTS: &[&str] = &[
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
pub(super) const PACKAGES: &[&str] = &["dbms_*", "utl_*", "sys_exec*"];

/// Words that begin or join the parts of a query, and so are no bare alias.
#[rustfmt::skip]
pub(super) const CLAUSES: &[&str] = &[
    "SELECT", "FROM", "WHERE", "PREWHERE", "GROUP", "ORDER", "SORT", "CLUSTER", "DISTRIBUTE", "HAVING", "QUALIFY",
    "WINDOW", "LIMIT", "OFFSET", "FETCH", "UNION", "INTERSECT", "EXCEPT", "MINUS", "INTO", "FOR", "WITH", "VALUES",
    "CONNECT", "START", "OPTION", "ON", "USING", "SET", "RETURNING", "AS", "JOIN", "STRAIGHT_JOIN", "APPLY", "INNER",
    "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "NATURAL", "LATERAL", "SEMI", "ANTI", "ASOF", "GLOBAL", "TABLESAMPLE",
    "EXCLUDE", "REPLACE", "RENAME", "USE", "FORCE", "IGNORE", "AND", "OR", "NOT", "IN", "IS", "LIKE", "BETWEEN",
    "WHEN", "THEN", "ELSE", "END", "BY", "TABLE",
];

/// Words that may stand before `JOIN`.
pub(super) const JOINS: &[&str] = &[
    "NATURAL", "INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "SEMI", "ANTI", "ASOF", "GLOBAL", "ANY", "ALL",
    "LOOP", "HASH", "MERGE", "REMOTE",
];

/// Functions with a `FROM` of their own.
pub(super) const FROM_INSIDE: &[&str] = &["EXTRACT", "TRIM", "SUBSTRING", "OVERLAY", "POSITION", "SUBSTR"];

/// Units of an interval.
pub(super) const UNITS: &[&str] = &[
    "YEAR",
    "YEARS",
    "QUARTER",
    "QUARTERS",
    "MONTH",
    "MONTHS",
    "WEEK",
    "WEEKS",
    "DAY",
    "DAYS",
    "HOUR",
    "HOURS",
    "MINUTE",
    "MINUTES",
    "SECOND",
    "SECONDS",
    "MILLISECOND",
    "MILLISECONDS",
    "MICROSECOND",
    "MICROSECONDS",
];

/// Verbs of statements that are no queries, in some dialect.
#[rustfmt::skip]
pub(super) const OTHER_VERBS: &[&str] = &[
    "ABORT", "ALTER", "ANALYZE", "ASSERT", "ATTACH", "BEGIN", "CACHE", "CALL", "CASE", "CLOSE", "COMMENT", "COMMIT",
    "COPY", "CREATE", "DEALLOCATE", "DECLARE", "DELETE", "DENY", "DETACH", "DISCARD", "DROP", "END", "EXEC", "EXECUTE",
    "EXPORT", "FETCH", "FLUSH", "GRANT", "IF", "INSERT", "INSTALL", "KILL", "LIST", "LISTEN", "LOAD", "LOCK", "LS",
    "MERGE", "MSCK", "NOTIFY", "OPEN", "OPTIMIZE", "PRAGMA", "PREPARE", "PRINT", "PUT", "RAISE", "RAISERROR",
    "RELEASE", "REMOVE", "RENAME", "REPLACE", "RESET", "RETURN", "REVOKE", "RM", "ROLLBACK", "SAVEPOINT", "SET",
    "START", "THROW", "TRUNCATE", "UNCACHE", "UNLISTEN", "UNLOAD", "UNLOCK", "UPDATE", "USE", "VACUUM", "WAITFOR",
    "WHILE",
];

/// Those of them that are a statement without any further word.
pub(super) const WHOLE_STATEMENTS: &[&str] =
    &["ABORT", "BEGIN", "COMMIT", "END", "RAISE", "RETURN", "ROLLBACK", "THROW", "VACUUM"];
