//! Turns PostgreSQL's text of a default, a check or an index back into PhantomDB SQL.
//!
//! PostgreSQL stores an expression with every type spelled out, and prints it like that: `'x'::character varying`,
//! `((i)::text = ANY ((ARRAY['x'::character varying])::text[]))`. What nobody wrote is removed again here.

use phantomdb_protocol::Result;
use phantomdb_sql::walk::change_expressions;
use phantomdb_sql::{
    build::{self, take},
    parse::{parse_expression, parse_stored},
    printer::{self, Style},
};
use sqlparser::ast::{
    BinaryOperator, CharacterLength, DataType, Expr, ObjectNamePart, Statement, UnaryOperator, Value,
    ValueWithSpan,
};

/// Turns an expression into PhantomDB SQL. Text that cannot be read stays as it is.
///
/// `is_text` is true for the name of a column of text, where a cast to `text` adds nothing.
pub(crate) fn to_phantom(sql: &str, is_text: &dyn Fn(&str) -> bool) -> String {
    parse(sql, is_text)
        .and_then(|mut expr| printer::print(&mut expr, Style::Phantom))
        .unwrap_or_else(|_| sql.to_owned())
}

/// The condition of `CHECK (…)`, simplified as by [`to_phantom`], as a tree.
pub(crate) fn check(definition: &str, is_text: &dyn Fn(&str) -> bool) -> Result<Expr> {
    let condition = definition.strip_prefix("CHECK ").unwrap_or(definition);
    let condition = ["NO INHERIT", "NOT VALID", "NOT ENFORCED"]
        .iter()
        .fold(condition, |text, suffix| text.trim_end().strip_suffix(suffix).unwrap_or(text));
    parse(condition, is_text)
}

/// The condition of a `CREATE INDEX` as PostgreSQL prints it. When the statement cannot be parsed, the text after WHERE is
/// read.
pub(crate) fn index_condition(definition: &str, is_text: &dyn Fn(&str) -> bool) -> Option<String> {
    match parse_stored(definition) {
        // The other parts of the index come from columns of the catalog.
        Ok(Statement::CreateIndex(create)) => {
            let mut condition = simplified(create.predicate?, is_text);
            printer::print(&mut condition, Style::Phantom).ok()
        }
        _ => definition.split_once(") WHERE ").map(|(_, condition)| to_phantom(condition, is_text)),
    }
}

fn parse(sql: &str, is_text: &dyn Fn(&str) -> bool) -> Result<Expr> {
    parse_expression(sql).map(|expr| simplified(expr, is_text))
}

fn simplified(mut expr: Expr, is_text: &dyn Fn(&str) -> bool) -> Expr {
    let simplifier = Simplifier { is_text };
    change_expressions(&mut expr, &mut |expr| simplifier.simplify(expr));
    while let Expr::Nested(inner) = &mut expr {
        expr = take(inner);
    }
    expr
}

/// The values that the check of an `ENUM` lists; none when the condition has another shape.
pub(crate) fn enum_values(condition: &Expr) -> Option<Vec<String>> {
    let text = |expr: &Expr| match expr {
        Expr::Value(ValueWithSpan { value, span: _ }) => printer::string_of(value).map(str::to_owned),
        _ => None,
    };
    match condition {
        Expr::InList { expr: _, list, negated: false } => list.iter().map(text).collect(),
        // PostgreSQL stores a list of one value as a comparison.
        Expr::BinaryOp { left: _, op: BinaryOperator::Eq, right } => text(right).map(|value| vec![value]),
        _ => None,
    }
}

/// True when the condition holds for every value of a column.
pub(crate) fn is_always(condition: &Expr) -> bool {
    let Expr::BinaryOp { left, op: BinaryOperator::Or, right } = condition else { return false };
    match (build::unnested(left), build::unnested(right)) {
        (Expr::IsNull(left), Expr::IsNotNull(right)) => left == right,
        _ => false,
    }
}

struct Simplifier<'a> {
    is_text: &'a dyn Fn(&str) -> bool,
}

