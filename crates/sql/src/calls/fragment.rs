//! The pieces of SQL a structured call carries: a condition, an order, a list of columns, an expression, a type.
//! Each is parsed as exactly one of its kind and printed again, so that no other SQL comes along with it.

use std::{fmt::Display, ops::ControlFlow, sync::Arc};

use phantomdb_protocol::{Error, ErrorCode, Result, Value};
use sqlparser::{
    ast::{DataType, Expr, Query, SetExpr, Statement, VisitorMut},
    parser::{Parser, ParserError},
    tokenizer::{Location, Token, TokenWithSpan, Whitespace},
};

use crate::SizeLimits;
use crate::calls::parameterize::{LITERALS_MAX, Lifted, lift_literals};
use crate::{
    PhantomDialect,
    lexer::tokenize,
    position::position,
    printer::{Style, print},
    walk::{Node, walk},
};

/// The most names and operators in one piece. They nest, and a deep tree needs a deep stack.
const WORDS_MAX: usize = 5_000;

/// A condition whose literals became `$1…$n`, in the order of `literals`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub sql: Arc<str>,
    pub literals: Vec<Value>,
}

/// A condition with the places of the literals that were lifted out of it.
#[derive(Debug)]
pub struct ParsedCondition {
    pub sql: Arc<str>,
    pub lifted: Vec<Lifted>,
}

impl From<ParsedCondition> for Condition {
    fn from(parsed: ParsedCondition) -> Self {
        Self { sql: parsed.sql, literals: parsed.lifted.into_iter().map(|lifted| lifted.value).collect() }
    }
}

pub fn condition(text: &str) -> Result<ParsedCondition> {
    let mut expression = parse_expression(text, "condition")?;
    let lifted = lift_literals(&mut expression)?;
    if lifted.len() > LITERALS_MAX {
        // More values than a statement may have: this one text is a statement of its own.
        return Ok(ParsedCondition { sql: self::expression(text, "condition")?.into(), lifted: Vec::new() });
    }
    Ok(ParsedCondition { sql: print(&mut expression, Style::Phantom)?.into(), lifted })
}

pub fn order_by(text: &str) -> Result<String> {
    let mut list = parse_whole(text, "orderBy", "list of columns or expressions", |parser| {
        parser.parse_comma_separated(Parser::parse_order_by_expr)
    })?;
    walk(&mut list, &mut ReadOnlyVisitor { what: "orderBy" })?;
    joined(&mut list)
}

pub fn columns(text: &str) -> Result<String> {
    let mut list = parse_whole(text, "columns", "list of columns or expressions", |parser| {
        parser.parse_comma_separated(Parser::parse_select_item)
    })?;
    walk(&mut list, &mut ReadOnlyVisitor { what: "columns" })?;
    joined(&mut list)
}

/// Parses one expression and leaves its literals in place: a default, a CHECK, a field of an index.
pub fn expression(text: &str, what: &'static str) -> Result<String> {
    print(&mut parse_expression(text, what)?, Style::Phantom)
}

fn parse_expression(text: &str, what: &'static str) -> Result<Expr> {
    let mut expression = parse_whole(text, what, "expression", Parser::parse_expr)?;
    walk(&mut expression, &mut ReadOnlyVisitor { what })?;
    Ok(expression)
}

/// Parses one type, as written in `CREATE TABLE`.
pub fn data_type(text: &str) -> Result<String> {
    let parsed = parse_whole(text, "type", "type", Parser::parse_data_type)?;
    // The printer does not escape the strings of an ENUM; the text is what was parsed.
    Ok(if text.contains(['\'', '"']) { text.trim().to_owned() } else { parsed.to_string() })
}

fn joined<T: Node + Display>(list: &mut [T]) -> Result<String> {
    let mut text = String::new();
    for (index, item) in list.iter_mut().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        text.push_str(&print(item, Style::Phantom)?);
    }
    Ok(text)
}

