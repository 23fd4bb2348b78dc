//! Descriptions of tables by the texts of their definitions. After a change of the schema every table is described anew, and
//! the texts of most are the same as before.

use std::sync::{Arc, LazyLock};

use hashlink::LruCache;
use parking_lot::Mutex;
use phantomdb_protocol::{Result, TableName, TableSchema};

use super::definition::{from_definition, parse};

/// The number of descriptions that are kept.
const KEPT: usize = 512;
/// The longest text whose description is kept, in bytes.
const LONGEST: usize = 8 * 1024;

/// A text describes the same table in every database, so there is one list for all of them.
static DESCRIBED: LazyLock<Mutex<LruCache<String, Arc<TableSchema>>>> =
    LazyLock::new(|| Mutex::new(LruCache::new(KEPT)));

/// Describes a table as far as the text of its definition says it. None when PhantomDB cannot parse the text, because another
/// program made the table.
pub(super) fn from_text(name: &TableName, sql: &str) -> Result<Option<TableSchema>> {
    let known = DESCRIBED.lock().get(sql).cloned();
    // The text has the name as SQLite knows it: which part of it is the schema depends on the database.
    if let Some(known) = known.filter(|known| known.table == *name) {
        return Ok(Some(TableSchema::clone(&known)));
    }
    let Ok(mut create) = parse(sql) else { return Ok(None) };
    let schema = from_definition(name, &mut create)?;
    if sql.len() <= LONGEST {
        DESCRIBED.lock().insert(sql.to_owned(), Arc::new(schema.clone()));
    }
    Ok(Some(schema))
}
