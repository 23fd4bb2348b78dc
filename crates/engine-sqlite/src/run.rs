//! Runs a statement on a connection, on the thread it is called on.

use std::sync::Arc;

use phantomdb_protocol::{
    AlterOperation, Column, ColumnType, Error, Result, ResultSet, Statement, TableName,
};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;

use super::adapt::{Kind, WriteTarget};
use super::rows::RowWriter;
use super::schema::{LONGEST_REMEMBERED, Plan, SchemaCache};
use super::{alter, bind, error, native, types};
use phantomdb_engine::parameters::check_count;
use phantomdb_sql::unknown_function::located;

/// A connection and what is known of its schema.
pub(super) struct Scene<'a> {
    pub(super) connection: &'a Connection,
    pub(super) schema: Arc<SchemaCache>,
}

/// A statement that is ready to run.
pub(super) enum Prepared {
    Plan(Arc<Plan>),
    Native { writes: bool },
}

impl Prepared {
    pub(super) fn writes(&self) -> bool {
        match self {
            Self::Plan(plan) => plan.writes(),
            Self::Native { writes } => *writes,
        }
    }

    /// Whether what is known of the schema may not hold afterwards.
    pub(super) fn changes_schema(&self) -> bool {
        match self {
            Self::Plan(plan) => matches!(plan.adapted.kind, Kind::Schema),
            Self::Native { writes } => *writes,
        }
    }
}

/// How a group of statements is kept whole.
enum Group {
    Transaction,
    Savepoint,
}

