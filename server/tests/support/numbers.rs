//! A table of whole numbers, for tests of which all that counts is which rows are there.

use phantomdb_protocol::Value;

pub(crate) const TABLE: &str = "CREATE TABLE \"t\" (\"x\" INTEGER PRIMARY KEY)";
pub(crate) const ALL: &str = "SELECT \"x\" FROM \"t\" ORDER BY \"x\"";
/// With `n(x)`.
pub(crate) const INSERT: &str = "INSERT INTO \"t\" (\"x\") VALUES ($1)";

pub(crate) fn n(x: i64) -> [Value; 1] {
    [Value::Integer(x)]
}
