//! The text of a statement, for its errors.

use phantomdb_sql::Source;

/// The text of a statement, for the position and the engine's name in its errors.
pub(crate) const fn source(sql: &str) -> Source<'_> {
    Source { sql, engine: "PostgreSQL" }
}
