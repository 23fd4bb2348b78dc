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
};
use phantomdb_engine::sync::lock;

/// The number of plans of each kind that are kept.
const REMEMBERED_MAX: usize = 2_000;

/// The longest statement that is kept, so that the cache stays small.
const LONGEST_REMEMBERED: usize = 64 << 10;

/// A plan: what a statement becomes.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The key of the statements that connections have prepared for it.
    pub(crate) id: u64,
    pub(crate) adapted: Adapted,
    /// The form that stores its own receipt, when the statement can be a part of another one.
    pub(crate) receipt_form: Option<ReceiptForm>,
}

/// SQL to be prepared.
#[derive(Clone, Copy)]
pub(crate) struct PreparableSql<'a> {
    /// The key of the statements that connections have prepared from it.
    pub(crate) id: u64,
    pub(crate) sql: &'a str,
    pub(crate) adapted: &'a Adapted,
}

impl Plan {
    /// The SQL of the plan, when it is exactly one statement.
    pub(crate) fn single_statement(&self) -> Option<PreparableSql<'_>> {
        match (&self.adapted.catalog_change, self.adapted.statements.as_slice()) {
            (None, [sql]) => Some(PreparableSql { id: self.id, sql, adapted: &self.adapted }),
            _ => None,
        }
    }
}

/// The plans of an engine. A plan depends on the text of the statement and the kind of server only.
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
        let receipt_form = ReceiptForm::new(id + 1, &adapted);
        let plan = Arc::new(Plan { id, adapted, receipt_form });
        if sql.len() <= LONGEST_REMEMBERED {
            lock(known).insert(sql.into(), Arc::clone(&plan));
        }
        Ok(plan)
    }
}
