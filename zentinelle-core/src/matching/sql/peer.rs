//! What `sqlparser` makes of a statement, to hold our own reading to.
//!
//! It gets the tokens this module cut, not the text: both then judge exactly the same. Each carries its place in the
//! statement as its column, by which names are found again.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart, Query, Select, Statement, Visit, Visitor};
use sqlparser::dialect::*;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Span, Token as Parsed, TokenWithSpan, Tokenizer};

use super::lexer::{Placed, Token};

/// The dialects asked, the broadest first.
pub(super) fn dialects() -> [&'static dyn Dialect; 13] {
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

/// What one dialect finds in a query.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Tables and views, their parts joined by dots.
    pub(super) tables: BTreeSet<String>,
    /// The tokens that are names.
    pub(super) names: BTreeSet<usize>,
    /// Whether it does more than read.
    pub(super) writes: bool,
    /// The common table expressions of each query around: name, quote, and the token after which it can be named.
    scopes: Vec<Vec<(Ident, usize)>>,
}

/// What a dialect finds in a statement that it parses as a query, explained or not.
pub(super) fn seen(statement: &[Placed<'_>], dialect: &dyn Dialect) -> Option<Seen> {
    let stream = stream(statement)?;
    let mut parser = Parser::new(dialect).with_recursion_limit(48).with_tokens_with_locations(stream);
    let mut statements = parser.parse_statements().ok()?;
    let mut query = statements.pop().filter(|_| statements.is_empty())?;
    while let Statement::Explain { statement, .. } = query {
        query = *statement;
    }
    let Statement::Query(query) = query else {
        return None;
    };
    let mut seen = Seen::default();
    let _ = query.visit(&mut seen);
    Some(seen)
}

impl Visitor for Seen {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        self.writes |= !matches!(statement, Statement::Query(_));
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.writes |= !query.locks.is_empty();
        let expressions = query.with.iter().flat_map(|with| {
            with.cte_tables.iter().filter_map(|cte| {
                let name = &cte.alias.name;
                let span = if with.recursive { name.span } else { cte.closing_paren_token.0.span };
                Some((name.clone(), place(span)?))
            })
        });
        self.scopes.push(expressions.collect());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.writes |= select.into.is_some();
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let idents = relation.0.iter().filter_map(ObjectNamePart::as_ident).collect::<Vec<_>>();
        let expression = matches!(idents.as_slice(), [ident] if self.scopes.iter().flatten().any(|(name, from)| {
            name.value == ident.value && name.quote_style == ident.quote_style && place(ident.span) > Some(*from)
        }));
        if !expression {
            self.tables.insert(idents.iter().map(|ident| ident.value.as_str()).collect::<Vec<_>>().join("."));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_ident(&mut self, ident: &Ident) -> ControlFlow<()> {
        self.names.extend(place(ident.span));
        ControlFlow::Continue(())
    }
}

/// Longest statement that is parsed, in tokens.
const MAX_TOKENS: usize = 2048;
/// Deepest nesting that is parsed. The parser tries a parenthesis as several things in turn.
const MAX_DEPTH: usize = 24;
/// Most tokens that may each make a tree one level deeper: `a + b + c` nests as many levels as it has signs, and the
/// tree is walked and dropped by recursion.
const MAX_LINKS: usize = 256;
/// Letters that make another kind of string of the string right after them.
const PREFIXES: &[&str] = &["n", "b", "x", "r", "rb", "br"];

/// The statement as the parser takes it, unless it is too large for it or has a sign no parser knows.
fn stream(statement: &[Placed<'_>]) -> Option<Vec<TokenWithSpan>> {
    if statement.len() > MAX_TOKENS || is_deep(statement) {
        return None;
    }
    let mut stream = Vec::with_capacity(statement.len() + 1);
    let mut index = 0;
    while let Some(placed) = statement.get(index) {
        let mut length = 1;
        match placed.token {
            Token::Word(word) if is_prefix(word, statement.get(index + 1)) => {}
            Token::Word(word) if word.starts_with('$') => stream.push(at(index, Parsed::Placeholder(word.to_owned()))),
            Token::Word(word) if !is_sign(placed) => stream.push(at(index, Parsed::make_word(word, None))),
            Token::Name(name) => stream.push(at(index, Parsed::make_word(name, Some('"')))),
            Token::Text(text) => stream.push(at(index, Parsed::SingleQuotedString(text.to_owned()))),
            Token::Number(number) => stream.push(at(index, Parsed::Number(number.to_owned(), false))),
            Token::Mark(mark) if lone(mark).is_some() => stream.extend(lone(mark).map(|token| at(index, token))),
            Token::Mark(_) | Token::Word(_) => {
                let signs = signs(statement.get(index..).unwrap_or_default());
                length = signs.len();
                let spelled: String = signs.iter().filter_map(|sign| spelling(sign)).collect();
                let tokens = Tokenizer::new(&GenericDialect, &spelled).tokenize().ok()?;
                stream.extend(tokens.into_iter().map(|token| at(index, token)));
            }
        }
        index += length;
    }
    Some(stream)
}

/// The place in the statement that a span of the tree stands for.
fn place(span: Span) -> Option<usize> {
    usize::try_from(span.start.column).ok()?.checked_sub(1)
}

fn at(index: usize, token: Parsed) -> TokenWithSpan {
    let column = index as u64 + 1;
    TokenWithSpan { token, span: Span::new(Location::new(1, column), Location::new(1, column + 1)) }
}

fn is_prefix(word: &str, next: Option<&Placed<'_>>) -> bool {
    PREFIXES.iter().any(|prefix| word.eq_ignore_ascii_case(prefix))
        && next.is_some_and(|next| next.adjacent && matches!(next.token, Token::Text(_)))
}

/// Marks that are never part of a longer operator.
fn lone(mark: char) -> Option<Parsed> {
    Some(match mark {
        '(' => Parsed::LParen,
        ')' => Parsed::RParen,
        '[' => Parsed::LBracket,
        ']' => Parsed::RBracket,
        '{' => Parsed::LBrace,
        '}' => Parsed::RBrace,
        ',' => Parsed::Comma,
        '.' => Parsed::Period,
        _ => return None,
    })
}

/// Whether the token belongs to an operator; the cutter counts `@` as a word.
fn is_sign(placed: &Placed<'_>) -> bool {
    match placed.token {
        Token::Mark(mark) => lone(mark).is_none(),
        Token::Word(word) => word.chars().all(|c| c == '@'),
        _ => false,
    }
}

fn spelling<'a>(placed: &Placed<'a>) -> Option<std::borrow::Cow<'a, str>> {
    match placed.token {
        Token::Mark(mark) => Some(mark.to_string().into()),
        Token::Word(word) => Some(word.into()),
        _ => None,
    }
}

/// The operator signs that stand together at the start, ended where they would begin a comment.
fn signs<'s, 'a>(tokens: &'s [Placed<'a>]) -> &'s [Placed<'a>] {
    let more = tokens.windows(2).take_while(|pair| match pair {
        [first, second] => {
            let comment = (first.is_mark('-') && second.is_mark('-'))
                || (first.is_mark('/') && (second.is_mark('*') || second.is_mark('/')));
            second.adjacent && is_sign(second) && !comment
        }
        _ => false,
    });
    tokens.get(..=more.count()).unwrap_or(tokens)
}

fn is_deep(statement: &[Placed<'_>]) -> bool {
    let (mut depth, mut links) = (0_usize, 0_usize);
    let mut listed = false;
    for placed in statement {
        match placed.token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Mark(',' | '.') => {}
            Token::Mark(_) => links += 1,
            // A word after a comma or dot goes on with a list or a name, which do not nest.
            Token::Word(_) if !listed => links += 1,
            _ => {}
        }
        listed = placed.is_mark(',') || placed.is_mark('.');
        if depth > MAX_DEPTH || links > MAX_LINKS {
            return true;
        }
    }
    false
}
