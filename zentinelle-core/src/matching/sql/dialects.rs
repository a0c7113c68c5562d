//! The dialects a statement is parsed in.
//!
//! Three of them also say how statements that write are parsed, by which a program would come to hold a parser of
//! all of SQL. Only queries are parsed here, so those three stand behind [`Queries`], which asks them everything else.

use std::any::{Any, TypeId};

use sqlparser::ast::{Expr, GranteesType, Ident, ObjectNamePart};
use sqlparser::dialect::{
    BigQueryDialect, ClickHouseDialect, DatabricksDialect, Dialect, DuckDbDialect, GenericDialect, HiveDialect,
    MsSqlDialect, MySqlDialect, OracleDialect, PostgreSqlDialect, Precedence, RedshiftSqlDialect, SQLiteDialect,
    SnowflakeDialect,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};

/// The dialects asked, the broadest first.
pub(super) fn dialects() -> [&'static dyn Dialect; 13] {
    [
        &GenericDialect,
        &PostgreSqlDialect {},
        &MySqlDialect {},
        &Queries(MsSqlDialect {}),
        &SQLiteDialect {},
        &Queries(SnowflakeDialect),
        &Queries(BigQueryDialect),
        &OracleDialect,
        &DuckDbDialect,
        &ClickHouseDialect {},
        &RedshiftSqlDialect {},
        &DatabricksDialect {},
        &HiveDialect {},
    ]
}

/// A dialect without its own statements and column definitions, which no query holds.
#[derive(Debug)]
struct Queries<D>(D);

/// Passes questions on.
macro_rules! ask {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($argument: $type),*) -> $answer {
            self.0.$name($($argument),*)
        })*
    };
    ($($name:ident)*) => {
        $(fn $name(&self) -> bool {
            self.0.$name()
        })*
    };
}

impl<D: Dialect + Any> Dialect for Queries<D> {
    fn dialect(&self) -> TypeId {
        self.0.dialect()
    }

    fn get_reserved_keywords_for_select_item_operator(&self) -> &[Keyword] {
        self.0.get_reserved_keywords_for_select_item_operator()
    }

    fn get_reserved_grantees_types(&self) -> &[GranteesType] {
        self.0.get_reserved_grantees_types()
    }

