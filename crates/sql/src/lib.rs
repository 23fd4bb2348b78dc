//! PhantomDB SQL as every engine reads it: the grammar, the tree, the names of its types, and the way back to text.

pub mod alter_table;
pub mod build;
pub mod calls;
pub mod definition;
pub mod describe;
mod dialect;
pub mod names;
pub mod parse;
pub mod printer;
pub mod time;
pub mod types;
pub mod unknown_function;
pub mod walk;

use std::sync::Arc;

use phantomdb_protocol::{Error, Result, TableName, TableSchema};
use sqlparser::{
    ast::{ObjectName, Spanned as _, Statement},
    tokenizer::Span,
};

pub use dialect::PhantomDialect;

/// What kind of statement it is; decides where and how it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Read,
    /// `SELECT … FOR UPDATE` and its kin.
    LockingRead,
    Write,
    Schema,
    Savepoint(String),
    RollbackTo(String),
    Release(String),
    Begin,
    Commit,
    Rollback,
    /// Accepted, and nothing to do.
    Nothing,
}

impl Kind {
    /// Of a statement about transactions, or about a session, which has nothing to set; none of any other.
    pub fn of_control(statement: &Statement) -> Option<Self> {
        Some(match statement {
            Statement::Savepoint { name } => Self::Savepoint(name.value.clone()),
            Statement::ReleaseSavepoint { name } => Self::Release(name.value.clone()),
            Statement::Rollback { savepoint: Some(name), .. } => Self::RollbackTo(name.value.clone()),
            Statement::Rollback { savepoint: None, .. } => Self::Rollback,
            Statement::Commit { .. } => Self::Commit,
            Statement::StartTransaction { .. } => Self::Begin,
            Statement::Set(_) => Self::Nothing,
            _ => return None,
        })
    }

    /// Refuses what would begin or end a transaction behind the back of who keeps it.
    pub fn refuse_control(&self) -> Result<()> {
        let word = match self {
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Rollback => "ROLLBACK",
            _ => return Ok(()),
        };
        Err(Error::new(
            phantomdb_protocol::ErrorCode::BadRequest,
            format!("{word} cannot be sent as a statement; begin and end transactions by their own calls"),
        ))
    }
}

/// What is known of the tables.
pub trait Catalog {
    fn table(&self, name: &TableName) -> Option<Arc<TableSchema>>;

    /// Whether a table that is not found here does not exist.
    fn sees_all(&self) -> bool {
        true
    }

    /// The names of all tables, for what follows foreign keys from the table they point to.
    fn tables(&self) -> Vec<TableName> {
        Vec::new()
    }
}

/// A statement as it was written, and who is to run it: for errors that say what and where.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub sql: &'a str,
    /// `SQLite`, `PostgreSQL`.
    pub engine: &'static str,
}

impl Source<'_> {
    /// `UNSUPPORTED`, with the name of the construct and its place.
    pub fn unsupported<T>(&self, what: &str, span: Span) -> Result<T> {
        Err(self.at(Error::unsupported(format!("{what} is not supported on {}", self.engine)), span))
    }

    /// The table that a name means.
    pub fn table(&self, name: &ObjectName) -> Result<TableName> {
        match names::table_name(name) {
            Some(table) => Ok(table),
            None => self.unsupported("a name of more than two parts", name.span()),
        }
    }

    /// Adds the place to an error that has none.
    pub fn at(&self, error: Error, span: Span) -> Error {
        match parse::position_of(self.sql, span) {
            Some(position) if error.details.position.is_none() => error.with_position(position),
            _ => error,
        }
    }
}

/// Runs work on the tree of a statement of so many tokens with the stack it needs: a chain of operators is a tree as
/// deep as it is long, and is freed by recursion.
pub fn with_stack<T>(tokens: usize, work: impl FnOnce() -> T) -> T {
    /// Stack that any nesting the parser lets through needs.
    const RED_ZONE: usize = 1 << 20;
    const STACK: usize = 16 << 20;
    /// Bytes of stack for each token.
    const PER_TOKEN: usize = 1 << 10;
    let long = tokens.saturating_mul(PER_TOKEN);
    stacker::maybe_grow(RED_ZONE.max(long), STACK.max(2 * long), work)
}
