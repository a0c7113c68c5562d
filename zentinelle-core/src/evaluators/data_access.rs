//! `data_access`: says which sources and kinds of data may be used.
//!
//! Sources, kinds and personal data apply to every action, as far as the request states them
//! (`datasource`, `data_type`, `data_contains_pii`, `data_encrypted`). A request that names a
//! source must state the kind of data too, where kinds are listed.
//!
//! Tables and databases apply to what the request names as `table` or `database`, and to SQL
//! under `query`, `sql` or `statement`, at the top of the context or in `tool_args`. SQL is
//! judged by its words: what a view or a function of the database reaches is not seen.

mod named;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use self::named::Named;
use super::lists::{allowing_globs, denying_globs};
use super::{Evaluator, Inquiry};
use crate::decision::{Notes, Verdict, Violation};
use crate::error::{Code, PolicyError};
use crate::matching::sql::{self, SqlFault};
use crate::matching::text::{contains_words, fold, fold_prose};
use crate::matching::{AllowList, DenyList, GlobList};
use crate::request::{Context, EvaluationError, Request};
use crate::scan::Severity;

const SOURCE_BLOCKED: Code = Code::new("data_access.source_blocked");
const SOURCE_NOT_ALLOWED: Code = Code::new("data_access.source_not_allowed");
const TYPE_BLOCKED: Code = Code::new("data_access.type_blocked");
const TYPE_NOT_ALLOWED: Code = Code::new("data_access.type_not_allowed");
const PII_NOT_ALLOWED: Code = Code::new("data_access.pii_not_allowed");
const PII_USED: Code = Code::new("data_access.pii_used");
const NOT_ENCRYPTED: Code = Code::new("data_access.not_encrypted");
const TABLE_BLOCKED: Code = Code::new("data_access.table_blocked");
const DATABASE_NOT_ALLOWED: Code = Code::new("data_access.database_not_allowed");
const READ_ONLY: Code = Code::new("data_access.read_only");
const UNREADABLE_STATEMENT: Code = Code::new("data_access.unreadable_statement");

/// Parts of an action's name that say it changes data.
const WRITING_WORDS: [&str; 9] =
    ["write", "insert", "update", "delete", "drop", "create", "alter", "truncate", "upsert"];

/// Configuration of a `data_access` policy. Lists that block or restrict ignore letter case,
/// lists that allow are exact; an empty list restricts nothing.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Patterns of the sources that may be used, such as `pg:public.*`. Default: any.
    pub allowed_datasources: Vec<String>,
    /// Patterns of the sources that may not be used.
    pub blocked_datasources: Vec<String>,
    /// The kinds of data that may be used. Default: any.
    pub allowed_data_types: Vec<String>,
    /// The kinds of data that may not be used.
    pub blocked_data_types: Vec<String>,
    /// Whether personal data may be used; if so, its use raises a warning. Default: true.
    pub pii_allowed: bool,
    /// Whether a source must be known to be encrypted. Default: false.
    pub require_encryption: bool,
    /// Patterns of the tables that may not be named, with or without schema and database.
    pub blocked_tables: Vec<String>,
    /// Patterns of the databases that may be named. Whoever names a table must then say its
    /// database. Default: any.
    pub allowed_databases: Vec<String>,
    /// Patterns of the databases that may only be read. A statement whose database is not said is
    /// judged as if it were one of them.
    pub read_only_databases: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            allowed_datasources: Vec::new(),
            blocked_datasources: Vec::new(),
            allowed_data_types: Vec::new(),
            blocked_data_types: Vec::new(),
            pii_allowed: true,
            require_encryption: false,
            blocked_tables: Vec::new(),
            allowed_databases: Vec::new(),
            read_only_databases: Vec::new(),
        }
    }
}

/// See the module.
pub struct DataAccess {
    allowed_sources: GlobList,
    blocked_sources: GlobList,
    allowed_types: AllowList,
    blocked_types: DenyList,
    pii_allowed: bool,
    require_encryption: bool,
    blocked_tables: GlobList,
    allowed_databases: GlobList,
    read_only_databases: GlobList,
}

