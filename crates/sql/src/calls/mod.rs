//! The contract's structured calls as statements of PhantomDB SQL.

mod column_value;
mod fragment;
mod fragment_cache;
mod parameterize;
pub mod rows;
pub mod schema;
mod template;

use phantomdb_protocol::{Find, Result, Statement, TableName};

pub use fragment_cache::Fragments;

/// The statement that a find is run as, for a client whose find is too long for a URL.
pub fn find_statement(table: &TableName, find: &Find) -> Result<Statement> {
    rows::find(&Fragments::uncached(), table, find)
}
