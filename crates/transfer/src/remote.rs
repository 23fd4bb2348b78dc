//! Calls to one database of a PhantomDB server.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use phantomdb_protocol::{
    AlterOperation, BeginTransaction, Error, ErrorCode, Result, ResultSet, Statement, TableName, TableSchema,
};
use reqwest::{Client, Method, Url};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

use phantomdb_tls::{Problem, Trust};

/// How long a transaction of a transfer may wait for its next call, in milliseconds: the other side may be slow.
const TRANSACTION_TIMEOUT: u64 = 600_000;

pub(crate) struct Remote {
    client: Client,
    base: String,
    token: Option<String>,
    database: String,
    /// The transaction that calls are made in.
    transaction: Option<String>,
}

#[derive(Deserialize)]
struct Tables {
    tables: Vec<TableName>,
}

#[derive(Deserialize)]
struct Begun {
    transaction_id: String,
}

#[derive(Deserialize)]
struct Greeting {
    engine: Engine,
}

#[derive(Deserialize)]
struct Engine {
    name: String,
}

fn encode(part: &str) -> String {
    utf8_percent_encode(part, NON_ALPHANUMERIC).to_string()
}

impl Remote {
    pub(crate) fn new(url: &str, database: &str) -> Result<Self> {
        let wrong = |why: String| Error::new(ErrorCode::BadRequest, why);
        let parsed = Url::parse(url).map_err(|error| wrong(format!("the URL cannot be read: {error}")))?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong("give the token in PHANTOMDB_TOKEN, not in the URL".into()));
        }
        let client = Client::builder()
            .tls_backend_preconfigured(Trust::System.client_config()?)
            .connect_timeout(Duration::from_secs(10))
            .build()
            .map_err(|error| Error::internal(format!("the HTTP client cannot be made: {error}")))?;
        let token = std::env::var("PHANTOMDB_TOKEN").ok().filter(|token| !token.trim().is_empty());
        let base = format!("{}/api/v1", parsed.as_str().trim_end_matches('/'));
        Ok(Self { client, base, token, database: database.to_owned(), transaction: None })
    }

    async fn send(&self, method: Method, path: &str, body: Option<&impl Serialize>) -> Result<String> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header("accept", "application/vnd.phantomdb.rows+json, application/json");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.trim());
        }
        if let Some(transaction) = &self.transaction {
            request = request.header("phantomdb-transaction", transaction);
        }
        if let Some(body) = body {
            let text = serde_json::to_string(body)
                .map_err(|error| Error::internal(format!("a request cannot be written: {error}")))?;
            request = request.header("content-type", "application/json").body(text);
        }
        let unreachable = |error: reqwest::Error| {
            let why = match Problem::of(&error) {
                Some(problem) => format!("no secure connection to the server can be made: {problem}"),
                None => format!("the server cannot be reached: {error}"),
            };
            Error::new(ErrorCode::Unavailable, why)
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let text = response.text().await.map_err(unreachable)?;
        if status.is_success() {
            return Ok(text);
        }
        Err(serde_json::from_str(&text).unwrap_or_else(|_| {
            Error::new(ErrorCode::Unavailable, format!("the server answered with status {}", status.as_u16()))
        }))
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T> {
        let text = self.send(method, path, body).await?;
        serde_json::from_str(&text)
            .map_err(|error| Error::internal(format!("the server's answer is not understood: {error}")))
    }

    fn path(&self, rest: &str) -> String {
        format!("/databases/{}{rest}", encode(&self.database))
    }

    fn table_path(&self, table: &TableName, rest: &str) -> String {
        let schema = table.schema.as_ref().map(|schema| format!("?schema={}", encode(schema)));
        self.path(&format!("/tables/{}{rest}{}", encode(&table.name), schema.unwrap_or_default()))
    }

    /// What the server keeps its databases with: `sqlite`, `postgres`.
    pub(crate) async fn engine(&self) -> Result<String> {
        let greeting: Greeting = self.ask(Method::GET, "/", None::<&()>).await?;
        Ok(greeting.engine.name)
    }

    pub(crate) async fn tables(&self) -> Result<Vec<TableName>> {
        let listed: Tables = self.ask(Method::GET, &self.path("/tables"), None::<&()>).await?;
        Ok(listed.tables)
    }

    pub(crate) async fn describe(&self, table: &TableName) -> Result<TableSchema> {
        self.ask(Method::GET, &self.table_path(table, "/schema"), None::<&()>).await
    }

    pub(crate) async fn execute(&self, statement: &Statement) -> Result<ResultSet> {
        self.ask(Method::POST, &self.path("/query"), Some(statement)).await
    }

    pub(crate) async fn alter(&self, table: &TableName, operations: Vec<AlterOperation>) -> Result<()> {
        let body = json!({ "operations": operations });
        self.send(Method::PATCH, &self.table_path(table, ""), Some(&body)).await.map(|_| ())
    }

    pub(crate) async fn create(&self) -> Result<()> {
        let body = json!({ "name": self.database });
        self.send(Method::POST, "/databases", Some(&body)).await.map(|_| ())
    }

    pub(crate) async fn drop(&self) -> Result<()> {
        self.send(Method::DELETE, &self.path(""), None::<&()>).await.map(|_| ())
    }

    /// From here on all calls are part of one transaction.
    pub(crate) async fn begin(&mut self, options: BeginTransaction) -> Result<()> {
        let options = BeginTransaction {
            database: self.database.clone(),
            timeout: Some(TRANSACTION_TIMEOUT),
            ..options
        };
        let begun: Begun = self.ask(Method::POST, "/transactions", Some(&options)).await?;
        self.transaction = Some(begun.transaction_id);
        Ok(())
    }

    pub(crate) async fn commit(&mut self) -> Result<()> {
        self.end("commit").await
    }

    pub(crate) async fn rollback(&mut self) -> Result<()> {
        self.end("rollback").await
    }

    async fn end(&mut self, how: &str) -> Result<()> {
        let Some(transaction) = self.transaction.take() else { return Ok(()) };
        let path = format!("/transactions/{}/{how}", encode(&transaction));
        self.send(Method::POST, &path, None::<&()>).await.map(|_| ())
    }
}
