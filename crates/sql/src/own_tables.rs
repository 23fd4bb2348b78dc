//! The tables that PhantomDB keeps in a database for itself. Callers share a database, and these tables have what is theirs
//! alone: the answers of their writes. So no statement of PhantomDB SQL names one.

use phantomdb_protocol::{AlterOperation, Constraint, Error, ErrorCode, Result, TableName};
use sqlparser::{
    ast::{Spanned, Statement},
    tokenizer::{Token, TokenWithSpan},
};

use super::position::position;
use crate::names::last_ident;

/// A table that PhantomDB keeps for itself. There are no others than the constants, so that statements reach none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnTable(&'static str);

impl OwnTable {
    /// The answers of keyed writes on SQLite.
    pub const ANSWERS: Self = Self("phantomdb_answers");
    /// The comments of tables and columns on SQLite.
    pub const COMMENTS: Self = Self("phantomdb_comments");
    /// The source text of expressions in definitions on SQLite.
    pub const EXPRESSIONS: Self = Self("phantomdb_expressions");
    /// The names of the schemas on SQLite.
    pub const SCHEMAS: Self = Self("phantomdb_schemas");
    /// The receipts of keyed writes on PostgreSQL.
    pub const WRITES: Self = Self("phantomdb_writes");

    pub const ALL: [Self; 5] =
        [Self::ANSWERS, Self::COMMENTS, Self::EXPRESSIONS, Self::SCHEMAS, Self::WRITES];

    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// The beginning of these names, and of later ones. A table of a user with such a name would be missing in every list.
const RESERVED: &str = "phantomdb_";

/// Fails with `FORBIDDEN` when a token is the name of such a table, also in another case, in which SQLite finds it too.
pub(crate) fn refuse_in(sql: &str, tokens: &[TokenWithSpan]) -> Result<()> {
    for token in tokens {
        if let Token::Word(word) = &token.token
            && is_own(&word.value)
        {
            return Err(refusal(&word.value).with_position(position(sql, token.span.start)));
        }
    }
    Ok(())
}

/// Fails with `BAD_REQUEST` when a statement makes a table or a view whose name begins like those.
pub(crate) fn refuse_new(sql: &str, statement: &Statement) -> Result<()> {
    let name = match statement {
        Statement::CreateTable(create) => &create.name,
        Statement::CreateView(view) => &view.name,
        _ => return Ok(()),
    };
    let refused = |error: Error| error.with_position(position(sql, name.span().start));
    last_ident(name).map_or(Ok(()), |name| refuse_name(&name.value)).map_err(refused)
}

/// Fails with `BAD_REQUEST` when no table of a user can have the name.
pub(crate) fn refuse_name(name: &str) -> Result<()> {
    if name.get(..RESERVED.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(RESERVED)) {
        let message =
            format!("names of tables that begin with {RESERVED} are PhantomDB's own; choose another one");
        return Err(Error::new(ErrorCode::BadRequest, message).with_table(name));
    }
    Ok(())
}

/// Fails with `FORBIDDEN` when a change of a table is about such a table, or would make, name or reference one.
pub fn refuse_in_change(table: &TableName, operations: &[AlterOperation]) -> Result<()> {
    let named = operations.iter().filter_map(|operation| match operation {
        AlterOperation::RenameTable { to } => Some(to),
        AlterOperation::AddColumn { column } | AlterOperation::ChangeColumn { column, using: _ } => {
            column.references.as_ref().map(|reference| &reference.table)
        }
        AlterOperation::AddConstraint {
            constraint: Constraint::ForeignKey { references, name: _, columns: _ },
        } => Some(&references.table),
        _ => None,
    });
    match std::iter::once(table).chain(named).find(|table| is_own(&table.name)) {
        Some(table) => Err(refusal(&table.name)),
        None => operations.iter().try_for_each(|operation| match operation {
            AlterOperation::RenameTable { to } => refuse_name(&to.name),
            _ => Ok(()),
        }),
    }
}

fn is_own(name: &str) -> bool {
    OwnTable::ALL.iter().any(|own| own.name().eq_ignore_ascii_case(name))
}

fn refusal(name: &str) -> Error {
    let message = format!(
        "\"{name}\" is the name of a table that PhantomDB keeps for itself, and that statements cannot use; only SQL of \
         the engine itself, sent with the option {{ native: true }}, can"
    );
    Error::new(ErrorCode::Forbidden, message).with_table(name)
}
