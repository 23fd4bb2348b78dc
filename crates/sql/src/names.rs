//! The names of tables, columns and constraints in a statement.

use std::ops::ControlFlow;

use crate::walk::each_expression;
use phantomdb_protocol::{Constraint, TableName};
use sqlparser::ast::{Expr, Ident, IndexColumn, ObjectName, TableConstraint};

/// The table an object name means: `public` is the default schema.
pub fn table_name(name: &ObjectName) -> Option<TableName> {
    let parts: Option<Vec<&Ident>> = name.0.iter().map(|part| part.as_ident()).collect();
    match parts?.as_slice() {
        [table] => Some(TableName::new(&table.value)),
        [schema, table] if schema.value == "public" => Some(TableName::new(&table.value)),
        [schema, table] => Some(TableName { name: table.value.clone(), schema: Some(schema.value.clone()) }),
        _ => None,
    }
}

/// The last part of a name, as the user wrote it.
pub fn last_ident(name: &ObjectName) -> Option<&Ident> {
    name.0.last().and_then(|part| part.as_ident())
}

/// The columns of an index or a key, without expressions.
pub fn index_columns(columns: &[IndexColumn]) -> Vec<String> {
    columns
        .iter()
        .filter_map(|column| match &column.column.expr {
            Expr::Identifier(ident) => Some(ident.value.clone()),
            _ => None,
        })
        .collect()
}

pub fn constraint_name(constraint: &TableConstraint) -> Option<&Ident> {
    match constraint {
        TableConstraint::Unique(unique) => unique.name.as_ref(),
        TableConstraint::PrimaryKey(key) => key.name.as_ref(),
        TableConstraint::ForeignKey(key) => key.name.as_ref(),
        TableConstraint::Check(check) => check.name.as_ref(),
        _ => None,
    }
}

/// The columns an expression names, once each.
pub fn mentioned_columns(expr: &Expr) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    let _ = each_expression(expr, &mut |expr| {
        let name = match expr {
            Expr::Identifier(ident) => Some(&ident.value),
            Expr::CompoundIdentifier(parts) => parts.last().map(|ident| &ident.value),
            _ => None,
        };
        if let Some(name) = name.filter(|name| !columns.contains(name)) {
            columns.push(name.clone());
        }
        ControlFlow::Continue(())
    });
    columns
}

/// Returns whether the constraint is a foreign key to that table.
pub fn references(constraint: &Constraint, table: &TableName) -> bool {
    matches!(constraint, Constraint::ForeignKey { name: _, columns: _, references } if same_table(&references.table, table))
}

/// Returns whether two names mean the same table. SQLite compares names without regard to case.
pub fn same_table(left: &TableName, right: &TableName) -> bool {
    left.to_string().eq_ignore_ascii_case(&right.to_string())
}
