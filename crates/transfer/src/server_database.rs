//! One database of a PhantomDB server, over the contract.

use phantomdb_client::{Client, ClientOptions};
use phantomdb_protocol::{
    AlterOperation, BeginTransaction, Call, CallContext, Error, Result, ResultSet, ServerInfo, Statement,
    TableName, TableSchema, Tables, TransactionBegun, ViewDefinition, Views,
};
use serde::de::DeserializeOwned;

/// How long a transaction of a transfer may wait for its next call, in milliseconds: the other side may be slow.
const TRANSACTION_TIMEOUT_MS: u64 = 600_000;
/// How long one statement may take, in milliseconds: an index on many rows takes long.
const STATEMENT_TIMEOUT_MS: u64 = 24 * 3_600_000;
const CONNECT_TIMEOUT_MS: u64 = 10_000;

pub(crate) struct ServerDatabase {
    client: Client,
    name: String,
    /// The transaction that the calls are made in.
    transaction: Option<String>,
}

impl ServerDatabase {
    /// The token is in the environment variable `PHANTOMDB_TOKEN`. `BAD_REQUEST` when the URL cannot be used.
    pub(crate) fn new(url: &str, name: &str) -> Result<Self> {
        let options = ClientOptions {
            connect_timeout_ms: CONNECT_TIMEOUT_MS,
            request_timeout_ms: STATEMENT_TIMEOUT_MS,
            create_database: false,
            ..ClientOptions::default()
        };
        Ok(Self { client: Client::new(url, options)?, name: name.to_owned(), transaction: None })
    }

    /// Makes a call, in the transaction if there is one. Returns the body of the answer, empty when it has none.
    async fn call(&self, call: Call) -> Result<String> {
        let context = CallContext {
            transaction: self.transaction.clone(),
            rows_as_arrays: true,
            ..CallContext::default()
        };
        self.client.call(call, context).await
    }

    async fn ask<T: DeserializeOwned>(&self, call: Call) -> Result<T> {
        let body = self.call(call).await?;
        serde_json::from_str(&body)
            .map_err(|error| Error::internal(format!("the server's answer is not understood: {error}")))
    }

    fn database(&self) -> String {
        self.name.clone()
    }

    /// The name of the server's engine: `sqlite` or `postgres`.
    pub(crate) async fn engine(&self) -> Result<String> {
        // The server's own description belongs to no transaction.
        let body = self.client.call(Call::ServerInfo, CallContext::default()).await?;
        let info: ServerInfo = serde_json::from_str(&body)
            .map_err(|error| Error::internal(format!("the server's answer is not understood: {error}")))?;
        Ok(info.engine.name)
    }

    pub(crate) async fn tables(&self) -> Result<Vec<TableName>> {
        let listed: Tables = self.ask(Call::ListTables { database: self.database() }).await?;
        Ok(listed.tables)
    }

    pub(crate) async fn views(&self) -> Result<Vec<ViewDefinition>> {
        let listed: Views = self.ask(Call::ListViews { database: self.database() }).await?;
        Ok(listed.views)
    }

    pub(crate) async fn describe(&self, table: &TableName) -> Result<TableSchema> {
        self.ask(Call::DescribeTable { database: self.database(), table: table.clone() }).await
    }

    pub(crate) async fn execute(&self, statement: &Statement) -> Result<ResultSet> {
        self.ask(Call::Query { database: self.database(), statement: statement.clone() }).await
    }

    pub(crate) async fn alter(&self, table: &TableName, operations: Vec<AlterOperation>) -> Result<()> {
        let call = Call::AlterTable { database: self.database(), table: table.clone(), operations };
        self.call(call).await.map(drop)
    }

    pub(crate) async fn create(&self) -> Result<()> {
        let call = Call::CreateDatabase { name: self.database(), if_not_exists: false, template: None };
        self.call(call).await.map(drop)
    }

    pub(crate) async fn drop(&self) -> Result<()> {
        self.call(Call::DropDatabase { name: self.database() }).await.map(drop)
    }

    pub(crate) async fn compact(&self) -> Result<()> {
        self.call(Call::CompactDatabase { database: self.database() }).await.map(drop)
    }

    /// Begins the transaction that all later calls are part of.
    pub(crate) async fn begin(&mut self, options: BeginTransaction) -> Result<()> {
        let options =
            BeginTransaction { database: self.database(), timeout: Some(TRANSACTION_TIMEOUT_MS), ..options };
        let begun: TransactionBegun = self.ask(Call::BeginTransaction(options)).await?;
        self.transaction = Some(begun.transaction_id);
        Ok(())
    }

    pub(crate) async fn commit(&mut self) -> Result<()> {
        let Some(id) = self.transaction.take() else { return Ok(()) };
        self.call(Call::CommitTransaction { id }).await.map(drop)
    }

    pub(crate) async fn rollback(&mut self) -> Result<()> {
        let Some(id) = self.transaction.take() else { return Ok(()) };
        self.call(Call::RollbackTransaction { id }).await.map(drop)
    }
}
