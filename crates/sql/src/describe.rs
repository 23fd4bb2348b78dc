//! The parts of a table's description that follow from its constraints.

use phantomdb_protocol::{Constraint, IndexField, IndexSchema, TableSchema};

/// Sets the properties of columns that constraints imply, and adds the indexes that back constraints.
pub fn apply_constraints(schema: &mut TableSchema) {
    for constraint in &schema.constraints {
        match constraint {
            Constraint::PrimaryKey { name: _, columns } => {
                schema.primary_key.clone_from(columns);
                for column in schema.columns.iter_mut().filter(|column| columns.contains(&column.name)) {
                    (column.primary_key, column.allow_null) = (true, false);
                }
            }
            Constraint::Unique { name: _, columns } => {
                if let [only] = columns.as_slice()
                    && let Some(column) = schema.columns.iter_mut().find(|column| column.name == *only)
                {
                    column.unique = true;
                }
            }
            Constraint::ForeignKey { name: _, columns, references } => {
                if let [only] = columns.as_slice()
                    && let Some(column) = schema.columns.iter_mut().find(|column| column.name == *only)
                {
                    column.references = Some(references.clone());
                }
            }
            Constraint::Check { name: _, expression: _ }
            | Constraint::Default { name: _, column: _, value: _ } => {}
        }
    }
    for constraint in &schema.constraints {
        if let Constraint::PrimaryKey { name, columns } | Constraint::Unique { name, columns } = constraint {
            let field =
                |column: &String| IndexField { column: Some(column.clone()), ..IndexField::default() };
            schema.indexes.push(IndexSchema {
                name: name.clone().unwrap_or_default(),
                unique: true,
                primary: matches!(constraint, Constraint::PrimaryKey { name: _, columns: _ }),
                fields: columns.iter().map(field).collect(),
                condition: None,
                definition: None,
            });
        }
    }
}
