//! What of a description follows from the rest of it.

use phantomdb_protocol::{Constraint, IndexField, IndexSchema, TableSchema};

/// What the constraints of the table say of its columns, and the indexes they have.
pub fn apply_constraints(schema: &mut TableSchema) {
    for constraint in &schema.constraints {
        match constraint {
            Constraint::PrimaryKey { columns, .. } => {
                schema.primary_key.clone_from(columns);
                for column in schema.columns.iter_mut().filter(|column| columns.contains(&column.name)) {
                    (column.primary_key, column.allow_null) = (true, false);
                }
            }
            Constraint::Unique { columns, .. } => {
                if let [only] = columns.as_slice()
                    && let Some(column) = schema.columns.iter_mut().find(|column| column.name == *only)
                {
                    column.unique = true;
                }
            }
            Constraint::ForeignKey { columns, references, .. } => {
                if let [only] = columns.as_slice()
                    && let Some(column) = schema.columns.iter_mut().find(|column| column.name == *only)
                {
                    column.references = Some(references.clone());
                }
            }
            _ => {}
        }
    }
    for constraint in &schema.constraints {
        if let Constraint::PrimaryKey { name, columns } | Constraint::Unique { name, columns } = constraint {
            let field =
                |column: &String| IndexField { column: Some(column.clone()), ..IndexField::default() };
            schema.indexes.push(IndexSchema {
                name: name.clone().unwrap_or_default(),
                unique: true,
                primary: matches!(constraint, Constraint::PrimaryKey { .. }),
                fields: columns.iter().map(field).collect(),
                condition: None,
                definition: None,
            });
        }
    }
}
