//! Makes trees of statements that may be queries.
//!
//! The entry of `sqlparser` reads every statement there is. This one goes into it further down, by the first word:
//! what begins with another verb is no query, whatever follows. More than half of that parser never gets into a
//! program this way, which matters to those who download it.

use sqlparser::ast::{DescribeAlias, Statement};
use sqlparser::dialect::{Dialect, SnowflakeDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::dialects::dialects;

/// Deepest recursion of the parser. Statements nested deeper are judged by their tokens alone.
const RECURSION_LIMIT: usize = 47;

/// Verbs of statements that write rows, which have a name of their own in what is told.
const WRITING: &[(Keyword, &str)] =
    &[(Keyword::INSERT, "INSERT"), (Keyword::UPDATE, "UPDATE"), (Keyword::DELETE, "DELETE"), (Keyword::MERGE, "MERGE")];

/// Verbs of other statements that are no queries, in some dialect.
#[rustfmt::skip]
const OTHER: &[Keyword] = &[
    Keyword::ABORT, Keyword::ALTER, Keyword::ANALYZE, Keyword::ASSERT, Keyword::ATTACH, Keyword::BEGIN, Keyword::CACHE,
    Keyword::CALL, Keyword::CASE, Keyword::CLOSE, Keyword::COMMENT, Keyword::COMMIT, Keyword::COPY, Keyword::CREATE,
    Keyword::DEALLOCATE, Keyword::DECLARE, Keyword::DENY, Keyword::DETACH, Keyword::DISCARD, Keyword::DROP,
    Keyword::END, Keyword::EXEC, Keyword::EXECUTE, Keyword::EXPORT, Keyword::FETCH, Keyword::FLUSH, Keyword::GRANT,
    Keyword::IF, Keyword::INSTALL, Keyword::KILL, Keyword::LIST, Keyword::LISTEN, Keyword::LOAD, Keyword::LOCK,
    Keyword::LS, Keyword::MSCK, Keyword::NOTIFY, Keyword::OPEN, Keyword::OPTIMIZE, Keyword::PRAGMA, Keyword::PREPARE,
    Keyword::PRINT, Keyword::PUT, Keyword::RAISE, Keyword::RAISERROR, Keyword::RELEASE, Keyword::REMOVE,
    Keyword::RENAME, Keyword::REPLACE, Keyword::RESET, Keyword::RETURN, Keyword::REVOKE, Keyword::RM,
    Keyword::ROLLBACK, Keyword::SAVEPOINT, Keyword::SET, Keyword::START, Keyword::THROW, Keyword::TRUNCATE,
    Keyword::UNCACHE, Keyword::UNLISTEN, Keyword::UNLOAD, Keyword::UNLOCK, Keyword::USE, Keyword::VACUUM,
    Keyword::WAITFOR, Keyword::WHILE,
];

/// Those of them that are a statement without any further word.
const COMPLETE: &[Keyword] = &[
    Keyword::ABORT,
    Keyword::BEGIN,
    Keyword::COMMIT,
    Keyword::END,
    Keyword::RAISE,
    Keyword::RETURN,
    Keyword::ROLLBACK,
    Keyword::THROW,
    Keyword::VACUUM,
];

/// What one dialect makes of a statement.
pub(super) enum Tree {
    /// A query, or one of the statements that explain or show.
    Reads(Box<Statement>),
    /// Something else, with its verb if that writes rows.
    Other(Option<&'static str>),
}

/// The statement's trees, one for each dialect that can parse it.
pub(super) fn trees(stream: &[TokenWithSpan]) -> impl Iterator<Item = Tree> {
    dialects().into_iter().filter_map(|dialect| tree(stream, dialect))
}

fn tree(stream: &[TokenWithSpan], dialect: &dyn Dialect) -> Option<Tree> {
    let mut parser =
        Parser::new(dialect).with_recursion_limit(RECURSION_LIMIT).with_tokens_with_locations(stream.to_vec());
    let tree = statement(&mut parser, dialect).ok()?;
    (matches!(tree, Tree::Other(_)) || is_over(&parser)).then_some(tree)
}

/// Whether the statement is over. `END` is the end of a block around it.
fn is_over(parser: &Parser) -> bool {
    parser.peek_token_ref().token == Token::EOF || verb(parser) == Keyword::END
}

fn verb(parser: &Parser) -> Keyword {
    match &parser.peek_token_ref().token {
        Token::Word(word) => word.keyword,
        _ => Keyword::NoKeyword,
    }
}

fn statement(parser: &mut Parser, dialect: &dyn Dialect) -> Result<Tree, ParserError> {
    let keyword = verb(parser);
    match keyword {
        Keyword::SELECT | Keyword::WITH | Keyword::VALUES | Keyword::FROM => query(parser),
        Keyword::NoKeyword if parser.peek_token_ref().token == Token::LParen => query(parser),
        Keyword::SHOW => {
            parser.advance_token();
            show(parser, dialect)
        }
        Keyword::DESC | Keyword::DESCRIBE | Keyword::EXPLAIN => {
            parser.advance_token();
            explain(parser, dialect, keyword == Keyword::EXPLAIN)
        }
        _ => other(keyword).ok_or_else(no_statement),
    }
}

fn reads(statement: Statement) -> Tree {
    Tree::Reads(Box::new(statement))
}

fn query(parser: &mut Parser) -> Result<Tree, ParserError> {
    parser.parse_query().map(|query| reads(Statement::Query(query)))
}

fn show(parser: &mut Parser, dialect: &dyn Dialect) -> Result<Tree, ParserError> {
    // Snowflake's own kind has the options of the others.
    let objects = dialect.is::<SnowflakeDialect>()
        && (parser.parse_keyword(Keyword::OBJECTS) || parser.parse_keywords(&[Keyword::TERSE, Keyword::OBJECTS]));
    if objects { parser.parse_show_columns(false, false) } else { parser.parse_show() }.map(reads)
}

/// The statement, if it is one of those that are no queries.
fn other(keyword: Keyword) -> Option<Tree> {
    let writing = WRITING.iter().find(|(writing, _)| *writing == keyword).map(|(_, name)| *name);
    (writing.is_some() || OTHER.contains(&keyword)).then_some(Tree::Other(writing))
}

fn no_statement() -> ParserError {
    ParserError::ParserError(String::new())
}

/// What follows `EXPLAIN`, or its like: a statement, or the name of a table.
fn explain(parser: &mut Parser, dialect: &dyn Dialect, explains: bool) -> Result<Tree, ParserError> {
    let mut options = None;
    if explains && dialect.supports_explain_with_utility_options() && parser.peek_token_ref().token == Token::LParen {
        options = Some(parser.parse_utility_options()?);
    } else if !parser.parse_keywords(&[Keyword::QUERY, Keyword::PLAN]) && !parser.parse_keyword(Keyword::ESTIMATE) {
        let _ = parser.parse_keyword(Keyword::ANALYZE);
        let _ = parser.parse_keyword(Keyword::VERBOSE);
        if parser.parse_keyword(Keyword::FORMAT) {
            let _ = parser.consume_token(&Token::Eq);
            parser.parse_analyze_format()?;
        }
    }
    let keyword = verb(parser);
    if let Some(other) = other(keyword) {
        // A table may be called like a verb.
        let named = parser.maybe_parse(|parser| table(parser, dialect).and_then(|tree| whole(parser, tree)))?;
        return Ok(named.filter(|_| !COMPLETE.contains(&keyword)).unwrap_or(other));
    }
    // What is explained is not explained in its turn, so a second such verb can only be a table's name.
    let explained = match keyword {
        Keyword::DESC | Keyword::DESCRIBE | Keyword::EXPLAIN => None,
        _ => parser.maybe_parse(|parser| statement(parser, dialect))?,
    };
    match explained {
        Some(Tree::Reads(statement)) => Ok(reads(Statement::Explain {
            describe_alias: DescribeAlias::Explain,
            analyze: false,
            verbose: false,
            query_plan: false,
            estimate: false,
            statement,
            format: None,
            options,
        })),
        Some(other @ Tree::Other(_)) => Ok(other),
        None => table(parser, dialect),
    }
}

/// The tree, if nothing follows.
fn whole(parser: &Parser, tree: Tree) -> Result<Tree, ParserError> {
    if parser.peek_token_ref().token == Token::EOF { Ok(tree) } else { Err(no_statement()) }
}

fn table(parser: &mut Parser, dialect: &dyn Dialect) -> Result<Tree, ParserError> {
    let _ = parser.parse_one_of_keywords(&[Keyword::EXTENDED, Keyword::FORMATTED]);
    let has_table_keyword = dialect.describe_requires_table_keyword() && parser.parse_keyword(Keyword::TABLE);
    let table_name = parser.parse_object_name(false)?;
    Ok(reads(Statement::ExplainTable {
        describe_alias: DescribeAlias::Describe,
        hive_format: None,
        has_table_keyword,
        table_name,
    }))
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
