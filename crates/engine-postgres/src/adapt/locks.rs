//! Locks of rows: `FOR NO KEY UPDATE OF a, b SKIP LOCKED` and its kin.

use sqlparser::ast::{Ident, LimitClause, LockClause, ObjectName, Offset, OffsetRows, Query};

use super::print::print;
use phantomdb_sql::{
    parse::LOCK_STRENGTH,
    printer::{quote_identifier, verbatim_expr, verbatim_ident},
};

/// Brings the locks of a query into PostgreSQL's form. The parser knows two strengths, and one table for each: the
/// others travel in the name of the table, see [`phantomdb_sql::parse`].
pub(crate) fn write(query: &mut Query) {
    let written: Vec<(LockClause, Option<String>)> = query.locks.drain(..).map(split).collect();
    if written.iter().all(|(_, strength)| strength.is_none()) {
        query.locks = written.into_iter().map(|(lock, _)| lock).collect();
        return;
    }
    let mut sql = String::new();
    for (lock, strength) in written {
        let strength = strength.unwrap_or_else(|| lock.lock_type.to_string());
        sql.push_str(&format!(" FOR {strength}"));
        if let Some(Ident { value, .. }) =
            lock.of.as_ref().and_then(|of| of.0.first()).and_then(|part| part.as_ident())
        {
            sql.push_str(&format!(" OF {value}"));
        }
        if let Some(nonblock) = lock.nonblock {
            sql.push_str(&format!(" {nonblock}"));
        }
    }
    append(query, &sql);
}

/// The lock with its tables as one name that is ready to be printed, and the strength the parser did not know.
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

/// Appends text to a query: behind LIMIT and OFFSET, which are the last of what is printed.
fn append(query: &mut Query, sql: &str) {
    let fetched = query.fetch.take().map(|fetch| fetch.quantity.unwrap_or_else(|| verbatim_expr("1")));
    let limit = query.limit_clause.get_or_insert(LimitClause::LimitOffset {
        limit: None,
        offset: None,
        limit_by: Vec::new(),
    });
    if let LimitClause::LimitOffset { limit, offset, .. } = limit {
        if let Some(fetched) = fetched {
            *limit = Some(fetched);
        }
        let last = match offset {
            Some(Offset { value, rows }) => {
                *rows = OffsetRows::None;
                value
            }
            None => limit.get_or_insert_with(|| verbatim_expr("ALL")),
        };
        let mut printed = last.clone();
        if let Ok(text) = print(&mut printed) {
            *last = verbatim_expr(format!("{text}{sql}"));
        }
    }
}
