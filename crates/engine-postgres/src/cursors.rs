//! The open cursors of a transaction. PostgreSQL has the cursors; here is what their statements become.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use parking_lot::Mutex;
use phantomdb_protocol::Result;
use phantomdb_sql::{Kind, cursor, printer::quote_identifier};

use crate::{
    adapt::{Adapted, NumericProbe},
    plan_cache::Plan,
};

#[derive(Default)]
pub(crate) struct Cursors(Mutex<HashMap<String, OpenCursor>>);

struct OpenCursor {
    /// Finds the types of the rows, which are those of the query of the cursor.
    probe: Option<NumericProbe>,
    /// The plan of the last FETCH, and its number of rows: the next one mostly is the same.
    fetch: Option<(u64, Arc<Plan>)>,
}

impl Cursors {
    /// Adds a cursor on a query, and returns the plan that declares it.
    pub(crate) fn declare(&self, name: &str, query: &Plan) -> Result<Arc<Plan>> {
        let Some(form) = query.preparable().filter(|_| query.adapted.kind == Kind::Read) else {
            return Err(cursor::not_a_read());
        };
        let mut cursors = self.0.lock();
        let open = cursors.len();
        let Entry::Vacant(entry) = cursors.entry(name.to_owned()) else { return Err(cursor::is_open(name)) };
        cursor::check_open(open)?;
        entry.insert(OpenCursor { probe: query.adapted.probe.clone(), fetch: None });
        let sql = format!("DECLARE {} INSENSITIVE NO SCROLL CURSOR FOR {}", quote_identifier(name), form.sql);
        // To undo a statement behind the savepoint that it shares with the declaration would close the cursor.
        Ok(Plan::of_cursor(Adapted {
            statements: vec![sql],
            probe: None,
            pure: false,
            row_insert: None,
            ..query.adapted.clone()
        }))
    }

    /// The plan that reads the next rows.
    pub(crate) fn fetch(&self, name: &str, count: u64) -> Result<Arc<Plan>> {
        let mut cursors = self.0.lock();
        let open = cursors.get_mut(name).ok_or_else(|| cursor::no_cursor(name))?;
        match &open.fetch {
            Some((same, plan)) if *same == count => Ok(Arc::clone(plan)),
            _ => {
                // PostgreSQL counts with 32 bits here.
                let rows = i32::try_from(count).map_or_else(|_| "ALL".to_owned(), |rows| rows.to_string());
                let sql = format!("FETCH FORWARD {rows} FROM {}", quote_identifier(name));
                let plan = Plan::of_cursor(Adapted { probe: open.probe.clone(), ..Adapted::reading(sql) });
                open.fetch = Some((count, Arc::clone(&plan)));
                Ok(plan)
            }
        }
    }

    /// Removes a cursor, and returns the plan that closes it.
    pub(crate) fn close(&self, name: &str) -> Result<Arc<Plan>> {
        match self.0.lock().remove(name) {
            Some(_) => Ok(Plan::of_cursor(Adapted::reading(format!("CLOSE {}", quote_identifier(name))))),
            None => Err(cursor::no_cursor(name)),
        }
    }

    /// Removes a cursor that could not be declared.
    pub(crate) fn forget(&self, name: &str) {
        self.0.lock().remove(name);
    }
}
