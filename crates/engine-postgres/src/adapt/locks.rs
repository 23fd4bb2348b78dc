//! Locks of rows: `FOR NO KEY UPDATE OF a, b SKIP LOCKED` and its kin.

use phantomdb_protocol::Result;
use phantomdb_sql::{
    parse::LOCK_STRENGTH,
    printer::{quote_identifier, verbatim_expr, verbatim_ident},
};
use sqlparser::ast::{Expr, LimitClause, LockClause, ObjectName, Offset, OffsetRows, Query};

use super::print::print;

/// Writes the locks of a query in PostgreSQL's form. The parser knows two strengths of locks, and one table for each of
/// them. The other strengths are in the name of the table: see [`phantomdb_sql::parse`].
pub(crate) fn write(query: &mut Query) -> Result<()> {
    let locks: Vec<(LockClause, Option<String>)> = query.locks.drain(..).map(split).collect();
    if locks.iter().all(|(_, strength)| strength.is_none()) {
        query.locks = locks.into_iter().map(|(lock, _)| lock).collect();
        return Ok(());
    }
    let mut sql = String::new();
    for (LockClause { lock_type, of, nonblock }, strength) in locks {
        let strength = strength.unwrap_or_else(|| lock_type.to_string());
        sql.push_str(&format!(" FOR {strength}"));
        if let Some(tables) = of.as_ref().and_then(|of| of.0.first()).and_then(|part| part.as_ident()) {
            sql.push_str(&format!(" OF {}", tables.value));
        }
        if let Some(nonblock) = nonblock {
            sql.push_str(&format!(" {nonblock}"));
        }
    }
    append(query, &sql)
}

/// Splits a lock into the clause, with its tables as one name that is ready to be printed, and the strength that the
/// parser does not know.
fn split(mut lock: LockClause) -> (LockClause, Option<String>) {
    let mut strength = None;
    if let Some(of) = lock.of.take() {
        let mut tables = Vec::with_capacity(of.0.len());
        for ident in of.0.iter().filter_map(|part| part.as_ident()) {
            match ident.value.strip_prefix(LOCK_STRENGTH) {
                Some(known) => strength = Some(known.to_owned()),
                None => tables.push(quote_identifier(&ident.value)),
            }
        }
        lock.of = (!tables.is_empty()).then(|| ObjectName::from(vec![verbatim_ident(tables.join(", "))]));
    }
    (lock, strength)
}

/// Appends text to a query, after its LIMIT, OFFSET and FETCH, which are printed last.
fn append(query: &mut Query, sql: &str) -> Result<()> {
    let limit = query.limit_clause.get_or_insert(LimitClause::LimitOffset {
        limit: None,
        offset: None,
        limit_by: Vec::new(),
    });
    let (last, fetch) = match (limit, query.fetch.take()) {
        // LIMIT BY is not PostgreSQL's, which refuses it.
        (LimitClause::LimitOffset { limit: _, offset, limit_by: _ }, Some(mut fetch)) => {
            let offset =
                offset.get_or_insert_with(|| Offset { value: verbatim_expr("0"), rows: OffsetRows::Rows });
            (offset_value(offset), format!(" {}", print(&mut fetch)?))
        }
        (LimitClause::LimitOffset { limit: _, offset: Some(offset), limit_by: _ }, None) => {
            (offset_value(offset), String::new())
        }
        (LimitClause::LimitOffset { limit, offset: None, limit_by: _ }, None) => {
            (limit.get_or_insert_with(|| verbatim_expr("ALL")), String::new())
        }
        // PostgreSQL refuses `LIMIT 5, 10`, whatever comes after it.
        (LimitClause::OffsetCommaLimit { offset: _, limit }, _) => (limit, String::new()),
    };
    *last = verbatim_expr(format!("{}{fetch}{sql}", print(&mut last.clone())?));
    Ok(())
}

/// The expression of an OFFSET without the word ROWS, which would be printed after it. PostgreSQL does not need it.
fn offset_value(offset: &mut Offset) -> &mut Expr {
    let Offset { value, rows } = offset;
    *rows = OffsetRows::None;
    value
}