impl Scene<'_> {
    /// After a change of the schema in an open transaction: what was known is known to nobody but this connection,
    /// and may be undone, so it is read anew and not shared.
    pub(super) fn see_own_schema(&mut self) -> Result<()> {
        self.schema = SchemaCache::for_connection(None, self.connection)?;
        Ok(())
    }

    pub(super) fn prepare(&self, statement: &Statement) -> Result<Prepared> {
        if !statement.native {
            return Ok(Prepared::Plan(self.schema.plan(self.connection, &statement.query)?));
        }
        native::check(&statement.query)?;
        let prepared = self.connection.prepare(&statement.query).map_err(error::plain)?;
        Ok(Prepared::Native { writes: !prepared.readonly() })
    }

    pub(super) fn run(&self, statement: &Statement, prepared: &Prepared) -> Result<ResultSet> {
        self.run_prepared(statement, prepared).map_err(|error| located(error, &statement.query))
    }

    fn run_prepared(&self, statement: &Statement, prepared: &Prepared) -> Result<ResultSet> {
        let Prepared::Plan(plan) = prepared else { return self.run_native(statement) };
        check_count(plan.adapted.parameter_count, &statement.parameters)?;
        if let Some(change) = &plan.adapted.change {
            return self.change(|| alter::apply(self.connection, change)).map(|()| empty());
        }
        let run_all = || {
            let mut last = empty();
            for sql in &plan.adapted.statements {
                last = self.step(sql, statement, Some(plan))?;
            }
            Ok(last)
        };
        match plan.adapted.statements.len() {
            0 | 1 => run_all(),
            _ => self.all_or_nothing(plan.writes(), run_all),
        }
    }

    fn run_native(&self, statement: &Statement) -> Result<ResultSet> {
        let sql = &statement.query;
        let expected = self.connection.prepare_cached(sql).map_err(error::plain)?.parameter_count();
        check_count(expected, &statement.parameters)?;
        self.step(sql, statement, None)
    }

    /// Runs one statement of SQLite to its end.
    fn step(&self, sql: &str, statement: &Statement, plan: Option<&Arc<Plan>>) -> Result<ResultSet> {
        let explain = |e| match plan {
            Some(plan) => error::explain(e, plan.adapted.target.as_ref(), self),
            None => error::explain(e, WriteTarget::of_native(sql).as_ref(), self),
        };
        let (mut cached, mut once);
        let prepared: &mut rusqlite::Statement<'_> = if sql.len() <= LONGEST_REMEMBERED {
            cached = self.connection.prepare_cached(sql).map_err(explain)?;
            &mut cached
        } else {
            once = self.connection.prepare(sql).map_err(explain)?;
            &mut once
        };
        bind::bind(prepared, &statement.parameters)?;
        let reads = prepared.readonly();
        let changes_before = self.connection.total_changes();
        let mut columns = self.columns_of(prepared, plan).map_err(explain)?;
        let mut writer = RowWriter::new();
        let mut rows = prepared.raw_query();
        loop {
            rows.advance().map_err(explain)?;
            let Some(row) = rows.get() else { break };
            // The schema was changed by another connection since the columns were looked at.
            if row.as_ref().column_count() != columns.len() {
                if writer.rows() > 0 {
                    return Err(Error::internal("the columns of the result changed while it was read"));
                }
                columns = read_columns(row.as_ref(), &[]);
            }
            writer.push(row, &columns).map_err(explain)?;
        }
        drop(rows);
        let affected_rows = if reads || self.connection.total_changes() == changes_before {
            0
        } else if columns.is_empty() {
            self.connection.changes()
        } else {
            writer.rows()
        };
        Ok(ResultSet { columns, rows: writer.finish()?, affected_rows })
    }

    /// Applies the operations, all or nothing.
    pub(super) fn alter(&self, table: &TableName, operations: &[AlterOperation]) -> Result<()> {
        self.change(|| alter::alter(self.connection, table, operations))
    }

    /// Changes tables, all or nothing. Foreign keys are checked at the end, as a whole: no key may point to nothing
    /// that did not before.
    fn change(&self, work: impl FnOnce() -> Result<()>) -> Result<()> {
        self.without_foreign_keys(|| {
            self.all_or_nothing(true, || {
                let before = self.broken_foreign_keys()?;
                work()?;
                let broken = self.broken_foreign_keys()?;
                match broken.into_iter().find(|key| !before.contains(key)) {
                    Some(key) => Err(self.broken_key_error(&key)),
                    None => Ok(()),
                }
            })
        })
    }

    /// Runs `work` in a transaction, or, where one is open, in a savepoint.
    pub(super) fn all_or_nothing<T>(&self, writes: bool, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let group = if self.connection.is_autocommit() { Group::Transaction } else { Group::Savepoint };
        let (begin, end, undo) = match group {
            Group::Transaction if writes => ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"),
            Group::Transaction => ("BEGIN", "COMMIT", "ROLLBACK"),
            Group::Savepoint => (
                "SAVEPOINT phantomdb_group",
                "RELEASE phantomdb_group",
                "ROLLBACK TO phantomdb_group; RELEASE phantomdb_group",
            ),
        };
        self.control(begin)?;
        let outcome = work().and_then(|answer| self.control(end).map(|()| answer));
        if outcome.is_err() && !self.connection.is_autocommit() {
            // That it cannot be undone means SQLite has rolled the whole transaction back already.
            self.connection.execute_batch(undo).or_else(|_| self.connection.execute_batch("ROLLBACK")).ok();
        }
        outcome
    }

    /// `BEGIN`, `COMMIT`, `SAVEPOINT` and the like.
    pub(super) fn control(&self, sql: &str) -> Result<()> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.raw_execute())
            .map(drop)
            .map_err(|e| if sql == "COMMIT" { error::explain_commit(e, self) } else { error::plain(e) })
    }

    /// Changing a table must not look like deleting its rows to those that refer to it. Unlike the pragma, this
    /// switch works within a transaction.
    fn without_foreign_keys<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let switch = |on| self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, on);
        switch(false).map_err(error::plain)?;
        let outcome = work();
        switch(true).map_err(error::plain)?;
        outcome
    }

    /// Brings an open read transaction to the write lock of SQLite without writing: it fails when others have
    /// written since the snapshot was taken. The pragma begins to write and finds nothing to do, as databases made
    /// by this engine have no auto-vacuum.
    pub(super) fn upgrade(&self) -> Result<()> {
        self.connection.execute_batch("PRAGMA incremental_vacuum(1)").map_err(error::plain)
    }

    /// The columns of a result. `plan` remembers those of a statement that is its only one.
    fn columns_of(
        &self,
        statement: &rusqlite::Statement<'_>,
        plan: Option<&Arc<Plan>>,
    ) -> rusqlite::Result<Vec<Column>> {
        let Some(plan) = plan else { return Ok(read_columns(statement, &[])) };
        let inferred = plan.adapted.column_types.as_slice();
        let [sql] = plan.adapted.statements.as_slice() else { return Ok(read_columns(statement, inferred)) };
        if let Some(columns) = plan.columns.get() {
            return Ok(columns.clone());
        }
        // The statement may have been prepared before the schema was changed: SQLite prepares it again when it runs,
        // and tells of the old columns until then.
        let columns = read_columns(&self.connection.prepare(sql)?, inferred);
        Ok(plan.columns.get_or_init(|| columns).clone())
    }
}

pub(super) fn empty() -> ResultSet {
    ResultSet { columns: Vec::new(), rows: phantomdb_engine::json_rows::empty(), affected_rows: 0 }
}

fn read_columns(statement: &rusqlite::Statement<'_>, inferred: &[Option<ColumnType>]) -> Vec<Column> {
    let columns = statement.columns();
    columns
        .enumerate()
        .map(|(index, column)| Column {
            name: column.name().to_owned(),
            column_type: column
                .decl_type()
                .map(types::column_type_of_declared)
                .or_else(|| inferred.get(index).copied().flatten())
                .unwrap_or(ColumnType::Any),
        })
        .collect()
}