fn parse_whole<'a, T>(
    text: &'a str,
    what: &'static str,
    kind: &'static str,
    parse: impl FnOnce(&mut Parser<'a>) -> Result<T, ParserError>,
) -> Result<T> {
    let dialect: &'static PhantomDialect = &PhantomDialect;
    let wrong = |why: &str, at: Option<Location>| {
        let message = format!("the {what} must be one SQL {kind}: {why}");
        let error = Error::new(ErrorCode::SyntaxError, message);
        match at.filter(|location| location.line > 0) {
            Some(location) => error.with_position(position(text, location)),
            None => error,
        }
    };
    SizeLimits::current().check_text(text)?;
    let tokens = tokenize(text)
        .map_err(|error| wrong("it has an unfinished string, name or number", Some(error.location)))?;
    if let Some((why, location)) = refused_token(&tokens) {
        return Err(wrong(why, Some(location)));
    }
    let mut parser = Parser::new(dialect).with_tokens_with_locations(tokens);
    let parsed = parse(&mut parser).map_err(|error| match error {
        ParserError::RecursionLimitExceeded => wrong("it is nested too deeply", None),
        _ => wrong("it cannot be read", Some(parser.peek_token_ref().span.start)),
    })?;
    let next = parser.peek_token_ref();
    if next.token != Token::EOF {
        return Err(wrong("something follows it", Some(next.span.start)));
    }
    Ok(parsed)
}

fn refused_token(tokens: &[TokenWithSpan]) -> Option<(&'static str, Location)> {
    let mut words = 0;
    for TokenWithSpan { token, span } in tokens {
        match token {
            Token::Whitespace(
                Whitespace::SingleLineComment { comment: _, prefix: _ } | Whitespace::MultiLineComment(_),
            ) => {
                return Some(("comments are not allowed in it", span.start));
            }
            Token::Placeholder(_) => {
                return Some(("parameters are not allowed in it, write the value", span.start));
            }
            Token::SemiColon => return Some(("a semicolon is not allowed in it", span.start)),
            Token::Whitespace(_)
            | Token::Comma
            | Token::Number(_, _)
            | Token::SingleQuotedString(_)
            | Token::LParen
            | Token::RParen => {}
            _ => words += 1,
        }
        if words > WORDS_MAX {
            return Some(("it has too many names and operators", span.start));
        }
    }
    None
}

/// Refuses statements that write, locks and types that the printer does not escape.
struct ReadOnlyVisitor {
    what: &'static str,
}

impl ReadOnlyVisitor {
    fn refused(&self, why: &str) -> ControlFlow<Error> {
        let message = format!("the {} must only read: {why}", self.what);
        ControlFlow::Break(Error::new(ErrorCode::SyntaxError, message))
    }
}

impl VisitorMut for ReadOnlyVisitor {
    type Break = Error;