impl Evaluator for DataAccess {
    type Config = Config;

    const CODES: &'static [Code] = &[];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let mut faults = Vec::new();
        let ready = Self {
            allowed_sources: allowing_globs("allowed_datasources", config.allowed_datasources, &mut faults),
            blocked_sources: denying_globs("blocked_datasources", config.blocked_datasources, &mut faults),
            allowed_types: AllowList::new(config.allowed_data_types),
            blocked_types: DenyList::new(config.blocked_data_types),
            pii_allowed: config.pii_allowed,
            require_encryption: config.require_encryption,
            blocked_tables: denying_globs("blocked_tables", config.blocked_tables, &mut faults),
            allowed_databases: allowing_globs("allowed_databases", config.allowed_databases, &mut faults),
            read_only_databases: denying_globs("read_only_databases", config.read_only_databases, &mut faults),
        };
        if faults.is_empty() { Ok(ready) } else { Err(faults) }
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let request = inquiry.request;
        let broken = match self.judge_source(&request.context)? {
            None => self.judge_database(request)?,
            broken => broken,
        };
        if let Some(broken) = broken {
            return Ok(broken.into());
        }
        let mut notes = Notes::none();
        if request.context.is_set("data_contains_pii") {
            notes.warn(PII_USED, "the request uses personal data");
        }
        Ok(Verdict::Satisfied(notes))
    }
}

impl DataAccess {
    fn judge_source(&self, context: &Context) -> Result<Option<Violation>, EvaluationError> {
        let about_sources = !self.blocked_sources.is_empty() || !self.allowed_sources.is_empty();
        let about_types = !self.blocked_types.is_empty() || !self.allowed_types.is_empty();
        let source = if about_sources || !self.allowed_types.is_empty() || self.require_encryption {
            context.name("datasource")?
        } else {
            None
        };
        let kind = if about_types || !self.pii_allowed { context.name("data_type")? } else { None };
        if let Some(source) = source {
            if let Some(pattern) = self.blocked_sources.find(source) {
                let message = format!("source `{source}` is blocked by `{pattern}`");
                return Ok(Some(Violation::new(SOURCE_BLOCKED, "/config/blocked_datasources", message)));
            }
            if !self.allowed_sources.is_empty() && self.allowed_sources.find(source).is_none() {
                let message = format!("source `{source}` is not listed");
                return Ok(Some(Violation::new(SOURCE_NOT_ALLOWED, "/config/allowed_datasources", message)));
            }
        }
        if let Some(listed) = kind.and_then(|kind| self.blocked_types.find(kind)) {
            let message = format!("data of type `{listed}` is blocked");
            return Ok(Some(Violation::new(TYPE_BLOCKED, "/config/blocked_data_types", message)));
        }
        let unlisted = match kind {
            Some(kind) => (!self.allowed_types.contains(kind)).then(|| format!("data type `{kind}` is not listed")),
            None => source.map(|source| format!("the request does not say the `data_type` it uses of `{source}`")),
        };
        if let Some(message) = unlisted.filter(|_| !self.allowed_types.is_empty()) {
            return Ok(Some(Violation::new(TYPE_NOT_ALLOWED, "/config/allowed_data_types", message)));
        }
        let is_pii = || context.is_set("data_contains_pii") || kind.is_some_and(|kind| fold(kind) == "pii");
        if !self.pii_allowed && is_pii() {
            let message = "the request uses personal data";
            let broken = Violation::new(PII_NOT_ALLOWED, "/config/pii_allowed", message);
            return Ok(Some(broken.with_severity(Severity::High)));
        }
        if self.require_encryption {
            let encrypted = context.raw("data_encrypted").and_then(Value::as_bool);
            if encrypted == Some(false) || (source.is_some() && encrypted.is_none()) {
                let message = "`data_encrypted` is not true";
                return Ok(Some(Violation::new(NOT_ENCRYPTED, "/config/require_encryption", message)));
            }
        }
        Ok(None)
    }

