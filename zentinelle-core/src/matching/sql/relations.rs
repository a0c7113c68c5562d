//! The tables a query reads, from its tree.

use std::collections::BTreeSet;

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart, Query, Statement, Visit};
use sqlparser::tokenizer::TokenWithSpan;

use super::parse::{Tree, trees};
use super::stream::place;
use super::tree::{Reads, Stop, Walk};

/// The relations of one query.
#[derive(Default)]
pub(super) struct Relations {
    /// Tables and views, their parts joined by dots.
    pub(super) tables: BTreeSet<String>,
    /// Names that stand for nothing but common table expressions.
    pub(super) expressions: BTreeSet<String>,
}

/// The relations of a statement, if some dialect parses it as a query, explained or not.
pub(super) fn relations(stream: &[TokenWithSpan]) -> Option<Relations> {
    let Tree::Reads(tree) = trees(stream).next()? else {
        return None;
    };
    let mut query = &*tree;
    while let Statement::Explain { statement, .. } = query {
        query = statement;
    }
    let Statement::Query(query) = query else {
        return None;
    };
    let mut gatherer = Gatherer::default();
    if query.visit(&mut Walk(&mut gatherer)).is_break() {
        return None;
    }
    let mut found = gatherer.found;
    found.expressions.retain(|name| !found.tables.contains(name));
    Some(found)
}

/// A common table expression, and the token after which it can be named.
///
/// Spelling and quotes have to agree, since databases differ on how they fold names; where they do not agree the
/// name may be a table's.
struct Expression {
    name: String,
    quote: Option<char>,
    visible_from: usize,
}

#[derive(Default)]
struct Gatherer {
    /// The common table expressions of each query around, the innermost last.
    scopes: Vec<Vec<Expression>>,
    found: Relations,
}

impl Gatherer {
    fn is_expression(&self, ident: &Ident, at: usize) -> bool {
        self.scopes.iter().flatten().any(|expression| {
            expression.name == ident.value && expression.quote == ident.quote_style && expression.visible_from < at
        })
    }
}

impl Reads for Gatherer {
    fn query(&mut self, query: &Query) -> Stop {
        let mut scope = Vec::new();
        if let Some(with) = &query.with {
            for expression in &with.cte_tables {
                let name = &expression.alias.name;
                // Only a recursive expression sees itself; otherwise the same name inside is a table's.
                let span = if with.recursive { name.span } else { expression.closing_paren_token.0.span };
                scope.extend(place(span).map(|visible_from| Expression {
                    name: name.value.clone(),
                    quote: name.quote_style,
                    visible_from,
                }));
            }
        }
        self.scopes.push(scope);
        Stop::Continue(())
    }

    fn after_query(&mut self) {
        self.scopes.pop();
    }

    fn relation(&mut self, relation: &ObjectName) -> Stop {
        let mut parts = Vec::new();
        for part in &relation.0 {
            let ObjectNamePart::Identifier(ident) = part else {
                return Stop::Break(None);
            };
            parts.push(ident);
        }
        let name = parts.iter().map(|ident| ident.value.as_str()).collect::<Vec<_>>().join(".");
        let expression = match parts.as_slice() {
            [ident] => place(ident.span).is_some_and(|at| self.is_expression(ident, at)),
            _ => false,
        };
        if expression { &mut self.found.expressions } else { &mut self.found.tables }.insert(name);
        Stop::Continue(())
    }
}