    fn pre_visit_statement(&mut self, _: &mut Statement) -> ControlFlow<Error> {
        self.refused("a statement that writes is not allowed in it")
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        if !query.locks.is_empty() {
            return self.refused("a sub-query cannot lock rows");
        }
        if matches!(&*query.body, SetExpr::Select(select) if select.into.is_some()) {
            return self.refused("a sub-query cannot select into a table");
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Error> {
        match expression {
            Expr::Cast { data_type, kind: _, expr: _, format: _ } if holds_text(data_type) => {
                self.refused("a type with strings in it is not one to cast to")
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Returns whether a type is printed with strings, which the printer does not escape.
fn holds_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Custom(_, modifiers) => {
            modifiers.iter().any(|modifier| !modifier.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        }
        DataType::Array(_) => data_type.to_string().contains(['\'', '\\']),
        DataType::Enum(_, _) | DataType::Set(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifted_condition(text: &str) -> (String, Vec<Value>) {
        let Condition { sql, literals } = condition(text).unwrap().into();
        (sql.to_string(), literals)
    }

    #[test]
    fn it_keeps_a_list_that_is_too_long_for_parameters_as_text() {
        let list = (0..=LITERALS_MAX).map(|i| i.to_string()).collect::<Vec<_>>().join(", ");
        let (sql, literals) = lifted_condition(&format!("a IN ({list})"));
        assert_eq!(literals, []);
        assert!(sql.ends_with(&format!(", {LITERALS_MAX})")));
    }

    #[test]
    fn it_prints_strings_and_names_so_that_they_end_where_they_did() {
        for text in [
            r"f('\') OR f(' OR 1 = 1 --')",
            "f('a''''b') = g('''')",
            r"f('\\') = g('\''')",
            r#"f("a""""b") = "\" || "\""""#,
        ] {
            assert_eq!(*condition(text).unwrap().sql, *text);
            assert_eq!(expression(text, "default").unwrap(), text);
            assert_eq!(columns(text).unwrap(), text);
            assert_eq!(order_by(text).unwrap(), text);
        }
        assert_eq!(*condition(r"f(E'\'x') = g($$a'b$$)").unwrap().sql, *"f('''x') = g('a''b')");
        assert_eq!(data_type(r"ENUM('a\','b''c')").unwrap(), r"ENUM('a\','b''c')");
        assert!(condition("CAST(a AS ENUM('x')) = b").is_err());
        assert!(condition("CAST(a AS t('1) OR (1=1')) = b").is_err());
    }

    #[test]
    fn it_quotes_names_except_those_of_functions_and_types() {
        for (text, printed) in [
            ("Lower(Name) = b.c", r#"Lower("Name") = "b"."c""#),
            ("now() > CURRENT_TIMESTAMP", "now() > CURRENT_TIMESTAMP"),
            ("CAST(a AS citext) = b::CITEXT", r#"CAST("a" AS citext) = "b"::CITEXT"#),
            (r#"a::"My Type" = b::citext[]"#, r#""a"::"My Type" = "b"::citext[]"#),
            (
                "a IN (SELECT x FROM generate_series(1, 3) AS g (x))",
                r#""a" IN (SELECT "x" FROM generate_series(1, 3) AS "g" ("x"))"#,
            ),
        ] {
            assert_eq!(expression(text, "default").unwrap(), printed);
        }
    }

    #[test]
    fn it_refuses_whatever_is_not_exactly_one_expression() {
        for text in [
            "1=1; DROP TABLE x",
            "1) UNION SELECT password FROM users",
            "1 UNION SELECT 1",
            "1=1 -- x",
            "1=1 /* x */",
            "1=1 ORDER BY 1",
            "a, b",
            "",
            " ",
            "a = $1",
            "a = ?",
            "a = 'x",
            "(SELECT 1 FOR UPDATE)",
            "a IN (SELECT 1 INTO b)",
            "a IN (WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x)",
        ] {
            assert_eq!(condition(text).unwrap_err().code, ErrorCode::SyntaxError, "{text}");
        }
    }

    #[test]
    fn it_refuses_nesting_and_chains_that_would_need_a_deep_stack() {
        assert!(condition(&format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000))).is_err());
        assert!(condition(&vec!["a=1"; 100_000].join(" OR ")).is_err());
        assert!(condition(&"NOT ".repeat(100_000)).is_err());
        assert!(condition(&vec!["a=1"; 1_000].join(" OR ")).is_ok());
    }

    #[test]
    fn it_says_where_a_piece_is_wrong_without_repeating_it() {
        let error = condition("a = 1\n  AND secret = 'x' b").unwrap_err();
        assert_eq!(error.details.position, Some(26));
        assert!(!error.message.contains("secret"));
    }

    #[test]
    fn it_reads_orders_and_columns_as_lists() {
        assert_eq!(
            order_by("createdAt DESC, `b` ASC NULLS LAST").unwrap(),
            r#""createdAt" DESC, "b" ASC NULLS LAST"#
        );
        assert_eq!(columns(r#"*, "a" AS b, count(*)"#).unwrap(), r#"*, "a" AS "b", count(*)"#);
        for text in ["a LIMIT 1", "a; b", "a FROM t", "", "a,"] {
            assert!(columns(text).is_err(), "{text}");
            assert!(order_by(text).is_err(), "{text}");
        }
    }

    #[test]
    fn it_reads_types_and_nothing_after_them() {
        assert_eq!(data_type("varchar(255)").unwrap(), "VARCHAR(255)");
        assert_eq!(data_type("ENUM('a','b')").unwrap(), "ENUM('a','b')");
        assert!(data_type("INTEGER PRIMARY KEY").is_err());
        assert!(data_type("INTEGER); DROP TABLE x").is_err());
    }
}
