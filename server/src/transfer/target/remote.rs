//! A PhantomDB server.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use phantomdb_protocol::{
    AlterOperation, Error, ErrorCode, Result, ResultSet, Statement, TableName, TableSchema, Value as Sent,
};
use reqwest::{Client, Method, Url};
use rusqlite::types::Value;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use tokio::sync::mpsc::Receiver;

use super::{Batch, Load, embedded::has_identity, exists, of_table};
use crate::engine::sqlite::{SqlType, stored_name};
use crate::transfer::{
    ddl,
    model::Table,
    rehearsal::{Definitions, definitions, statement},
    tls,
};

/// Parameters of one statement, with a margin to the 32,766 that SQLite takes.
const MOST_PARAMETERS: usize = 30_000;
const MOST_ROWS: usize = 500;

/// Calls to one database of a server.
pub(crate) struct Remote {
    client: Client,
    base: String,
    token: Option<String>,
    database: String,
}

#[derive(Deserialize)]
struct Listed<T> {
    #[serde(alias = "databases", alias = "tables")]
    list: Vec<T>,
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
            .tls_backend_preconfigured(tls::config()?)
            .connect_timeout(Duration::from_secs(10))
            .build()
            .map_err(|error| Error::internal(format!("the HTTP client cannot be made: {error}")))?;
        let token = std::env::var("PHANTOMDB_TOKEN").ok().filter(|token| !token.trim().is_empty());
        let base = format!("{}/api/v1", parsed.as_str().trim_end_matches('/'));
        Ok(Self { client, base, token, database: database.to_owned() })
    }

    async fn send(&self, method: Method, path: &str, body: Option<&impl Serialize>) -> Result<String> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header("accept", "application/vnd.phantomdb.rows+json, application/json");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.trim());
        }
        if let Some(body) = body {
            let text = serde_json::to_string(body)
                .map_err(|error| Error::internal(format!("a request cannot be written: {error}")))?;
            request = request.header("content-type", "application/json").body(text);
        }
        let unreachable = |error: reqwest::Error| {
            Error::new(ErrorCode::Unavailable, format!("the server cannot be reached: {error}"))
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

    pub(crate) async fn tables(&self) -> Result<Vec<TableName>> {
        let listed: Listed<TableName> = self.ask(Method::GET, &self.path("/tables"), None::<&()>).await?;
        Ok(listed.list)
    }

    fn table_path(&self, table: &TableName, rest: &str) -> String {
        let schema = table.schema.as_ref().map(|schema| format!("?schema={}", encode(schema)));
        self.path(&format!("/tables/{}{rest}{}", encode(&table.name), schema.unwrap_or_default()))
    }

    pub(crate) async fn describe(&self, table: &TableName) -> Result<TableSchema> {
        self.ask(Method::GET, &self.table_path(table, "/schema"), None::<&()>).await
    }

    pub(crate) async fn execute(&self, statement: &Statement) -> Result<ResultSet> {
        self.ask(Method::POST, &self.path("/query"), Some(statement)).await
    }

    async fn alter(&self, table: &TableName, operations: Vec<AlterOperation>) -> Result<()> {
        let body = json!({ "operations": operations });
        self.send(Method::PATCH, &self.table_path(table, ""), Some(&body)).await.map(|_| ())
    }

    async fn create(&self) -> Result<()> {
        let body = json!({ "name": self.database });
        self.send(Method::POST, "/databases", Some(&body)).await.map(|_| ())
    }

    async fn drop(&self) -> Result<()> {
        self.send(Method::DELETE, &self.path(""), None::<&()>).await.map(|_| ())
    }
}

pub(crate) struct RemoteTarget {
    remote: Remote,
    database: String,
    /// Whether the database is this import's own, and goes with it.
    created: bool,
    exists: bool,
}

impl RemoteTarget {
    pub(super) async fn open(url: &str, database: &str) -> Result<Self> {
        let remote = Remote::new(url, database)?;
        let there = match remote.tables().await {
            Ok(tables) if !tables.is_empty() => return Err(exists(database)),
            Ok(_) => true,
            Err(error) if error.code == ErrorCode::UnknownDatabase => false,
            Err(error) => return Err(error),
        };
        Ok(Self { remote, database: database.to_owned(), created: false, exists: there })
    }

