//! The relations that a statement names, their columns, and the types of those.

use std::sync::Arc;

use phantomdb_protocol::{ColumnDefinition, TableSchema};

use super::typed::{Origin, Typed, unify};
use crate::types::column_type_of_sql;

/// A column of a query's result.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) typed: Typed,
}

/// The columns of a relation.
#[derive(Debug, Clone)]
pub(super) enum Columns {
    Table(Arc<TableSchema>),
    Listed(Arc<Vec<Output>>),
    Unknown,
}

impl Columns {
    /// All columns in order; none when they are not known. `outer` makes them nullable.
    pub(super) fn outputs(&self, outer: bool) -> Option<Vec<Output>> {
        let mut outputs = match self {
            Self::Table(table) => table
                .columns
                .iter()
                .map(|column| Output { name: column.name.clone(), typed: typed_column(table, column) })
                .collect(),
            Self::Listed(outputs) => outputs.as_ref().clone(),
            Self::Unknown => return None,
        };
        if outer {
            outputs.iter_mut().for_each(|output| output.typed.nullable = true);
        }
        Some(outputs)
    }

    fn find(&self, name: &str) -> Option<Typed> {
        match self {
            Self::Table(table) => table
                .columns
                .iter()
                .find(|column| column.name.eq_ignore_ascii_case(name))
                .map(|column| typed_column(table, column)),
            Self::Listed(outputs) => outputs
                .iter()
                .find(|output| output.name.eq_ignore_ascii_case(name))
                .map(|output| output.typed),
            Self::Unknown => None,
        }
    }
}

fn typed_column(table: &TableSchema, column: &ColumnDefinition) -> Typed {
    Typed {
        column_type: Some(column_type_of_sql(&column.data_type)),
        nullable: column.allow_null
            && !column.primary_key
            && !table.primary_key.iter().any(|key| key.eq_ignore_ascii_case(&column.name)),
        origin: Origin::Column,
    }
}

/// A query of a WITH clause that is in force.
#[derive(Debug)]
pub(super) struct CommonTable {
    pub(super) name: String,
    pub(super) columns: Columns,
}

/// A relation of a FROM clause.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    /// The name by which SQLite knows it.
    pub(super) name: String,
    /// A second name: the name of the table without its schema when it has no alias, or an alias that SQLite does not know.
    pub(super) bare: Option<String>,
    pub(super) columns: Columns,
    /// True on the side of an outer join whose rows may be missing.
    pub(super) outer: bool,
}

impl Relation {
    /// True when the relation has that name in the statement.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let names = std::iter::once(self.name.as_str()).chain(self.bare.as_deref());
        names.into_iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// The relations of one FROM clause.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) relations: Vec<Relation>,
    /// True when USING or NATURAL merges columns, so that `*` gives fewer than the tables have.
    pub(super) merged: bool,
}

impl Scope {
    /// Finds the relation that `qualifier` names.
    pub(super) fn relation(&self, qualifier: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.name.eq_ignore_ascii_case(qualifier)).or_else(|| {
            self.relations.iter().find(|relation| {
                relation.bare.as_deref().is_some_and(|bare| bare.eq_ignore_ascii_case(qualifier))
            })
        })
    }

    /// True when SQLite knows a relation by that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.relations.iter().any(|relation| relation.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn column(&self, qualifier: Option<&str>, name: &str) -> Option<Typed> {
        let found = |relation: &Relation| {
            let mut typed = relation.columns.find(name)?;
            typed.nullable |= relation.outer;
            Some(typed)
        };
        match qualifier {
            Some(qualifier) => self.relation(qualifier).and_then(found),
            None => self.relations.iter().find_map(found),
        }
    }
}

/// The columns of a set operation.
pub(super) fn unify_outputs(outputs: Vec<Output>, others: &[Output]) -> Vec<Output> {
    outputs
        .into_iter()
        .zip(others)
        .map(|(output, other)| Output { typed: unify(output.typed, other.typed), name: output.name })
        .collect()
}
