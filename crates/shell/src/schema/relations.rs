//! The foreign keys between tables, as a diagram shows them.

use phantomdb_protocol::{Constraint, Reference, TableName, TableSchema};

/// A foreign key between two tables of a list.
pub(crate) struct Relation<'a> {
    /// The places of the tables in the list: the one that has the key, and the one that it points to.
    pub(crate) child: usize,
    pub(crate) parent: usize,
    pub(crate) columns: &'a [String],
    pub(crate) reference: &'a Reference,
}

/// The foreign keys among the tables.
pub(crate) fn relations(schemas: &[TableSchema]) -> Vec<Relation<'_>> {
    let place = |table: &TableName| schemas.iter().position(|schema| schema.table == *table);
    let mut found = Vec::new();
    for (child, schema) in schemas.iter().enumerate() {
        for constraint in &schema.constraints {
            let Constraint::ForeignKey { columns, references, .. } = constraint else { continue };
            if let Some(parent) = place(&references.table) {
                found.push(Relation { child, parent, columns, reference: references });
            }
        }
    }
    found
}

/// True for a column of a foreign key.
pub(crate) fn is_foreign_key(schema: &TableSchema, column: &str) -> bool {
    schema.constraints.iter().any(|constraint| match constraint {
        Constraint::ForeignKey { columns, .. } => columns.iter().any(|name| name == column),
        _ => false,
    })
}

/// True when a row of the other table has at most one row here, because the columns are unique.
pub(crate) fn is_unique(schema: &TableSchema, columns: &[String]) -> bool {
    let same =
        |other: &[String]| other.len() == columns.len() && other.iter().all(|name| columns.contains(name));
    same(&schema.primary_key)
        || schema.constraints.iter().any(|constraint| match constraint {
            Constraint::Unique { columns, .. } => same(columns),
            _ => false,
        })
}
