//! Judges one statement by the tree the parser of `sqlparser` makes of it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{Ident, LockType, ObjectName, Query, Select, Statement, Visit, Visitor};
use sqlparser::tokenizer::TokenWithSpan;

use super::SqlFault;
use super::parse::{Tree, trees};
use super::read_only::Doubt;
use super::stream::place;

/// What is said when a walk stops: the keyword that made it, if there is one.
pub(super) type Stop = ControlFlow<Option<&'static str>>;

/// Somebody who is shown a tree, node by node.
pub(super) trait Reads {
    fn statement(&mut self, _: &Statement) -> Stop {
        Stop::Continue(())
    }
    fn query(&mut self, query: &Query) -> Stop;
    fn after_query(&mut self) {}
    fn select(&mut self, select: &Select) -> Stop {
        if select.into.is_some() { Stop::Break(Some("INTO")) } else { Stop::Continue(()) }
    }
    fn relation(&mut self, _: &ObjectName) -> Stop {
        Stop::Continue(())
    }
    fn ident(&mut self, _: &Ident) {}
}

/// All readers stand behind this one type, so that the code that walks through every kind of node is there once.
pub(super) struct Walk<'a>(pub(super) &'a mut dyn Reads);

impl Visitor for Walk<'_> {
    type Break = Option<&'static str>;

    fn pre_visit_statement(&mut self, statement: &Statement) -> Stop {
        self.0.statement(statement)
    }

    fn pre_visit_query(&mut self, query: &Query) -> Stop {
        self.0.query(query)
    }

    fn post_visit_query(&mut self, _: &Query) -> Stop {
        self.0.after_query();
        Stop::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> Stop {
        self.0.select(select)
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> Stop {
        self.0.relation(relation)
    }

    fn pre_visit_ident(&mut self, ident: &Ident) -> Stop {
        self.0.ident(ident);
        Stop::Continue(())
    }
}

/// Whether some dialect parses the statement, and all asked find that it only reads and that the tokens at `doubts`
/// are names.
///
/// One dialect that parses it is enough where there are no doubts. Where there are, all that parse it are asked.
pub(super) fn read_only(number: usize, stream: &[TokenWithSpan], doubts: &[Doubt]) -> Result<bool, SqlFault> {
    let mut agreed = false;
    for tree in trees(stream) {
        let mut reader = Reader::default();
        let walked = match tree {
            Tree::Reads(statement) => statement.visit(&mut Walk(&mut reader)),
            Tree::Other(keyword) => Stop::Break(keyword),
        };
        if let Stop::Break(keyword) = walked {
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

impl Reads for Reader {
    fn statement(&mut self, statement: &Statement) -> Stop {
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
            | Statement::ShowCollation { .. } => Stop::Continue(()),
            Statement::Insert(_) => Stop::Break(Some("INSERT")),
            Statement::Update(_) => Stop::Break(Some("UPDATE")),
            Statement::Delete(_) => Stop::Break(Some("DELETE")),
            Statement::Merge(_) => Stop::Break(Some("MERGE")),
            _ => Stop::Break(None),
        }
    }

    fn query(&mut self, query: &Query) -> Stop {
        match query.locks.first().map(|lock| &lock.lock_type) {
            Some(LockType::Share) => Stop::Break(Some("FOR SHARE")),
            Some(_) => Stop::Break(Some("FOR UPDATE")),
            None => Stop::Continue(()),
        }
    }

    fn ident(&mut self, ident: &Ident) {
        self.names.extend(place(ident.span));
    }
}
