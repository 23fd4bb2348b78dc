//! PhantomDB SQL to PostgreSQL's own, on the tree, never on the text.

mod change;
mod create;
mod fragments;

use phantomdb_protocol::Result;
use sqlparser::ast::{Expr, Query, VisitMut};

use crate::engine::sql::{Kind, Source, seal};
pub(super) use change::{Change, CreateTable};
pub(super) use fragments::{column, constraint, default_value};

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

/// A tree as PostgreSQL reads it.
pub(super) fn print<T: VisitMut + std::fmt::Display>(tree: &mut T) -> Result<String> {
    seal::print(tree, seal::Style::Postgres)
}

/// What is known of a statement while it is adapted.
pub(super) struct Adapter<'a> {
    source: Source<'a>,
    parameter_count: usize,
}

/// A statement, as errors speak of it.
pub(super) const fn source(sql: &str) -> Source<'_> {
    Source { sql, engine: "PostgreSQL" }
}

impl<'a> Adapter<'a> {
    const fn new(sql: &'a str) -> Self {
        Self { source: source(sql), parameter_count: 0 }
    }

    fn expr(&mut self, _expr: &mut Expr) -> Result<()> {
        Ok(())
    }

    fn query(&mut self, _query: &mut Query) -> Result<()> {
        Ok(())
    }

    fn done(&self, kind: Kind, statements: Vec<String>) -> Adapted {
        Adapted { statements, kind, parameter_count: self.parameter_count, change: None }
    }
}