impl Simplifier<'_> {
    /// Simplifies one expression, after the expressions within it.
    fn simplify(&self, expr: &mut Expr) {
        match expr {
            Expr::Cast { kind: _, expr: inner, data_type, format: None } => {
                if let Some(plain) = self.without_cast(inner, data_type) {
                    *expr = plain;
                }
            }
            Expr::Nested(inner) if is_plain(inner) => *expr = take(inner),
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, is_some: _ } => {
                if let Some(list) = elements(right) {
                    *expr = Expr::InList { expr: Box::new(take(left)), list, negated: false };
                }
            }
            Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } => {
                if let Some(list) = elements(right) {
                    *expr = Expr::InList { expr: Box::new(take(left)), list, negated: true };
                }
            }
            Expr::BinaryOp { left: _, op: _, right: _ } => write_like(expr),
            Expr::Function(function) => {
                // PostgreSQL prints neither of the two with arguments.
                if let [ObjectNamePart::Identifier(name)] = function.name.0.as_slice()
                    && ["CURRENT_TIMESTAMP", "TRANSACTION_TIMESTAMP"]
                        .iter()
                        .any(|word| name.value.eq_ignore_ascii_case(word))
                {
                    *expr = build::call("now", Vec::new());
                }
            }
            // Any other expression is shown as PostgreSQL prints it.
            _ => {}
        }
    }

    /// The value of a cast that PostgreSQL has added; none when the cast was written.
    fn without_cast(&self, inner: &mut Expr, data_type: &DataType) -> Option<Expr> {
        let named = match data_type {
            DataType::Array(_) => {
                return matches!(build::unnested(inner), Expr::Array(_)).then(|| without_parentheses(inner));
            }
            other => other,
        };
        match inner {
            Expr::Value(ValueWithSpan { value: Value::Null, span: _ }) => Some(build::null()),
            Expr::Value(ValueWithSpan { value: Value::Number(_, _), span: _ }) if is_number(named) => {
                Some(take(inner))
            }
            Expr::Value(ValueWithSpan { value, span: _ }) => literal(printer::string_of(value)?, named),
            Expr::Identifier(column) if is_any_text(named) && (self.is_text)(&column.value) => {
                Some(take(inner))
            }
            _ => None,
        }
    }
}

fn without_parentheses(expr: &mut Expr) -> Expr {
    match expr {
        Expr::Nested(inner) => without_parentheses(inner),
        other => take(other),
    }
}

/// The literal of PhantomDB SQL for the text of a value of this type.
fn literal(text: &str, data_type: &DataType) -> Option<Expr> {
    Some(match data_type {
        _ if is_number(data_type) => match text.strip_prefix('-') {
            _ if text.parse::<f64>().is_ok_and(|number| !number.is_finite()) => return None,
            Some(positive) => {
                Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(printer::verbatim_expr(positive)) }
            }
            None => printer::verbatim_expr(text),
        },
        DataType::Timestamp(_, _) => match text.parse::<jiff::Timestamp>() {
            Ok(at) if at.subsec_nanosecond() % 1_000_000 == 0 => printer::literal(format!("{at:.3}")),
            Ok(at) => printer::literal(format!("{at:.6}")),
            Err(_) => printer::literal(text),
        },
        DataType::Bytea => match text.strip_prefix("\\x") {
            Some(hex) => Expr::value(Value::HexStringLiteral(hex.to_owned())),
            None => return None,
        },
        DataType::Interval { fields: _, precision: _ } => return None,
        _ => printer::literal(text),
    })
}

fn is_number(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::SmallInt(_)
            | DataType::Int(_)
            | DataType::Integer(_)
            | DataType::BigInt(_)
            | DataType::Int8(_)
            | DataType::Numeric(_)
            | DataType::Decimal(_)
            | DataType::Real
            | DataType::DoublePrecision
            | DataType::Float(_)
            | DataType::Float8
    )
}

fn is_any_text(data_type: &DataType) -> bool {
    let unlimited = |length: &Option<CharacterLength>| length.is_none();
    match data_type {
        DataType::Text | DataType::String(None) => true,
        DataType::CharacterVarying(length) | DataType::Varchar(length) => unlimited(length),
        _ => false,
    }
}

/// True when parentheses around the expression add nothing.
fn is_plain(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Identifier(_) | Expr::Value(_) | Expr::Function(_) | Expr::Nested(_) | Expr::Array(_)
    )
}

fn elements(list: &mut Expr) -> Option<Vec<Expr>> {
    match list {
        Expr::Nested(inner) => elements(inner),
        Expr::Array(array) => Some(std::mem::take(&mut array.elem)),
        _ => None,
    }
}

