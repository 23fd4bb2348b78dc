//! Descriptions of tables, read from SQLite's schema.

mod definition;

use std::{collections::BTreeSet, sync::Arc};

use phantomdb_protocol::{
    ColumnDefinition, Constraint, Error, ErrorCode, IndexSchema, Result, TableName, TableSchema,
    ViewDefinition,
};
use phantomdb_sql::Catalog;
use phantomdb_sql::describe::apply_constraints;
use phantomdb_sql::parse::parse_stored;
use rusqlite::{Connection, OptionalExtension};
use sqlparser::ast::{CreateTable, OrderBySort, Statement};

use crate::error::schema_failed;
use crate::schemas::{self, split_name};
use crate::stored::{self, stored_name};
use crate::types;
use crate::{comments, source_expressions};

use definition::{from_definition, index_field, name_constraints};
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
    let stored = stored_name(name);
    let row = conn
        .prepare_cached(
            "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE",
        )
        .and_then(|mut statement| {
            statement
                .query_row([&stored], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?))
                })
                .optional()
        })
        .map_err(|error| schema_failed(&error))?;
    let Some((object_type, stored, sql)) = row else {
        return Err(unknown_table(name));
    };
    let schemas = schemas::schemas(conn)?;
    let name = split_name(&stored, &schemas);
    let sql = sql.unwrap_or_default();
    let parsed = if object_type == "table" { parse(&sql).ok() } else { None };
    let mut schema = match parsed {
        Some(mut create) => from_definition(&name, &mut create)?,
        None => from_pragma(conn, &name)?,
    };
    for (column, data_type) in schema.columns.iter_mut().zip(stored::types_of_view(&sql)) {
        column.data_type = types::name_of(data_type).unwrap_or_else(|| column.data_type.clone());
    }
    schema.indexes.extend(indexes(conn, &name)?);
    let references = schema.columns.iter_mut().filter_map(|column| column.references.as_mut());
    let keys = schema.constraints.iter_mut().filter_map(|constraint| match constraint {
        Constraint::ForeignKey { references, .. } => Some(references),
        _ => None,
    });
    for reference in references.chain(keys) {
        reference.table = split_name(&stored_name(&reference.table), &schemas);
    }
    comments::describe(conn, &mut schema)?;
    source_expressions::describe(conn, &mut schema)?;
    Ok(schema)
}

/// Fails with `UNKNOWN_TABLE` when there is no table of this name; names are case-sensitive.
pub(super) fn check_table(conn: &Connection, name: &TableName) -> Result<()> {
    let stored: Option<String> = conn
        .prepare_cached("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE")
        .and_then(|mut statement| statement.query_row([stored_name(name)], |row| row.get(0)).optional())
        .map_err(|error| schema_failed(&error))?;
    match stored {
        Some(stored) => exactly(name, split_name(&stored, &schemas::schemas(conn)?)).map(|_| ()),
        None => Err(unknown_table(name)),
    }
}

/// What a name can stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Object {
    Table,
    View,
    Index,
}

impl Object {
    /// The kind in a sentence.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Table => "a table",
            Self::View => "a view",
            Self::Index => "an index",
        }
    }
}

/// What has exactly this name.
pub(super) fn object(conn: &Connection, name: &TableName) -> Result<Option<Object>> {
    let stored = stored_name(name);
    Ok(object_in_any_case(conn, &stored)?.filter(|(_, found)| *found == stored).map(|(object, _)| object))
}

