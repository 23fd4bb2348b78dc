//! The memory that SQLite uses, for all databases of the process.

use rusqlite::ffi;

/// Limits the memory of SQLite in bytes, or lifts the limit. A statement that needs more fails with `TOO_LARGE`, and the others
/// go on. The content of databases in memory is not SQLite's.
pub fn limit_heap(bytes: Option<u64>) {
    let bytes = bytes.map_or(0, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
    // SAFETY: the function takes a number and has no other precondition. It may be called from any thread at any time.
    unsafe {
        ffi::sqlite3_hard_heap_limit64(bytes);
    }
}
