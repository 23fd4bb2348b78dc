//! The work of each call: one match on the call, and a file of methods for each subject.

mod databases;
mod rows;
mod schema;
mod server_info;
mod snapshots;
mod statements;
mod transactions;

use std::pin::Pin;

use phantomdb_protocol::{Call, Result};

use super::{context::ExecutionContext, service::Service};

type RareCall<'a> = Pin<Box<dyn Future<Output = Result<String>> + Send + 'a>>;

impl Service {
    /// Runs a call and returns its answer as JSON text, which is empty when it has none.
    pub(super) async fn run<'a>(&'a self, call: Call, context: &'a ExecutionContext) -> Result<String> {
        // The state of a rare call is on the heap, so that the future of a frequent one stays small.
        let rare: RareCall<'a> = match call {
            Call::Query { database, statement } => return self.query(database, statement, context).await,
            Call::Find { database, table, find } => return self.find(database, table, find, context).await,
            Call::ServerInfo => Box::pin(self.server_info()),
            Call::ListDatabases => Box::pin(self.list_databases(context)),
            Call::CreateDatabase { name, if_not_exists, template } => {
                Box::pin(self.create_database(name, if_not_exists, template, context))
            }
            Call::DropDatabase { name } => Box::pin(self.drop_database(name, context)),
            Call::CompactDatabase { database } => Box::pin(self.compact_database(database, context)),
            Call::CreateSnapshot { database } => Box::pin(self.create_snapshot(database, context)),
            Call::RestoreSnapshot { database, id } => Box::pin(self.restore_snapshot(database, id, context)),
            Call::DropSnapshot { database: _, id } => Box::pin(self.drop_snapshot(id, context)),
            Call::ListTables { database } => Box::pin(self.list_tables(database, context)),
            Call::ListViews { database } => Box::pin(self.list_views(database, context)),
            Call::CreateTable { database, table } => Box::pin(self.create_table(database, table, context)),
            Call::DropTable { database, table, if_exists } => {
                Box::pin(self.drop_table(database, table, if_exists, context))
            }
            Call::DescribeTable { database, table } => {
                Box::pin(self.describe_table(database, table, context))
            }
            Call::AlterTable { database, table, operations } => {
                Box::pin(self.alter_table(database, table, operations, context))
            }
            Call::CreateIndex { database, table, index } => {
                Box::pin(self.create_index(database, table, index, context))
            }
            Call::DropIndex { database, table, name } => {
                Box::pin(self.drop_index(database, table, name, context))
            }
            Call::InsertRows { database, table, insert } => {
                Box::pin(self.insert_rows(database, table, insert, context))
            }
            Call::UpdateRows { database, table, update } => {
                Box::pin(self.update_rows(database, table, update, context))
            }
            Call::DeleteRows { database, table, delete } => {
                Box::pin(self.delete_rows(database, table, delete, context))
            }
            Call::DescribeStatement { database, query } => {
                Box::pin(self.describe_statement(database, query, context))
            }
            Call::Batch { database, batch } => Box::pin(self.batch(database, batch, context)),
            Call::BeginTransaction(options) => Box::pin(self.begin_transaction(options, context)),
            Call::CommitTransaction { id } => Box::pin(self.commit_transaction(id, context)),
            Call::RollbackTransaction { id } => Box::pin(self.rollback_transaction(id, context)),
        };
        rare.await
    }
}
