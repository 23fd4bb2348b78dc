//! Adapted statements and described tables, cached for one version of the schema.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hashlink::LruCache;
use parking_lot::Mutex;
use phantomdb_protocol::{Column, Error, ErrorCode, Result, TableName, TableSchema};
use phantomdb_sql::{Catalog, Kind, typing::Type};
use rusqlite::Connection;

use crate::adapt::{
    Adapted, WriteKind, WriteTarget, adapt, adapt_with_defaults, adapt_with_own_like, adapt_with_types,
};
use crate::{catalog, error, straight_line};

/// The number of plans that are cached for a database.
const PLANS: usize = 1024;

/// The number of refusals that are cached for a database.
const REFUSALS: usize = 128;

/// Longer statements are not cached: their values are in the text, so the same text is not likely to come again.
pub(super) const LONGEST_CACHED: usize = 16 * 1024;

/// A run that takes longer than this is late.
const LATE: Duration = Duration::from_millis(5);
/// The number of runs for which a statement counts as slow, once it was found to be.
const SLOW_RUNS: u32 = 32;
/// The number of late runs in a row after which a statement counts as slow. On a busy computer any statement is late now
/// and then.
const LATE_RUNS: u32 = 3;

/// A statement as SQLite runs it.
pub(super) struct Plan {
    pub(super) adapted: Adapted,
    /// The columns of the result, set by the first run.
    pub(super) columns: OnceLock<Vec<Column>>,
    /// Set when it is first asked for.
    runs_straight: OnceLock<bool>,
    /// The number of further runs for which the statement counts as slow.
    slow_runs_left: AtomicU32,
    /// The number of late runs in a row.
    late_runs: AtomicU32,
}

impl Plan {
    fn new(adapted: Adapted) -> Self {
        Self {
            adapted,
            columns: OnceLock::new(),
            runs_straight: OnceLock::new(),
            slow_runs_left: AtomicU32::new(0),
            late_runs: AtomicU32::new(0),
        }
    }

    /// True when the statement is expected to take no longer than handing it to another thread. Each call counts as a run:
    /// a statement that was slow once, for example because the file was not cached yet, need not stay slow.
    pub(super) fn is_quick(&self) -> bool {
        let left = self.slow_runs_left.load(Ordering::Relaxed);
        if left > 0 {
            self.slow_runs_left.store(left - 1, Ordering::Relaxed);
        }
        left == 0
    }

    /// Records how long a run took that was expected to be quick, and whether it had to be stopped.
    pub(super) fn record_run(&self, time: Duration, stopped: bool) {
        let late = if time > LATE { self.late_runs.load(Ordering::Relaxed) + 1 } else { 0 };
        let is_slow = stopped || late == LATE_RUNS;
        self.late_runs.store(if is_slow { 0 } else { late }, Ordering::Relaxed);
        if is_slow {
            self.slow_runs_left.store(SLOW_RUNS, Ordering::Relaxed);
        }
    }

    /// True for an INSERT of values, which writes no more than its text contains.
    pub(super) fn inserts_values(&self) -> bool {
        let insert = WriteKind::Insert { reads_rows: false };
        matches!(&self.adapted.target, Some(WriteTarget { table: _, kind, assigned: _ }) if *kind == insert)
    }

    /// True when SQLite runs the statement from its first instruction to its last without a loop, as it does for an UPDATE
    /// by primary key. However many rows there are, it then takes no longer than an INSERT of one row.
    pub(super) fn runs_straight(&self, connection: &Connection) -> bool {
        let [sql] = self.adapted.statements.as_slice() else { return false };
        if !self.adapted.steps.is_empty() || self.adapted.change.is_some() {
            return false;
        }
        *self.runs_straight.get_or_init(|| straight_line::is_straight(connection, sql).unwrap_or(false))
    }

    /// True when the statement needs the write lock.
    pub(super) fn writes(&self) -> bool {
        matches!(self.adapted.kind, Kind::Write | Kind::Schema)
    }

    /// True when the statement can have made its changes before an error. SQLite makes them all, then gives their rows, and
    /// keeps the changes when not all rows are read.
    pub(super) fn may_fail_half_done(&self) -> bool {
        let returns_rows = self.adapted.returns_rows && !self.adapted.returns_given_row;
        self.writes() && (returns_rows || !self.adapted.steps.is_empty())
    }

    /// True when the statement needs the write lock inside a transaction.
    pub(super) fn locks_in_transaction(&self) -> bool {
        (self.writes() || matches!(self.adapted.kind, Kind::LockingRead))
            && self.transaction_setting().is_none()
    }

    /// True for `SET CONSTRAINTS ALL DEFERRED`.
    pub(super) fn defers_checks(&self) -> bool {
        self.transaction_setting().is_some_and(|setting| setting.ends_with("ON"))
    }

    /// The pragma of a statement that sets an option of the current transaction. SQLite resets the option at the end of
    /// every transaction, including the implicit one around a single statement. The pragma takes effect when SQLite
    /// compiles it, so it must not be kept as a prepared statement.
    pub(super) fn transaction_setting(&self) -> Option<&str> {
        match self.adapted.statements.as_slice() {
            [sql] => sql.starts_with("PRAGMA defer_foreign_keys").then_some(sql.as_str()),
            _ => None,
        }
    }
}

/// The plans and tables of one version of the schema.
pub(super) struct PlanCache {
    schema_version: i64,
    tables: Mutex<HashMap<TableName, Option<Arc<TableSchema>>>>,
    plans: Mutex<LruCache<String, Arc<Plan>>>,
    /// The refusals of statements that other types of their parameters may avoid.
    refusals: Mutex<LruCache<String, Error>>,
}

