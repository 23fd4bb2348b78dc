//! Expressions of definitions as they were written, where SQLite was given others: a check with `ILIKE`, an index on a
//! path into JSON. A description gives them back in PhantomDB SQL, so that it can be used to make the table anew.
//!
//! They are kept in a table of PhantomDB's own, made when first needed, by what SQLite was given.

use std::collections::BTreeMap;

use phantomdb_protocol::{
    Constraint, CreateIndex, Result, TableName, TableSchema,
    ddl::{self, Verbatim},
};
use rusqlite::{Connection, params};
use sqlparser::ast::Expr;

use super::catalog::failed;
use super::registry::{exists, run};
use super::stored::{self, stored_name};
use phantomdb_sql::{parse::parse_expression, printer::quote_literal, walk::change_expressions};

const TABLE: &str = "phantomdb_expressions";

const CREATE: &str = "CREATE TABLE IF NOT EXISTS \"phantomdb_expressions\" (\"table\" TEXT NOT NULL, \
    \"adapted\" TEXT NOT NULL, \"written\" TEXT NOT NULL, PRIMARY KEY (\"table\", \"adapted\")) WITHOUT ROWID";

/// What SQLite is given, and what was written, each as a description prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    adapted: String,
    written: String,
}

impl Written {
    /// None when SQLite is given what was written.
    pub(super) fn of(adapted: &Expr, written: String) -> Result<Option<Self>> {
        let adapted = described(&stored::print(&mut adapted.clone())?)?;
        Ok((adapted != written).then_some(Self { adapted, written }))
    }
}

/// The text as it is after it was stored and read again.
fn described(sql: &str) -> Result<String> {
    stored::print(&mut parse_expression(sql)?)
}

/// The statements that keep them.
pub(super) fn note(table: &str, expressions: &[Written]) -> Vec<String> {
    if expressions.is_empty() {
        return Vec::new();
    }
    let rows = expressions.iter().map(|Written { adapted, written }| {
        format!("({}, {}, {})", quote_literal(table), quote_literal(adapted), quote_literal(written))
    });
    let rows = rows.collect::<Vec<_>>().join(", ");
    let insert = format!(
        "INSERT INTO phantomdb_expressions VALUES {rows} ON CONFLICT DO UPDATE SET written = excluded.written"
    );
    vec![CREATE.to_owned(), insert]
}

pub(super) fn keep(conn: &Connection, table: &TableName, expressions: &[Written]) -> Result<()> {
    for statement in note(&stored_name(table), expressions) {
        conn.execute_batch(&statement).map_err(|error| failed(&error))?;
    }
    Ok(())
}

fn kept(conn: &Connection, table: &str) -> Result<BTreeMap<String, String>> {
    if !exists(conn, TABLE)? {
        return Ok(BTreeMap::new());
    }
    conn.prepare_cached(
        "SELECT adapted, written FROM phantomdb_expressions WHERE \"table\" = ?1 COLLATE NOCASE",
    )
    .and_then(|mut statement| statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
    .map_err(|error| failed(&error))
}

/// Gives a description the expressions that were written.
pub(super) fn restore(conn: &Connection, schema: &mut TableSchema) -> Result<()> {
    let kept = kept(conn, &stored_name(&schema.table))?;
    if kept.is_empty() {
        return Ok(());
    }
    let restore = |text: &mut String| {
        if let Some(written) = kept.get(text) {
            text.clone_from(written);
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
            };
            index.definition = Some(ddl::create_index(&schema.table, &definition, &Verbatim)?);
        }
    }
    Ok(())
}

/// They follow a table to its new name.
pub(super) fn rename_table(conn: &Connection, from: &TableName, to: &TableName) -> Result<()> {
    if exists(conn, TABLE)? {
        let sql = "UPDATE phantomdb_expressions SET \"table\" = ?2 WHERE \"table\" = ?1 COLLATE NOCASE";
        run(conn, sql, params![stored_name(from), stored_name(to)])?;
    }
    Ok(())
}

/// SQLite writes the new name into its own expressions; here it goes into both.
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
    let mut expressions = Vec::new();
    for (adapted, written) in kept(conn, &stored_name(table))? {
        let changed = Written { adapted: renamed(&adapted)?, written: renamed(&written)? };
        if changed.adapted != adapted {
            expressions.push(changed);
        }
    }
    keep(conn, table, &expressions)
}

/// A table of the same name that is made later has none of them.
pub(super) fn forget_table(conn: &Connection, table: &TableName) -> Result<()> {
    if exists(conn, TABLE)? {
        run(
            conn,
            "DELETE FROM phantomdb_expressions WHERE \"table\" = ?1 COLLATE NOCASE",
            [stored_name(table)],
        )?;
    }
    Ok(())
}
