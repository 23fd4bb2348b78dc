//! Prints a tree. Every identifier is quoted and every literal is escaped by the rules of this module.
//!
//! sqlparser prints a string as if it might already be escaped, so that the four characters `\' x` would be printed
//! unchanged and end the literal early. Here, identifiers and literals are turned into text on the tree, and sqlparser's
//! printer only copies them.

use std::{fmt::Write as _, ops::ControlFlow};

use crate::walk::{Node, walk};
use phantomdb_protocol::{Error, ErrorCode, ddl::push_quoted};
use sqlparser::ast::{
    AccessExpr, ArrayElemTypeDef, DataType, Expr, Ident, ObjectName, ObjectNamePart, Statement, TableFactor,
    UnaryOperator, UtilityOption, Value, ValueWithSpan, VisitorMut,
};

/// Marks an identifier that is printed as it is: the name of a function, or SQL that this crate wrote.
const PRINTED_AS_IS: char = '\u{1}';

/// `"a""b"`.
pub fn quote_identifier(name: &str) -> String {
    quoted(name, '"')
}

/// `'it''s'`.
pub fn quote_literal(text: &str) -> String {
    quoted(text, '\'')
}

fn quoted(text: &str, quote: char) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    push_quoted(&mut quoted, text, quote);
    quoted
}

/// An identifier whose text is SQL already, printed as it is.
pub fn verbatim_ident(sql: impl Into<String>) -> Ident {
    Ident { value: sql.into(), quote_style: Some(PRINTED_AS_IS), span: sqlparser::tokenizer::Span::empty() }
}

/// True for an identifier that is printed as it is.
pub fn is_verbatim(ident: &Ident) -> bool {
    ident.quote_style == Some(PRINTED_AS_IS)
}

/// An expression whose text is SQL already, printed as it is.
pub fn verbatim_expr(sql: impl Into<String>) -> Expr {
    Expr::value(Value::Number(sql.into(), false))
}

/// A string literal.
pub fn literal(text: impl Into<String>) -> Expr {
    Expr::value(Value::SingleQuotedString(text.into()))
}

/// The SQL of an engine, where parameters and bytes are written in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// PhantomDB SQL itself: `$1`, `X'00'`.
    Phantom,
    /// `?1`, `X'00'`.
    Sqlite,
    /// `$1`, `'\x00'::bytea`.
    Postgres,
}

/// Quotes and escapes everything in the tree, and prints it.
pub fn print<T: Node + std::fmt::Display>(tree: &mut T, style: Style) -> Result<String, Error> {
    walk(tree, &mut QuotingVisitor(style))?;
    let mut sql = String::with_capacity(256);
    write!(sql, "{tree}").map_err(|_| Error::internal("the statement could not be written"))?;
    Ok(sql)
}

/// True when the text of an expression, whose parts have been prepared, begins with a character of operators.
fn begins_with_operator(expr: &Expr) -> bool {
    /// Takes the first character, and stops the printing.
    struct First(Option<char>);

    impl std::fmt::Write for First {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0 = text.chars().next();
            if self.0.is_some() { Err(std::fmt::Error) } else { Ok(()) }
        }
    }

    let mut first = First(None);
    // It stops with an error on purpose.
    let _ = write!(first, "{expr}");
    first.0.is_some_and(|first| "+-*/<>=~!@#%^&|`?".contains(first))
}

fn nest(expr: &mut Expr) {
    *expr = Expr::Nested(Box::new(std::mem::replace(expr, verbatim_expr(""))));
}

struct QuotingVisitor(Style);

impl VisitorMut for QuotingVisitor {
    type Break = Error;

