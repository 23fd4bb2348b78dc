//! Adds, changes and drops columns.

use phantomdb_protocol::{ColumnDefinition, Constraint, Error, ErrorCode, Result};
use phantomdb_sql::{
    alter_table::refuse_to_generate,
    printer::{quote_identifier, quote_literal},
    types::SqlType,
};

use super::{
    alteration::{Alteration, set_comment},
    conversion,
    create_table::ensure_type,
    incoming_key::refuse_referenced_column,
    run::run,
};
use crate::{
    adapt, catalog,
    schemas::qualified,
    types::{self, check_identifier},
};

impl Alteration<'_> {
    pub(crate) async fn add_column(&self, column: &ColumnDefinition) -> Result<()> {
        check_identifier(&column.name)?;
        if column.primary_key && !self.schema.primary_key.is_empty() {
            let message = format!("table \"{}\" has a primary key already", self.schema.table);
            return Err(Error::new(ErrorCode::AlreadyExists, message));
        }
        ensure_type(self.connection, &SqlType::parse(&column.data_type)?).await?;
        let mut added = column.clone();
        if let Some(references) = &column.references {
            added.references = self.resolved(references).await?;
        }
        self.alter_table(&format!("ADD COLUMN {}", adapt::column(&added, &self.schema.columns)?)).await?;
        if let (Some(references), None) = (&column.references, &added.references) {
            self.add_later_key(None, std::slice::from_ref(&column.name), references).await?;
        }
        self.comment(&column.name, column).await
    }

    /// Sets the comment. A column that is changed without one keeps its old comment.
    async fn comment(&self, name: &str, column: &ColumnDefinition) -> Result<()> {
        match &column.comment {
            Some(text) => set_comment(self.connection, &self.schema.table, Some(name), Some(text)).await,
            None => Ok(()),
        }
    }

    /// Changes a column to its new definition. It keeps its keys and references, unless the new definition replaces
    /// them.
    pub(crate) async fn change_column(&self, column: &ColumnDefinition, using: Option<&str>) -> Result<()> {
        let old = self.column(&column.name)?;
        refuse_to_generate(old.generated.as_deref(), column)?;
        let quoted = quote_identifier(&old.name);
        if old.default.is_some() {
            // The old default may not fit the new type.
            self.alter_table(&format!("ALTER COLUMN {quoted} DROP DEFAULT")).await?;
        }
        self.change_type(old, column, using).await?;
        if let Some(generated) = column.generated.as_ref().filter(|_| column.generated != old.generated) {
            let generated = adapt::expression(generated, &self.schema.columns)?;
            self.alter_table(&format!("ALTER COLUMN {quoted} SET EXPRESSION AS ({generated})")).await?;
        }
        self.change_identity(old, column).await?;
        if column.primary_key && !old.primary_key {
            let columns = vec![old.name.clone()];
            self.add_constraint(&Constraint::PrimaryKey { name: None, columns }).await?;
        }
        let keyed = column.primary_key || old.primary_key || column.auto_increment;
        if !column.allow_null && old.allow_null {
            self.alter_table(&format!("ALTER COLUMN {quoted} SET NOT NULL")).await?;
        } else if column.allow_null && !old.allow_null && !keyed {
            self.alter_table(&format!("ALTER COLUMN {quoted} DROP NOT NULL")).await?;
        }
        if let Some(default) = &column.default {
            let default = adapt::default_value(default, &SqlType::parse(&column.data_type)?)?;
            self.alter_table(&format!("ALTER COLUMN {quoted} SET DEFAULT {default}")).await?;
        }
        if column.unique && !old.unique {
            let columns = vec![old.name.clone()];
            self.add_constraint(&Constraint::Unique { name: None, columns }).await?;
        }
        self.change_reference(&old.name, column).await?;
        self.comment(&old.name, column).await
    }

    async fn change_type(
        &self,
        old: &ColumnDefinition,
        column: &ColumnDefinition,
        using: Option<&str>,
    ) -> Result<()> {
        let to = match SqlType::parse(&column.data_type) {
            Ok(to) => to,
            // A type of PostgreSQL's own can be described and handed back unchanged.
            Err(_) if column.data_type == old.data_type => return Ok(()),
            Err(error) => return Err(error),
        };
        let from = SqlType::parse(&old.data_type).unwrap_or_else(|_| SqlType::Other(old.data_type.clone()));
        if from == to && using.is_none() {
            return Ok(());
        }
        ensure_type(self.connection, &to).await?;
        let quoted = quote_identifier(&old.name);
        for mark in catalog::markers(self.connection, &self.schema.table, &old.name).await? {
            self.alter_table(&format!("DROP CONSTRAINT {}", quote_identifier(&mark))).await?;
        }
        let declared = types::declared(&to)?;
        if using.is_some() || types::declared(&from).ok().as_ref() != Some(&declared) {
            let using = match (using, &old.generated) {
                (Some(using), _) => format!(" USING ({})", adapt::expression(using, &self.schema.columns)?),
                // A generated column is computed anew.
                (None, Some(_)) => String::new(),
                (None, None) => format!(" USING {}", conversion::expression(&old.name, &from, &to)),
            };
            self.alter_table(&format!("ALTER COLUMN {quoted} TYPE {declared}{using}")).await?;
        }
        match types::check(&old.name, &to) {
            Some(check) => {
                let name = quote_identifier(&check.name);
                self.alter_table(&format!("ADD CONSTRAINT {name} CHECK ({})", check.condition)).await
            }
            None => Ok(()),
        }
    }

    /// Turns the numbering of rows on or off. A key that the database numbers keeps its numbering, unless the new
    /// definition is a key without it.
    async fn change_identity(&self, old: &ColumnDefinition, column: &ColumnDefinition) -> Result<()> {
        let quoted = quote_identifier(&old.name);
        if column.auto_increment && !old.auto_increment {
            self.alter_table(&format!("ALTER COLUMN {quoted} SET NOT NULL")).await?;
            self.alter_table(&format!("ALTER COLUMN {quoted} ADD GENERATED BY DEFAULT AS IDENTITY")).await?;
            let table = qualified(&self.schema.table);
            let next = format!(
                "SELECT setval(pg_get_serial_sequence({}, {}), max({quoted})) FROM {table} HAVING max({quoted}) > 0",
                quote_literal(&table),
                quote_literal(&old.name),
            );
            return run(self.connection, &next).await;
        }
        if column.primary_key && !column.auto_increment && old.auto_increment {
            return self.alter_table(&format!("ALTER COLUMN {quoted} DROP IDENTITY IF EXISTS")).await;
        }
        Ok(())
    }

    /// Replaces the reference of a column.
    async fn change_reference(&self, name: &str, column: &ColumnDefinition) -> Result<()> {
        let Some(references) = &column.references else { return Ok(()) };
        for constraint in &self.schema.constraints {
            if let Constraint::ForeignKey { name: Some(key), columns, .. } = constraint
                && matches!(columns.as_slice(), [only] if only == name)
            {
                self.alter_table(&format!("DROP CONSTRAINT {}", quote_identifier(key))).await?;
            }
        }
        let (columns, references) = (vec![name.to_owned()], references.clone());
        self.add_constraint(&Constraint::ForeignKey { name: None, columns, references }).await
    }

    pub(crate) async fn drop_column(&self, name: &str, cascade: bool) -> Result<()> {
        let name = &self.column(name)?.name;
        if self.schema.columns.len() == 1 {
            return Err(Error::unsupported("the last column of a table cannot be dropped"));
        }
        if cascade {
            return self.alter_table(&format!("DROP COLUMN {} CASCADE", quote_identifier(name))).await;
        }
        refuse_referenced_column(self.connection, &self.schema.table, name).await?;
        // A foreign key from the table to itself would prevent it.
        for constraint in &self.schema.constraints {
            if let Constraint::ForeignKey { name: Some(key), references, .. } = constraint
                && references.table == self.schema.table
                && references.columns.contains(name)
            {
                self.alter_table(&format!("DROP CONSTRAINT {}", quote_identifier(key))).await?;
            }
        }
        self.alter_table(&format!("DROP COLUMN {}", quote_identifier(name))).await
    }
}
