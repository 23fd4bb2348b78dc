//! Rewrites expressions of other databases (checks, defaults, conditions of indexes) as PhantomDB SQL.

use phantomdb_protocol::{ColumnType, Error, ErrorCode, Result};
use sqlparser::{
    ast::{BinaryOperator, DataType, Expr, Function, Ident, ObjectName, Value, ValueWithSpan},
    dialect::{Dialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect},
    parser::Parser,
};

use phantomdb_sql::printer::{self, Style, quote_literal, verbatim_ident};
use phantomdb_sql::types::SqlType;
use phantomdb_sql::walk::change_expressions;

/// The dialect of the expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    Sqlite,
    Postgres,
    MySql,
}

impl Words {
    pub(crate) fn dialect(self) -> &'static dyn Dialect {
        match self {
            Self::Sqlite => &SQLiteDialect {},
            Self::Postgres => &PostgreSqlDialect {},
            Self::MySql => &MySqlDialect {},
        }
    }

    /// Returns the expression as PhantomDB SQL. `is_column` tells column names from double-quoted strings of SQLite.
    pub(crate) fn expression(self, sql: &str, is_column: &dyn Fn(&str) -> bool) -> Result<String> {
        let wrong = |error: sqlparser::parser::ParserError| {
            Error::new(ErrorCode::SyntaxError, format!("it cannot be read: {error}"))
        };
        let mut expr = Parser::new(self.dialect())
            .try_with_sql(sql)
            .and_then(|mut parser| {
                let expr = parser.parse_expr()?;
                parser.expect_token(&sqlparser::tokenizer::Token::EOF)?;
                Ok(expr)
            })
            .map_err(wrong)?;
        self.print(&mut expr, is_column)
    }

    pub(crate) fn print(self, expr: &mut Expr, is_column: &dyn Fn(&str) -> bool) -> Result<String> {
        let rewriter = Rewriter { words: self, is_column };
        change_expressions(expr, &mut |expr| rewriter.rewrite(expr));
        printer::print(expr, Style::Phantom)
    }

    /// Returns the default for a column of this type.
    pub(crate) fn default(self, sql: &str, data_type: &SqlType) -> Result<String> {
        let text = self.expression(sql, &|_| false)?;
        let value = text.trim_matches(['(', ')']);
        Ok(match data_type.column_type() {
            ColumnType::Boolean if ["0", "'0'"].contains(&value) => "false".into(),
            ColumnType::Boolean if ["1", "'1'"].contains(&value) => "true".into(),
            ColumnType::String if value.parse::<f64>().is_ok() => quote_literal(value),
            _ if data_type.is_number() && value.starts_with('\'') => value.trim_matches('\'').to_owned(),
            _ => text,
        })
    }
}

struct Rewriter<'a> {
    words: Words,
    is_column: &'a dyn Fn(&str) -> bool,
}

