//! Schemas, which SQLite does not have within one file.
//!
//! The table `"s"."t"` is stored as a table named `s.t`. The names of the schemas are kept in a table of PhantomDB's own.

use std::collections::BTreeSet;

use phantomdb_protocol::{Error, ErrorCode, Result, TableName};
use phantomdb_sql::{own_tables::OwnTable, printer::quote_literal};
use rusqlite::Connection;

use crate::error::schema_failed;
use crate::own_tables;
use crate::schema_rows::SchemaRows;

/// The table that lists the schemas.
pub(super) const TABLE: OwnTable = OwnTable::SCHEMAS;

const DEFINITION: &str = "(\"name\" TEXT PRIMARY KEY) WITHOUT ROWID";

/// The schemas of the database, without the default one.
pub(super) fn schemas(conn: &Connection, rows: &SchemaRows) -> Result<BTreeSet<String>> {
    if !rows.has(TABLE) {
        return Ok(BTreeSet::new());
    }
    conn.prepare_cached("SELECT name FROM phantomdb_schemas")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(|error| schema_failed(&error))
}

/// Creates a schema. Fails with `ALREADY_EXISTS` when it exists, unless `if_not_exists` is set.
pub(super) fn create_schema(conn: &Connection, name: &str, if_not_exists: bool) -> Result<()> {
    if name == "public" {
        // The default schema always exists.
        return if if_not_exists { Ok(()) } else { Err(already_exists(name)) };
    }
    own_tables::run(conn, &own_tables::create_statement(TABLE, DEFINITION), [])?;
    let created = own_tables::run(
        conn,
        "INSERT INTO phantomdb_schemas (name) VALUES (?1) ON CONFLICT DO NOTHING",
        [name],
    )?;
    if created == 0 && !if_not_exists { Err(already_exists(name)) } else { Ok(()) }
}

/// The statements that create a schema when a table is created in it before the schema was.
pub(super) fn create_if_missing(name: &str) -> Vec<String> {
    let insert = format!(
        "INSERT INTO phantomdb_schemas (name) VALUES ({}) ON CONFLICT DO NOTHING",
        quote_literal(name)
    );
    vec![own_tables::create_statement(TABLE, DEFINITION), insert]
}

fn already_exists(name: &str) -> Error {
    Error::new(ErrorCode::AlreadyExists, format!("there is a schema \"{name}\" already"))
}

/// Deletes a schema. Returns false when it does not exist.
pub(super) fn drop_schema(conn: &Connection, name: &str) -> Result<bool> {
    if !own_tables::exists(conn, TABLE)? {
        return Ok(false);
    }
    Ok(own_tables::run(conn, "DELETE FROM phantomdb_schemas WHERE name = ?1", [name])? > 0)
}

/// The table that is stored under this name, which is `schema.table` or `table`. A dot belongs to the name of the table
/// unless a schema of that name exists.
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
