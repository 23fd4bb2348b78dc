//! The pieces of SQL that were parsed before, by their text: the same piece costs one look-up the next time.

use std::sync::{Arc, Mutex, PoisonError};

use hashlink::LruCache;
use phantomdb_protocol::Result;

use crate::calls::fragment::{self, Condition};

/// Pieces of each kind that are remembered.
const REMEMBERED_MAX: usize = 1_000;
/// A longer piece is parsed each time, so that the memory stays small.
const LENGTH_MAX: usize = 16 * 1024;

type Memory<T> = Mutex<LruCache<String, Arc<T>>>;

/// The parsed pieces, remembered by their text.
pub struct Fragments {
    conditions: Memory<Condition>,
    orders: Memory<String>,
    columns: Memory<String>,
}

impl Default for Fragments {
    fn default() -> Self {
        Self { conditions: memory(), orders: memory(), columns: memory() }
    }
}

impl Fragments {
    pub fn condition(&self, text: &str) -> Result<Arc<Condition>> {
        remembered(&self.conditions, text, fragment::condition)
    }

    pub fn order_by(&self, text: &str) -> Result<Arc<String>> {
        remembered(&self.orders, text, fragment::order_by)
    }

    pub fn columns(&self, text: &str) -> Result<Arc<String>> {
        remembered(&self.columns, text, fragment::columns)
    }
}

fn memory<T>() -> Memory<T> {
    Mutex::new(LruCache::new(REMEMBERED_MAX))
}

fn remembered<T>(memory: &Memory<T>, text: &str, parse: impl FnOnce(&str) -> Result<T>) -> Result<Arc<T>> {
    let lock = || memory.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lock().get(text) {
        return Ok(Arc::clone(known));
    }
    let parsed = Arc::new(parse(text)?);
    if text.len() <= LENGTH_MAX {
        lock().insert(text.to_owned(), Arc::clone(&parsed));
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers_a_condition_by_its_text() {
        let fragments = Fragments::default();
        let first = fragments.condition("a = 1").unwrap();
        assert!(Arc::ptr_eq(&first, &fragments.condition("a = 1").unwrap()));
    }
}
