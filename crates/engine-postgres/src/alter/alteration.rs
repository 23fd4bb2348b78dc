//! A table while the operations on it are applied.

use phantomdb_protocol::{ColumnDefinition, Error, ErrorCode, Result, TableName, TableSchema};
use phantomdb_sql::printer::{quote_identifier, quote_literal};

use super::run::run;
use crate::{connection::Connection, schemas::qualified};

/// The table, as it is before the current operation.
pub(crate) struct Alteration<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) schema: TableSchema,
}

impl Alteration<'_> {
    /// Runs an `ALTER TABLE` of this table.
    pub(crate) async fn alter_table(&self, what: &str) -> Result<()> {
        run(self.connection, &format!("ALTER TABLE {} {what}", qualified(&self.schema.table))).await
    }

    pub(crate) fn column(&self, name: &str) -> Result<&ColumnDefinition> {
        find_column(&self.schema, name)
    }
}

pub(crate) fn find_column<'a>(schema: &'a TableSchema, name: &str) -> Result<&'a ColumnDefinition> {
    let exact = schema.columns.iter().find(|column| column.name == name);
    let found = exact.or_else(|| schema.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)));
    found.ok_or_else(|| {
        let table = &schema.table;
        Error::new(ErrorCode::UnknownColumn, format!("table \"{table}\" has no column \"{name}\""))
            .with_table(table.to_string())
            .with_columns([name])
    })
}

/// Sets the comment of a table, or of one of its columns, or removes it.
pub(crate) async fn set_comment(
    connection: &Connection,
    table: &TableName,
    column: Option<&str>,
    comment: Option<&str>,
) -> Result<()> {
    let comment = comment.map_or_else(|| "NULL".to_owned(), quote_literal);
    let object = match column {
        Some(column) => format!("COLUMN {}.{}", qualified(table), quote_identifier(column)),
        None => format!("TABLE {}", qualified(table)),
    };
    run(connection, &format!("COMMENT ON {object} IS {comment}")).await
}
