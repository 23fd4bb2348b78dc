//! A table of whole numbers, for tests of which all that counts is which rows are there.

use phantomdb_protocol::Value;

pub const TABLE: &str = "CREATE TABLE \"t\" (\"x\" INTEGER PRIMARY KEY)";
pub const ALL: &str = "SELECT \"x\" FROM \"t\" ORDER BY \"x\"";
/// With `n(x)`.
pub const INSERT: &str = "INSERT INTO \"t\" (\"x\") VALUES ($1)";

pub fn n(x: i64) -> [Value; 1] {
    [Value::Integer(x)]
}
