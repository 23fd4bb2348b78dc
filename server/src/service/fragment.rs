//! The pieces of SQL a structured call carries: a condition, an order, a list of columns, an expression, a type.
//! Each is parsed as exactly one of its kind and printed again, so that nothing else can ride along, and remembered
//! by its text, so that the same piece costs one look-up the next time.

use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex, PoisonError},
};

use hashlink::LruCache;
use phantomdb_protocol::{Error, ErrorCode, Result, Value, ddl::push_identifier};
use sqlparser::{
    ast::{
        DataType, Expr, Ident, SetExpr, Statement, UnaryOperator, Value as Literal, ValueWithSpan, VisitMut,
        VisitorMut,
    },
    parser::{Parser, ParserError},
    tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace},
};

use super::lift::{LITERALS_MAX, keeps_literals, lifted};
use crate::engine::sql::PhantomDialect;
use crate::engine::sql::walk::walk;

/// Pieces of each kind that are remembered.
const REMEMBERED_MAX: usize = 1_000;
/// A longer piece is parsed each time, so that the memory stays small.
const REMEMBERED_LENGTH_MAX: usize = 16 * 1024;
/// Names and operators in one piece. They nest one inside the next, and a deep tree needs a deep stack.
const WORDS_MAX: usize = 5_000;

/// A condition whose literals became `$1…$n`, in the order of `literals`.
#[derive(Debug, PartialEq)]
pub(super) struct Condition {
    pub(super) sql: String,
    pub(super) literals: Vec<Value>,
}

/// The parsed pieces, remembered by their text.
pub(super) struct Fragments {
    conditions: Mutex<LruCache<String, Arc<Condition>>>,
    orders: Mutex<LruCache<String, Arc<String>>>,
    columns: Mutex<LruCache<String, Arc<String>>>,
}

impl Fragments {
    pub(super) fn new() -> Self {
        Self {
            conditions: Mutex::new(LruCache::new(REMEMBERED_MAX)),
            orders: Mutex::new(LruCache::new(REMEMBERED_MAX)),
            columns: Mutex::new(LruCache::new(REMEMBERED_MAX)),
        }
    }

    pub(super) fn condition(&self, text: &str) -> Result<Arc<Condition>> {
        remembered(&self.conditions, text, condition)
    }

    pub(super) fn order_by(&self, text: &str) -> Result<Arc<String>> {
        remembered(&self.orders, text, order_by)
    }

    pub(super) fn columns(&self, text: &str) -> Result<Arc<String>> {
        remembered(&self.columns, text, columns)
    }
}

fn remembered<T>(
    cache: &Mutex<LruCache<String, Arc<T>>>,
    text: &str,
    parse: impl FnOnce(&str) -> Result<T>,
) -> Result<Arc<T>> {
    let lock = || cache.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lock().get(text) {
        return Ok(Arc::clone(known));
    }
    let parsed = Arc::new(parse(text)?);
    if text.len() <= REMEMBERED_LENGTH_MAX {
        lock().insert(text.to_owned(), Arc::clone(&parsed));
    }
    Ok(parsed)
}

fn condition(text: &str) -> Result<Condition> {
    let mut expression = parse_whole(text, "condition", "expression", Parser::parse_expr)?;
    let mut visitor = Fragment { what: "condition", kept: 0, literals: Some(Vec::new()) };
    visitor.check(&mut expression)?;
    let literals = visitor.literals.unwrap_or_default();
    if literals.len() > LITERALS_MAX {
        // More values than a statement may have: this one text is a statement of its own.
        return Ok(Condition { sql: self::expression(text, "condition")?, literals: Vec::new() });
    }
    Ok(Condition { sql: printed(&mut expression)?, literals })
}

fn order_by(text: &str) -> Result<String> {
    let mut list = parse_whole(text, "orderBy", "list of columns or expressions", |parser| {
        parser.parse_comma_separated(Parser::parse_order_by_expr)
    })?;
    Fragment::reading("orderBy").check(&mut list)?;
    joined(&mut list)
}

fn columns(text: &str) -> Result<String> {
    let mut list = parse_whole(text, "columns", "list of columns or expressions", |parser| {
        parser.parse_comma_separated(Parser::parse_select_item)
    })?;
    Fragment::reading("columns").check(&mut list)?;
    joined(&mut list)
}

/// One expression, with its literals where they are: a default, a CHECK, a field of an index.
pub(super) fn expression(text: &str, what: &'static str) -> Result<String> {
    let mut expression = parse_whole(text, what, "expression", Parser::parse_expr)?;
    Fragment::reading(what).check(&mut expression)?;
    printed(&mut expression)
}

