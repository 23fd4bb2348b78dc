//! Reads the text of a definition: a table's columns and constraints, an index's fields.

use std::ops::ControlFlow;

use phantomdb_protocol::{ColumnDefinition, Constraint, Error, IndexField, Result, TableName, TableSchema};
use phantomdb_sql::alter_table::reference;
use phantomdb_sql::describe::apply_constraints;
use phantomdb_sql::names::index_columns;
use phantomdb_sql::parse::parse_stored;
use phantomdb_sql::printer::quote_literal;
use phantomdb_sql::walk::each_expression;
use sqlparser::ast::{
    ColumnDef, ColumnOption, CreateTable, Expr, Ident, Statement, TableConstraint, Value, ValueWithSpan,
};

use crate::functions::arrays::assign::notation;
use crate::stored;
use crate::types::{self, SqlType};

pub(crate) fn parse(sql: &str) -> Result<CreateTable> {
    match parse_stored(sql)? {
        Statement::CreateTable(create) => Ok(create),
        _ => Err(Error::internal("the definition of a table was expected")),
    }
}

/// Gives constraints without a name the name that PostgreSQL would give them.
pub(super) fn name_constraints(create: &mut CreateTable, table: &str) {
    let set = |name: &mut Option<Ident>, columns: &[String], suffix: &str| {
        if name.is_none() {
            let parts: Vec<&str> =
                std::iter::once(table).chain(columns.iter().map(String::as_str)).chain([suffix]).collect();
            *name = Some(Ident::with_quote('"', parts.join("_")));
        }
    };
    for column in &mut create.columns {
        let columns = [column.name.value.clone()];
        for option in &mut column.options {
            match &option.option {
                ColumnOption::PrimaryKey(_) => set(&mut option.name, &[], "pkey"),
                ColumnOption::Unique(_) => set(&mut option.name, &columns, "key"),
                ColumnOption::ForeignKey(_) => set(&mut option.name, &columns, "fkey"),
                ColumnOption::Check(_) => set(&mut option.name, &columns, "check"),
                _ => {}
            }
        }
    }
    for constraint in &mut create.constraints {
        match constraint {
            TableConstraint::PrimaryKey(key) => set(&mut key.name, &[], "pkey"),
            TableConstraint::Unique(unique) => {
                let columns = index_columns(&unique.columns);
                set(&mut unique.name, &columns, "key");
            }
            TableConstraint::ForeignKey(key) => {
                let columns: Vec<String> = key.columns.iter().map(|column| column.value.clone()).collect();
                set(&mut key.name, &columns, "fkey");
            }
            TableConstraint::Check(check) => set(&mut check.name, &[], "check"),
            _ => {}
        }
    }
}

pub(super) fn from_definition(name: &TableName, create: &mut CreateTable) -> Result<TableSchema> {
    name_constraints(create, &name.name);
    let mut schema = TableSchema {
        table: name.clone(),
        columns: Vec::with_capacity(create.columns.len()),
        primary_key: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        comment: None,
    };
    for column in &mut create.columns {
        let column = read_column(column, &mut schema.constraints)?;
        schema.columns.push(column);
    }
    for constraint in &mut create.constraints {
        schema.constraints.push(stored::constraint_of(constraint)?);
    }
    schema.constraints.sort_by_key(|constraint| !matches!(constraint, Constraint::PrimaryKey { .. }));
    apply_constraints(&mut schema);
    Ok(schema)
}

