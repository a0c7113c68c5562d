//! Judges one statement by the tree the parser of `sqlparser` makes of it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{Ident, LockType, Query, Select, Statement, Visit, Visitor};
use sqlparser::dialect::{
    BigQueryDialect, ClickHouseDialect, DatabricksDialect, Dialect, DuckDbDialect, GenericDialect, HiveDialect,
    MsSqlDialect, MySqlDialect, OracleDialect, PostgreSqlDialect, RedshiftSqlDialect, SQLiteDialect, SnowflakeDialect,
};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::TokenWithSpan;

use super::SqlFault;
use super::read_only::Doubt;
use super::stream::place;

/// Deepest recursion of the parser. Statements nested deeper are judged by their tokens alone.
const RECURSION_LIMIT: usize = 48;

/// The dialects asked, the broadest first.
fn dialects() -> [&'static dyn Dialect; 13] {
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

/// The statement's trees, one for each dialect that can parse it.
pub(super) fn trees(stream: &[TokenWithSpan]) -> impl Iterator<Item = Statement> {
    dialects().into_iter().filter_map(|dialect| {
        let mut parser =
            Parser::new(dialect).with_recursion_limit(RECURSION_LIMIT).with_tokens_with_locations(stream.to_vec());
        let mut statements = parser.parse_statements().ok()?;
        let statement = statements.pop()?;
        statements.is_empty().then_some(statement)
    })
}

/// Whether some dialect parses the statement, and all asked find that it only reads and that the tokens at `doubts`
/// are names.
///
/// One dialect that parses it is enough where there are no doubts. Where there are, all that parse it are asked.
pub(super) fn read_only(number: usize, stream: &[TokenWithSpan], doubts: &[Doubt]) -> Result<bool, SqlFault> {
    let mut agreed = false;
    for tree in trees(stream) {
        let mut reader = Reader::default();
        if let ControlFlow::Break(keyword) = tree.visit(&mut reader) {
            return Err(match keyword {
                Some(keyword) => SqlFault::Writes { statement: number, keyword },
                None => SqlFault::NotAQuery { statement: number },
            });
        }
        if doubts.is_empty() {
            return Ok(true);
        }
        if !doubts.iter().all(|doubt| reader.names.contains(&doubt.index)) {
            return Ok(false);
        }
        agreed = true;
    }
    Ok(agreed)
}

/// Stops at the first node that does more than read, with its keyword if it has one, and notes where names stand.
#[derive(Default)]
struct Reader {
    names: BTreeSet<usize>,
}

impl Visitor for Reader {
    type Break = Option<&'static str>;

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<Self::Break> {
        match statement {
            Statement::Query(_)
            // What is explained is a statement within, and visited in its turn.
            | Statement::Explain { .. }
            | Statement::ExplainTable { .. }
            | Statement::ShowFunctions { .. }
            | Statement::ShowVariable { .. }
            | Statement::ShowStatus { .. }
            | Statement::ShowVariables { .. }
            | Statement::ShowCreate { .. }
            | Statement::ShowColumns { .. }
            | Statement::ShowCatalogs { .. }
            | Statement::ShowDatabases { .. }
            | Statement::ShowProcessList { .. }
            | Statement::ShowSchemas { .. }
            | Statement::ShowCharset(_)
            | Statement::ShowObjects(_)
            | Statement::ShowTables { .. }
            | Statement::ShowViews { .. }
            | Statement::ShowCollation { .. } => ControlFlow::Continue(()),
            Statement::Insert(_) => ControlFlow::Break(Some("INSERT")),
            Statement::Update(_) => ControlFlow::Break(Some("UPDATE")),
            Statement::Delete(_) => ControlFlow::Break(Some("DELETE")),
            Statement::Merge(_) => ControlFlow::Break(Some("MERGE")),
            _ => ControlFlow::Break(None),
        }
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        match query.locks.first().map(|lock| &lock.lock_type) {
            Some(LockType::Share) => ControlFlow::Break(Some("FOR SHARE")),
            Some(_) => ControlFlow::Break(Some("FOR UPDATE")),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        if select.into.is_some() { ControlFlow::Break(Some("INTO")) } else { ControlFlow::Continue(()) }
    }

    fn pre_visit_ident(&mut self, ident: &Ident) -> ControlFlow<Self::Break> {
        self.names.extend(place(ident.span));
        ControlFlow::Continue(())
    }
}
