//! A SQLite file, read in one transaction.

use std::collections::BTreeMap;
use std::path::Path;

use phantomdb_protocol::{Constraint, Error, ErrorCode, Result};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::{
    reading::{EachRow, unreadable},
    sqlite_schema::Reader,
};
use crate::model::{Loss, Table};
use phantomdb_sql::printer::quote_identifier;

pub(crate) struct SqliteSource {
    connection: Connection,
}

impl SqliteSource {
    pub(super) fn open(path: &Path) -> Result<Self> {
        if !path.is_file() {
            return Err(Error::new(
                ErrorCode::NotFound,
                format!("there is no file {}; the source must be a SQLite file or a URL", path.display()),
            ));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(unreadable)?;
        // Do not trust the schema of the file: a view or an expression in it may call any function.
        connection
            .set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)
            .and_then(|_| connection.execute_batch("PRAGMA cell_size_check=ON; BEGIN"))
            .and_then(|()| {
                connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
            })
            .map_err(unreadable)?;
        Ok(Self { connection })
    }

    pub(super) fn tables(&mut self) -> Result<(Vec<Table>, Vec<Loss>)> {
        let mut reader = Reader::new(&self.connection);
        let tables = reader.tables()?;
        Ok((tables, reader.losses))
    }

    pub(super) fn each_row(&mut self, table: &Table, columns: &[usize], row: &mut EachRow<'_>) -> Result<()> {
        let connection = &self.connection;
        tokio::task::block_in_place(|| {
            let sql =
                format!("SELECT {} FROM {}", table.selected(columns), quote_identifier(&table.name().name));
            let mut statement = connection.prepare(&sql).map_err(unreadable)?;
            let mut rows = statement.query([]).map_err(unreadable)?;
            while let Some(found) = rows.next().map_err(unreadable)? {
                let mut values: [ValueRef<'_>; 32] = [ValueRef::Null; 32];
                if columns.len() <= values.len() {
                    for (index, value) in values.iter_mut().enumerate().take(columns.len()) {
                        *value = found.get_ref(index).map_err(unreadable)?;
                    }
                    row(&values[..columns.len()])?;
                } else {
                    let values: Vec<ValueRef<'_>> = (0..columns.len())
                        .map(|index| found.get_ref(index))
                        .collect::<rusqlite::Result<_>>()
                        .map_err(unreadable)?;
                    row(&values)?;
                }
            }
            Ok(())
        })
    }

    /// Removes the foreign keys that rows violate. SQLite checks none by default.
    pub(super) fn broken_references(&mut self, tables: &mut [Table]) -> Result<Vec<Loss>> {
        let mut losses = Vec::new();
        for table in tables {
            if !table.schema.constraints.iter().any(|c| matches!(c, Constraint::ForeignKey { .. })) {
                continue;
            }
            let broken = self.violations(&table.name().name).map_err(unreadable)?;
            for (columns, rows) in broken {
                table.schema.constraints.retain(|constraint| {
                    !matches!(constraint, Constraint::ForeignKey { columns: own, .. } if *own == columns)
                });
                losses.push(Loss::left_out(
                    table.name(),
                    format!("foreign key ({})", columns.join(", ")),
                    "FOREIGN KEY",
                    format!("{rows} rows point to a row that is not there"),
                ));
            }
        }
        Ok(losses)
    }

    /// Returns the columns of each violated foreign key and the number of rows that violate it.
    fn violations(&self, table: &str) -> rusqlite::Result<BTreeMap<Vec<String>, u64>> {
        let sql = format!("PRAGMA foreign_key_check({})", quote_identifier(table));
        let mut statement = self.connection.prepare(&sql)?;
        let mut by_key: BTreeMap<i64, u64> = BTreeMap::new();
        let mut rows = match statement.query([]) {
            Ok(rows) => rows,
            // A key that points to what is not unique; the schema's reader has left it out.
            Err(_) => return Ok(BTreeMap::new()),
        };
        loop {
            match rows.next() {
                Ok(Some(row)) => *by_key.entry(row.get(3)?).or_default() += 1,
                Ok(None) => break,
                Err(_) => return Ok(BTreeMap::new()),
            }
        }
        let mut columns = self
            .connection
            .prepare("SELECT \"from\" FROM pragma_foreign_key_list(?1) WHERE id = ?2 ORDER BY seq")?;
        by_key
            .into_iter()
            .map(|(key, rows)| {
                let names = columns.query_map(rusqlite::params![table, key], |row| row.get(0))?;
                Ok((names.collect::<rusqlite::Result<Vec<String>>>()?, rows))
            })
            .collect()
    }
}