    fn judge_database(&self, request: &Request) -> Result<Option<Violation>, EvaluationError> {
        let lists = [
            (&self.blocked_tables, "/config/blocked_tables"),
            (&self.allowed_databases, "/config/allowed_databases"),
            (&self.read_only_databases, "/config/read_only_databases"),
        ];
        let Some((_, first_key)) = lists.into_iter().find(|(list, _)| !list.is_empty()) else { return Ok(None) };
        let named = Named::of(&request.context)?;
        if named.is_empty() {
            return Ok(None);
        }
        let blocked = named.tables.iter().find_map(|table| Some((table, self.blocking(table)?)));
        let broken = if let Some((table, pattern)) = blocked {
            let message = format!("table `{table}` is blocked by `{pattern}`");
            Some(Violation::new(TABLE_BLOCKED, "/config/blocked_tables", message))
        } else if let Some(fault) = &named.fault {
            let message = format!("the statement cannot be judged: {fault}");
            Some(Violation::new(UNREADABLE_STATEMENT, first_key, message))
        } else {
            self.outside_databases(&named).or_else(|| self.writes(&named, request))
        };
        Ok(broken.map(|broken| broken.with_severity(Severity::High)))
    }

    /// The pattern that blocks a table, by its whole name or by what follows a dot in it.
    fn blocking(&self, table: &str) -> Option<&str> {
        let tails = table.match_indices('.').filter_map(|(dot, _)| table.get(dot + 1..));
        std::iter::once(table).chain(tails).find_map(|name| self.blocked_tables.find(name))
    }

    fn outside_databases(&self, named: &Named<'_>) -> Option<Violation> {
        if self.allowed_databases.is_empty() {
            return None;
        }
        let (qualifiers, bare) = named.qualifiers();
        let mut databases = named.databases.iter().copied().chain(qualifiers);
        let message = if let Some(other) = databases.find(|name| self.allowed_databases.find(name).is_none()) {
            format!("database `{other}` is not listed")
        } else if named.databases.is_empty() && (bare || named.tables.is_empty()) {
            "the request does not say the `database` it uses".to_owned()
        } else if named
            .statements
            .iter()
            .any(|text| contains_words(&fold_prose(text), "use") && sql::read_only(text).is_err())
        {
            "the statement may change to another database".to_owned()
        } else {
            return None;
        };
        Some(Violation::new(DATABASE_NOT_ALLOWED, "/config/allowed_databases", message))
    }