impl PlanCache {
    fn new(schema_version: i64) -> Self {
        Self {
            schema_version,
            tables: Mutex::default(),
            plans: Mutex::new(LruCache::new(PLANS)),
            refusals: Mutex::new(LruCache::new(REFUSALS)),
        }
    }

    /// Returns the cache for the schema that `connection` sees: `current` while it is up to date, otherwise an empty one.
    /// SQLite counts every change of the schema, including changes by other processes.
    pub(super) fn for_connection(current: Option<Arc<Self>>, connection: &Connection) -> Result<Arc<Self>> {
        let version = connection
            .prepare_cached("PRAGMA schema_version")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(error::from_sqlite)?;
        Ok(current
            .filter(|cache| cache.schema_version == version)
            .unwrap_or_else(|| Arc::new(Self::new(version))))
    }

    pub(super) fn is_newer_than(&self, other: Option<&Arc<Self>>) -> bool {
        other.is_none_or(|other| self.schema_version > other.schema_version)
    }

    /// Returns the cached plan of a statement, without reading the database.
    pub(super) fn cached_plan(&self, sql: &str) -> Option<Arc<Plan>> {
        self.plans.lock().get(sql).cloned()
    }

    /// Returns the plan of a statement, from the cache or made with the schema that `connection` sees.
    pub(super) fn plan(&self, connection: &Connection, sql: &str) -> Result<Arc<Plan>> {
        if let Some(plan) = self.cached_plan(sql) {
            return Ok(plan);
        }
        if let Some(refusal) = self.refusals.lock().get(sql) {
            return Err(refusal.clone());
        }
        match adapt(sql, &SchemaView { cache: self, connection }) {
            Ok(adapted) => Ok(self.keep(sql.to_owned(), adapted)),
            Err(refusal) => {
                // It comes again with each run of a statement whose values have to have their own types.
                if is_about_types(refusal.code) && sql.len() <= LONGEST_CACHED {
                    self.refusals.lock().insert(sql.to_owned(), refusal.clone());
                }
                Err(refusal)
            }
        }
    }

    /// Returns the plan of an INSERT of one row, in which the parameters at these places stand for the default of their
    /// column.
    pub(super) fn plan_with_defaults(
        &self,
        connection: &Connection,
        sql: &str,
        defaults: &[usize],
    ) -> Result<Arc<Plan>> {
        if defaults.is_empty() {
            return self.plan(connection, sql);
        }
        // No statement has a NUL.
        let key = format!("{sql}\0{defaults:?}");
        if let Some(plan) = self.cached_plan(&key) {
            return Ok(plan);
        }
        let adapted = adapt_with_defaults(sql, &SchemaView { cache: self, connection }, defaults)?;
        Ok(self.keep(key, adapted))
    }

    /// Returns the plan of a statement with a pattern that is too long for SQLite's own LIKE.
    pub(super) fn plan_with_own_like(&self, connection: &Connection, sql: &str) -> Result<Arc<Plan>> {
        let key = format!("{sql}\0LIKE");
        if let Some(plan) = self.cached_plan(&key) {
            return Ok(plan);
        }
        let adapted = adapt_with_own_like(sql, &SchemaView { cache: self, connection })?;
        Ok(self.keep(key, adapted))
    }

    /// Returns the plan of a statement whose parameters at these places, from 0, have the first of these types that go
    /// together. When none do, it is `untyped`, or the refusal of the last.
    pub(super) fn plan_with_types(
        &self,
        connection: &Connection,
        sql: &str,
        candidates: &[Vec<(usize, Type)>],
        untyped: Option<&Arc<Plan>>,
    ) -> Result<Arc<Plan>> {
        let key = format!("{sql}\0{candidates:?}");
        if let Some(plan) = self.cached_plan(&key) {
            return Ok(plan);
        }
        let mut refusal = Error::internal("a statement was to be planned with no types");
        for types in candidates {
            match adapt_with_types(sql, &SchemaView { cache: self, connection }, types) {
                Ok(adapted) => return Ok(self.keep(key, adapted)),
                Err(error) if is_about_types(error.code) => refusal = error,
                Err(error) => return Err(error),
            }
        }
        let untyped = Arc::clone(untyped.ok_or(refusal)?);
        if key.len() <= LONGEST_CACHED {
            self.plans.lock().insert(key, Arc::clone(&untyped));
        }
        Ok(untyped)
    }

    fn keep(&self, key: String, adapted: Adapted) -> Arc<Plan> {
        let plan = Arc::new(Plan::new(adapted));
        if key.len() <= LONGEST_CACHED {
            self.plans.lock().insert(key, Arc::clone(&plan));
        }
        plan
    }
}

/// True for the error of a statement that other types of its parameters may avoid.
pub(super) fn is_about_types(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::TypeMismatch | ErrorCode::UnknownFunction | ErrorCode::Unsupported)
}

/// The tables as one connection sees them.
pub(super) struct SchemaView<'a> {
    pub(super) cache: &'a PlanCache,
    pub(super) connection: &'a Connection,
}

impl Catalog for SchemaView<'_> {
    fn table(&self, name: &TableName) -> Option<Arc<TableSchema>> {
        if let Some(table) = self.cache.tables.lock().get(name) {
            return table.clone();
        }
        let table = match catalog::find_table(self.connection, name) {
            Ok(table) => Some(Arc::new(table)),
            Err(error) if error.code == ErrorCode::UnknownTable => None,
            Err(_) => return None,
        };
        self.cache.tables.lock().insert(name.clone(), table.clone());
        table
    }

    fn has_row_numbers(&self, name: &TableName) -> bool {
        catalog::has_row_numbers(self.connection, name).unwrap_or_default()
    }

    fn tables(&self) -> Vec<TableName> {
        catalog::list_tables(self.connection).unwrap_or_default()
    }
}
