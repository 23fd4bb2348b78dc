//! Comments on tables and columns, which SQLite does not have. They are kept in a table of PhantomDB's own.

use phantomdb_protocol::{Result, TableName, TableSchema};
use phantomdb_sql::own_tables::OwnTable;
use rusqlite::{Connection, OptionalExtension, Params, params};

use crate::error::schema_failed;
use crate::own_tables;
use crate::schema_rows::SchemaRows;
use crate::stored::stored_name;

const TABLE: OwnTable = OwnTable::COMMENTS;

/// The row for the comment of the table itself has an empty column name.
const DEFINITION: &str = "(\"table\" TEXT NOT NULL, \"column\" TEXT NOT NULL, \"comment\" TEXT NOT NULL, \
    PRIMARY KEY (\"table\", \"column\")) WITHOUT ROWID";

/// Deletes the comments of a table or a view.
const DELETE: &str = "DELETE FROM phantomdb_comments WHERE \"table\" = ?1";

/// Sets or removes the comment of a table, or of one of its columns.
pub(super) fn set(
    conn: &Connection,
    table: &TableName,
    column: Option<&str>,
    comment: Option<&str>,
) -> Result<()> {
    let (stored, column) = (stored_name(table), column.unwrap_or_default());
    match comment {
        Some(text) => {
            own_tables::run(conn, &own_tables::create_statement(TABLE, DEFINITION), [])?;
            let sql = "INSERT INTO phantomdb_comments VALUES (?1, ?2, ?3) \
                 ON CONFLICT DO UPDATE SET comment = excluded.comment WHERE comment <> excluded.comment";
            own_tables::run(conn, sql, params![stored, column, text]).map(drop)
        }
        None => change(
            conn,
            "DELETE FROM phantomdb_comments WHERE \"table\" = ?1 AND \"column\" = ?2",
            params![stored, column],
        ),
    }
}

/// Moves the comments of a table to its new name.
pub(super) fn rename_table(conn: &Connection, from: &TableName, to: &TableName) -> Result<()> {
    let sql = "UPDATE phantomdb_comments SET \"table\" = ?2 WHERE \"table\" = ?1";
    change(conn, sql, params![stored_name(from), stored_name(to)])
}

pub(super) fn rename_column(conn: &Connection, table: &TableName, from: &str, to: &str) -> Result<()> {
    let sql = "UPDATE phantomdb_comments SET \"column\" = ?3 WHERE \"table\" = ?1 AND \"column\" = ?2";
    change(conn, sql, params![stored_name(table), from, to])
}

/// Deletes the comments of a table, so that a later table of the same name does not get them.
pub(super) fn drop_table(conn: &Connection, rows: &SchemaRows, table: &TableName) -> Result<()> {
    if rows.has(TABLE) { own_tables::run(conn, DELETE, [stored_name(table)]).map(drop) } else { Ok(()) }
}

/// Deletes the comments of the table or view that is stored under this name.
pub(super) fn drop_stored(conn: &Connection, stored: &str) -> Result<()> {
    change(conn, DELETE, [stored])
}

fn change(conn: &Connection, sql: &str, parameters: impl Params) -> Result<()> {
    if own_tables::exists(conn, TABLE)? { own_tables::run(conn, sql, parameters).map(drop) } else { Ok(()) }
}

/// Adds the comments to a description of the table.
pub(super) fn describe(conn: &Connection, rows: &SchemaRows, schema: &mut TableSchema) -> Result<()> {
    if !rows.has(TABLE) {
        return Ok(());
    }
    let stored = stored_name(&schema.table);
    let comment = |column: &str| -> Result<Option<String>> {
        conn.prepare_cached("SELECT comment FROM phantomdb_comments WHERE \"table\" = ?1 AND \"column\" = ?2")
            .and_then(|mut statement| {
                statement.query_row([stored.as_str(), column], |row| row.get(0)).optional()
            })
            .map_err(|error| schema_failed(&error))
    };
    schema.comment = comment("")?;
    for column in &mut schema.columns {
        column.comment = comment(&column.name)?;
    }
    Ok(())
}
