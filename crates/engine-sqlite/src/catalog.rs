//! Descriptions of tables, read from SQLite's schema.

mod definition;
mod described;

use std::collections::BTreeSet;
use std::sync::Arc;

use phantomdb_protocol::{
    ColumnDefinition, Constraint, Error, ErrorCode, IndexSchema, Result, TableName, TableSchema,
    ViewDefinition,
};
use phantomdb_sql::Catalog;
use phantomdb_sql::describe::apply_constraints;
use phantomdb_sql::parse::parse_stored;
use rusqlite::Connection;
use sqlparser::ast::{CreateTable, OrderBySort, Statement};

use crate::error::schema_failed;
use crate::schema_rows::{Object, SchemaRow, SchemaRows};
use crate::schemas::{self, split_name};
use crate::stored::{self, stored_name};
use crate::types;
use crate::{comments, source_expressions};

use definition::{index_field, name_constraints};
pub(super) use definition::{mentions, parse};

/// A catalog without tables: a definition can mention its own columns only.
pub(super) struct NoTables;

impl Catalog for NoTables {
    fn table(&self, _: &TableName) -> Option<Arc<TableSchema>> {
        None
    }

    fn sees_all(&self) -> bool {
        false
    }
}

/// Describes a table. Fails with `UNKNOWN_TABLE` when it does not exist; names are case-sensitive.
pub fn read_table(conn: &Connection, name: &TableName) -> Result<TableSchema> {
    let schema = find_table(conn, name)?;
    exactly(name, schema.table.clone())?;
    Ok(schema)
}

/// Fails with `UNKNOWN_TABLE`, and names the table that there is, when a name differs from the stored one in case: SQLite
/// itself does not tell them apart.
pub(super) fn exactly(asked: &TableName, stored: TableName) -> Result<TableName> {
    if *asked == stored {
        return Ok(stored);
    }
    let message = format!("there is no table \"{asked}\"; there is \"{stored}\"");
    Err(Error::new(ErrorCode::UnknownTable, message).with_table(asked.to_string()))
}

/// Describes a table that is named in any case, as SQLite finds it.
pub(super) fn find_table(conn: &Connection, name: &TableName) -> Result<TableSchema> {
    find_table_in(conn, &SchemaRows::of_table(conn, &stored_name(name))?, name)
}

/// Describes a table that is named in any case, with the rows of the schema that have been read.
pub(super) fn find_table_in(conn: &Connection, rows: &SchemaRows, name: &TableName) -> Result<TableSchema> {
    let Some(SchemaRow { object, name: stored, table: _, sql }) = find_row(rows, name, true) else {
        return Err(unknown_table(name));
    };
    let schemas = schemas::schemas(conn, rows)?;
    let name = split_name(stored, &schemas);
    let sql = sql.unwrap_or_default();
    let described = if object == Object::Table { described::from_text(&name, sql)? } else { None };
    let mut schema = match described {
        Some(schema) => schema,
        None => from_pragma(conn, &name)?,
    };
    for (column, data_type) in schema.columns.iter_mut().zip(stored::types_of_view(sql)) {
        column.data_type = types::name_of(data_type).unwrap_or_else(|| column.data_type.clone());
    }
    schema.indexes.extend(indexes(rows, &name)?);
    let references = schema.columns.iter_mut().filter_map(|column| column.references.as_mut());
    let keys = schema.constraints.iter_mut().filter_map(|constraint| match constraint {
        Constraint::ForeignKey { references, .. } => Some(references),
        _ => None,
    });
    for reference in references.chain(keys) {
        reference.table = split_name(&stored_name(&reference.table), &schemas);
    }
    comments::describe(conn, rows, &mut schema)?;
    source_expressions::describe(conn, rows, &mut schema)?;
    Ok(schema)
}

/// The row of a table, or also of a view, that is named in any case.
fn find_row<'a>(rows: &'a SchemaRows, name: &TableName, or_view: bool) -> Option<SchemaRow<'a>> {
    let is_one = |object| object == Object::Table || or_view && object == Object::View;
    rows.find(&stored_name(name)).filter(|row| is_one(row.object))
}

