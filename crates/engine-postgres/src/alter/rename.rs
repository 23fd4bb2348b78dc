//! Renames tables and columns.

use phantomdb_protocol::{Error, ErrorCode, Result, TableName};
use phantomdb_sql::printer::quote_identifier;

use super::{
    alteration::Alteration,
    drop::{index_exists, unknown_index},
    later_key,
    run::run,
    schema::create_missing_schema,
};
use crate::{
    catalog,
    connection::Connection,
    schemas::{qualified, schema_of},
    types::{self, check_identifier},
};

impl Alteration<'_> {
    pub(crate) async fn rename_table(&mut self, to: &TableName) -> Result<()> {
        check_identifier(&to.name)?;
        later_key::announce_table(self.connection).await?;
        create_missing_schema(self.connection, to).await?;
        let moves = schema_of(to) != schema_of(&self.schema.table);
        if moves {
            // The table moves under a name that neither schema has, so that no other table is in the way.
            self.rename_to(TableName { name: "phantomdb_moved".to_owned(), ..self.schema.table.clone() })
                .await?;
            self.alter_table(&format!("SET SCHEMA {}", quote_identifier(schema_of(to)))).await?;
            self.schema.table.schema.clone_from(&to.schema);
        }
        self.rename_to(to.clone()).await?;
        later_key::complete(self.connection, to).await
    }

    async fn rename_to(&mut self, to: TableName) -> Result<()> {
        self.alter_table(&format!("RENAME TO {}", quote_identifier(&to.name))).await?;
        self.schema.table = to;
        Ok(())
    }

    pub(crate) async fn rename_constraint(&self, from: &str, to: &str) -> Result<()> {
        check_identifier(to)?;
        let table = &self.schema.table;
        let exists = |name: &str| self.schema.constraints.iter().any(|known| known.name() == Some(name));
        if !exists(from) {
            return Err(self.unknown_constraint(from));
        }
        if exists(to) {
            let message = format!("table \"{table}\" has a constraint \"{to}\" already");
            return Err(Error::new(ErrorCode::AlreadyExists, message).with_constraint(to));
        }
        let (from, to) = (quote_identifier(from), quote_identifier(to));
        self.alter_table(&format!("RENAME CONSTRAINT {from} TO {to}")).await
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

/// Renames an index that backs no constraint.
pub(crate) async fn rename_index(
    connection: &Connection,
    from: &TableName,
    to: &str,
    if_exists: bool,
) -> Result<()> {
    check_identifier(to)?;
    if index_exists(connection, from).await? {
        return run(
            connection,
            &format!("ALTER INDEX {} RENAME TO {}", qualified(from), quote_identifier(to)),
        )
        .await;
    }
    if if_exists { Ok(()) } else { Err(unknown_index(from)) }
}
