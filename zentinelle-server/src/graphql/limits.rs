//! How deep and how costly a document may be, told before any of it runs.
//!
//! A field costs one, and what is selected below a list as often as the list may have entries.

use async_graphql::Variables;
use async_graphql::{Positioned, Value};
use async_graphql_parser::types::{
    DocumentOperations, ExecutableDocument, Field, OperationType, Selection, SelectionSet,
};

use super::contract::{Contract, core, is_list};

/// The most entries of a page.
pub(crate) const MOST_PAGE: u64 = 200;
/// How many entries a list without pages is taken to have.
const USUAL_LIST: u64 = 10;
/// How deep introspection may go, whatever the limit for the rest is.
const INTROSPECTION_DEPTH: usize = 24;

/// The limits of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How many fields deep.
    pub(crate) depth: usize,
    /// How much it may cost.
    pub(crate) complexity: u64,
}

/// Why a document is not run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    /// Too many fields deep.
    Depth(usize),
    /// Too costly.
    Complexity(u64),
}

impl std::fmt::Display for Exceeded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Depth(most) => write!(f, "The query is more than {most} fields deep."),
            Self::Complexity(most) => {
                write!(f, "The query costs more than {most}: ask for smaller pages or fewer nested lists.")
            }
        }
    }
}

struct Walk<'d> {
    contract: &'d Contract,
    document: &'d ExecutableDocument,
    variables: &'d Variables,
    limits: Limits,
    steps: u64,
    /// How many fragments stand around the present selection.
    around: usize,
}

/// Refuses a document that is too deep or too costly.
pub(crate) fn check(
    contract: &Contract,
    limits: Limits,
    document: &ExecutableDocument,
    variables: &Variables,
) -> Result<(), Exceeded> {
    let mut walk = Walk { contract, document, variables, limits, steps: 0, around: 0 };
    let operations: Vec<_> = match &document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values().collect(),
    };
    for operation in operations {
        let root = match operation.node.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        walk.set(&operation.node.selection_set.node, Some(root), 1, 1, limits.depth)?;
    }
    Ok(())
}

impl Walk<'_> {
    /// The cost of a selection, its list counted `times` over.
    fn set(
        &mut self,
        set: &SelectionSet,
        parent: Option<&str>,
        depth: usize,
        times: u64,
        most: usize,
    ) -> Result<u64, Exceeded> {
        let mut cost = 0_u64;
        for item in &set.items {
            // Every step counts, so that fragments within fragments cannot multiply unseen.
            self.steps += 1;
            if self.steps > self.limits.complexity {
                return Err(Exceeded::Complexity(self.limits.complexity));
            }
            cost = cost.saturating_add(match &item.node {
                Selection::Field(field) => self.field(field, parent, depth, times, most)?,
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.to_string());
                    let on = on.as_deref().or(parent);
                    self.within(&fragment.node.selection_set.node, on, depth, times, most)?
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) else { continue };
                    let on = fragment.node.type_condition.node.on.node.to_string();
                    self.within(&fragment.node.selection_set.node, Some(&on), depth, times, most)?
                }
            });
            if cost.saturating_mul(times) > self.limits.complexity {
                return Err(Exceeded::Complexity(self.limits.complexity));
            }
        }
        Ok(cost)
    }

    /// The cost of a fragment. One that spreads itself is refused later; here it must only end.
    fn within(
        &mut self,
        set: &SelectionSet,
        on: Option<&str>,
        depth: usize,
        times: u64,
        most: usize,
    ) -> Result<u64, Exceeded> {
        self.around += 1;
        self.nested(self.around, INTROSPECTION_DEPTH)?;
        let cost = self.set(set, on, depth, times, most);
        self.around -= 1;
        cost
    }

    fn nested(&self, depth: usize, most: usize) -> Result<(), Exceeded> {
        if depth > most { Err(Exceeded::Depth(self.limits.depth)) } else { Ok(()) }
    }

    fn field(
        &mut self,
        field: &Positioned<Field>,
        parent: Option<&str>,
        depth: usize,
        times: u64,
        most: usize,
    ) -> Result<u64, Exceeded> {
        self.nested(depth, most)?;
        let name = field.node.name.node.as_str();
        if name.starts_with("__") {
            return self.set(&field.node.selection_set.node, None, depth + 1, 1, INTROSPECTION_DEPTH).map(|_| 1);
        }
        let declared = parent.and_then(|parent| self.contract.field(parent, name)).map(|field| field.ty.node.clone());
        let listed = declared.as_ref().is_some_and(is_list);
        let under = declared.as_ref().map(|ty| core(ty).to_owned());
        let in_connection = parent.is_some_and(|parent| parent.ends_with("Connection"));
        let entries = match self.page(field) {
            Some(size) => size,
            None if in_connection || !listed => 1,
            None => USUAL_LIST,
        };
        let below =
            self.set(&field.node.selection_set.node, under.as_deref(), depth + 1, times.saturating_mul(entries), most)?;
        Ok(below.saturating_mul(entries).saturating_add(1))
    }

    /// How many entries a field asks for.
    fn page(&self, field: &Positioned<Field>) -> Option<u64> {
        ["first", "last", "limit"].iter().find_map(|name| {
            let value = &field.node.get_argument(name)?.node;
            let value = value
                .clone()
                .into_const_with(|name| Ok::<_, ()>(self.variables.get(&name).cloned().unwrap_or_default()));
            match value.ok()? {
                Value::Number(number) => Some(number.as_u64().unwrap_or(1).clamp(1, MOST_PAGE)),
                _ => None,
            }
        })
    }
}