/// Fails with `UNKNOWN_TABLE` when there is no table of this name; names are case-sensitive.
pub(super) fn check_table(conn: &Connection, name: &TableName) -> Result<()> {
    let rows = SchemaRows::of_table(conn, &stored_name(name))?;
    match find_row(&rows, name, false) {
        Some(row) => exactly(name, split_name(row.name, &schemas::schemas(conn, &rows)?)).map(|_| ()),
        None => Err(unknown_table(name)),
    }
}

/// `UNKNOWN_TABLE`, which names the table or view that there is when its name differs in case alone.
pub(super) fn unknown_table_or_case(conn: &Connection, name: &TableName) -> Error {
    find_table(conn, name)
        .and_then(|schema| exactly(name, schema.table))
        .err()
        .unwrap_or_else(|| unknown_table(name))
}

pub(super) fn unknown_table(name: &TableName) -> Error {
    Error::new(ErrorCode::UnknownTable, format!("there is no table \"{name}\"")).with_table(name.to_string())
}

/// True for a table whose rows have numbers: not for a view, and not for a table without them that another program made.
pub(super) fn has_row_numbers(conn: &Connection, name: &TableName) -> Result<bool> {
    conn.prepare_cached(
        "SELECT 1 FROM pragma_table_list(?1) WHERE schema = 'main' AND type = 'table' AND NOT wr",
    )
    .and_then(|mut statement| statement.exists([stored_name(name)]))
    .map_err(|error| schema_failed(&error))
}

/// The user's tables, sorted by name.
pub fn list_tables(conn: &Connection) -> Result<Vec<TableName>> {
    list_tables_in(conn, &SchemaRows::read(conn)?)
}

/// The user's tables, sorted by name, with the rows of the schema that have been read.
pub(super) fn list_tables_in(conn: &Connection, rows: &SchemaRows) -> Result<Vec<TableName>> {
    let schemas = schemas::schemas(conn, rows)?;
    let is_users = |row: &SchemaRow<'_>| {
        row.object == Object::Table && !begins(row.name, "sqlite_") && !begins(row.name, "phantomdb_")
    };
    let mut names: Vec<&str> = rows.iter().filter(is_users).map(|row| row.name).collect();
    names.sort_unstable();
    Ok(names.into_iter().map(|name| split_name(name, &schemas)).collect())
}

/// The user's views, sorted by name.
pub fn list_views(conn: &Connection) -> Result<Vec<ViewDefinition>> {
    let rows = SchemaRows::read(conn)?;
    let schemas = schemas::schemas(conn, &rows)?;
    let is_users = |row: &SchemaRow<'_>| row.object == Object::View && !begins(row.name, "phantomdb_");
    let mut views: Vec<SchemaRow<'_>> = rows.iter().filter(is_users).collect();
    views.sort_unstable_by_key(|row| row.name);
    let definition = |row: SchemaRow<'_>| {
        let TableName { name, schema } = split_name(row.name, &schemas);
        ViewDefinition { name, schema, query: stored::query_of_view(row.sql.unwrap_or_default()) }
    };
    Ok(views.into_iter().map(definition).collect())
}

