//! The tables that PhantomDB keeps in a database for itself. Callers share a database, and these tables have what is theirs
//! alone: the answers of their writes. So no statement of PhantomDB SQL names one.

use phantomdb_protocol::{AlterOperation, Constraint, Error, ErrorCode, Result, TableName};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::parse::position;

const NAMES: [&str; 4] =
    ["phantomdb_answers", "phantomdb_expressions", "phantomdb_schemas", "phantomdb_writes"];

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
        None => Ok(()),
    }
}

fn is_own(name: &str) -> bool {
    NAMES.iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn refusal(name: &str) -> Error {
    let message = format!(
        "\"{name}\" is the name of a table that PhantomDB keeps for itself, and that statements cannot use; only SQL of \
         the engine itself, sent with the option {{ native: true }}, can"
    );
    Error::new(ErrorCode::Forbidden, message).with_table(name)
}
