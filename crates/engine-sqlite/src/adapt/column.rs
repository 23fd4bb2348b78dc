//! The columns of CREATE TABLE.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{
    build,
    names::last_ident,
    printer::{self, Style, verbatim_ident},
    types::{SqlType, is_serial},
    typing::Type,
};
use phantomdb_values::boolean;
use sqlparser::{
    ast::{
        CheckConstraint, ColumnDef, ColumnOption, ColumnOptionDef, DataType, Expr, GeneratedAs,
        GeneratedExpressionMode, Ident, ObjectName, PrimaryKeyConstraint, Spanned, UnaryOperator, Value,
        ValueWithSpan,
    },
    tokenizer::Token,
};

use super::{
    adapter::Adapter,
    clock::{CLOCK_IN_INDEX, refuse_clock},
    collations::BYTE_ORDERS,
    constraint::Naming,
    groups::contains_aggregate,
    literal::string_of,
    readable::check_string,
    target::Target,
    typed::Origin,
};
use crate::{
    functions::convert,
    source_expressions::SourceExpression,
    stored::{ENUM_MARK, KEY_MARK, TYPE_MARK},
    types,
};

/// A column while its options are adapted.
struct Column<'n> {
    name: String,
    data_type: SqlType,
    /// True when SQLite numbers the rows.
    identity: bool,
    naming: &'n mut Naming,
    options: Vec<ColumnOptionDef>,
}

impl Column<'_> {
    fn push(&mut self, name: Option<Ident>, option: ColumnOption) {
        self.options.push(ColumnOptionDef { name, option });
    }

    /// The name of a constraint: the user's, or else PostgreSQL's.
    fn name_of(&mut self, given: Option<Ident>, own: &mut Option<Ident>, suffix: &str) -> Option<Ident> {
        let columns = [self.name.clone()];
        Some(self.naming.keep_or_name(given.or_else(|| own.take()), &columns, suffix))
    }

    fn target(&self) -> Target {
        Target::of_new_column(&self.naming.table, &self.name, self.data_type.clone())
    }
}

