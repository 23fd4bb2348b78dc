//! How a new definition takes effect: not at all when it is the old one, by writing the definition when the stored rows
//! and indexes stay as they are, otherwise by a rebuild of the table.

use phantomdb_protocol::Result;
use sqlparser::ast::{
    ColumnDef, ColumnOption, ColumnOptionDef, CreateTable, Expr, Ident, ObjectName, Statement,
    TableConstraint,
};

use super::definition::rank;
use super::table_change::{PendingDefinition, TableChange};
use super::views;
use crate::stored::{self, stored_name};
use crate::{catalog, types};

/// The conditions of a new definition that the existing rows must meet.
#[derive(Debug, Default)]
pub(super) struct Demands {
    /// The columns that must not be null any more.
    pub(super) not_null: Vec<String>,
    /// The new checks, each with its name.
    pub(super) checks: Vec<(Option<String>, Expr)>,
    /// True when there is a new foreign key.
    pub(super) foreign_key: bool,
}

impl TableChange<'_> {
    /// Makes the pending definition the definition of the table.
    pub(super) fn flush(&mut self) -> Result<()> {
        let Some(mut pending) = self.pending.take() else { return Ok(()) };
        pending.create.name = ObjectName::from(vec![Ident::with_quote('"', stored_name(&self.table))]);
        pending.create.if_not_exists = false;
        let (before, after) = (comparable(&pending.before)?, comparable(&pending.create)?);
        let rows_stay = pending.copies_all() && rows_fit(&before, &after);
        if rows_stay && before.to_string() == after.to_string() {
            self.expressions.clear();
            return Ok(());
        }
        for column in new_types(&before, &after) {
            views::refuse_new_type(self.conn, &stored_name(&self.table), column)?;
        }
        self.store_expressions()?;
        if rows_stay && same_storage(&before, &after) {
            return self.edit(&mut pending.create, &demands(&before, &after));
        }
        self.rebuild_table(pending)
    }
}

/// The columns that have another type than before.
fn new_types<'c>(before: &CreateTable, after: &'c CreateTable) -> impl Iterator<Item = &'c str> {
    let types: Vec<(String, String)> = before
        .columns
        .iter()
        .map(|column| (column.name.value.clone(), column.data_type.to_string()))
        .collect();
    after.columns.iter().filter_map(move |column| {
        let (_, data_type) = types.iter().find(|(name, _)| *name == column.name.value)?;
        (*data_type != column.data_type.to_string()).then_some(column.name.value.as_str())
    })
}

impl PendingDefinition {
    /// True when no column is dropped and none gets other values.
    fn copies_all(&self) -> bool {
        use phantomdb_sql::printer::quote_identifier;
        self.dropped.is_empty()
            && self.copied.iter().all(|(column, value)| *value == quote_identifier(column))
    }
}

/// The definition as it is read after it was stored, with the options of each column in one order. Its parts are compared
/// by their texts: a tree also has the places of its parts in the text.
fn comparable(create: &CreateTable) -> Result<CreateTable> {
    let mut create = create.clone();
    // The first time names that the adapter wrote without quotes are read, the second time they are quoted as all others.
    for _ in 0..2 {
        create = catalog::parse(&stored::print(&mut Statement::CreateTable(create))?)?;
    }
    for column in &mut create.columns {
        column.options.sort_by_key(|option| rank(&option.option));
    }
    Ok(create)
}

/// True when the columns have the same names and affinities, so that SQLite reads the stored rows as before.
fn rows_fit(before: &CreateTable, after: &CreateTable) -> bool {
    let affinity = |column: &ColumnDef| types::affinity(&column.data_type.to_string());
    let generated = |column: &ColumnDef| {
        column.options.iter().any(|option| matches!(option.option, ColumnOption::Generated { .. }))
    };
    before.columns.len() == after.columns.len()
        && before.columns.iter().zip(&after.columns).all(|(before, after)| {
            before.name.value == after.name.value
                && (before.data_type == after.data_type
                    || affinity(before) == affinity(after) && !generated(before) && !generated(after))
        })
}

/// True when both definitions have the same keys and unique constraints, in the same order: SQLite keeps an index for
/// each, and finds it by its place.
fn same_storage(before: &CreateTable, after: &CreateTable) -> bool {
    let of_columns =
        |create: &CreateTable| -> Vec<Vec<String>> { create.columns.iter().map(stored_options).collect() };
    let key_types_stay = before.columns.iter().zip(&after.columns).all(|(before, after)| {
        let is_key = after.options.iter().any(|option| matches!(option.option, ColumnOption::PrimaryKey(_)));
        before.data_type == after.data_type || !is_key
    });
    key_types_stay
        && of_columns(before) == of_columns(after)
        && stored_constraints(before) == stored_constraints(after)
        && before.without_rowid == after.without_rowid
}

fn stored_options(column: &ColumnDef) -> Vec<String> {
    let options = column.options.iter().filter(|option| {
        !matches!(
            option.option,
            // A row that is older than its column has no value of it: SQLite reads the default from the definition. So a
            // change of a default writes the rows.
            ColumnOption::NotNull | ColumnOption::Check(_) | ColumnOption::ForeignKey(_)
        )
    });
    options.map(|option| option.option.to_string()).collect()
}

fn stored_constraints(create: &CreateTable) -> Vec<String> {
    let constraints = create.constraints.iter().filter_map(|constraint| match constraint {
        TableConstraint::Unique(unique) => {
            let mut unique = unique.clone();
            unique.name = None;
            Some(unique.to_string())
        }
        TableConstraint::PrimaryKey(key) => {
            let mut key = key.clone();
            key.name = None;
            Some(key.to_string())
        }
        TableConstraint::ForeignKey(_) | TableConstraint::Check(_) => None,
        other => Some(other.to_string()),
    });
    constraints.collect()
}

fn demands(before: &CreateTable, after: &CreateTable) -> Demands {
    let mut demands = Demands::default();
    for (old, new) in before.columns.iter().zip(&after.columns) {
        let has = |column: &ColumnDef, wanted: &ColumnOption| {
            column.options.iter().any(|option| option.option.to_string() == wanted.to_string())
        };
        for ColumnOptionDef { name, option } in &new.options {
            match option {
                _ if has(old, option) => {}
                ColumnOption::NotNull => demands.not_null.push(new.name.value.clone()),
                ColumnOption::Check(check) => {
                    let name = name.as_ref().map(|name| name.value.clone());
                    demands.checks.push((name, (*check.expr).clone()));
                }
                ColumnOption::ForeignKey(_) => demands.foreign_key = true,
                _ => {}
            }
        }
    }
    for constraint in &after.constraints {
        match constraint {
            _ if before.constraints.iter().any(|old| old.to_string() == constraint.to_string()) => {}
            TableConstraint::Check(check) => {
                let name = check.name.as_ref().map(|name| name.value.clone());
                demands.checks.push((name, (*check.expr).clone()));
            }
            TableConstraint::ForeignKey(_) => demands.foreign_key = true,
            _ => {}
        }
    }
    demands
}