    pub(super) async fn define(&mut self, tables: &[Table]) -> Result<()> {
        if self.exists {
            if !self.remote.tables().await?.is_empty() {
                return Err(exists(&self.database));
            }
            // So that an import that fails leaves nothing, it begins with nothing.
            self.remote.drop().await?;
        }
        self.remote.create().await?;
        self.created = true;
        let Definitions { schemas, tables, comments, .. } = definitions(tables, true);
        let tables = tables.into_iter().map(|(_, sql)| sql);
        for sql in schemas.into_iter().chain(tables).chain(comments) {
            self.remote.execute(&statement(sql)).await?;
        }
        Ok(())
    }

    pub(super) async fn load(&mut self, load: &Load<'_>, mut batches: Receiver<Batch>) -> Result<()> {
        let width = load.columns.len();
        let rows = (MOST_PARAMETERS / width.max(1)).clamp(1, MOST_ROWS);
        while let Some(batch) = batches.recv().await {
            for values in batch.chunks(rows * width) {
                self.insert(load, values, width).await.map_err(|error| of_table(load.table, error))?;
            }
        }
        Ok(())
    }

    async fn insert(&self, load: &Load<'_>, values: &[Value], width: usize) -> Result<()> {
        let mut query = load.insert_clause();
        query.push_str(" VALUES ");
        for row in 0..values.len() / width {
            query.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..width {
                query.push_str(if column == 0 { "$" } else { ", $" });
                query.push_str(&(row * width + column + 1).to_string());
            }
            query.push(')');
        }
        let parameters =
            values.iter().enumerate().map(|(at, value)| sent(value, &load.types[at % width])).collect();
        self.remote.execute(&Statement { query, parameters, native: false }).await.map(|_| ())
    }

    pub(super) async fn finish(&mut self, tables: &[Table]) -> Result<Vec<u64>> {
        let Definitions { indexes, late_keys, .. } = definitions(tables, true);
        for sql in indexes {
            self.remote.execute(&statement(sql)).await?;
        }
        for (table, constraint) in late_keys {
            self.remote.alter(&table, vec![AlterOperation::AddConstraint { constraint }]).await?;
        }
        let mut counts = Vec::with_capacity(tables.len());
        for table in tables {
            let count = format!("SELECT count(*) FROM {}", ddl::table_name(table.name()));
            let answer = self.remote.execute(&statement(count)).await?;
            let rows: Vec<Vec<u64>> = serde_json::from_str(answer.rows.get())
                .map_err(|error| Error::internal(format!("the rows cannot be counted: {error}")))?;
            counts.push(rows.first().and_then(|row| row.first()).copied().unwrap_or_default());
            self.number(table).await?;
        }
        Ok(counts)
    }

    /// Has the table go on numbering where the source left off.
    async fn number(&self, table: &Table) -> Result<()> {
        let Some(last) = table.sequence.filter(|_| has_identity(table)) else { return Ok(()) };
        let stored = Sent::String(stored_name(table.name()));
        for (query, parameters) in [
            ("DELETE FROM sqlite_sequence WHERE name = ?1", vec![stored.clone()]),
            ("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", vec![stored, Sent::Integer(last)]),
        ] {
            let statement = Statement { query: query.into(), parameters, native: true };
            self.remote.execute(&statement).await?;
        }
        Ok(())
    }

    pub(super) async fn abandon(self) -> Result<()> {
        if self.created { self.remote.drop().await } else { Ok(()) }
    }
}

/// A stored value as a parameter.
fn sent(value: &Value, data_type: &SqlType) -> Sent {
    match (value, data_type) {
        (Value::Null, _) => Sent::Null,
        (Value::Integer(number), SqlType::Boolean) => Sent::Boolean(*number != 0),
        (Value::Integer(number), _) => Sent::Integer(*number),
        (Value::Real(number), _) => Sent::Float(*number),
        (Value::Blob(bytes), _) => Sent::Blob(bytes.clone()),
        (Value::Text(text), data_type) => {
            let text = text.clone();
            match data_type {
                SqlType::Real | SqlType::Float | SqlType::Double => Sent::Float(f64::NAN),
                SqlType::Timestamp => Sent::Timestamp(text),
                SqlType::Date => Sent::Date(text),
                SqlType::Time => Sent::Time(text),
                SqlType::Decimal(_) => Sent::Decimal(text),
                SqlType::Uuid => Sent::Uuid(text),
                SqlType::Json | SqlType::Jsonb => Sent::Json(text),
                _ => Sent::String(text),
            }
        }
    }
}