    fn writes(&self, named: &Named<'_>, request: &Request) -> Option<Violation> {
        let (qualifiers, _) = named.qualifiers();
        let mut databases = named.databases.iter().copied().chain(qualifiers);
        let read_only = databases.find_map(|name| self.read_only_databases.find(name));
        let guarded = read_only.is_some() || named.databases.is_empty();
        if self.read_only_databases.is_empty() || !guarded {
            return None;
        }
        let fault = named.statements.iter().find_map(|text| match sql::read_only(text) {
            Ok(()) | Err(SqlFault::Empty) => None,
            Err(fault) => Some(fault.to_string()),
        });
        let action = request.action.folded();
        let changes = || {
            let mut words = action.split(|c: char| !c.is_alphanumeric());
            words.find(|word| WRITING_WORDS.contains(word)).map(|word| format!("the action is to {word}"))
        };
        let fault = fault.or_else(|| if named.statements.is_empty() { changes() } else { None })?;
        let message = match read_only {
            Some(pattern) => format!("databases like `{pattern}` may only be read: {fault}"),
            None => format!("the request does not say its `database`, so it may only read: {fault}"),
        };
        Some(Violation::new(READ_ONLY, "/config/read_only_databases", message))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{judge, violated, warned};

    fn asked(config: serde_json::Value, facts: serde_json::Value) -> crate::decision::Verdict {
        judge("data_access", &config.to_string(), &facts.to_string())
    }

    #[test]
    fn a_named_source_needs_a_stated_type_and_known_encryption() {
        let config = json!({ "allowed_data_types": ["log"], "require_encryption": true });
        assert!(warned(&asked(config.clone(), json!({}))).is_empty());
        let source = json!({ "datasource": "pg:a", "data_encrypted": true });
        assert_eq!(violated(&asked(config.clone(), source)), "data_access.type_not_allowed");
        let source = json!({ "datasource": "pg:a", "data_type": "log", "data_encrypted": 1 });
        assert_eq!(violated(&asked(config, source)), "data_access.not_encrypted");
    }

    #[test]
    fn personal_data_is_told_by_flag_and_by_type() {
        let config = json!({ "pii_allowed": false });
        for facts in [json!({ "data_contains_pii": "no" }), json!({ "data_type": " PII" })] {
            assert_eq!(violated(&asked(config.clone(), facts)), "data_access.pii_not_allowed");
        }
        assert_eq!(warned(&asked(json!({}), json!({ "data_contains_pii": true }))), ["data_access.pii_used"]);
    }

    #[test]
    fn a_blocked_table_is_found_in_statements_however_it_is_written() {
        let config = json!({ "blocked_tables": ["phi_raw"] });
        for sql in ["SELECT 1 FROM a JOIN \"PHI_Raw\" USING (id)", "select * from prod.public.phi_raw", "TABLE phi_raw"]
        {
            let verdict = asked(config.clone(), json!({ "tool_args": { "query": sql } }));
            assert_eq!(violated(&verdict), "data_access.table_blocked", "{sql}");
        }
        assert_eq!(
            violated(&asked(config.clone(), json!({ "table": "[dbo].[phi_raw]" }))),
            "data_access.table_blocked"
        );
        assert!(warned(&asked(config.clone(), json!({ "tool_args": { "query": "what's phi_raw" } }))).is_empty());
        let broken = json!({ "tool_args": { "sql": "SELECT 'x" } });
        assert_eq!(violated(&asked(config, broken)), "data_access.unreadable_statement");
    }

    #[test]
    fn only_listed_databases_are_reached() {
        let config = json!({ "allowed_databases": ["app"] });
        let ask = |database: Option<&str>, sql: &str| {
            asked(config.clone(), json!({ "database": database, "tool_args": { "sql": sql } }))
        };
        assert!(warned(&ask(Some("app"), "SELECT * FROM public.users")).is_empty());
        assert!(warned(&ask(None, "SELECT * FROM app.users")).is_empty());
        for (database, sql) in [
            (Some("hr"), "SELECT 1"),
            (Some("app"), "SELECT * FROM hr.pay"),
            (None, "SELECT * FROM pay"),
            (Some("app"), "USE hr; SELECT * FROM pay"),
        ] {
            assert_eq!(violated(&ask(database, sql)), "data_access.database_not_allowed", "{sql}");
        }
    }

    #[test]
    fn a_read_only_database_is_only_read() {
        let config = json!({ "read_only_databases": ["Analytics"] });
        let ask = |facts: serde_json::Value| asked(config.clone(), facts);
        let sql = |database: Option<&str>, sql: &str| json!({ "database": database, "tool_args": { "sql": sql } });
        assert!(warned(&ask(sql(Some("analytics"), "SELECT 1"))).is_empty());
        assert!(warned(&ask(sql(Some("app"), "DELETE FROM t"))).is_empty());
        for facts in [
            sql(Some("ANALYTICS"), "DELETE FROM t"),
            sql(Some("app"), "DELETE FROM analytics.public.t"),
            sql(None, "DELETE FROM t"),
            json!({ "@action": "data_write", "database": "analytics" }),
        ] {
            assert_eq!(violated(&ask(facts.clone())), "data_access.read_only", "{facts}");
        }
    }
}