/// True for a name that begins so in any case.
fn begins(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// The other tables with a foreign key to one of these tables, sorted by name. Only tables whose definition contains the name
/// are examined: a database is often dropped table by table, and each drop would examine every other table.
pub(super) fn referencing(
    conn: &Connection,
    rows: &SchemaRows,
    tables: &[TableName],
) -> Result<Vec<TableName>> {
    let references = |name: &str, table: &str| {
        conn.prepare_cached("SELECT 1 FROM pragma_foreign_key_list(?1) WHERE \"table\" = ?2 COLLATE NOCASE")
            .and_then(|mut statement| statement.exists([name, table]))
            .map_err(|error| schema_failed(&error))
    };
    let tables: Vec<String> = tables.iter().map(stored_name).collect();
    let mut names = BTreeSet::new();
    for table in &tables {
        for row in rows.mentioning(table) {
            let is_one = tables.iter().any(|table| table.eq_ignore_ascii_case(row.name));
            if !is_one && references(row.name, table)? {
                names.insert(row.name);
            }
        }
    }
    let schemas = schemas::schemas(conn, rows)?;
    Ok(names.into_iter().map(|name| split_name(name, &schemas)).collect())
}

/// The definition of a table. Every constraint in it has a name.
pub(super) fn definition(conn: &Connection, name: &TableName) -> Result<CreateTable> {
    let rows = SchemaRows::of_table(conn, &stored_name(name))?;
    let Some(sql) = find_row(&rows, name, false).and_then(|row| row.sql) else {
        return Err(unknown_table(name));
    };
    let mut create = parse(sql).map_err(|_| {
        Error::unsupported(format!(
            "the definition of \"{name}\" was not made by PhantomDB and cannot be changed"
        ))
    })?;
    name_constraints(&mut create, &name.name);
    Ok(create)
}

/// Describes a view, or a table whose definition PhantomDB cannot parse.
fn from_pragma(conn: &Connection, name: &TableName) -> Result<TableSchema> {
    /// The columns, and the primary key's columns with their positions in it.
    type ColumnsAndKey = (Vec<ColumnDefinition>, Vec<(i64, String)>);
    let read = || -> rusqlite::Result<ColumnsAndKey> {
        let mut statement =
            conn.prepare_cached("SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info(?1)")?;
        let mut keys = Vec::new();
        let columns = statement
            .query_map([stored_name(name)], |row| {
                let (column, declared): (String, String) = (row.get(0)?, row.get(1)?);
                let key: i64 = row.get(4)?;
                if key > 0 {
                    keys.push((key, column.clone()));
                }
                Ok(ColumnDefinition {
                    auto_increment: key > 0 && declared.eq_ignore_ascii_case("INTEGER"),
                    allow_null: !row.get::<_, bool>(2)? && key == 0,
                    primary_key: key > 0,
                    default: row.get(3)?,
                    ..ColumnDefinition::new(column, types::from_declared(&declared).name())
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok((columns, keys))
    };
    let (mut columns, mut keys) = read().map_err(|error| schema_failed(&error))?;
    keys.sort();
    if keys.len() > 1 {
        columns.iter_mut().for_each(|column| column.auto_increment = false);
    }
    let primary_key: Vec<String> = keys.into_iter().map(|(_, name)| name).collect();
    let mut schema = TableSchema {
        table: name.clone(),
        columns,
        primary_key: primary_key.clone(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        comment: None,
    };
    if !primary_key.is_empty() {
        let constraint = Some(format!("{}_pkey", name.name));
        schema.constraints.push(Constraint::PrimaryKey { name: constraint, columns: primary_key });
    }
    apply_constraints(&mut schema);
    Ok(schema)
}

/// The indexes that CREATE INDEX created. SQLite's indexes for constraints are left out.
fn indexes(rows: &SchemaRows, table: &TableName) -> Result<Vec<IndexSchema>> {
    let stored = stored_name(table);
    let made =
        rows.iter().filter(|row| row.object == Object::Index && row.table.eq_ignore_ascii_case(&stored));
    let mut made: Vec<(&str, &str)> = made.filter_map(|row| Some((row.name, row.sql?))).collect();
    made.sort_unstable();
    let prefix = table.schema.as_ref().map(|schema| format!("{schema}."));
    let mut indexes = Vec::new();
    for (name, sql) in made {
        let shown = prefix.as_deref().and_then(|prefix| name.strip_prefix(prefix)).unwrap_or(name).to_owned();
        let mut index = IndexSchema {
            name: shown,
            unique: false,
            primary: false,
            fields: Vec::new(),
            condition: None,
            definition: Some(sql.to_owned()),
        };
        if let Ok(Statement::CreateIndex(mut create)) = parse_stored(sql) {
            index.unique = create.unique;
            for column in &mut create.columns {
                let descending = matches!(column.column.options.sort, Some(OrderBySort::Desc));
                index.fields.push(index_field(&mut column.column.expr, descending)?);
            }
            index.condition = create.predicate.as_mut().map(stored::print).transpose()?;
        }
        indexes.push(index);
    }
    Ok(indexes)
}
