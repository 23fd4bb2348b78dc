//! Rows of a database, a page at a time.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use phantomdb_protocol::{
    BeginTransaction, ColumnType, Error, IsolationLevel, Result, ResultSet, Statement, TableName,
    TableSchema, Value as Sent,
};
use rusqlite::types::Value;
use serde_json::value::RawValue;

use super::ddl;
use crate::engine::{Engine as _, Transaction, sqlite::SqliteEngine};
use crate::transfer::{place::Place, target::Remote};

const PAGE: u64 = 1000;

pub(super) enum Reader {
    /// All of it as it was when the export began.
    Embedded(SqliteEngine, Arc<dyn Transaction>),
    Remote(Remote),
}

/// Where the next page begins.
pub(super) struct Page {
    /// The key that rows are ordered by; without one they are counted.
    key: Option<usize>,
    after: Option<Value>,
    offset: u64,
}

impl Page {
    pub(super) fn first(schema: &TableSchema) -> Self {
        let key = match schema.primary_key.as_slice() {
            [only] => schema.columns.iter().position(|column| column.name == *only),
            _ => None,
        };
        Self { key, after: None, offset: 0 }
    }
}

impl Reader {
    pub(super) async fn open(place: &Place, database: &str) -> Result<Self> {
        match place {
            Place::Directory(directory) => {
                let engine = SqliteEngine::open(directory)?;
                let options = BeginTransaction {
                    database: database.to_owned(),
                    isolation_level: Some(IsolationLevel::RepeatableRead),
                    read_only: true,
                    ..BeginTransaction::default()
                };
                let transaction = engine.begin(&options).await?;
                Ok(Self::Embedded(engine, transaction))
            }
            Place::Server(url) => Ok(Self::Remote(Remote::new(url, database)?)),
        }
    }

    pub(super) async fn tables(&self) -> Result<Vec<TableName>> {
        match self {
            Self::Embedded(_, transaction) => transaction.tables().await,
            Self::Remote(remote) => remote.tables().await,
        }
    }

    pub(super) async fn describe(&self, table: &TableName) -> Result<TableSchema> {
        match self {
            Self::Embedded(_, transaction) => transaction.describe(table).await,
            Self::Remote(remote) => remote.describe(table).await,
        }
    }

    async fn execute(&self, query: String, parameters: Vec<Sent>) -> Result<ResultSet> {
        let statement = Statement { query, parameters, native: false };
        match self {
            Self::Embedded(_, transaction) => transaction.execute(statement).await,
            Self::Remote(remote) => remote.execute(&statement).await,
        }
    }

    pub(super) async fn count(&self, table: &TableName) -> Result<u64> {
        let query = format!("SELECT count(*) FROM {}", ddl::table_name(table));
        let rows = decode(&self.execute(query, Vec::new()).await?)?;
        match rows.first().and_then(|row| row.first()) {
            Some(Value::Integer(count)) => Ok(count.unsigned_abs()),
            _ => Err(Error::internal("the rows cannot be counted")),
        }
    }

    pub(super) async fn page(&self, schema: &TableSchema, page: &mut Page) -> Result<Vec<Vec<Value>>> {
        let columns = ddl::names(schema.columns.iter().map(|column| &column.name));
        let mut query = format!("SELECT {columns} FROM {}", ddl::table_name(&schema.table));
        let mut parameters = Vec::new();
        if let Some(key) = page.key {
            let name = ddl::names([&schema.columns[key].name]);
            if let Some(after) = &page.after {
                query.push_str(&format!(" WHERE {name} > $1"));
                parameters.push(match after {
                    Value::Integer(number) => Sent::Integer(*number),
                    Value::Real(number) => Sent::Float(*number),
                    Value::Text(text) => Sent::String(text.clone()),
                    Value::Blob(bytes) => Sent::Blob(bytes.clone()),
                    Value::Null => Sent::Null,
                });
            }
            query.push_str(&format!(" ORDER BY {name} LIMIT {PAGE}"));
        } else {
            query.push_str(&format!(" LIMIT {PAGE} OFFSET {}", page.offset));
        }
        let rows = decode(&self.execute(query, parameters).await?)?;
        page.offset += rows.len() as u64;
        if let (Some(key), Some(last)) = (page.key, rows.last()) {
            page.after = last.get(key).cloned();
        }
        Ok(rows)
    }

    pub(super) async fn close(self) -> Result<()> {
        match self {
            Self::Embedded(engine, transaction) => {
                transaction.rollback().await?;
                engine.close().await
            }
            Self::Remote(_) => Ok(()),
        }
    }
}

fn decode(result: &ResultSet) -> Result<Vec<Vec<Value>>> {
    let wrong = |error: serde_json::Error| Error::internal(format!("the rows cannot be read: {error}"));
    let rows: Vec<Vec<&RawValue>> = serde_json::from_str(result.rows.get()).map_err(wrong)?;
    rows.into_iter()
        .map(|row| {
            let types = result.columns.iter().map(|column| column.column_type);
            row.into_iter().zip(types).map(|(raw, of)| value(raw, of).map_err(wrong)).collect()
        })
        .collect()
}

/// A value as SQLite stores it.
fn value(raw: &RawValue, of: ColumnType) -> Result<Value, serde_json::Error> {
    use serde_json::Value as Json;
    if of == ColumnType::Json && raw.get() != "null" {
        return Ok(Value::Text(raw.get().to_owned()));
    }
    Ok(match serde_json::from_str::<Json>(raw.get())? {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Integer(i64::from(flag)),
        Json::Number(number) => match (number.as_i64(), of) {
            (Some(whole), ColumnType::Float) => {
                #[expect(clippy::cast_precision_loss, reason = "it was a float")]
                let float = whole as f64;
                Value::Real(float)
            }
            (Some(whole), _) => Value::Integer(whole),
            (None, _) => Value::Real(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => match of {
            ColumnType::Integer => text.parse().map_or(Value::Text(text), Value::Integer),
            ColumnType::Blob => BASE64.decode(&text).map_or(Value::Text(text), Value::Blob),
            ColumnType::Float => match text.parse::<f64>() {
                Ok(number) if !number.is_nan() => Value::Real(number),
                _ => Value::Text(text),
            },
            _ => Value::Text(text),
        },
        Json::Object(typed) => {
            let bytes = typed.get("value").and_then(Json::as_str).and_then(|text| BASE64.decode(text).ok());
            bytes.map_or(Value::Null, Value::Blob)
        }
        other @ Json::Array(_) => Value::Text(other.to_string()),
    })
}
