//! PhantomDB SQL to PostgreSQL's own, on the tree, never on the text.
//!
//! PhantomDB SQL has PostgreSQL's grammar and meaning, so that most of a statement stays as it is. What changes: names
//! are quoted, so that they are kept as they were written; types get their names here; functions and operators that
//! PostgreSQL has not, or has for fewer types, are written with those it has.

mod call;
mod change;
mod create;
mod fragments;
mod insert;
mod locks;
mod probe;
mod rewrite;
mod statement;

use phantomdb_protocol::Result;
use sqlparser::ast::{Expr, Query, VisitMut};

pub(super) use change::{CatalogChange, CreateTable};
pub(super) use fragments::{column, constraint, default_value, expression};
use phantomdb_sql::walk::walk;
use phantomdb_sql::{Kind, Source, parse, printer, with_stack};
pub(super) use probe::{NumericClass, NumericProbe};
use rewrite::Rewriter;

/// A statement as PostgreSQL runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Adapted {
    /// Run in order, all or nothing; the last one's result is the answer, and it has the parameters.
    pub(super) statements: Vec<String>,
    pub(super) kind: Kind,
    pub(super) parameter_count: usize,
    /// When there is one, it takes the place of `statements`, which is empty then.
    pub(super) catalog_change: Option<CatalogChange>,
    /// What tells the types of results that PostgreSQL write_result another one.
    pub(super) probe: Option<NumericProbe>,
    /// Whether it changes nothing: it only reads, and calls nothing but functions that are known to do so.
    pub(super) pure: bool,
    /// For what changes rows of one table and can stand within another statement: what it answers.
    pub(super) write_result: Option<WriteResult>,
}

/// What a change of rows answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteResult {
    /// How many rows it changed.
    RowCount,
    /// RETURNING: the rows.
    Rows,
}

/// What the server's kind asks of the SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServerTraits {
    /// Whether a row says (`xmax`) if it was there before the statement.
    pub(super) has_xmax: bool,
}

/// Adapts exactly one statement; a trailing `;` is fine.
///
/// Fails with `SYNTAX_ERROR` and the position, or with `UNSUPPORTED`, the construct's name and the position.
pub(super) fn adapt(sql: &str, traits: ServerTraits) -> Result<Adapted> {
    let tokens = parse::tokens(sql)?;
    with_stack(tokens.len(), || Adapter { traits, ..Adapter::new(sql) }.statement(tokens))
}

/// A statement in PostgreSQL's own SQL, which goes to it untouched.
pub(super) fn native(sql: &str) -> Adapted {
    Adapted {
        statements: vec![sql.to_owned()],
        kind: Kind::Write,
        parameter_count: 0,
        catalog_change: None,
        probe: None,
        pure: false,
        write_result: None,
    }
}

/// A tree as PostgreSQL reads it.
pub(super) fn print<T: VisitMut + std::fmt::Display>(tree: &mut T) -> Result<String> {
    printer::print(tree, printer::Style::Postgres)
}

/// What is known of a statement while it is adapted.
pub(super) struct Adapter<'a> {
    source: Source<'a>,
    traits: ServerTraits,
    parameter_count: usize,
    /// See [`Adapted::pure`].
    calls_unknown: bool,
    locks: bool,
}

/// A statement, as errors speak of it.
pub(super) const fn source(sql: &str) -> Source<'_> {
    Source { sql, engine: "PostgreSQL" }
}

impl<'a> Adapter<'a> {
    const fn new(sql: &'a str) -> Self {
        Self {
            source: source(sql),
            traits: ServerTraits { has_xmax: true },
            parameter_count: 0,
            calls_unknown: false,
            locks: false,
        }
    }

    fn rewrite<T: VisitMut>(&mut self, tree: &mut T) -> Result<()> {
        walk(tree, &mut Rewriter { adapter: self })
    }

    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        self.rewrite(expr)
    }

    fn query(&mut self, query: &mut Query) -> Result<()> {
        self.rewrite(query)
    }

    fn done(&self, kind: Kind, statements: Vec<String>) -> Adapted {
        Adapted {
            statements,
            kind,
            parameter_count: self.parameter_count,
            catalog_change: None,
            probe: None,
            pure: false,
            write_result: None,
        }
    }
}
