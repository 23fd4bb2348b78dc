//! The rebuild of a table: creates the new table, copies the rows, drops the old table and takes over its name.

use phantomdb_protocol::Result;
use phantomdb_sql::parse::parse_stored;
use phantomdb_sql::printer::{quote_identifier, quote_literal};
use rusqlite::{OptionalExtension, config::DbConfig};
use sqlparser::ast::{ColumnOption, Ident, ObjectName, Statement};

use super::execute::run;
use super::foreign_keys::{Scope, checked};
use super::table_change::{PendingDefinition, TableChange};
use crate::catalog;
use crate::error::{self, NEW_TABLE};
use crate::stored::{self, stored_name};

impl TableChange<'_> {
    /// Rebuilds the table with the new definition.
    pub(super) fn rebuild_table(&self, pending: PendingDefinition) -> Result<()> {
        checked(self.conn, Scope::Everything, || self.rebuild_with_indexes(pending))
    }

    fn rebuild_with_indexes(&self, pending: PendingDefinition) -> Result<()> {
        let old = stored_name(&self.table);
        let new = format!("{NEW_TABLE}{old}");
        let others = self.indexes_and_triggers(&old, &pending)?;
        let last_number = self.last_identity_number(&old)?;
        let legacy = DbConfig::SQLITE_DBCONFIG_LEGACY_ALTER_TABLE;
        let was_legacy = self.conn.db_config(legacy).map_err(error::from_sqlite)?;
        // Otherwise SQLite would check the rename against views and triggers of the old table, and rewrite them.
        self.conn.set_db_config(legacy, true).map_err(error::from_sqlite)?;
        let rebuilt = self.rebuild(pending, &old, &new, last_number);
        self.conn.set_db_config(legacy, was_legacy).map_err(error::from_sqlite)?;
        rebuilt?;
        others.iter().try_for_each(|sql| run(self.conn, sql))
    }

    fn rebuild(
        &self,
        mut pending: PendingDefinition,
        old: &str,
        new: &str,
        last_number: Option<i64>,
    ) -> Result<()> {
        let numbered = pending
            .create
            .columns
            .iter()
            .flat_map(|column| &column.options)
            .any(|option| matches!(option.option, ColumnOption::DialectSpecific(_)));
        pending.create.name = ObjectName::from(vec![Ident::with_quote('"', new)]);
        run(self.conn, &stored::print(&mut Statement::CreateTable(pending.create))?)?;
        let (columns, values): (Vec<String>, Vec<String>) =
            pending.copied.into_iter().map(|(column, value)| (quote_identifier(&column), value)).unzip();
        let (quoted_old, quoted_new) = (quote_identifier(old), quote_identifier(new));
        if !columns.is_empty() {
            run(
                self.conn,
                &format!(
                    "INSERT INTO {quoted_new} ({}) SELECT {} FROM {quoted_old}",
                    columns.join(", "),
                    values.join(", ")
                ),
            )?;
        }
        if let Some(number) = last_number.filter(|_| numbered) {
            let name = quote_literal(new);
            run(
                self.conn,
                &format!(
                    "DELETE FROM sqlite_sequence WHERE name = {name}; \
                     INSERT INTO sqlite_sequence (name, seq) VALUES ({name}, {number})"
                ),
            )?;
        }
        run(self.conn, &format!("DROP TABLE {quoted_old}"))?;
        run(self.conn, &format!("ALTER TABLE {quoted_new} RENAME TO {quoted_old}"))
    }

    /// The statements that create the table's indexes and triggers again. Indexes of dropped columns are left out.
    fn indexes_and_triggers(&self, table: &str, pending: &PendingDefinition) -> Result<Vec<String>> {
        let read = || -> rusqlite::Result<Vec<(String, String)>> {
            let mut statement = self.conn.prepare(
                "SELECT type, sql FROM sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE \
                 AND type IN ('index', 'trigger') AND sql IS NOT NULL",
            )?;
            statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        let mut statements = read().map_err(error::from_sqlite)?;
        statements
            .retain(|(object_type, sql)| object_type != "index" || !uses_dropped(sql, &pending.dropped));
        Ok(statements.into_iter().map(|(_, sql)| sql).collect())
    }

    /// The last number of the identity column, if the table has one.
    fn last_identity_number(&self, table: &str) -> Result<Option<i64>> {
        let exists: bool = self
            .conn
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence')",
                [],
                |row| row.get(0),
            )
            .map_err(error::from_sqlite)?;
        if !exists {
            return Ok(None);
        }
        self.conn
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = ?1 COLLATE NOCASE", [table], |row| {
                row.get(0)
            })
            .optional()
            .map_err(error::from_sqlite)
    }
}

/// True when an index uses a dropped column.
fn uses_dropped(index: &str, dropped: &[String]) -> bool {
    let Ok(Statement::CreateIndex(create)) = parse_stored(index) else { return false };
    dropped.iter().any(|name| {
        create.columns.iter().any(|column| catalog::mentions(&column.column.expr, name))
            || create.predicate.as_ref().is_some_and(|predicate| catalog::mentions(predicate, name))
    })
}
