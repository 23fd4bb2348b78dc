//! The types of the columns of foreign keys. SQLite compares values of any types; PostgreSQL, and so this engine, takes a key
//! only between types that it compares.

use phantomdb_protocol::{Constraint, Error, ErrorCode, Reference, Result, TableName, TableSchema};
use phantomdb_sql::{names::same_table, types::SqlType, typing::makes_key};
use rusqlite::Connection;

use super::table_change::find_column;
use crate::{catalog, schema_rows::SchemaRows};

/// A column of a foreign key that has another type than the column that it references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnlikeColumn {
    table: TableName,
    key: Option<String>,
    column: String,
    data_type: String,
    referenced: String,
    referenced_type: String,
}

/// Fails with `TYPE_MISMATCH` when a foreign key of the table, or to it, has columns that cannot be compared, other than
/// these.
pub(super) fn refuse_unlike(conn: &Connection, table: &TableName, known: &[UnlikeColumn]) -> Result<()> {
    match unlike(conn, table)?.into_iter().find(|column| !known.contains(column)) {
        Some(column) => Err(column.error()),
        None => Ok(()),
    }
}

/// The columns that cannot be compared in the foreign keys of the table, and in those to it.
pub(super) fn unlike(conn: &Connection, table: &TableName) -> Result<Vec<UnlikeColumn>> {
    let mut found = Vec::new();
    let rows = &SchemaRows::read(conn)?;
    // A table that another program made need not be readable.
    let Ok(own) = catalog::find_table_in(conn, rows, table) else { return Ok(found) };
    for (key, columns, reference) in keys(&own) {
        if same_table(&reference.table, &own.table) {
            add_unlike(&mut found, &own, key, columns, &own, reference);
        } else if let Ok(parent) = catalog::find_table_in(conn, rows, &reference.table) {
            add_unlike(&mut found, &own, key, columns, &parent, reference);
        }
    }
    for name in catalog::referencing(conn, rows, std::slice::from_ref(&own.table))? {
        let Ok(child) = catalog::find_table_in(conn, rows, &name) else { continue };
        for (key, columns, reference) in keys(&child) {
            if same_table(&reference.table, &own.table) {
                add_unlike(&mut found, &child, key, columns, &own, reference);
            }
        }
    }
    Ok(found)
}

fn keys(table: &TableSchema) -> impl Iterator<Item = (Option<&str>, &[String], &Reference)> {
    table.constraints.iter().filter_map(|constraint| match constraint {
        Constraint::ForeignKey { name, columns, references } => {
            Some((name.as_deref(), columns.as_slice(), references))
        }
        _ => None,
    })
}

fn add_unlike(
    found: &mut Vec<UnlikeColumn>,
    child: &TableSchema,
    key: Option<&str>,
    columns: &[String],
    parent: &TableSchema,
    reference: &Reference,
) {
    let referenced = if reference.columns.is_empty() { &parent.primary_key } else { &reference.columns };
    for (column, referenced) in columns.iter().zip(referenced) {
        let (Some(column), Some(referenced)) = (find_column(child, column), find_column(parent, referenced))
        else {
            continue;
        };
        let (Ok(own), Ok(other)) = (SqlType::parse(&column.data_type), SqlType::parse(&referenced.data_type))
        else {
            continue;
        };
        if !makes_key(own.in_expressions(), other.in_expressions()) {
            found.push(UnlikeColumn {
                table: child.table.clone(),
                key: key.map(str::to_owned),
                column: column.name.clone(),
                data_type: column.data_type.clone(),
                referenced: format!("\"{}\".\"{}\"", parent.table, referenced.name),
                referenced_type: referenced.data_type.clone(),
            });
        }
    }
}

impl UnlikeColumn {
    fn error(self) -> Error {
        let Self { table, key, column, data_type, referenced, referenced_type } = self;
        let key = key.unwrap_or_default();
        let message = format!(
            "the foreign key \"{key}\" of \"{table}\" cannot be made: \"{column}\" has the type {data_type}, and \
             {referenced} has the type {referenced_type}; give both the same type"
        );
        Error::new(ErrorCode::TypeMismatch, message)
            .with_table(table.to_string())
            .with_columns([column])
            .with_constraint(key)
    }
}
