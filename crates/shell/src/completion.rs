//! The completions of a line, and the source of their names.

use phantomdb_protocol::TableName;

/// The names of the database, as far as completion needs them.
pub(crate) trait Names {
    fn tables(&self) -> Vec<TableName>;
    fn columns(&self, table: &TableName) -> Vec<String>;
    fn databases(&self) -> Vec<String>;
}

/// The texts that can replace the line from a byte on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    pub(crate) start: usize,
    pub(crate) candidates: Vec<String>,
}
