//! A table of integers, for tests that only look at which rows exist.

use phantomdb_protocol::Value;

pub const TABLE: &str = "CREATE TABLE \"t\" (\"x\" INTEGER PRIMARY KEY)";
pub const ALL: &str = "SELECT \"x\" FROM \"t\" ORDER BY \"x\"";
/// Its parameters are `n(x)`.
pub const INSERT: &str = "INSERT INTO \"t\" (\"x\") VALUES ($1)";

/// The parameters for one row.
pub fn n(x: i64) -> [Value; 1] {
    [Value::Integer(x)]
}
