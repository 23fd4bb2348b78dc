//! PhantomDB SQL to PostgreSQL's own, on the tree, never on the text.

mod alter_table;
mod create;

use phantomdb_protocol::{AlterOperation, Result, TableName};
use sqlparser::ast::VisitMut;

use crate::engine::sql::{Kind, Source, seal};

/// A statement as PostgreSQL runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Adapted {
    /// Run in order, all or nothing; the last one's result is the answer, and it has the parameters.
    pub(super) statements: Vec<String>,
    pub(super) kind: Kind,
    pub(super) parameter_count: usize,
    /// When there is one, it takes the place of `statements`, which is empty then.
    pub(super) change: Option<Change>,
}

/// A change of tables that needs to look at the catalog; [`super::alter::apply`] makes it, in a transaction that the
/// caller keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Alter { table: TableName, operations: Vec<AlterOperation> },
}

/// A tree as PostgreSQL reads it.
pub(super) fn print<T: VisitMut + std::fmt::Display>(tree: &mut T) -> Result<String> {
    seal::print(tree, seal::Style::Postgres)
}

/// What is known of a statement while it is adapted.
pub(super) struct Adapter<'a> {
    source: Source<'a>,
    parameter_count: usize,
}

impl Adapter<'_> {
    fn done(&self, kind: Kind, statements: Vec<String>) -> Adapted {
        Adapted { statements, kind, parameter_count: self.parameter_count, change: None }
    }
}
