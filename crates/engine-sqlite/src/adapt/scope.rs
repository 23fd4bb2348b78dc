//! What the names of a statement mean: relations, their columns, their types.

use std::sync::Arc;

use crate::types::column_type_of_sql;
use phantomdb_protocol::{ColumnDefinition, ColumnType, TableName, TableSchema};

/// Where a value comes from; decides what is converted in a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Column,
    Literal,
    Parameter,
    Other,
}

/// What is known about the value of an expression.
#[derive(Debug, Clone, Copy)]
pub(super) struct Typed {
    pub(super) column_type: Option<ColumnType>,
    pub(super) nullable: bool,
    pub(super) origin: Origin,
}

impl Typed {
    pub(super) const UNKNOWN: Self = Self { column_type: None, nullable: true, origin: Origin::Other };

    pub(super) const fn of(column_type: ColumnType) -> Self {
        Self { column_type: Some(column_type), nullable: true, origin: Origin::Other }
    }

    pub(super) const fn not_null(mut self) -> Self {
        self.nullable = false;
        self
    }

    pub(super) fn is(self, column_type: ColumnType) -> bool {
        self.column_type == Some(column_type)
    }
}

/// A column that a query gives.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) typed: Typed,
}

#[derive(Debug, Clone)]
pub(super) enum Columns {
    Table(Arc<TableSchema>),
    Listed(Arc<Vec<Output>>),
    Unknown,
}

impl Columns {
    /// All columns in order; nothing when they are not known.
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

pub(super) fn typed_column(table: &TableSchema, column: &ColumnDefinition) -> Typed {
    Typed {
        column_type: Some(column_type_of_sql(&column.data_type)),
        nullable: column.allow_null
            && !column.primary_key
            && !table.primary_key.iter().any(|key| key.eq_ignore_ascii_case(&column.name)),
        origin: Origin::Column,
    }
}

/// One relation of a FROM clause.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    /// The name by which SQLite knows it.
    pub(super) name: String,
    /// What else it is called: the name of the table alone, when it is in a schema and has no alias, or the alias where
    /// SQLite knows none.
    pub(super) bare: Option<String>,
    pub(super) columns: Columns,
    /// On the side of an outer join that may be missing.
    pub(super) outer: bool,
}

impl Relation {
    pub(super) fn is_called(&self, name: &str) -> bool {
        let names = std::iter::once(self.name.as_str()).chain(self.bare.as_deref());
        names.into_iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) relations: Vec<Relation>,
    /// USING or NATURAL gives fewer columns than its tables have.
    pub(super) merged: bool,
}

impl Scope {
    /// The relation that `qualifier` names.
    pub(super) fn relation(&self, qualifier: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.name.eq_ignore_ascii_case(qualifier)).or_else(|| {
            self.relations.iter().find(|relation| {
                relation.bare.as_deref().is_some_and(|bare| bare.eq_ignore_ascii_case(qualifier))
            })
        })
    }

    /// Whether SQLite knows a relation by that name.
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

/// The same table as one identifier, as SQLite stores it.
pub fn stored_name(table: &TableName) -> String {
    table.to_string()
}

/// The columns of a set operation.
pub(super) fn unify_outputs(outputs: Vec<Output>, others: &[Output]) -> Vec<Output> {
    outputs
        .into_iter()
        .zip(others)
        .map(|(output, other)| Output {
            typed: super::expression::unify(output.typed, other.typed),
            name: output.name,
        })
        .collect()
}