/// One type, as written in `CREATE TABLE`.
pub(super) fn data_type(text: &str) -> Result<String> {
    let parsed = parse_whole(text, "type", "type", Parser::parse_data_type)?;
    // The printer does not escape the strings of an ENUM; the text is what was parsed.
    Ok(if text.contains(['\'', '"']) { text.trim().to_owned() } else { parsed.to_string() })
}

fn joined<T: VisitMut + std::fmt::Display>(list: &mut [T]) -> Result<String> {
    let mut text = String::new();
    for (index, item) in list.iter_mut().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        text.push_str(&printed(item)?);
    }
    Ok(text)
}

/// The text of what was parsed. sqlparser prints strings and quoted names as if they might be escaped already, so
/// that `\' OR 1=1` would end the string that it was inside of: both become text here, and are only copied there.
fn printed<T: VisitMut + std::fmt::Display>(parsed: &mut T) -> Result<String> {
    walk(parsed, &mut Quoter)?;
    Ok(parsed.to_string())
}

struct Quoter;

impl VisitorMut for Quoter {
    type Break = Error;

    fn pre_visit_ident(&mut self, ident: &mut Ident) -> ControlFlow<Error> {
        if ident.quote_style.take().is_some() {
            let mut quoted = String::with_capacity(ident.value.len() + 2);
            if let Err(error) = push_identifier(&mut quoted, &ident.value) {
                return ControlFlow::Break(error);
            }
            ident.value = quoted;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<Error> {
        let refused = |code, message| ControlFlow::Break(Error::new(code, message));
        let text = match &value.value {
            Literal::SingleQuotedString(text)
            | Literal::EscapedStringLiteral(text)
            | Literal::UnicodeStringLiteral(text)
            | Literal::NationalStringLiteral(text) => text,
            Literal::DollarQuotedString(quoted) => &quoted.value,
            Literal::Number(..) | Literal::Placeholder(_) | Literal::Boolean(_) | Literal::Null => {
                return ControlFlow::Continue(());
            }
            Literal::HexStringLiteral(hex) if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                return ControlFlow::Continue(());
            }
            _ => return refused(ErrorCode::SyntaxError, "a literal is of a kind that PhantomDB SQL has not"),
        };
        if text.contains('\0') {
            return refused(ErrorCode::TypeMismatch, "a string cannot hold a NUL character");
        }
        // A number is printed as it stands.
        value.value = Literal::Number(format!("'{}'", text.replace('\'', "''")), false);
        ControlFlow::Continue(())
    }
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
        match at.and_then(|location| position(text, location)) {
            Some(position) => error.with_position(position),
            None => error,
        }
    };
    let tokens = Tokenizer::new(dialect, text)
        .tokenize_with_location()
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
            Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_)) => {
                return Some(("comments are not allowed in it", span.start));
            }
            Token::Placeholder(_) => {
                return Some(("parameters are not allowed in it, write the value", span.start));
            }
            Token::SemiColon => return Some(("a semicolon is not allowed in it", span.start)),
            Token::Whitespace(_)
            | Token::Comma
            | Token::Number(..)
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

/// Line and column as the number of the character, from 1.
fn position(text: &str, location: Location) -> Option<u64> {
    if location.line == 0 {
        return None;
    }
    let before: u64 = text
        .split_inclusive('\n')
        .take(usize::try_from(location.line).ok()?.checked_sub(1)?)
        .map(|line| line.chars().count() as u64)
        .sum();
    Some(before + location.column)
}

/// Refuses what a piece must not hold, and lifts literals when `literals` is there.
struct Fragment {
    what: &'static str,
    /// How many expressions around the current one keep their literals.
    kept: usize,
    literals: Option<Vec<Value>>,
}

impl Fragment {
    const fn reading(what: &'static str) -> Self {
        Self { what, kept: 0, literals: None }
    }

    fn check<T: VisitMut>(&mut self, parsed: &mut T) -> Result<()> {
        walk(parsed, self)
    }

    fn refused(&self, why: &str) -> ControlFlow<Error> {
        let message = format!("the {} must only read: {why}", self.what);
        ControlFlow::Break(Error::new(ErrorCode::SyntaxError, message))
    }

    fn lift(&mut self, expression: &mut Expr) {
        let Some(literals) = self.literals.as_mut() else { return };
        let negative = match expression {
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => matches!(
                &**expr,
                Expr::Value(literal) if matches!(literal.value, Literal::Number(..))
            ),
            _ => false,
        };
        let literal = match expression {
            Expr::UnaryOp { expr, .. } if negative => match &mut **expr {
                Expr::Value(literal) => literal,
                _ => return,
            },
            Expr::Value(literal) => literal,
            _ => return,
        };
        let Some(value) = lifted(&literal.value, negative) else { return };
        literals.push(value);
        literal.value = Literal::Placeholder(format!("${}", literals.len()));
        if negative {
            let literal = literal.clone();
            *expression = Expr::Value(literal);
        }
    }
}