/// Writes `a ~~ 'x%'` as `a LIKE 'x%'`, and likewise its negation and ILIKE.
fn write_like(expr: &mut Expr) {
    let Expr::BinaryOp { left, op, right } = expr else { return };
    let (insensitive, negated) = match op {
        BinaryOperator::PGLikeMatch => (false, false),
        BinaryOperator::PGNotLikeMatch => (false, true),
        BinaryOperator::PGILikeMatch => (true, false),
        BinaryOperator::PGNotILikeMatch => (true, true),
        _ => return,
    };
    let (value, pattern) = (Box::new(take(left)), Box::new(take(right)));
    let (any, escape_char) = (false, None);
    *expr = if insensitive {
        Expr::ILike { negated, any, expr: value, pattern, escape_char }
    } else {
        Expr::Like { negated, any, expr: value, pattern, escape_char }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sql: &str) -> String {
        to_phantom(sql, &|column| column == "name")
    }

    #[test]
    fn it_removes_what_postgresql_adds_to_an_expression() {
        for (stored, expected) in [
            ("'it''s'::character varying", "'it''s'"),
            ("'-1'::integer", "-1"),
            ("'-1.5'::numeric", "-1.5"),
            ("NULL::character varying", "NULL"),
            ("'{}'::jsonb", "'{}'"),
            ("'2026-01-02 03:04:05.5+00'::timestamp with time zone", "'2026-01-02T03:04:05.500Z'"),
            ("'10:00:00'::time without time zone", "'10:00:00'"),
            ("'\\x0aff'::bytea", "X'0aff'"),
            ("CURRENT_TIMESTAMP", "now()"),
            ("now()", "now()"),
            ("gen_random_uuid()", "gen_random_uuid()"),
            ("(1 + 1)", "1 + 1"),
            ("lower('X'::text)", "lower('X')"),
            ("lower((name)::text)", "lower(\"name\")"),
            ("((price > (0)::numeric))", "\"price\" > 0"),
            (
                "(((name)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[])))",
                "\"name\" IN ('x', 'y')",
            ),
            ("(a <> ALL (ARRAY[1, 2]))", "\"a\" NOT IN (1, 2)"),
            ("((a ~~* 'x%'::text) OR (a !~~ '^y'::text))", "(\"a\" ILIKE 'x%') OR (\"a\" NOT LIKE '^y')"),
            ("((\"createdAt\")::text = 'x'::text)", "\"createdAt\"::TEXT = 'x'"),
        ] {
            assert_eq!(shown(stored), expected, "{stored}");
        }
    }

    #[test]
    fn the_values_of_an_enum_are_read_from_its_check() {
        let values = |definition: &str| enum_values(&check(definition, &|_| true).unwrap());
        let both = Some(vec!["a".to_owned(), "it's".to_owned()]);
        assert_eq!(values("CHECK ((role = ANY (ARRAY['a'::text, 'it''s'::text])))"), both);
        assert_eq!(values("CHECK ((role IN ('a'::text, 'it''s'::text)))"), both);
        assert_eq!(values("CHECK ((role = 'a'::text)) NOT VALID"), Some(vec!["a".to_owned()]));
        assert_eq!(values("CHECK ((length(role) > 3))"), None);
    }

    #[test]
    fn the_condition_of_an_index_is_read_from_its_definition() {
        let condition = |definition: &str| index_condition(definition, &|_| true);
        assert_eq!(
            condition(
                "CREATE INDEX i ON public.t USING btree (lower((a)::text) DESC, b) WHERE ((b > 1) AND (a = 'x'::text))"
            ),
            Some("(\"b\" > 1) AND (\"a\" = 'x')".to_owned())
        );
        assert_eq!(
            condition("CREATE UNIQUE INDEX i ON public.t USING lsm (a HASH) WHERE (b > 1)").as_deref(),
            Some("\"b\" > 1")
        );
        assert_eq!(condition("CREATE INDEX i ON public.t USING btree (a)"), None);
    }

    #[test]
    fn it_recognises_a_condition_that_always_holds() {
        let always = |definition: &str| is_always(&check(definition, &|_| true).unwrap());
        assert!(always("CHECK (((b IS NULL) OR (b IS NOT NULL)))"));
        assert!(!always("CHECK (((b IS NULL) OR (a IS NOT NULL)))"));
        assert!(!always("CHECK ((b > 1))"));
    }
}