impl Adapter<'_> {
    /// Adapts the definition of a column. `in_key` is true for a column of a key of several columns.
    pub(super) fn column_definition(
        &mut self,
        column: &mut ColumnDef,
        naming: &mut Naming,
        in_key: bool,
    ) -> Result<()> {
        let ColumnDef { name, data_type: declared, options } = column;
        let span = name.span;
        let data_type = SqlType::from_ast(declared).map_err(|error| self.at(error, span))?;
        let has = |wanted: fn(&ColumnOption) -> bool| options.iter().any(|option| wanted(&option.option));
        let identity = is_serial(declared) || has(is_identity);
        let key = has(|option| matches!(option, ColumnOption::PrimaryKey(_)));
        let not_null = has(|option| matches!(option, ColumnOption::NotNull));
        if identity && !key {
            return self.unsupported("an identity column that is not the whole primary key", span);
        }
        if identity && !data_type.is_integer() {
            return self.unsupported("an identity column that is not an integer", span);
        }
        let mut adapted =
            Column { name: name.value.clone(), data_type, identity, naming, options: Vec::new() };
        if identity && adapted.data_type != SqlType::Integer {
            let mark = format!("{TYPE_MARK}{}", adapted.data_type.name());
            adapted.push(Some(Ident::with_quote('"', mark)), ColumnOption::NotNull);
        } else if key && !identity && adapted.data_type == SqlType::Integer {
            adapted.push(Some(Ident::with_quote('"', KEY_MARK)), ColumnOption::NotNull);
        } else if not_null || (key && !identity) || in_key {
            adapted.push(None, ColumnOption::NotNull);
        }
        for ColumnOptionDef { name, option } in std::mem::take(options) {
            self.column_option(&mut adapted, name, option)?;
        }
        if let SqlType::Enum(values) = &adapted.data_type {
            let check = enum_check(name, values);
            adapted.push(Some(Ident::with_quote('"', format!("{ENUM_MARK}{}", name.value))), check);
        }
        if let Some(collation) = types::collation(&adapted.data_type) {
            let collation = ObjectName::from(vec![verbatim_ident(collation)]);
            adapted.push(None, ColumnOption::Collation(collation));
        }
        let sqlite_type = if identity { "INTEGER".to_owned() } else { types::declared(&adapted.data_type) };
        *declared = DataType::Custom(ObjectName::from(vec![verbatim_ident(sqlite_type)]), Vec::new());
        *options = adapted.options;
        Ok(())
    }

    fn column_option(
        &mut self,
        column: &mut Column<'_>,
        name: Option<Ident>,
        option: ColumnOption,
    ) -> Result<()> {
        match option {
            // `column_definition` has looked at these.
            ColumnOption::Null | ColumnOption::NotNull => {}
            ColumnOption::Generated {
                generated_as,
                sequence_options,
                generation_expr,
                generation_expr_mode,
                generated_keyword: _,
            } => {
                let has_options = sequence_options.is_some_and(|options| !options.is_empty());
                let span = name.map_or_else(sqlparser::tokenizer::Span::empty, |name| name.span);
                self.refuse(&[(has_options, "an option of an identity column")], || span)?;
                if let Some(expr) = generation_expr {
                    let generated = self.generated(column, generated_as, expr, generation_expr_mode)?;
                    column.push(None, generated);
                }
            }
            ColumnOption::Default(expr) => {
                let expr = self.column_default(column, expr)?;
                column.push(None, ColumnOption::Default(expr));
            }
            ColumnOption::PrimaryKey(mut key) => {
                self.refuse_key_options(&mut key)?;
                let name = column.naming.keep_or_name(name.or_else(|| key.name.take()), &[], "pkey");
                column.push(Some(name), ColumnOption::PrimaryKey(primary_key(None)));
                if column.identity {
                    let token = Token::make_keyword("AUTOINCREMENT");
                    column.push(None, ColumnOption::DialectSpecific(vec![token]));
                }
            }
            ColumnOption::Unique(mut unique) => {
                self.unique_constraint(&mut unique)?;
                let name = column.name_of(name, &mut unique.name, "key");
                unique.name = None;
                column.push(name, ColumnOption::Unique(unique));
            }
            ColumnOption::ForeignKey(mut key) => {
                let name = column.name_of(name, &mut key.name, "fkey");
                key.name = None;
                self.foreign_key(&mut key, &column.naming.table)?;
                column.push(name, ColumnOption::ForeignKey(key));
            }
            ColumnOption::Check(mut check) => {
                let name = column.name_of(name, &mut check.name, "check");
                check.name = None;
                self.check_constraint(&mut check)?;
                column.push(name, ColumnOption::Check(check));
            }
            ColumnOption::Collation(collation) => {
                if !column.data_type.in_expressions().is_text() {
                    let message =
                        format!("a column of the type {} has no collation", column.data_type.name());
                    return Err(self.at(Error::new(ErrorCode::TypeMismatch, message), collation.span()));
                }
                let name = last_ident(&collation).map(|ident| ident.value.to_ascii_lowercase());
                // The order of the bytes is SQLite's own.
                if !name.is_some_and(|name| BYTE_ORDERS.contains(&name.as_str())) {
                    column.push(None, ColumnOption::Collation(collation));
                }
            }
            other => {
                let span = other.span();
                return self.unsupported(&format!("'{other}' in a column"), span);
            }
        }
        Ok(())
    }

    /// A generated column. Its values are in the stored form of the column, as assigned values are.
    fn generated(
        &mut self,
        column: &Column<'_>,
        generated_as: GeneratedAs,
        mut expr: Expr,
        mode: Option<GeneratedExpressionMode>,
    ) -> Result<ColumnOption> {
        if generated_as != GeneratedAs::ExpStored {
            return self.unsupported("a generated column that is not STORED", expr.span());
        }
        let written = printer::print(&mut build::unnested(&expr).clone(), Style::Phantom)?;
        let typed = self.expr(&mut expr)?;
        let expr = column.target().assign(expr, typed)?;
        refuse_clock(&expr, CLOCK_IN_INDEX)?;
        self.source_expressions.extend(SourceExpression::of(build::unnested(&expr), written)?);
        Ok(ColumnOption::Generated {
            generated_as,
            sequence_options: None,
            generation_expr: Some(expr),
            generation_expr_mode: mode,
            generated_keyword: true,
        })
    }

    /// A default as a value of its column, converted as on assignment.
    fn converted_default(&mut self, column: &Column<'_>, mut expr: Expr) -> Result<Expr> {
        let typed = self.expr(&mut expr)?;
        let (target, data_type) = (column.target(), &column.data_type);
        let wanted = data_type.in_expressions();
        if typed.is_unknown() {
            let Some(text) = string_of(&expr) else { return Ok(expr) };
            check_string(text, wanted).map_err(|error| target.refused(error))?;
            return Ok(if wanted == Type::Boolean { boolean_literal(boolean::parse(text)?) } else { expr });
        }
        // SQLite checks neither the range nor the length of a column, and does not round to its digits.
        let is_stored = typed.origin == Origin::Literal && typed.data_type == wanted && !has_limit(data_type);
        if is_stored { Ok(expr) } else { target.assign(expr, typed) }
    }

    fn column_default(&mut self, column: &Column<'_>, mut expr: Expr) -> Result<Expr> {
        let written = printer::print(&mut build::unnested(&expr).clone(), Style::Phantom)?;
        if contains_aggregate(&expr) {
            let message = "an aggregate cannot stand in a default";
            return Err(self.at(Error::new(ErrorCode::SyntaxError, message), expr.span()));
        }
        if column.data_type == SqlType::Boolean
            && let Some(number) = build::number_of(&expr)
        {
            // On PostgreSQL, too, a number is such a default.
            expr = boolean_literal(number.parse() != Ok(0.0));
        }
        // Such a number is stored in the form of its column.
        if !build::number_of(&expr).is_some_and(|number| is_number_of(&number, &column.data_type)) {
            expr = self.converted_default(column, expr)?;
        }
        let expr = stored_default(&column.target(), &column.data_type, expr)?;
        // The catalog describes a literal in the form of its column.
        if !matches!(expr, Expr::Value(_)) {
            self.source_expressions.extend(SourceExpression::of(build::unnested(&expr), written)?);
        }
        Ok(expr)
    }
}

