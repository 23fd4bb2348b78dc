//! The views that depend on what is dropped. SQLite keeps them, and they fail when they are used; a broken view also keeps
//! every table from being renamed.

use std::ops::ControlFlow;

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{
    parse::{self, Parsed},
    printer::quote_identifier,
    walk::walk,
    with_stack,
};
use rusqlite::Connection;
use sqlparser::ast::{GroupByExpr, Select, VisitorMut};

use super::execute::run;
use super::foreign_keys::CurrentTables;
use crate::adapt::adapt;
use crate::comments;
use crate::schema_rows::{Object, SchemaRows};
use crate::stored::query_of_view;

/// Runs a change that drops something. A view that can be read no more is dropped too with `cascade`, and makes the change
/// fail without it.
pub(super) fn kept(
    conn: &Connection,
    rows: &SchemaRows,
    cascade: bool,
    change: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let mut readable = views(rows);
    readable.retain(|view| can_be_read(conn, view));
    let grouped = grouped(rows);
    change()?;
    if readable.is_empty() {
        return Ok(());
    }
    let lost_groups =
        |view: &String| grouped.iter().any(|(name, query)| name == view && is_ungrouped(conn, query));
    let mut views = views(&SchemaRows::read(conn)?);
    views.retain(|view| readable.contains(view) && (!can_be_read(conn, view) || lost_groups(view)));
    match views.first() {
        Some(view) if !cascade => {
            let message = format!(
                "the view \"{view}\" depends on what is dropped; drop the view first, or use CASCADE"
            );
            Err(Error::new(ErrorCode::ForeignKeyViolation, message).with_table(view))
        }
        _ => views.iter().try_for_each(|view| drop_view(conn, view)),
    }
}

/// Refuses another type of a column that a view reads: the columns of the view have their types.
pub(super) fn refuse_new_type(conn: &Connection, table: &str, column: &str) -> Result<()> {
    match reading(conn, table, column)?.first() {
        None => Ok(()),
        Some(view) => {
            let message = format!(
                "the view \"{view}\" reads the column \"{column}\", so its type cannot change; drop the view first"
            );
            Err(Error::unsupported(message).with_table(view).with_columns([column]))
        }
    }
}

/// The views that read the column: SQLite writes another name of the column into them.
fn reading(conn: &Connection, table: &str, column: &str) -> Result<Vec<String>> {
    let texts = || -> Result<Vec<(String, String)>> {
        let rows = SchemaRows::read(conn)?;
        let views = rows.iter().filter(|row| row.object == Object::View);
        Ok(views.map(|row| (row.name.to_owned(), row.sql.unwrap_or_default().to_owned())).collect())
    };
    let before = texts()?;
    if before.is_empty() {
        return Ok(Vec::new());
    }
    run(conn, "SAVEPOINT phantomdb_renamed")?;
    let (table, column) = (quote_identifier(table), quote_identifier(column));
    let renamed = run(conn, &format!("ALTER TABLE {table} RENAME COLUMN {column} TO phantomdb_renamed"));
    // A view of another program that cannot be read keeps SQLite from renaming anything.
    let after = if renamed.is_ok() { texts() } else { Ok(before.clone()) };
    run(conn, "ROLLBACK TO phantomdb_renamed; RELEASE phantomdb_renamed")?;
    let after = after?;
    Ok(before.into_iter().filter(|view| !after.contains(view)).map(|(name, _)| name).collect())
}

/// Drops the view that is stored under this name, and the comments on its columns.
pub(super) fn drop_view(conn: &Connection, view: &str) -> Result<()> {
    run(conn, &format!("DROP VIEW {}", quote_identifier(view)))?;
    comments::drop_stored(conn, view)
}

/// The views that group rows, each with the query with which it was made.
fn grouped(rows: &SchemaRows) -> Vec<(String, String)> {
    let views = rows.iter().filter(|row| row.object == Object::View);
    let queries =
        views.filter_map(|row| Some((row.name.to_owned(), query_of_view(row.sql.unwrap_or_default())?)));
    queries.filter(|(_, query)| has_groups(query)).collect()
}

/// True when a query, or one inside of it, has GROUP BY.
fn has_groups(query: &str) -> bool {
    let Ok(tokens) = parse::tokens(query) else { return false };
    with_stack(tokens.len(), || match parse::statement(query, tokens) {
        Ok(Parsed::Statement { mut statement, conflict: _ }) => {
            walk(statement.as_mut(), &mut GroupSearch).is_err()
        }
        _ => false,
    })
}

/// Stops at GROUP BY.
struct GroupSearch;

impl VisitorMut for GroupSearch {
    type Break = Error;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        match &select.group_by {
            GroupByExpr::Expressions(groups, _) if groups.is_empty() => ControlFlow::Continue(()),
            _ => ControlFlow::Break(Error::internal("GROUP BY")),
        }
    }
}

/// True when a query names columns that its groups do not decide. They did while the groups had the key of the table.
fn is_ungrouped(conn: &Connection, query: &str) -> bool {
    adapt(query, &CurrentTables(conn)).is_err_and(|error| error.code == ErrorCode::SyntaxError)
}

/// The names of the views in SQLite.
fn views(rows: &SchemaRows) -> Vec<String> {
    rows.iter().filter(|row| row.object == Object::View).map(|row| row.name.to_owned()).collect()
}

/// SQLite looks up all that a view names when it prepares a query of it.
fn can_be_read(conn: &Connection, view: &str) -> bool {
    conn.prepare(&format!("SELECT 1 FROM {}", quote_identifier(view))).is_ok()
}
