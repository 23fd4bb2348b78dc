//! Drops tables, views, indexes and schemas. SQLite finds each of them in any case; PostgreSQL, and so this engine, by its
//! exact name, but for the tables of `DROP TABLE IF EXISTS`.

use phantomdb_protocol::{AlterOperation, Constraint, Error, ErrorCode, Result, TableName};
use phantomdb_sql::names::references;
use phantomdb_sql::printer::quote_identifier;
use rusqlite::Connection;

use super::execute::run;
use super::foreign_keys;
use super::table_change::TableChange;
use super::views;
use crate::schema_rows::{Object, SchemaRows};
use crate::stored::stored_name;
use crate::{catalog, comments, schemas, source_expressions};

/// The objects of these names that are there. Without `if_exists` each has to be. Fails when one is of another kind.
fn found(
    conn: &Connection,
    rows: &SchemaRows,
    names: &[TableName],
    wanted: Object,
    if_exists: bool,
) -> Result<Vec<TableName>> {
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let stored = stored_name(name);
        match rows.find(&stored).filter(|row| row.name == stored).map(|row| row.object) {
            Some(object) if object == wanted => found.push(name.clone()),
            Some(object) => return Err(wrong_kind(name, object, wanted)),
            None if if_exists && wanted == Object::Table => found.extend(in_another_case(conn, rows, name)?),
            None if if_exists => {}
            None if wanted == Object::Index => {
                return Err(Error::new(ErrorCode::NotFound, format!("there is no index \"{name}\"")));
            }
            None => return Err(catalog::unknown_table_or_case(conn, name)),
        }
    }
    Ok(found)
}

/// The table whose name differs in case alone. SQLite has no room for both, so `DROP TABLE IF EXISTS users`, which an ORM sends
/// before it creates `users`, has to make room.
fn in_another_case(conn: &Connection, rows: &SchemaRows, name: &TableName) -> Result<Option<TableName>> {
    let wanted = stored_name(name);
    if rows.find(&wanted).is_none() {
        return Ok(None);
    }
    let mut tables = catalog::list_tables_in(conn, rows)?.into_iter();
    Ok(tables.find(|table| stored_name(table).eq_ignore_ascii_case(&wanted)))
}

fn wrong_kind(name: &TableName, object: Object, wanted: Object) -> Error {
    let (is, wanted) = (object.name(), wanted.name());
    Error::new(ErrorCode::BadRequest, format!("\"{name}\" is {is}, not {wanted}"))
}

/// Drops tables. Fails when another table references one of them, unless `cascade` is set: then the other table loses that
/// foreign key and keeps its rows.
pub(super) fn drop_tables(
    conn: &Connection,
    rows: &SchemaRows,
    tables: &[TableName],
    if_exists: bool,
    cascade: bool,
) -> Result<()> {
    let tables = &found(conn, rows, tables, Object::Table, if_exists)?;
    if tables.is_empty() {
        return Ok(());
    }
    foreign_keys::ignored_for_drop(conn, rows, tables, || {
        for name in catalog::referencing(conn, rows, tables)? {
            let Ok(schema) = catalog::read_table(conn, &name) else { continue };
            let keys = schema
                .constraints
                .iter()
                .filter(|constraint| tables.iter().any(|table| references(constraint, table)));
            let mut change = TableChange::new(conn, name.clone());
            for key in keys {
                if !cascade {
                    let message =
                        format!("cannot drop a table that \"{name}\" references; drop both, or use CASCADE");
                    return Err(Error::new(ErrorCode::ForeignKeyViolation, message)
                        .with_table(name.to_string())
                        .with_columns(columns_of(key))
                        .with_constraint(key.name().unwrap_or_default()));
                }
                change.apply(&AlterOperation::DropConstraint {
                    name: key.name().unwrap_or_default().to_owned(),
                    cascade: false,
                })?;
            }
            change.flush()?;
        }
        for table in tables {
            run(conn, &format!("DROP TABLE {}", quote_identifier(&stored_name(table))))?;
            comments::drop_table(conn, rows, table)?;
            source_expressions::drop_table(conn, rows, table)?;
        }
        Ok(())
    })
}

fn columns_of(key: &Constraint) -> Vec<String> {
    match key {
        Constraint::ForeignKey { columns, .. } => columns.clone(),
        _ => Vec::new(),
    }
}

/// Drops schemas. Fails when one has tables, unless `cascade` is set: then its tables are dropped too.
pub(super) fn drop_schemas(
    conn: &Connection,
    rows: &SchemaRows,
    names: &[String],
    if_exists: bool,
    cascade: bool,
) -> Result<()> {
    let tables: Vec<TableName> = catalog::list_tables_in(conn, rows)?
        .into_iter()
        .filter(|table| table.schema.as_ref().is_some_and(|schema| names.contains(schema)))
        .collect();
    if !tables.is_empty() && !cascade {
        let message = "the schema has tables; drop them first, or use CASCADE";
        return Err(Error::new(ErrorCode::BadRequest, message));
    }
    drop_tables(conn, rows, &tables, false, true)?;
    for name in names {
        if !schemas::drop_schema(conn, name)? && !if_exists {
            return Err(Error::new(ErrorCode::NotFound, format!("there is no schema \"{name}\"")));
        }
    }
    Ok(())
}

/// Drops views with the comments on their columns.
pub(super) fn drop_views(
    conn: &Connection,
    rows: &SchemaRows,
    views: &[TableName],
    if_exists: bool,
) -> Result<()> {
    let views = found(conn, rows, views, Object::View, if_exists)?;
    views.iter().try_for_each(|view| views::drop_view(conn, &stored_name(view)))
}

/// Drops indexes.
pub(super) fn drop_indexes(conn: &Connection, indexes: &[TableName], if_exists: bool) -> Result<()> {
    let indexes = found(conn, &SchemaRows::read(conn)?, indexes, Object::Index, if_exists)?;
    let drop = |index| run(conn, &format!("DROP INDEX {}", quote_identifier(&stored_name(index))));
    indexes.iter().try_for_each(drop)
}
