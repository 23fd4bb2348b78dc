//! The plan cache: statements as PostgreSQL runs them, by their text.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use hashlink::LruCache;
use parking_lot::Mutex;
use phantomdb_engine::insert_rows::{Defaults, not_an_insert};
use phantomdb_protocol::{Result, Statement};
use tokio_postgres::types::Type;

use crate::{
    adapt::{self, Adapted},
    citext::CitextColumns,
    native,
    receipt_sql::ReceiptForm,
    server_traits::ServerTraits,
};

/// The number of plans of each kind that are kept.
const REMEMBERED_MAX: usize = 2_000;

/// The longest statement that is kept, so that the cache stays small.
const LONGEST_REMEMBERED: usize = 64 << 10;

/// The number of plans for rows of one statement that are kept.
const ROW_PLANS: usize = 16;

/// The types of a row's values, and the columns that are left to their defaults.
type RowTypes = (Vec<Type>, Defaults);

/// A plan: what a statement becomes.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The key of the statements that connections have prepared for it.
    pub(crate) id: u64,
    pub(crate) adapted: Adapted,
    /// The form that stores its own receipt, when the statement can be a part of another one.
    pub(crate) receipt_form: Option<ReceiptForm>,
    /// The plans for rows, by the types of their values and the columns that are left to their defaults.
    row_plans: Mutex<LruCache<RowTypes, Arc<Self>>>,
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
    /// Refuses rows that the plan does not take.
    fn taking(self: Arc<Self>, statement: &Statement) -> Result<Arc<Self>> {
        if !statement.rows.is_empty() && self.adapted.row_insert.is_none() {
            return Err(not_an_insert());
        }
        Ok(self)
    }

    fn new(id: u64, adapted: Adapted, receipt_form: Option<ReceiptForm>) -> Self {
        Self { id, adapted, receipt_form, row_plans: Mutex::new(LruCache::new(ROW_PLANS)) }
    }

    /// A plan that is not cached: the name of its cursor is that of one transaction.
    pub(crate) fn of_cursor(adapted: Adapted) -> Arc<Self> {
        Arc::new(Self::new(next_id(), adapted, None))
    }

    /// The SQL that runs the statement, when it is exactly one statement without rows beside it.
    pub(crate) fn single_statement(&self, statement: &Statement) -> Option<PreparableSql<'_>> {
        if statement.rows.is_empty() { self.preparable() } else { None }
    }

    /// The SQL of the plan, when it is exactly one statement.
    pub(crate) fn preparable(&self) -> Option<PreparableSql<'_>> {
        match (&self.adapted.catalog_change, self.adapted.statements.as_slice()) {
            (None, [sql]) => Some(PreparableSql { id: self.id, sql, adapted: &self.adapted }),
            _ => None,
        }
    }

    /// The plan of an INSERT of one row for any number of rows, whose values have these types, and where the columns at
    /// these places are left to their defaults.
    pub(crate) fn for_rows(&self, types: &[Type], defaults: &[usize]) -> Result<Arc<Self>> {
        let key = (types.to_vec(), defaults.to_vec());
        if let Some(plan) = self.row_plans.lock().get(&key) {
            return Ok(Arc::clone(plan));
        }
        let insert = self.adapted.row_insert.as_ref().ok_or_else(not_an_insert)?;
        let statements = vec![insert.for_rows(types, defaults)?];
        let parameter_count = types.len() - defaults.len();
        let adapted = Adapted {
            statements,
            parameter_count,
            row_insert: None,
            returns_given_row: false,
            ..self.adapted.clone()
        };
        let plan = Arc::new(Self::new(next_id(), adapted, None));
        self.row_plans.lock().insert(key, Arc::clone(&plan));
        Ok(plan)
    }
}

/// Plans. A plan depends on the text of the statement, the kind of server, and the names of the columns that ignore case.
pub(crate) struct PlanCache {
    citext: Arc<CitextColumns>,
    adapted: Mutex<LruCache<Box<str>, Arc<Plan>>>,
    native: Mutex<LruCache<Box<str>, Arc<Plan>>>,
}

/// The next key of statements that connections prepare. A plan has two, one for itself and one for its receipt.
fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(2, Ordering::Relaxed)
}

impl PlanCache {
    pub(crate) fn new(citext: CitextColumns) -> Self {
        let cache = || Mutex::new(LruCache::new(REMEMBERED_MAX));
        Self { citext: Arc::new(citext), adapted: cache(), native: cache() }
    }

    pub(crate) fn plan(&self, statement: &Statement, traits: ServerTraits) -> Result<Arc<Plan>> {
        let sql = statement.query.as_str();
        let known = if statement.native { &self.native } else { &self.adapted };
        let found = known.lock().get(sql).map(Arc::clone);
        if let Some(plan) = found {
            return plan.taking(statement);
        }
        let adapted =
            if statement.native { native::adapt(sql)? } else { adapt::adapt(sql, traits, &self.citext)? };
        let id = next_id();
        let receipt_form = ReceiptForm::new(id + 1, &adapted);
        let plan = Arc::new(Plan::new(id, adapted, receipt_form));
        if sql.len() <= LONGEST_REMEMBERED {
            known.lock().insert(sql.into(), Arc::clone(&plan));
        }
        plan.taking(statement)
    }
}

/// The plans of a database: those of all databases, or its own while it has columns that ignore case.
pub(crate) struct DatabasePlans(Mutex<Arc<PlanCache>>);

impl DatabasePlans {
    pub(crate) fn new(shared: Arc<PlanCache>) -> Self {
        Self(Mutex::new(shared))
    }

    pub(crate) fn plan(&self, statement: &Statement, traits: ServerTraits) -> Result<Arc<Plan>> {
        let cache = Arc::clone(&self.0.lock());
        let plan = cache.plan(statement, traits)?;
        // The statements after it may be planned before it has run.
        let new = &plan.adapted.new_columns;
        if !new.is_empty() {
            self.learn(|known| known.with_new(new));
        }
        Ok(plan)
    }

    /// Takes in what is new about the columns that ignore case. Plans that were made without it are given no more.
    pub(crate) fn learn(&self, learn: impl FnOnce(&CitextColumns) -> Option<CitextColumns>) {
        let mut cache = self.0.lock();
        if let Some(known) = learn(&cache.citext) {
            *cache = Arc::new(PlanCache::new(known));
        }
    }
}
