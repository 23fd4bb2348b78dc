//! A statement as PostgreSQL runs it.

use phantomdb_sql::Kind;

use super::{
    catalog_change::CatalogChange, insert_rows::RowInsert, numeric_probe::NumericProbe,
    session_effect::SessionEffect,
};
use crate::citext::NewColumn;

/// A statement as PostgreSQL runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Adapted {
    /// The statements to run, in order, all or none of them. The last one has the parameters and gives the result.
    pub(crate) statements: Vec<String>,
    pub(crate) kind: Kind,
    /// True for a statement that PostgreSQL runs outside of a transaction only, such as `CREATE INDEX CONCURRENTLY`.
    pub(crate) outside_transaction: bool,
    pub(crate) parameter_count: usize,
    /// The statement for any number of rows, when it is an INSERT of one row.
    pub(crate) row_insert: Option<RowInsert>,
    /// A change that takes the place of `statements`, which are empty then.
    pub(crate) catalog_change: Option<CatalogChange>,
    /// Finds the types of results for which PostgreSQL has other types than PhantomDB SQL.
    pub(crate) probe: Option<NumericProbe>,
    /// True when the statement changes nothing: it only reads, and calls only functions that are known to change nothing.
    pub(crate) pure: bool,
    /// The functions that it calls and that are not known to change nothing.
    pub(crate) unknown_functions: Vec<String>,
    /// Says what the statement may do to its session.
    pub(crate) session: SessionEffect,
    /// The result of the statement, when it changes the rows of one table and can be a part of another statement.
    pub(crate) write_result: Option<WriteResult>,
    /// True for an INSERT that returns at most columns of the one row of values that came with it.
    pub(crate) returns_given_row: bool,
    /// The columns that it makes, as far as they bear on [`crate::citext`].
    pub(crate) new_columns: Vec<NewColumn>,
}

impl Adapted {
    /// A statement without parameters that only reads.
    pub(crate) fn reading(sql: String) -> Self {
        Self {
            statements: vec![sql],
            kind: Kind::Read,
            outside_transaction: false,
            parameter_count: 0,
            row_insert: None,
            catalog_change: None,
            probe: None,
            pure: true,
            unknown_functions: Vec::new(),
            session: SessionEffect::default(),
            write_result: None,
            returns_given_row: false,
            new_columns: Vec::new(),
        }
    }

    /// True when the statement may have changed something by the time at which its rows turn out to be too many.
    pub(crate) const fn may_change_before_rows(&self) -> bool {
        !self.pure && !self.returns_given_row && !self.outside_transaction
    }
}

/// The result of a statement that changes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteResult {
    /// The number of rows that it changed.
    RowCount,
    /// The rows of its RETURNING.
    Rows,
}
