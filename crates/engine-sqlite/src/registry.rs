//! Schemas and comments, which SQLite has no place for: two tables of PhantomDB's own, made when first needed.
//!
//! `"s"."t"` is stored as a table named `s.t`. Whether a dot ends the name of a schema or is part of a table's name
//! is known from the list of schemas.

use std::collections::BTreeSet;

use phantomdb_protocol::{Error, ErrorCode, Result, TableName, TableSchema};
use rusqlite::{Connection, OptionalExtension, Params, params};

use phantomdb_sql::printer::quote_literal;

use super::{catalog::failed, stored::stored_name};

/// The table that lists them.
pub(super) const SCHEMAS: &str = "phantomdb_schemas";

const CREATE_SCHEMAS: &str =
    "CREATE TABLE IF NOT EXISTS \"phantomdb_schemas\" (\"name\" TEXT PRIMARY KEY) WITHOUT ROWID";

/// A comment of a table has an empty column.
const CREATE_COMMENTS: &str = "CREATE TABLE IF NOT EXISTS \"phantomdb_comments\" (\"table\" TEXT NOT NULL, \
    \"column\" TEXT NOT NULL, \"comment\" TEXT NOT NULL, PRIMARY KEY (\"table\", \"column\")) WITHOUT ROWID";

pub(super) fn exists(conn: &Connection, table: &str) -> Result<bool> {
    conn.prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1")
        .and_then(|mut statement| statement.exists([table]))
        .map_err(|error| failed(&error))
}

pub(super) fn run(conn: &Connection, sql: &str, parameters: impl Params) -> Result<usize> {
    conn.execute(sql, parameters).map_err(|error| failed(&error))
}

/// The schemas there are, the default one left out.
pub(super) fn schemas(conn: &Connection) -> Result<BTreeSet<String>> {
    if !exists(conn, SCHEMAS)? {
        return Ok(BTreeSet::new());
    }
    conn.prepare_cached("SELECT name FROM phantomdb_schemas")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(|error| failed(&error))
}

/// `ALREADY_EXISTS` when there is one of that name, unless `if_not_exists`.
pub(super) fn create_schema(conn: &Connection, name: &str, if_not_exists: bool) -> Result<()> {
    if name == "public" {
        // The default schema is always there.
        return if if_not_exists { Ok(()) } else { Err(already_exists(name)) };
    }
    run(conn, CREATE_SCHEMAS, [])?;
    let made = run(conn, "INSERT INTO phantomdb_schemas (name) VALUES (?1) ON CONFLICT DO NOTHING", [name])?;
    if made == 0 && !if_not_exists { Err(already_exists(name)) } else { Ok(()) }
}

/// What makes a schema known that is used before anybody created it.
pub(super) fn note_schema(name: &str) -> Vec<String> {
    let insert = format!(
        "INSERT INTO phantomdb_schemas (name) VALUES ({}) ON CONFLICT DO NOTHING",
        quote_literal(name)
    );
    vec![CREATE_SCHEMAS.to_owned(), insert]
}

fn already_exists(name: &str) -> Error {
    Error::new(ErrorCode::AlreadyExists, format!("there is a schema \"{name}\" already"))
}

/// Whether the schema was there.
pub(super) fn forget_schema(conn: &Connection, name: &str) -> Result<bool> {
    if !exists(conn, SCHEMAS)? {
        return Ok(false);
    }
    Ok(run(conn, "DELETE FROM phantomdb_schemas WHERE name = ?1", [name])? > 0)
}

/// The name of a table as it is stored, `schema.table` or `table`.
pub(super) fn split_name(stored: &str, schemas: &BTreeSet<String>) -> TableName {
    stored
        .match_indices('.')
        .map(|(dot, _)| (&stored[..dot], &stored[dot + 1..]))
        .find(|(schema, name)| !name.is_empty() && schemas.contains(*schema))
        .map_or_else(
            || TableName::new(stored),
            |(schema, name)| TableName { name: name.to_owned(), schema: Some(schema.to_owned()) },
        )
}

/// Sets the comment of a table, or of one of its columns; none takes it away.
pub(super) fn set_comment(
    conn: &Connection,
    table: &TableName,
    column: Option<&str>,
    comment: Option<&str>,
) -> Result<()> {
    let (stored, column) = (stored_name(table), column.unwrap_or_default());
    match comment {
        Some(text) => {
            run(conn, CREATE_COMMENTS, [])?;
            let sql = "INSERT INTO phantomdb_comments VALUES (?1, ?2, ?3) \
                 ON CONFLICT DO UPDATE SET comment = excluded.comment";
            run(conn, sql, params![stored, column, text]).map(drop)
        }
        None => change_comments(
            conn,
            "DELETE FROM phantomdb_comments WHERE \"table\" = ?1 AND \"column\" = ?2",
            params![stored, column],
        ),
    }
}

/// Comments follow a table to its new name.
pub(super) fn rename_table(conn: &Connection, from: &TableName, to: &TableName) -> Result<()> {
    let sql = "UPDATE phantomdb_comments SET \"table\" = ?2 WHERE \"table\" = ?1";
    change_comments(conn, sql, params![stored_name(from), stored_name(to)])
}

pub(super) fn rename_column(conn: &Connection, table: &TableName, from: &str, to: &str) -> Result<()> {
    let sql = "UPDATE phantomdb_comments SET \"column\" = ?3 WHERE \"table\" = ?1 AND \"column\" = ?2";
    change_comments(conn, sql, params![stored_name(table), from, to])
}

/// A table of the same name that is made later has none of the comments of this one.
pub(super) fn forget_table(conn: &Connection, table: &TableName) -> Result<()> {
    let sql = "DELETE FROM phantomdb_comments WHERE \"table\" = ?1";
    change_comments(conn, sql, params![stored_name(table)])
}

fn change_comments(conn: &Connection, sql: &str, parameters: impl Params) -> Result<()> {
    if exists(conn, "phantomdb_comments")? { run(conn, sql, parameters).map(drop) } else { Ok(()) }
}

/// Writes the comments into a description.
pub(super) fn describe_comments(conn: &Connection, schema: &mut TableSchema) -> Result<()> {
    if !exists(conn, "phantomdb_comments")? {
        return Ok(());
    }
    let stored = stored_name(&schema.table);
    let comment = |column: &str| -> Result<Option<String>> {
        conn.prepare_cached("SELECT comment FROM phantomdb_comments WHERE \"table\" = ?1 AND \"column\" = ?2")
            .and_then(|mut statement| {
                statement.query_row([stored.as_str(), column], |row| row.get(0)).optional()
            })
            .map_err(|error| failed(&error))
    };
    schema.comment = comment("")?;
    for column in &mut schema.columns {
        column.comment = comment(&column.name)?;
    }
    Ok(())
}