/// What has this name in any case, as SQLite looks for it, and the name that it has.
pub(super) fn object_in_any_case(conn: &Connection, stored: &str) -> Result<Option<(Object, String)>> {
    let found: Option<(String, String)> = conn
        .prepare_cached(
            "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view', 'index') \
             AND name = ?1 COLLATE NOCASE",
        )
        .and_then(|mut statement| {
            statement.query_row([stored], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(|error| schema_failed(&error))?;
    Ok(found.map(|(kind, name)| {
        let object = match kind.as_str() {
            "view" => Object::View,
            "index" => Object::Index,
            _ => Object::Table,
        };
        (object, name)
    }))
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
    let read = || -> rusqlite::Result<Vec<String>> {
        let mut statement = conn.prepare_cached(
            "SELECT name FROM sqlite_schema WHERE type = 'table' \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'phantomdb\\_%' ESCAPE '\\' ORDER BY name",
        )?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    let schemas = schemas::schemas(conn)?;
    let names = read().map_err(|error| schema_failed(&error))?;
    Ok(names.iter().map(|name| split_name(name, &schemas)).collect())
}

/// The user's views, sorted by name.
pub fn list_views(conn: &Connection) -> Result<Vec<ViewDefinition>> {
    let read = || -> rusqlite::Result<Vec<(String, String)>> {
        let mut statement = conn.prepare_cached(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'view' \
             AND name NOT LIKE 'phantomdb\\_%' ESCAPE '\\' ORDER BY name",
        )?;
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let schemas = schemas::schemas(conn)?;
    let views = read().map_err(|error| schema_failed(&error))?;
    let definition = |(name, sql): &(String, String)| {
        let TableName { name, schema } = split_name(name, &schemas);
        ViewDefinition { name, schema, query: stored::query_of_view(sql) }
    };
    Ok(views.iter().map(definition).collect())
}

/// The tables with a foreign key to one of these tables, sorted by name. Only tables whose definition contains the name are
/// examined: a database is often dropped table by table, and each drop would examine every other table.
pub(super) fn referencing(conn: &Connection, tables: &[TableName]) -> Result<Vec<TableName>> {
    let read = || -> rusqlite::Result<BTreeSet<String>> {
        let mut statement = conn.prepare_cached(
            "SELECT s.name FROM sqlite_schema AS s JOIN pragma_foreign_key_list(s.name) AS k \
             ON k.\"table\" = ?1 COLLATE NOCASE \
             WHERE s.type = 'table' AND instr(lower(replace(s.sql, '\"\"', '\"')), lower(?1)) > 0",
        )?;
        let mut names = BTreeSet::new();
        for table in tables {
            for name in statement.query_map([stored_name(table)], |row| row.get(0))? {
                names.insert(name?);
            }
        }
        Ok(names)
    };
    let schemas = schemas::schemas(conn)?;
    let names = read().map_err(|error| schema_failed(&error))?;
    Ok(names.iter().map(|name| split_name(name, &schemas)).collect())
}

/// The definition of a table. Every constraint in it has a name.
pub(super) fn definition(conn: &Connection, name: &TableName) -> Result<CreateTable> {
    let sql: Option<String> = conn
        .query_row(
            "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
            [stored_name(name)],
            |row| row.get(0),
        )
        .optional()
        .map_err(|error| schema_failed(&error))?;
    let Some(sql) = sql else {
        return Err(unknown_table(name));
    };
    let mut create = parse(&sql).map_err(|_| {
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
fn indexes(conn: &Connection, table: &TableName) -> Result<Vec<IndexSchema>> {
    let read = || -> rusqlite::Result<Vec<(String, String)>> {
        let mut statement = conn.prepare_cached(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL \
             AND tbl_name = ?1 COLLATE NOCASE ORDER BY name",
        )?;
        statement.query_map([stored_name(table)], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let prefix = table.schema.as_ref().map(|schema| format!("{schema}."));
    let mut indexes = Vec::new();
    for (name, sql) in read().map_err(|error| schema_failed(&error))? {
        let shown =
            prefix.as_deref().and_then(|prefix| name.strip_prefix(prefix)).unwrap_or(&name).to_owned();
        let mut index = IndexSchema {
            name: shown,
            unique: false,
            primary: false,
            fields: Vec::new(),
            condition: None,
            definition: Some(sql.clone()),
        };
        if let Ok(Statement::CreateIndex(mut create)) = parse_stored(&sql) {
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