/// True for `GENERATED … AS IDENTITY`.
fn is_identity(option: &ColumnOption) -> bool {
    matches!(
        option,
        ColumnOption::Generated {
            generated_as: _,
            sequence_options: _,
            generation_expr: None,
            generation_expr_mode: _,
            generated_keyword: _,
        }
    )
}

/// A PRIMARY KEY without options.
pub(super) fn primary_key(name: Option<Ident>) -> PrimaryKeyConstraint {
    PrimaryKeyConstraint {
        name,
        index_name: None,
        index_type: None,
        columns: Vec::new(),
        include: Vec::new(),
        index_options: Vec::new(),
        characteristics: None,
    }
}

/// The check of an ENUM column, from which the catalog reads the values again.
fn enum_check(column: &Ident, values: &[String]) -> ColumnOption {
    let list = values.iter().map(printer::literal).collect();
    let expr = Expr::InList { expr: Box::new(Expr::Identifier(column.clone())), list, negated: false };
    ColumnOption::Check(CheckConstraint {
        name: None,
        expr: Box::new(expr),
        no_inherit: false,
        enforced: None,
    })
}

/// True for a number that a column of the type stores as it is written.
fn is_number_of(number: &str, data_type: &SqlType) -> bool {
    match data_type {
        SqlType::Decimal(Some(_)) | SqlType::Real | SqlType::Float | SqlType::Double => true,
        _ if data_type.is_integer() => {
            let limit = 1_i128 << (data_type.bits() - 1);
            number.parse().is_ok_and(|number: i128| (-limit..limit).contains(&number))
        }
        _ => false,
    }
}

/// True for a type that does not take every value of its kind.
fn has_limit(data_type: &SqlType) -> bool {
    matches!(data_type, SqlType::Decimal(_) | SqlType::Varchar(Some(_)) | SqlType::Char(Some(_)))
        || data_type.decimals().is_some()
        || data_type.is_integer()
}

fn boolean_literal(value: bool) -> Expr {
    Expr::value(Value::Boolean(value))
}

/// The text of a string literal.
fn text_of(expr: &Expr) -> Option<&str> {
    match build::unnested(expr) {
        Expr::Value(ValueWithSpan { value, span: _ }) => printer::string_of(value),
        _ => None,
    }
}

/// The default in the stored form of its column. SQLite wants parentheses around what is no literal.
fn stored_default(target: &Target, data_type: &SqlType, expr: Expr) -> Result<Expr> {
    if let SqlType::Decimal(Some((precision, scale))) = data_type {
        // SQLite would read the number as a float, and lose its trailing zeros.
        if let Some(text) = build::number_of(&expr) {
            return convert::decimal_literal(&text, *precision, *scale);
        }
        // `assign_literal` refuses a text that is no number, and names the column.
        if let Some(text) = text_of(&expr)
            && let Ok(stored) = convert::decimal_literal(text, *precision, *scale)
        {
            return Ok(stored);
        }
    }
    let stored = target.assign_literal(expr)?;
    Ok(match stored {
        Expr::Nested(_) => stored,
        Expr::Value(ValueWithSpan { value: Value::Number(ref text, _), span: _ })
            if text.starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            Expr::Nested(Box::new(stored))
        }
        Expr::Value(_) => stored,
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr: ref inner }
            if matches!(inner.as_ref(), Expr::Value(_)) =>
        {
            stored
        }
        other => Expr::Nested(Box::new(other)),
    })
}
