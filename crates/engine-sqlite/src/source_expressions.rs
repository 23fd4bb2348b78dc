//! The source text of expressions in definitions, where SQLite stores a different one.
//!
//! SQLite stores a check with `ILIKE`, or an index on a path into JSON, as it was adapted. A description must be PhantomDB
//! SQL, so that the table can be created from it. The source text is kept in a table of PhantomDB's own, by table and by
//! the text that SQLite was given.

use std::collections::BTreeMap;

use phantomdb_protocol::{
    Constraint, CreateIndex, Result, TableName, TableSchema,
    ddl::{self, Verbatim},
};
use phantomdb_sql::own_tables::OwnTable;
use phantomdb_sql::parse::parse_expression;
use phantomdb_sql::printer::quote_literal;
use phantomdb_sql::walk::change_expressions;
use rusqlite::{Connection, params};
use sqlparser::ast::Expr;

use crate::error::schema_failed;
use crate::own_tables;
use crate::schema_rows::SchemaRows;
use crate::stored::{self, stored_name};

const TABLE: OwnTable = OwnTable::EXPRESSIONS;

const DEFINITION: &str = "(\"table\" TEXT NOT NULL, \"adapted\" TEXT NOT NULL, \"written\" TEXT NOT NULL, PRIMARY KEY (\"table\", \"adapted\")) WITHOUT ROWID";

/// An expression as it was written and as SQLite was given it, both in the form that a description prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SourceExpression {
    adapted: String,
    source: String,
}

impl SourceExpression {
    /// Returns `None` when SQLite is given the expression as it was written.
    pub(super) fn of(adapted: &Expr, source: String) -> Result<Option<Self>> {
        let adapted = as_described(&stored::print(&mut adapted.clone())?)?;
        Ok((adapted != source).then_some(Self { adapted, source }))
    }
}

/// The text that a description prints after SQLite has stored `sql` and given it back.
fn as_described(sql: &str) -> Result<String> {
    stored::print(&mut parse_expression(sql)?)
}

/// The statements that store the expressions of a table.
pub(super) fn insert_statements(table: &str, expressions: &[SourceExpression]) -> Vec<String> {
    if expressions.is_empty() {
        return Vec::new();
    }
    let rows = expressions.iter().map(|SourceExpression { adapted, source }| {
        format!("({}, {}, {})", quote_literal(table), quote_literal(adapted), quote_literal(source))
    });
    let rows = rows.collect::<Vec<_>>().join(", ");
    let insert = format!(
        "INSERT INTO phantomdb_expressions VALUES {rows} ON CONFLICT DO UPDATE \
         SET written = excluded.written WHERE written <> excluded.written"
    );
    vec![own_tables::create_statement(TABLE, DEFINITION), insert]
}

/// Stores the expressions of a table.
pub(super) fn store(conn: &Connection, table: &TableName, expressions: &[SourceExpression]) -> Result<()> {
    for statement in insert_statements(&stored_name(table), expressions) {
        conn.execute_batch(&statement).map_err(|error| schema_failed(&error))?;
    }
    Ok(())
}

/// The stored expressions of a table: what was written, by what SQLite was given. The database must have the table of them.
fn stored(conn: &Connection, table: &str) -> Result<BTreeMap<String, String>> {
    conn.prepare_cached(
        "SELECT adapted, written FROM phantomdb_expressions WHERE \"table\" = ?1 COLLATE NOCASE",
    )
    .and_then(|mut statement| statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
    .map_err(|error| schema_failed(&error))
}

/// Replaces the expressions of a description by those that were written.
pub(super) fn describe(conn: &Connection, rows: &SchemaRows, schema: &mut TableSchema) -> Result<()> {
    if !rows.has(TABLE) {
        return Ok(());
    }
    let stored = stored(conn, &stored_name(&schema.table))?;
    if stored.is_empty() {
        return Ok(());
    }
    let restore = |text: &mut String| {
        if let Some(source) = stored.get(text) {
            text.clone_from(source);
        }
    };
    for column in &mut schema.columns {
        column.default.iter_mut().chain(&mut column.generated).for_each(restore);
    }
    for constraint in &mut schema.constraints {
        match constraint {
            Constraint::Check { expression, .. } => restore(expression),
            Constraint::Default { value, .. } => restore(value),
            _ => {}
        }
    }
    for index in &mut schema.indexes {
        index.condition.iter_mut().for_each(restore);
        index.fields.iter_mut().filter_map(|field| field.expression.as_mut()).for_each(restore);
        if index.definition.is_some() {
            let definition = CreateIndex {
                name: index.name.clone(),
                fields: index.fields.clone(),
                unique: index.unique,
                condition: index.condition.clone(),
                using: None,
                if_not_exists: false,
                concurrently: false,
            };
            index.definition = Some(ddl::create_index(&schema.table, &definition, &Verbatim)?);
        }
    }
    Ok(())
}

/// Moves the expressions of a table to its new name.
pub(super) fn rename_table(conn: &Connection, from: &TableName, to: &TableName) -> Result<()> {
    if own_tables::exists(conn, TABLE)? {
        let sql = "UPDATE phantomdb_expressions SET \"table\" = ?2 WHERE \"table\" = ?1 COLLATE NOCASE";
        own_tables::run(conn, sql, params![stored_name(from), stored_name(to)])?;
    }
    Ok(())
}

/// Renames a column in the stored expressions. SQLite does the same in the definition, so both texts change.
pub(super) fn rename_column(conn: &Connection, table: &TableName, from: &str, to: &str) -> Result<()> {
    let renamed = |sql: &str| -> Result<String> {
        let mut expr = parse_expression(sql)?;
        change_expressions(&mut expr, &mut |expr| {
            let ident = match expr {
                Expr::Identifier(ident) => Some(ident),
                Expr::CompoundIdentifier(parts) => parts.last_mut(),
                _ => None,
            };
            if let Some(ident) = ident.filter(|ident| ident.value.eq_ignore_ascii_case(from)) {
                to.clone_into(&mut ident.value);
            }
        });
        stored::print(&mut expr)
    };
    if !own_tables::exists(conn, TABLE)? {
        return Ok(());
    }
    let mut expressions = Vec::new();
    for (adapted, source) in stored(conn, &stored_name(table))? {
        let changed = SourceExpression { adapted: renamed(&adapted)?, source: renamed(&source)? };
        if changed.adapted != adapted {
            expressions.push(changed);
        }
    }
    store(conn, table, &expressions)
}

/// Deletes the expressions of a table, so that a later table of the same name does not get them.
pub(super) fn drop_table(conn: &Connection, rows: &SchemaRows, table: &TableName) -> Result<()> {
    if rows.has(TABLE) {
        own_tables::run(
            conn,
            "DELETE FROM phantomdb_expressions WHERE \"table\" = ?1 COLLATE NOCASE",
            [stored_name(table)],
        )?;
    }
    Ok(())
}
