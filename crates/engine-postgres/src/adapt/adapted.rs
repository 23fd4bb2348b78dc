//! A statement as PostgreSQL runs it.

use super::{catalog_change::CatalogChange, numeric_probe::NumericProbe};
use phantomdb_sql::Kind;

/// A statement as PostgreSQL runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Adapted {
    /// Run in order, all or nothing; the last one's result is the answer, and it has the parameters.
    pub(crate) statements: Vec<String>,
    pub(crate) kind: Kind,
    pub(crate) parameter_count: usize,
    /// When there is one, it takes the place of `statements`, which is empty then.
    pub(crate) catalog_change: Option<CatalogChange>,
    /// What tells the types of results that PostgreSQL write_result another one.
    pub(crate) probe: Option<NumericProbe>,
    /// Whether it changes nothing: it only reads, and calls nothing but functions that are known to do so.
    pub(crate) pure: bool,
    /// For what changes rows of one table and can stand within another statement: what it answers.
    pub(crate) write_result: Option<WriteResult>,
}

/// What a change of rows answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteResult {
    /// How many rows it changed.
    RowCount,
    /// RETURNING: the rows.
    Rows,
}
