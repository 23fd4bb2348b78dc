//! Adds and drops constraints.

use phantomdb_protocol::{Constraint, Error, ErrorCode, Reference, Result};
use phantomdb_sql::{printer::quote_identifier, types::SqlType};

use super::{alteration::Alteration, incoming_key::refuse_referenced_key, later_key};
use crate::{
    adapt,
    types::{self, check_identifier},
};

impl Alteration<'_> {
    pub(crate) async fn add_constraint(&self, constraint: &Constraint) -> Result<()> {
        let table = &self.schema.table;
        if let Some(name) = constraint.name() {
            check_identifier(name)?;
            if self.schema.constraints.iter().any(|known| known.name() == Some(name)) {
                let message = format!("table \"{table}\" has a constraint \"{name}\" already");
                return Err(Error::new(ErrorCode::AlreadyExists, message).with_constraint(name));
            }
        }
        match constraint {
            Constraint::Default { name, column, value } => {
                let column = self.column(column)?;
                let default = adapt::default_value(value, &SqlType::parse(&column.data_type)?)?;
                let quoted = quote_identifier(&column.name);
                self.alter_table(&format!("ALTER COLUMN {quoted} SET DEFAULT {default}")).await?;
                let Some(name) = name else { return Ok(()) };
                let condition = types::always_true(&column.name);
                self.alter_table(&format!("ADD CONSTRAINT {} CHECK ({condition})", quote_identifier(name)))
                    .await
            }
            Constraint::PrimaryKey { .. } if !self.schema.primary_key.is_empty() => {
                let message = format!("table \"{table}\" has a primary key already");
                Err(Error::new(ErrorCode::AlreadyExists, message))
            }
            Constraint::ForeignKey { name, columns, references } => {
                let Some(references) = self.resolved(references).await? else {
                    return self.add_later_key(name.as_deref(), columns, references).await;
                };
                let (name, columns) = (name.clone(), columns.clone());
                let constraint = Constraint::ForeignKey { name, columns, references };
                self.alter_table(&format!("ADD {}", adapt::constraint(&constraint, &self.schema.columns)?))
                    .await
            }
            other => {
                self.alter_table(&format!("ADD {}", adapt::constraint(other, &self.schema.columns)?)).await
            }
        }
    }

    /// The reference, when its table is there. Otherwise none, and nobody creates the table now.
    pub(crate) async fn resolved(&self, references: &Reference) -> Result<Option<Reference>> {
        let is_there = later_key::is_there(self.connection, &references.table).await?;
        Ok(is_there.then(|| references.clone()))
    }

    pub(crate) fn unknown_constraint(&self, name: &str) -> Error {
        let table = &self.schema.table;
        let message = format!("table \"{table}\" has no constraint \"{name}\"");
        Error::new(ErrorCode::UnknownConstraint, message).with_table(table.to_string()).with_constraint(name)
    }

    pub(crate) async fn drop_constraint(&self, name: &str, cascade: bool) -> Result<()> {
        let known = self.schema.constraints.iter().find(|known| known.name() == Some(name));
        match known {
            Some(Constraint::Default { column, .. }) => {
                self.alter_table(&format!("ALTER COLUMN {} DROP DEFAULT", quote_identifier(column))).await?;
            }
            Some(Constraint::PrimaryKey { columns, .. } | Constraint::Unique { columns, .. }) if !cascade => {
                refuse_referenced_key(self.connection, &self.schema.table, columns, name).await?;
            }
            Some(_) => {}
            None => return Err(self.unknown_constraint(name)),
        }
        let end = if cascade { " CASCADE" } else { "" };
        self.alter_table(&format!("DROP CONSTRAINT {}{end}", quote_identifier(name))).await
    }
}
