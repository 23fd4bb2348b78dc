//! The plan cache: statements as PostgreSQL runs them, by their text.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use hashlink::LruCache;
use phantomdb_protocol::{Result, Statement};

use crate::{
    adapt::{self, Adapted},
    native,
    receipt_sql::ReceiptForm,
    server_traits::ServerTraits,
    sync::lock,
};

/// Statements that are remembered.
const REMEMBERED_MAX: usize = 2_000;

/// A longer one is adapted each time, so that the memory stays small.
const LONGEST_REMEMBERED: usize = 64 << 10;

/// A statement that is understood.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What the statements prepared for it are found by.
    pub(crate) id: u64,
    pub(crate) adapted: Adapted,
    /// How it is run together with what keeps its answer, where that can be one statement.
    pub(crate) receipt_form: Option<ReceiptForm>,
}

/// A text to be prepared.
#[derive(Clone, Copy)]
pub(crate) struct PreparableSql<'a> {
    /// What the statements prepared of it are found by.
    pub(crate) id: u64,
    pub(crate) sql: &'a str,
    pub(crate) adapted: &'a Adapted,
}

impl Plan {
    /// The plan itself as what is prepared, when it is one statement and no more.
    pub(crate) fn single_statement(&self) -> Option<PreparableSql<'_>> {
        match (&self.adapted.catalog_change, self.adapted.statements.as_slice()) {
            (None, [sql]) => Some(PreparableSql { id: self.id, sql, adapted: &self.adapted }),
            _ => None,
        }
    }
}

/// The plans of an engine. What a statement becomes depends on nothing but its text and the kind of server.
pub(crate) struct PlanCache {
    adapted: Mutex<LruCache<Box<str>, Arc<Plan>>>,
    native: Mutex<LruCache<Box<str>, Arc<Plan>>>,
    next: AtomicU64,
}

impl PlanCache {
    pub(crate) fn new() -> Self {
        let cache = || Mutex::new(LruCache::new(REMEMBERED_MAX));
        Self { adapted: cache(), native: cache(), next: AtomicU64::new(0) }
    }

    pub(crate) fn plan(&self, statement: &Statement, traits: ServerTraits) -> Result<Arc<Plan>> {
        let sql = statement.query.as_str();
        let known = if statement.native { &self.native } else { &self.adapted };
        if let Some(plan) = lock(known).get(sql) {
            return Ok(Arc::clone(plan));
        }
        let adapted = if statement.native { native::adapt(sql)? } else { adapt::adapt(sql, traits)? };
        let id = self.next.fetch_add(2, Ordering::Relaxed);
        let receipt_form = ReceiptForm::of(id + 1, &adapted);
        let plan = Arc::new(Plan { id, adapted, receipt_form });
        if sql.len() <= LONGEST_REMEMBERED {
            lock(known).insert(sql.into(), Arc::clone(&plan));
        }
        Ok(plan)
    }
}
