//! What is remembered of a database as long as its schema stays the same.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use hashlink::LruCache;
use phantomdb_protocol::{Column, ErrorCode, Result, TableName, TableSchema};
use rusqlite::Connection;

use super::adapt::{Adapted, Catalog, Kind, WriteKind, WriteTarget, adapt};
use super::{catalog, error, guard};

/// Statements remembered for a database.
const STATEMENTS: usize = 1024;

/// A longer statement has its values in the text and is not likely to come again.
pub(super) const LONGEST_REMEMBERED: usize = 16 * 1024;

/// A statement as SQLite is to run it.
pub(super) struct Plan {
    pub(super) adapted: Adapted,
    /// The columns of the result, once they are known.
    pub(super) columns: OnceLock<Vec<Column>>,
    /// How many more times it is taken to be slow.
    slow: AtomicU32,
    /// How often in a row it came late.
    late: AtomicU32,
}

/// One that takes longer comes late.
const QUICK: Duration = Duration::from_millis(5);
/// How many times a statement that was slow is taken to be slow again.
const SLOW_FOR: u32 = 32;
/// How often in a row one has to come late to be slow: on a busy computer any statement does now and then.
const LATE_RUNS: u32 = 3;

impl Plan {
    fn new(adapted: Adapted) -> Self {
        Self { adapted, columns: OnceLock::new(), slow: AtomicU32::new(0), late: AtomicU32::new(0) }
    }

    /// Whether the statement is expected to take no longer than handing it to another thread. That it is asked
    /// counts: what was slow once, as the first look at a cold file is, need not stay so.
    pub(super) fn is_quick(&self) -> bool {
        let left = self.slow.load(Ordering::Relaxed);
        if left > 0 {
            self.slow.store(left - 1, Ordering::Relaxed);
        }
        left == 0
    }

    /// Whether the text of the statement bounds what it writes.
    pub(super) fn inserts_values(&self) -> bool {
        let insert = WriteKind::Insert { reads_rows: false };
        matches!(&self.adapted.target, Some(WriteTarget { kind, .. }) if *kind == insert)
    }

    /// Notes what it took where it was expected to be quick, and whether it had to be stopped.
    pub(super) fn took(&self, time: Duration, stopped: bool) {
        let late = if time > QUICK { self.late.load(Ordering::Relaxed) + 1 } else { 0 };
        let is_slow = stopped || late == LATE_RUNS;
        self.late.store(if is_slow { 0 } else { late }, Ordering::Relaxed);
        if is_slow {
            self.slow.store(SLOW_FOR, Ordering::Relaxed);
        }
    }

    /// Whether the statement must have the write lock.
    pub(super) fn writes(&self) -> bool {
        matches!(self.adapted.kind, Kind::Write | Kind::Schema)
    }
}

/// Tables and statements under one version of the schema.
pub(super) struct SchemaCache {
    version: i64,
    tables: Mutex<HashMap<TableName, Option<Arc<TableSchema>>>>,
    plans: Mutex<LruCache<String, Arc<Plan>>>,
}

impl SchemaCache {
    fn new(version: i64) -> Self {
        Self { version, tables: Mutex::default(), plans: Mutex::new(LruCache::new(STATEMENTS)) }
    }

    /// What is remembered for the schema that `connection` sees: `current` itself while that is up to date. SQLite
    /// counts every change of the schema, also one by another process.
    pub(super) fn for_connection(current: Option<Arc<Self>>, connection: &Connection) -> Result<Arc<Self>> {
        let version = connection
            .prepare_cached("PRAGMA schema_version")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(error::plain)?;
        Ok(current.filter(|cache| cache.version == version).unwrap_or_else(|| Arc::new(Self::new(version))))
    }

    pub(super) fn is_newer_than(&self, other: Option<&Arc<Self>>) -> bool {
        other.is_none_or(|other| self.version > other.version)
    }

    /// What is known of a statement without a look at the database.
    pub(super) fn known(&self, sql: &str) -> Option<Arc<Plan>> {
        guard(&self.plans).get(sql).cloned()
    }

    pub(super) fn plan(&self, connection: &Connection, sql: &str) -> Result<Arc<Plan>> {
        if let Some(plan) = self.known(sql) {
            return Ok(plan);
        }
        let adapted = adapt(sql, &View { cache: self, connection })?;
        let plan = Arc::new(Plan::new(adapted));
        if sql.len() <= LONGEST_REMEMBERED {
            guard(&self.plans).insert(sql.to_owned(), Arc::clone(&plan));
        }
        Ok(plan)
    }

    pub(super) fn table(&self, connection: &Connection, name: &TableName) -> Option<Arc<TableSchema>> {
        if let Some(table) = guard(&self.tables).get(name) {
            return table.clone();
        }
        let table = match catalog::read_table(connection, name) {
            Ok(table) => Some(Arc::new(table)),
            Err(error) if error.code == ErrorCode::UnknownTable => None,
            Err(_) => return None,
        };
        guard(&self.tables).insert(name.clone(), table.clone());
        table
    }
}

/// The tables as one connection sees them.
struct View<'a> {
    cache: &'a SchemaCache,
    connection: &'a Connection,
}

impl Catalog for View<'_> {
    fn table(&self, name: &TableName) -> Option<Arc<TableSchema>> {
        self.cache.table(self.connection, name)
    }

    fn tables(&self) -> Vec<TableName> {
        catalog::list_tables(self.connection).unwrap_or_default()
    }
}
