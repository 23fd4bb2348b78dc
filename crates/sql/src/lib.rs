//! PhantomDB SQL as every engine reads it: the grammar, the tree, the data types, and the printer that turns a tree into
//! text.

pub mod alter_table;
pub mod build;
pub mod calls;
pub mod condition;
mod constraints;
pub mod cursor;
pub mod database_statement;
pub mod ddl;
pub mod definition;
pub mod describe;
mod dialect;
pub mod fingerprint;
pub mod foreign_functions;
mod infix;
pub mod insert_rows;
mod lexer;
pub mod names;
mod number_literals;
pub mod own_tables;
pub mod parse;
pub mod position;
pub mod printer;
pub mod script;
mod settings;
mod size;
pub mod table_order;
pub mod types;
pub mod typing;
pub mod unknown_function;
pub mod views;
pub mod walk;

use std::sync::Arc;

use phantomdb_protocol::{Error, Result, TableName, TableSchema};
use sqlparser::{
    ast::{ObjectName, Spanned as _, Statement},
    tokenizer::Span,
};

pub use dialect::PhantomDialect;
pub use size::SizeLimits;

/// The kind of a statement, which decides where and how it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Read,
    /// A SELECT that locks rows, such as `SELECT … FOR UPDATE`.
    LockingRead,
    Write,
    Schema,
    Savepoint(String),
    RollbackTo(String),
    Release(String),
    Begin,
    Commit,
    Rollback,
    /// Accepted without any effect.
    Nothing,
}

impl Kind {
    /// The kind of a statement about transactions or the session. None for any other statement. Fails with `UNSUPPORTED` for a
    /// setting that would change what statements do.
    pub fn of_control(statement: &Statement) -> Result<Option<Self>> {
        Ok(Some(match statement {
            Statement::Savepoint { name } => Self::Savepoint(name.value.clone()),
            Statement::ReleaseSavepoint { name } => Self::Release(name.value.clone()),
            Statement::Rollback { savepoint: Some(name), chain: _ } => Self::RollbackTo(name.value.clone()),
            // `refuse_control` refuses these three, whatever else they say.
            Statement::Rollback { savepoint: None, chain: _ } => Self::Rollback,
            Statement::Commit { chain: _, end: _, modifier: _ } => Self::Commit,
            Statement::StartTransaction {
                modes: _,
                begin: _,
                transaction: _,
                modifier: _,
                statements: _,
                exception: _,
                has_end_keyword: _,
            } => Self::Begin,
            Statement::Set(set) => {
                settings::accept(set)?;
                Self::Nothing
            }
            _ => return Ok(None),
        }))
    }

    /// Refuses statements that begin or end a transaction: the caller that holds the transaction would not notice.
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

/// The tables that a statement can name.
pub trait Catalog {
    fn table(&self, name: &TableName) -> Option<Arc<TableSchema>>;

    /// Returns whether a table that is not found here does not exist.
    fn sees_all(&self) -> bool {
        true
    }

    /// Returns whether the rows of a table have numbers in SQLite: those of a view have none.
    fn has_row_numbers(&self, _: &TableName) -> bool {
        false
    }

    /// The names of all tables, to find the foreign keys that point to a table.
    fn tables(&self) -> Vec<TableName> {
        Vec::new()
    }
}

/// The text of a statement and the engine that runs it, for errors that say what is wrong and where.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub sql: &'a str,
    /// `SQLite`, `PostgreSQL`.
    pub engine: &'static str,
}

impl Source<'_> {
    /// `UNSUPPORTED`, with the name of the construct and its position.
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

    /// Adds the position to an error that has none.
    pub fn at(&self, error: Error, span: Span) -> Error {
        match position::position_of(self.sql, span) {
            Some(position) if error.details.position.is_none() => error.with_position(position),
            _ => error,
        }
    }
}

/// Runs work on a statement's tree with the stack that it needs for this number of tokens: a chain of operators is a tree
/// as deep as it is long, and is freed by recursion. No tree is deeper than [`SizeLimits`] allow.
pub fn with_stack<T>(tokens: usize, work: impl FnOnce() -> T) -> T {
    /// The stack that is enough for any nesting the parser accepts.
    const RED_ZONE: usize = 1 << 20;
    const STACK: usize = 16 << 20;
    /// Bytes of stack for each token. Two tokens can be a level of the tree. Memory is taken for what is used only.
    const PER_TOKEN: usize = if cfg!(debug_assertions) { 16 << 10 } else { 4 << 10 };
    let long = tokens.min(SizeLimits::current().chain).saturating_mul(PER_TOKEN);
    stacker::maybe_grow(RED_ZONE.max(long), STACK.max(2 * long), work)
}
