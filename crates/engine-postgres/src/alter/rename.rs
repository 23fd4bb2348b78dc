//! Renames tables and columns.

use phantomdb_protocol::{Result, TableName};
use phantomdb_sql::printer::quote_identifier;

use super::{alteration::Alteration, schema::create_missing_schema};
use crate::{
    catalog,
    schemas::schema_of,
    types::{self, check_identifier},
};

impl Alteration<'_> {
    pub(crate) async fn rename_table(&mut self, to: &TableName) -> Result<()> {
        check_identifier(&to.name)?;
        create_missing_schema(self.connection, to).await?;
        let moves = schema_of(to) != schema_of(&self.schema.table);
        if moves {
            // The table moves under a name that neither schema has, so that no other table is in the way.
            self.rename_to(TableName { name: "phantomdb_moved".to_owned(), ..self.schema.table.clone() })
                .await?;
            self.alter_table(&format!("SET SCHEMA {}", quote_identifier(schema_of(to)))).await?;
            self.schema.table.schema.clone_from(&to.schema);
        }
        self.rename_to(to.clone()).await
    }

    async fn rename_to(&mut self, to: TableName) -> Result<()> {
        self.alter_table(&format!("RENAME TO {}", quote_identifier(&to.name))).await?;
        self.schema.table = to;
        Ok(())
    }

    /// Renames a column and the checks that carry its type, which are named after it.
    pub(crate) async fn rename_column(&self, from: &str, to: &str) -> Result<()> {
        check_identifier(to)?;
        let from = &self.column(from)?.name;
        self.alter_table(&format!("RENAME COLUMN {} TO {}", quote_identifier(from), quote_identifier(to)))
            .await?;
        for mark in catalog::markers(self.connection, &self.schema.table, to).await? {
            let renamed = types::renamed_marker(&mark, to).filter(|renamed| *renamed != mark);
            if let Some(renamed) = renamed {
                let (mark, renamed) = (quote_identifier(&mark), quote_identifier(&renamed));
                self.alter_table(&format!("RENAME CONSTRAINT {mark} TO {renamed}")).await?;
            }
        }
        Ok(())
    }
}