    ask! {
        is_delimited_identifier_start(character: char) -> bool;
        is_nested_delimited_identifier_start(character: char) -> bool;
        identifier_quote_style(identifier: &str) -> Option<char>;
        is_identifier_start(character: char) -> bool;
        is_identifier_part(character: char) -> bool;
        is_custom_operator_part(character: char) -> bool;
        is_reserved_for_identifier(keyword: Keyword) -> bool;
        is_column_alias(keyword: &Keyword, parser: &mut Parser) -> bool;
        is_select_item_alias(explicit: bool, keyword: &Keyword, parser: &mut Parser) -> bool;
        is_table_factor(keyword: &Keyword, parser: &mut Parser) -> bool;
        is_table_alias(keyword: &Keyword, parser: &mut Parser) -> bool;
        is_table_factor_alias(explicit: bool, keyword: &Keyword, parser: &mut Parser) -> bool;
        is_identifier_generating_function_name(ident: &Ident, parts: &[ObjectNamePart]) -> bool;
        parse_prefix(parser: &mut Parser) -> Option<Result<Expr, ParserError>>;
        parse_infix(parser: &mut Parser, left: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>>;
        get_next_precedence(parser: &Parser) -> Option<Result<u8, ParserError>>;
        prec_value(precedence: Precedence) -> u8;
        prec_unknown() -> u8;
    }

    ask! {
        supports_string_literal_backslash_escape
        ignores_wildcard_escapes
        supports_unicode_string_literal
        supports_filter_during_aggregation
        supports_window_clause_named_window_reference
        supports_within_after_array_aggregation
        supports_partition_by_after_order_by
        supports_array_join_syntax
        supports_alter_user_as_alter_role
        supports_group_by_expr
        supports_group_by_with_modifier
        supports_left_associative_joins_without_parens
        supports_outer_join_operator
        supports_cross_join_constraint
        supports_connect_by
        supports_execute_immediate
        supports_match_recognize
        supports_in_empty_list
        supports_in_unparenthesized_expr
        supports_start_transaction_modifier
        supports_end_transaction_modifier
        supports_named_fn_args_with_eq_operator
        supports_named_fn_args_with_colon_operator
        supports_named_fn_args_with_assignment_operator
        supports_named_fn_args_with_rarrow_operator
        supports_named_fn_args_with_expr_name
        supports_numeric_prefix
        supports_numeric_literal_underscores
        supports_window_function_null_treatment_arg
        supports_dictionary_syntax
        support_map_literal_syntax
        supports_lambda_functions
        supports_parenthesized_set_variables
        supports_comma_separated_set_assignments
        supports_update_order_by
        supports_select_wildcard_except
        convert_type_before_value
        supports_triple_quoted_string
        supports_trailing_commas
        supports_limit_comma
        supports_string_literal_concatenation
        supports_string_literal_concatenation_with_newline
        supports_projection_trailing_commas
        supports_from_trailing_commas
        supports_column_definition_trailing_commas
        supports_object_name_double_dot_notation
        supports_struct_literal
        supports_empty_projections
        supports_select_expr_star
        supports_from_first_select
        supports_from_first_insert
        supports_pipe_operator
        supports_user_host_grantee
        supports_match_against
        supports_select_wildcard_exclude
        supports_select_exclude
        supports_create_table_multi_schema_info_sources
        supports_select_modifiers
        describe_requires_table_keyword
        allow_extract_custom
        allow_extract_single_quotes
        supports_extract_comma_syntax
        supports_subquery_as_function_arg
        supports_create_view_comment_syntax
        supports_array_typedef_without_element_type
        supports_parens_around_table_factor
        supports_values_as_table_factor
        supports_dollar_placeholder
        supports_dollar_as_money_prefix
        supports_create_index_with_clause
        require_interval_qualifier
        supports_explain_with_utility_options
        supports_asc_desc_in_column_definition
        supports_factorial_operator
        supports_bitwise_shift_operators
        supports_nested_comments
        supports_multiline_comment_hints
        supports_eq_alias_assignment
        supports_try_convert
        supports_bang_not_operator
        supports_listen_notify
        supports_exclude_constraint
        supports_load_data
        supports_load_extension
        supports_top_before_distinct
        supports_boolean_literals
        supports_show_like_before_in
        supports_comment_on
        supports_create_table_select
        supports_leading_comma_before_table_options
        supports_partiql
        supports_unpivot_expr
        supports_constraint_keyword_without_name
        supports_key_column_option
        supports_table_sample_before_alias
        supports_insert_set
        supports_insert_table_function
        supports_insert_table_query
        supports_insert_format
        supports_insert_table_alias
        supports_set_stmt_without_operator
        supports_table_versioning
        supports_string_escape_constant
        supports_table_hints
        requires_single_line_comment_whitespace
        supports_array_typedef_with_brackets
        supports_geometric_types
        supports_order_by_all
        supports_order_by_using_operator
        supports_set_names
        supports_space_separated_column_options
        supports_alter_column_type_using
        supports_comma_separated_drop_column_list
        supports_notnull_operator
        supports_data_type_signed_suffix
        supports_interval_options
        supports_create_table_like_parenthesized
        supports_semantic_view_table_factor
        supports_quote_delimited_string
        supports_comment_optimizer_hint
        supports_double_ampersand_operator
        supports_binary_kw_as_cast
        supports_select_wildcard_replace
        supports_select_wildcard_ilike
        supports_select_wildcard_rename
        supports_select_wildcard_with_alias
        supports_optimize_table
        supports_install
        supports_detach
        supports_prewhere
        supports_with_fill
        supports_limit_by
        supports_interpolate
        supports_settings
        supports_select_format
        supports_comma_separated_trim
        supports_cte_without_as
        supports_select_item_multi_column_alias
        supports_xml_expressions
        supports_aliased_function_args
        supports_create_table_using
        supports_long_type_as_bigint
        supports_map_literal_with_angle_brackets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERIES: &[&str] = &[
        "SELECT a, b AS c FROM t WHERE a = 1 AND b LIKE 'x' ORDER BY 1 LIMIT 3",
        "SELECT TOP 3 a FROM [t] WITH (NOLOCK) WHERE b = @c",
        "SELECT a = 1, b: c FROM t",
        "SELECT * EXCLUDE (a) FROM t QUALIFY row_number() OVER (PARTITION BY b ORDER BY c) = 1",
        "SELECT * EXCEPT (a) FROM `p`.d.t, UNNEST([1, 2]) AS x WITH OFFSET",
        "SELECT * FROM t AT(TIMESTAMP => x) SAMPLE (10)",
        "SELECT * FROM t PIVOT(SUM(a) FOR b IN ('x', 'y')) AS p",
        "SELECT STRUCT(1 AS a, 2 AS b), a.b:c[0]::int FROM t",
        "SELECT TRY_CONVERT(INT, a), CONVERT(VARCHAR(3), b, 1) FROM t FOR XML PATH",
        "SELECT connect_by_root a FROM t START WITH a = 1 CONNECT BY PRIOR a = b",
        "SELECT LISTAGG(a, ',') WITHIN GROUP (ORDER BY a) FROM t (1)",
        "SELECT {'a': 1}, [1, 2][0], a -> b FROM t",
        "SELECT a FROM db..t LEFT JOIN u ON t.a = u.a, LATERAL FLATTEN(input => t.b) f",
        "FROM t |> WHERE a = 1 |> SELECT a",
        "SELECT identifier('a') FROM identifier('t'), $1",
        "SELECT a alias, FROM t",
        "SELECT EXTRACT('year', d), INTERVAL '1' DAY, INTERVAL 1 DAY FROM t",
    ];

    fn agree<D: Dialect + Any + Copy>(plain: D) {
        for text in QUERIES {
            let trees = [&plain as &dyn Dialect, &Queries(plain)].map(|dialect| {
                Parser::new(dialect).try_with_sql(text).and_then(|mut parser| parser.parse_statements())
            });
            assert_eq!(trees[0], trees[1], "{plain:?}: {text}");
        }
    }

    #[test]
    fn a_dialect_parses_queries_alike_without_its_statements() {
        agree(MsSqlDialect {});
        agree(SnowflakeDialect);
        agree(BigQueryDialect);
    }
}