impl VisitorMut for Fragment {
    type Break = Error;

    fn pre_visit_statement(&mut self, _: &mut Statement) -> ControlFlow<Error> {
        self.refused("a statement that writes is not allowed in it")
    }

    fn pre_visit_query(&mut self, query: &mut sqlparser::ast::Query) -> ControlFlow<Error> {
        if !query.locks.is_empty() {
            return self.refused("a sub-query cannot lock rows");
        }
        if matches!(&*query.body, SetExpr::Select(select) if select.into.is_some()) {
            return self.refused("a sub-query cannot select into a table");
        }
        self.kept += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut sqlparser::ast::Query) -> ControlFlow<Error> {
        self.kept -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Error> {
        if let Expr::Cast { data_type, .. } = expression
            && holds_text(data_type)
        {
            return self.refused("a type with strings in it is not one to cast to");
        }
        if self.kept == 0 {
            self.lift(expression);
        }
        if keeps_literals(expression) {
            self.kept += 1;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Error> {
        if keeps_literals(expression) {
            self.kept -= 1;
        }
        ControlFlow::Continue(())
    }
}

/// Whether a type is printed with strings, which the printer does not escape.
fn holds_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Custom(_, modifiers) => {
            modifiers.iter().any(|modifier| !modifier.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        }
        DataType::Array(_) => data_type.to_string().contains(['\'', '\\']),
        DataType::Enum(..) | DataType::Set(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifted_condition(text: &str) -> (String, Vec<Value>) {
        let Condition { sql, literals } = condition(text).unwrap();
        (sql, literals)
    }

    #[test]
    fn it_lifts_the_literals_of_comparisons_so_that_the_text_is_the_same_for_each_value() {
        let (sql, literals) = lifted_condition("firstName='John' AND (age>18 OR age BETWEEN -1 AND 2.5)");
        assert_eq!(sql, "firstName = $1 AND (age > $2 OR age BETWEEN $3 AND $4)");
        assert_eq!(
            literals,
            [Value::String("John".into()), Value::Integer(18), Value::Integer(-1), Value::Float(2.5)]
        );
        assert_eq!(sql, lifted_condition("firstName='O''Hara' AND (age>1 OR age BETWEEN -8 AND 2.0)").0);
    }

    #[test]
    fn it_lifts_each_value_of_in_and_the_pattern_of_like() {
        let (sql, literals) = lifted_condition(r#""a" IN (1, 'x', NULL, TRUE) AND b NOT LIKE 'J%'"#);
        assert_eq!(sql, r#""a" IN ($1, $2, NULL, true) AND b NOT LIKE $3"#);
        assert_eq!(literals, [Value::Integer(1), Value::String("x".into()), Value::String("J%".into())]);
    }

    #[test]
    fn it_leaves_literals_that_have_a_type_or_a_meaning_of_their_own() {
        for text in [
            "a = TIMESTAMP '2026-01-01'",
            "a = X'00ff'",
            "a = CAST('{}' AS JSON)",
            "a LIKE 'x!%' ESCAPE '!'",
            "date_trunc('day', a) = b",
            "a #>> '{b,c}' = d",
            "a = 123456789012345678901234567890",
            "a = 0.1000000000000000055511151231257827",
            "1 = 1",
            "a IN (SELECT b FROM c WHERE d = 1 LIMIT 2)",
            "a IS NULL",
        ] {
            let (_, literals) = lifted_condition(text);
            assert_eq!(literals, [], "{text}");
        }
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
            assert_eq!(condition(text).unwrap().sql, text);
            assert_eq!(expression(text, "default").unwrap(), text);
            assert_eq!(columns(text).unwrap(), text);
            assert_eq!(order_by(text).unwrap(), text);
        }
        assert_eq!(condition(r"f(E'\'x') = g($$a'b$$)").unwrap().sql, "f('''x') = g('a''b')");
        assert_eq!(data_type(r"ENUM('a\','b''c')").unwrap(), r"ENUM('a\','b''c')");
        assert!(condition("CAST(a AS ENUM('x')) = b").is_err());
        assert!(condition("CAST(a AS t('1) OR (1=1')) = b").is_err());
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
            r#"createdAt DESC, "b" ASC NULLS LAST"#
        );
        assert_eq!(columns(r#"*, "a" AS b, count(*)"#).unwrap(), r#"*, "a" AS b, count(*)"#);
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

    #[test]
    fn it_remembers_a_condition_by_its_text() {
        let fragments = Fragments::new();
        let first = fragments.condition("a = 1").unwrap();
        assert!(Arc::ptr_eq(&first, &fragments.condition("a = 1").unwrap()));
    }
}