fn read_column(column: &mut ColumnDef, constraints: &mut Vec<Constraint>) -> Result<ColumnDefinition> {
    let mut data_type = types::from_declared(&column.data_type.to_string());
    let name = column.name.value.clone();
    let integer_key = column.data_type.to_string().eq_ignore_ascii_case("INTEGER");
    let mut marked = false;
    let mut definition = ColumnDefinition::new(&name, "");
    for option in &mut column.options {
        let constraint = option.name.as_ref().map(|name| name.value.clone());
        match &mut option.option {
            ColumnOption::NotNull => {
                definition.allow_null = false;
                let mark = constraint.as_deref().unwrap_or_default();
                marked |= mark == stored::KEY_MARK;
                if let Some(declared) = mark.strip_prefix(stored::TYPE_MARK) {
                    data_type = types::from_declared(declared);
                }
            }
            ColumnOption::PrimaryKey(_) => {
                (definition.primary_key, definition.allow_null) = (true, false);
                constraints.push(Constraint::PrimaryKey { name: constraint, columns: vec![name.clone()] });
            }
            ColumnOption::Unique(_) => {
                definition.unique = true;
                constraints.push(Constraint::Unique { name: constraint, columns: vec![name.clone()] });
            }
            ColumnOption::Default(expr) => {
                let value = array_default(default_text(expr)?, &data_type);
                if constraint.is_some() {
                    let (column, value) = (name.clone(), value.clone());
                    constraints.push(Constraint::Default { name: constraint, column, value });
                }
                definition.default = Some(value);
            }
            ColumnOption::Generated { generation_expr: Some(expr), .. } => {
                definition.generated = Some(stored::print(unnested(expr))?);
            }
            ColumnOption::ForeignKey(key) => {
                let references = reference(key);
                definition.references = Some(references.clone());
                constraints.push(Constraint::ForeignKey {
                    name: constraint,
                    columns: vec![name.clone()],
                    references,
                });
            }
            ColumnOption::Check(check) => match enum_values(constraint.as_deref(), &check.expr) {
                Some(values) => data_type = SqlType::Enum(values),
                None => constraints.push(Constraint::Check {
                    name: constraint,
                    expression: stored::print(check.expr.as_mut())?,
                }),
            },
            _ => {}
        }
    }
    // SQLite numbers the rows of an INTEGER key. A mark on the column says that it is not an identity column.
    definition.auto_increment = definition.primary_key && integer_key && !marked;
    if let (SqlType::Decimal(_), Some(default)) = (&data_type, &mut definition.default) {
        // The default was quoted so that SQLite keeps every digit.
        let number = default.trim_matches('\'').to_owned();
        if number.parse::<f64>().is_ok() {
            *default = number;
        }
    }
    definition.data_type = data_type.name();
    Ok(definition)
}

/// The values of an ENUM column, read from the check that PhantomDB gives it.
fn enum_values(name: Option<&str>, expr: &Expr) -> Option<Vec<String>> {
    name.filter(|name| name.starts_with(stored::ENUM_MARK))?;
    let Expr::InList { list, .. } = expr else { return None };
    list.iter()
        .map(|item| match item {
            Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => Some(text.clone()),
            _ => None,
        })
        .collect()
}

fn unnested(expr: &mut Expr) -> &mut Expr {
    match expr {
        Expr::Nested(inner) => unnested(inner),
        other => other,
    }
}

/// The default of an array in PostgreSQL's notation, and any other one as it is.
fn array_default(default: String, data_type: &SqlType) -> String {
    let literal = default.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let (Some(element), Some(literal)) = (data_type.element(), literal) else { return default };
    match notation(&literal.replace("''", "'"), element) {
        Ok(text) => quote_literal(&text),
        Err(_) => default,
    }
}

/// The default as PhantomDB SQL.
fn default_text(expr: &mut Expr) -> Result<String> {
    let mut inner = expr.clone();
    while let Expr::Nested(nested) = inner {
        inner = *nested;
    }
    let text = stored::print(&mut inner)?;
    let compact = text.replace(", ", ",");
    Ok(match compact.as_str() {
        stored::NOW => "now()".into(),
        stored::TODAY => "CURRENT_DATE".into(),
        stored::TIME_OF_DAY => "CURRENT_TIME".into(),
        _ => text,
    })
}

pub(super) fn index_field(expr: &mut Expr, descending: bool) -> Result<IndexField> {
    let mut field = IndexField { descending, ..IndexField::default() };
    match expr {
        Expr::Identifier(ident) => field.column = Some(ident.value.clone()),
        Expr::Collate { expr, collation } => {
            field = index_field(expr, descending)?;
            field.collate =
                collation.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.clone());
        }
        other => field.expression = Some(stored::print(other)?),
    }
    Ok(field)
}

/// True when an expression of a definition uses the column.
pub(crate) fn mentions(expr: &Expr, column: &str) -> bool {
    each_expression(expr, &mut |expr| match expr {
        Expr::Identifier(ident) if ident.value.eq_ignore_ascii_case(column) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })
    .is_break()
}
