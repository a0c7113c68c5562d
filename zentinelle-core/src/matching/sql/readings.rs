//! How the families of databases read quotes and comments.

/// How one family of databases reads quotes and comments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// A backslash escapes the next character of a string.
    pub(super) backslash: bool,
    /// Block comments nest.
    pub(super) nested: bool,
    /// `#` begins a comment.
    pub(super) hash: bool,
    /// `--` begins a comment only before white space.
    pub(super) dash_blank: bool,
    /// `/*! .. */` is code.
    pub(super) executable: bool,
    /// `$tag$ .. $tag$` is a string.
    pub(super) dollar: bool,
    /// `[name]` is a name.
    pub(super) brackets: bool,
    /// A backtick quotes a name.
    pub(super) backtick: bool,
    /// `'''` and `"""` quote, and an `r` before a quote switches escapes off.
    pub(super) triple: bool,
    /// `//` begins a comment.
    pub(super) slashes: bool,
    /// `q'[ .. ]'` is a string.
    pub(super) q_quotes: bool,
    /// `e'..'` is a string with escapes, and a carriage return ends a line.
    pub(super) postgres: bool,
}

const STANDARD: Reading = Reading {
    backslash: false,
    nested: false,
    hash: false,
    dash_blank: false,
    executable: false,
    dollar: false,
    brackets: false,
    backtick: false,
    triple: false,
    slashes: false,
    q_quotes: false,
    postgres: false,
};
const POSTGRES: Reading = Reading { nested: true, dollar: true, postgres: true, ..STANDARD };
const SQLITE: Reading = Reading { brackets: true, backtick: true, ..STANDARD };
const SQL_SERVER: Reading = Reading { nested: true, brackets: true, ..STANDARD };
const ORACLE: Reading = Reading { q_quotes: true, ..STANDARD };
const MYSQL: Reading =
    Reading { backslash: true, hash: true, dash_blank: true, executable: true, backtick: true, ..STANDARD };
const BIGQUERY: Reading = Reading { backslash: true, hash: true, backtick: true, triple: true, ..STANDARD };
const SNOWFLAKE: Reading = Reading { backslash: true, dollar: true, slashes: true, ..STANDARD };

/// Every reading a text is judged under. MySQL appears four times: a server may switch escapes off, and an
/// executable comment is a plain one to a server older than the version it names.
pub(super) const READINGS: [Reading; 10] = [
    POSTGRES,
    MYSQL,
    SQLITE,
    SQL_SERVER,
    ORACLE,
    BIGQUERY,
    SNOWFLAKE,
    Reading { backslash: false, ..MYSQL },
    Reading { executable: false, ..MYSQL },
    Reading { backslash: false, executable: false, ..MYSQL },
];

/// Whether all readings cut the text alike, so that one is enough.
pub(super) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let disputed = |byte: &u8| matches!(byte, b'\\' | b'#' | b'$' | b'[' | b'`' | b'\r' | 0x80..);
    if bytes.iter().any(disputed) {
        return false;
    }
    !bytes.windows(2).any(|pair| matches!(pair, b"--" | b"/*" | b"//" | b"q'" | b"Q'"))
        && !bytes.windows(3).any(|triple| matches!(triple, b"'''" | b"\"\"\""))
}
