//! The calls on the rows of one table.

use phantomdb_protocol::{
    DeleteRows, Deleted, Find, InsertRows, Result, TableName, UpdateRows, Updated, inserted, records,
};
use phantomdb_sql::calls::rows as statements;

use crate::{context::ExecutionContext, reply::json, service::Service};

impl Service {
    pub(super) async fn find(
        &self,
        database: String,
        table: TableName,
        find: Find,
        context: &ExecutionContext,
    ) -> Result<String> {
        self.count_statements(1);
        let statement = statements::find(&self.fragments, &table, &find)?;
        let session = self.session(&database, context).await?;
        let result = session.execute(statement).await?;
        if context.rows_as_arrays { json(&result) } else { records(&result) }
    }

    pub(super) async fn insert_rows(
        &self,
        database: String,
        table: TableName,
        insert: InsertRows,
        context: &ExecutionContext,
    ) -> Result<String> {
        let session = self.session(&database, context).await?;
        let schema = session.describe(&table).await?;
        let Some(statement) = statements::insert(&schema, &insert)? else { return inserted(None) };
        self.count_statements(1);
        inserted(Some(&session.execute(statement).await?))
    }

    pub(super) async fn update_rows(
        &self,
        database: String,
        table: TableName,
        update: UpdateRows,
        context: &ExecutionContext,
    ) -> Result<String> {
        let session = self.session(&database, context).await?;
        let schema = session.describe(&table).await?;
        let statement = statements::update(&self.fragments, &schema, &update)?;
        json(&Updated { updated: self.execute(&session, statement).await? })
    }

    pub(super) async fn delete_rows(
        &self,
        database: String,
        table: TableName,
        delete: DeleteRows,
        context: &ExecutionContext,
    ) -> Result<String> {
        let statement = statements::delete(&self.fragments, &table, &delete)?;
        let session = self.session(&database, context).await?;
        json(&Deleted { deleted: self.execute(&session, statement).await? })
    }
}