impl Rewriter<'_> {
    fn identifier(&self, ident: &Ident) -> Expr {
        // SQLite takes what is no column for a string.
        let is_string = self.words == Words::Sqlite && ident.quote_style == Some('"');
        let is_keyword = ident.quote_style.is_none()
            && ["CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "TRUE", "FALSE"]
                .iter()
                .any(|word| ident.value.eq_ignore_ascii_case(word));
        if is_keyword {
            return Expr::Identifier(verbatim_ident(ident.value.to_ascii_uppercase()));
        }
        if is_string && !(self.is_column)(&ident.value) {
            return Expr::value(Value::SingleQuotedString(ident.value.clone()));
        }
        Expr::Identifier(ident.clone())
    }

    fn function(&self, function: &mut Function) {
        let Some(name) = function.name.0.last().and_then(|part| part.as_ident()) else { return };
        let name = name.value.to_ascii_lowercase();
        let ours = match name.as_str() {
            "ifnull" => "coalesce",
            "char_length" | "character_length" | "len" => "length",
            "ucase" => "upper",
            "lcase" => "lower",
            // These functions are written without parentheses.
            "current_timestamp" => "CURRENT_TIMESTAMP",
            "current_date" => "CURRENT_DATE",
            "current_time" => "CURRENT_TIME",
            other => other,
        };
        function.name = ObjectName::from(vec![Ident::new(ours)]);
    }

    fn rewrite(&self, expr: &mut Expr) {
        match expr {
            Expr::Identifier(ident) => *expr = self.identifier(ident),
            // A qualified column is one of the table that the expression belongs to.
            Expr::CompoundIdentifier(parts) => {
                if let Some(last) = parts.pop() {
                    *expr = Expr::Identifier(last);
                }
            }
            Expr::Function(function) => self.function(function),
            // LIKE ignores case in SQLite and MySQL.
            Expr::Like { negated, any, expr: left, pattern, escape_char }
                if self.words != Words::Postgres =>
            {
                *expr = Expr::ILike {
                    negated: *negated,
                    any: *any,
                    expr: left.clone(),
                    pattern: pattern.clone(),
                    escape_char: escape_char.clone(),
                };
            }
            Expr::Cast { kind: _, expr: inner, data_type, format: None } if self.words == Words::Postgres => {
                let literal = matches!(inner.as_ref(), Expr::Value(_) | Expr::Array(_));
                if literal || is_text(data_type) || matches!(data_type, DataType::Custom(_, _)) {
                    *expr = inner.as_ref().clone();
                }
            }
            // PostgreSQL stores IN as = ANY.
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, is_some: _ } => {
                if let Some(list) = array_of(right) {
                    *expr = Expr::InList { expr: left.clone(), list, negated: false };
                }
            }
            Expr::Value(ValueWithSpan { value, span: _ }) => match value {
                Value::DoubleQuotedString(text) if self.words != Words::Postgres => {
                    *value = Value::SingleQuotedString(std::mem::take(text));
                }
                // `b'0'`
                Value::SingleQuotedByteStringLiteral(bits) => {
                    if let Ok(number) = u64::from_str_radix(bits, 2) {
                        *value = Value::Number(number.to_string(), false);
                    }
                }
                _ => {}
            },
            // `_utf8mb4'a'`
            Expr::Prefixed { prefix: _, value } => *expr = value.as_ref().clone(),
            _ => {}
        }
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Text | DataType::Varchar(_) | DataType::CharacterVarying(_) | DataType::Character(_)
    )
}

fn array_of(expr: &Expr) -> Option<Vec<Expr>> {
    match expr {
        Expr::Nested(inner) => array_of(inner),
        Expr::Cast { kind: _, expr, data_type: _, format: _ } => array_of(expr),
        Expr::Array(array) => Some(array.elem.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_writes_expressions_in_our_words() {
        let column = |name: &str| ["a", "Age", "kind"].contains(&name);
        for (words, theirs, ours) in [
            (Words::Sqlite, "[a] > 1 AND `Age` IS NOT NULL", "\"a\" > 1 AND \"Age\" IS NOT NULL"),
            (Words::Sqlite, "kind IN (\"x\", 'y')", "\"kind\" IN ('x', 'y')"),
            (Words::Sqlite, "a LIKE 'x%'", "\"a\" ILIKE 'x%'"),
            (Words::Sqlite, "ifnull(a, 0) == 1", "coalesce(\"a\", 0) = 1"),
            (
                Words::Postgres,
                "((kind)::text = ANY ((ARRAY['x'::character varying])::text[]))",
                "((\"kind\") IN ('x'))",
            ),
            (Words::MySql, "(`a` <> _utf8mb4'x')", "(\"a\" <> 'x')"),
            (Words::MySql, r"`a` <> '\' OR 1 = 1 -- '", r#""a" <> ''' OR 1 = 1 -- '"#),
            (Words::Sqlite, r"a <> '\' AND 'b' <> Age", r#""a" <> '\' AND 'b' <> "Age""#),
            (Words::Sqlite, "a < CURRENT_DATE", "\"a\" < CURRENT_DATE"),
        ] {
            let written = words.expression(theirs, &column).unwrap();
            assert_eq!(written.replace("((\"kind\"))", "(\"kind\")"), ours, "{theirs}");
        }
    }

    #[test]
    fn a_default_is_of_its_columns_type() {
        assert_eq!(Words::Sqlite.default("0", &SqlType::Boolean).unwrap(), "false");
        assert_eq!(Words::Sqlite.default("\"new\"", &SqlType::Text).unwrap(), "'new'");
        assert_eq!(
            Words::Sqlite.default("CURRENT_TIMESTAMP", &SqlType::Timestamp(None)).unwrap(),
            "CURRENT_TIMESTAMP"
        );
        assert_eq!(Words::Postgres.default("'a'::character varying", &SqlType::Text).unwrap(), "'a'");
        assert_eq!(Words::MySql.default("b'1'", &SqlType::Boolean).unwrap(), "true");
        assert_eq!(Words::MySql.default("'5'", &SqlType::Integer).unwrap(), "5");
    }
}
