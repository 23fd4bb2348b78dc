//! Changes of indexes.

use phantomdb_protocol::{Error, ErrorCode, Result, TableName};
use phantomdb_sql::parse::parse_stored;
use phantomdb_sql::printer::quote_identifier;
use rusqlite::{Connection, OptionalExtension as _};
use sqlparser::ast::{Ident, ObjectName, Statement};

use super::execute::run;
use crate::error;
use crate::stored::{self, stored_name};

/// Renames an index. SQLite cannot, so it is created again.
pub(super) fn rename(conn: &Connection, from: &TableName, to: &TableName, if_exists: bool) -> Result<()> {
    let name = stored_name(from);
    let definition: Option<Option<String>> = conn
        .query_row("SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?1", [&name], |row| {
            row.get(0)
        })
        .optional()
        .map_err(error::from_sqlite)?;
    let Some(Some(definition)) = definition else {
        if if_exists {
            return Ok(());
        }
        return Err(Error::new(ErrorCode::NotFound, format!("there is no index \"{from}\"")));
    };
    let Statement::CreateIndex(mut create) = parse_stored(&definition)? else {
        return Err(Error::internal("the definition of an index was expected"));
    };
    create.name = Some(ObjectName::from(vec![Ident::with_quote('"', stored_name(to))]));
    run(conn, &stored::print(&mut Statement::CreateIndex(create))?)?;
    run(conn, &format!("DROP INDEX {}", quote_identifier(&name)))
}