    fn pre_visit_statement(&mut self, statement: &mut Statement) -> ControlFlow<Error> {
        match statement {
            Statement::CreateTable(create) => {
                create.columns.iter_mut().for_each(|column| leave_type(&mut column.data_type));
            }
            Statement::Explain {
                options: Some(options),
                describe_alias: _,
                analyze: _,
                verbose: _,
                query_plan: _,
                estimate: _,
                statement: _,
                format: _,
            } => options.iter_mut().for_each(leave_option),
            // Every name in any other statement is an identifier.
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_ident(&mut self, ident: &mut Ident) -> ControlFlow<Error> {
        if ident.quote_style != Some(PRINTED_AS_IS) {
            if ident.value.contains('\0') {
                return ControlFlow::Break(nul());
            }
            ident.value = quote_identifier(&ident.value);
        }
        ident.quote_style = None;
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Error> {
        if let TableFactor::Table {
            name,
            args: Some(_),
            // The walk comes to these by itself.
            alias: _,
            with_hints: _,
            version: _,
            with_ordinality: _,
            partitions: _,
            json_path: _,
            sample: _,
            index_hints: _,
        } = factor
        {
            leave_function(name);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        match expr {
            Expr::Function(function) => leave_function(&mut function.name),
            Expr::Cast { data_type, kind: _, expr: _, format: _ } => leave_type(data_type),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        // The tree prints no space between the two: `- -5` would be a comment, and `@ -5` has an operator `@-`.
        if let Expr::UnaryOp { op, expr: operand } = expr
            && *op != UnaryOperator::Not
            && begins_with_operator(operand)
        {
            nest(operand);
        }
        // The tree prints no space before the point: `1."x"` would be the number `1.` under another name.
        if let Expr::CompoundFieldAccess { root, access_chain } = expr
            && let (Expr::Value(_), Some(AccessExpr::Dot(_))) = (root.as_ref(), access_chain.first())
        {
            nest(root);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<Error> {
        match literal_text(&value.value, self.0) {
            Ok(Some(sealed)) => value.value = Value::Number(sealed, false),
            Ok(None) => {}
            Err(error) => return ControlFlow::Break(error),
        }
        ControlFlow::Continue(())
    }
}

/// The name of a function stays as it is written: in quotes PostgreSQL would look for it in that case.
fn leave_function(name: &mut ObjectName) {
    if let [ObjectNamePart::Identifier(ident)] = name.0.as_mut_slice() {
        leave(ident);
    }
}

/// The name of a type is not an identifier: in quotes it would be another type.
fn leave_type(data_type: &mut DataType) {
    match data_type {
        DataType::Custom(name, _) => {
            for part in &mut name.0 {
                if let ObjectNamePart::Identifier(ident) = part {
                    leave(ident);
                }
            }
        }
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => leave_type(element),
        _ => {}
    }
}

/// The name of an option is not an identifier, and neither is a word that is its value: `FORMAT JSON`, `BUFFERS OFF`.
fn leave_option(UtilityOption { name, arg }: &mut UtilityOption) {
    leave(name);
    if let Some(Expr::Identifier(word)) = arg {
        leave(word);
    }
}

/// Leaves a name that was written without quotes, and needs none, without them.
fn leave(ident: &mut Ident) {
    if ident.quote_style.is_none()
        && ident.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        ident.quote_style = Some(PRINTED_AS_IS);
    }
}

/// The text of a literal that has to be quoted or respelled. None when it is printed as it is.
fn literal_text(value: &Value, style: Style) -> Result<Option<String>, Error> {
    Ok(match value {
        Value::Number(text, _) => Some(text.clone()),
        Value::Null | Value::Boolean(_) => None,
        Value::HexStringLiteral(hex) => {
            if hex.len() % 2 != 0 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(Error::new(ErrorCode::SyntaxError, format!("X'{hex}' is not hexadecimal")));
            }
            Some(match style {
                Style::Phantom | Style::Sqlite => format!("X'{hex}'"),
                Style::Postgres => format!("'\\x{hex}'::bytea"),
            })
        }
        Value::Placeholder(name) => Some(placeholder(name, style)?),
        other => match string_of(other) {
            Some(text) if text.contains('\0') => return Err(nul()),
            Some(text) => Some(quote_literal(text)),
            None => return Err(Error::unsupported(format!("the literal {other} is not supported"))),
        },
    })
}

/// The characters of a string literal, however it was written.
pub fn string_of(value: &Value) -> Option<&str> {
    match value {
        Value::SingleQuotedString(text)
        | Value::EscapedStringLiteral(text)
        | Value::UnicodeStringLiteral(text)
        | Value::NationalStringLiteral(text) => Some(text),
        Value::DollarQuotedString(quoted) => Some(&quoted.value),
        _ => None,
    }
}

/// The most parameters of a statement, which is what SQLite binds.
pub const PARAMETERS_MAX: usize = 32_766;

/// The number of `$n`. Fails with `TOO_LARGE` beyond the most that a statement has.
pub fn parameter_number(name: &str) -> Result<usize, Error> {
    let number = name.strip_prefix('$').and_then(|digits| digits.parse::<usize>().ok());
    match number {
        Some(number @ 1..=PARAMETERS_MAX) => Ok(number),
        Some(number) if number > PARAMETERS_MAX => Err(Error::new(
            ErrorCode::TooLarge,
            format!(
                "a statement has at most {PARAMETERS_MAX} parameters, and this one has '{name}'; pass a list as one \
                 parameter, with = ANY($1) or <> ALL($1), and the rows of an INSERT beside it"
            ),
        )),
        _ => Err(Error::new(
            ErrorCode::SyntaxError,
            format!("'{name}' is not a parameter; they are $1, $2 … ${PARAMETERS_MAX}"),
        )),
    }
}

fn placeholder(name: &str, style: Style) -> Result<String, Error> {
    let mark = if style == Style::Sqlite { '?' } else { '$' };
    parameter_number(name).map(|number| format!("{mark}{number}"))
}

fn nul() -> Error {
    Error::new(ErrorCode::TypeMismatch, "a NUL character cannot be stored in a string or a name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse_stored;

    #[test]
    fn the_words_of_an_option_are_not_quoted() {
        let written = "EXPLAIN (ANALYZE, buffers off, FORMAT JSON) SELECT x";
        let printed = print(&mut parse_stored(written).unwrap(), Style::Postgres).unwrap();
        assert_eq!(printed, r#"EXPLAIN (ANALYZE, buffers off, FORMAT JSON) SELECT "x""#);
    }

    #[test]
    fn a_field_of_a_number_is_no_name_of_the_number() {
        for (written, expected) in [
            ("SELECT 1 .x", r#"SELECT (1)."x""#),
            ("SELECT 1 .x.y", r#"SELECT (1)."x"."y""#),
            ("SELECT 1.5 .x + 2", r#"SELECT (1.5)."x" + 2"#),
            ("SELECT $1 .x", r#"SELECT ($1)."x""#),
            ("SELECT (1).x", r#"SELECT (1)."x""#),
            ("SELECT a.x, (a).x", r#"SELECT "a"."x", ("a")."x""#),
        ] {
            let printed = print(&mut parse_stored(written).unwrap(), Style::Phantom).unwrap();
            assert_eq!(printed, expected, "{written}");
            assert_eq!(print(&mut parse_stored(&printed).unwrap(), Style::Phantom).unwrap(), expected);
        }
    }
}
