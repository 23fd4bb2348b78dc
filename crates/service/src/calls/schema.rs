//! The calls on tables and indexes.

use phantomdb_protocol::{
    AlterOperation, CreateIndex, CreateTable, Error, ErrorCode, Named, Result, TableCreated, TableName,
    Tables, Views,
};
use phantomdb_sql::types::describe_types;
use phantomdb_sql::{calls::schema as statements, own_tables};

use crate::{context::ExecutionContext, reply::json, service::Service};

impl Service {
    pub(super) async fn list_tables(&self, database: String, context: &ExecutionContext) -> Result<String> {
        let tables = self.session(&database, context).await?.tables().await?;
        json(&Tables { tables })
    }

    pub(super) async fn list_views(&self, database: String, context: &ExecutionContext) -> Result<String> {
        let views = self.session(&database, context).await?.views().await?;
        json(&Views { views })
    }

    pub(super) async fn describe_table(
        &self,
        database: String,
        table: TableName,
        context: &ExecutionContext,
    ) -> Result<String> {
        let mut described = self.session(&database, context).await?.describe(&table).await?;
        describe_types(&mut described);
        json(&described)
    }

    pub(super) async fn create_table(
        &self,
        database: String,
        table: CreateTable,
        context: &ExecutionContext,
    ) -> Result<String> {
        let mut statements = statements::create_table(&table)?;
        let session = self.session(&database, context).await?;
        self.count_statements(statements.len());
        if statements.len() == 1 {
            session.execute(statements.remove(0)).await?;
        } else {
            let results = session.execute_batch(statements, true).await?;
            results.into_iter().collect::<Result<Vec<_>>>()?;
        }
        json(&TableCreated { table: table.table })
    }

    pub(super) async fn drop_table(
        &self,
        database: String,
        table: TableName,
        if_exists: bool,
        context: &ExecutionContext,
    ) -> Result<String> {
        let session = self.session(&database, context).await?;
        self.execute(&session, statements::drop_table(&table, if_exists)?).await?;
        Ok(String::new())
    }

    pub(super) async fn alter_table(
        &self,
        database: String,
        table: TableName,
        operations: Vec<AlterOperation>,
        context: &ExecutionContext,
    ) -> Result<String> {
        own_tables::refuse_in_change(&table, &operations)?;
        self.session(&database, context).await?.alter(&table, operations).await?;
        Ok(String::new())
    }

    pub(super) async fn create_index(
        &self,
        database: String,
        table: TableName,
        index: CreateIndex,
        context: &ExecutionContext,
    ) -> Result<String> {
        let session = self.session(&database, context).await?;
        self.execute(&session, statements::create_index(&table, &index)?).await?;
        json(&Named { name: index.name })
    }

    pub(super) async fn drop_index(
        &self,
        database: String,
        table: TableName,
        name: String,
        context: &ExecutionContext,
    ) -> Result<String> {
        let session = self.session(&database, context).await?;
        // A repeated call that has run before finds the index gone, and is answered by its key.
        let has_run = session.has_run().await?;
        if !has_run && !session.describe(&table).await?.indexes.iter().any(|index| index.name == name) {
            let message = format!("table {table} has no index {name}");
            return Err(Error::new(ErrorCode::NotFound, message).with_table(table.to_string()));
        }
        self.execute(&session, statements::drop_index(&table, &name)?).await?;
        Ok(String::new())
    }
}
