//! The tables, rows and views of a database, all as they were when the export began.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use phantomdb_protocol::{
    BeginTransaction, ColumnType, Error, IsolationLevel, Result, ResultSet, Statement, TableName,
    TableSchema, Value as Sent, ViewDefinition,
};
use rusqlite::types::{Value, ValueRef};
use serde_json::value::RawValue;

use super::ddl;
use crate::{endpoint::Endpoint, server_database::ServerDatabase, source::reading::EachRow, target::sent};
use phantomdb_engine_sqlite::ExportReader;
use phantomdb_sql::types::SqlType;

/// The number of rows that one call to a server reads.
const PAGE: usize = 2_000;
/// The name of the cursor over a table without a key, on engines that have cursors.
const CURSOR: &str = "phantomdb_export";

pub(super) enum Reader {
    Directory(ExportReader),
    Server(Box<Served>),
}

/// A server, read in one transaction.
pub(super) struct Served {
    remote: ServerDatabase,
    is_sqlite: bool,
}

impl Reader {
    pub(super) async fn open(place: &Endpoint, database: &str) -> Result<Self> {
        match place {
            Endpoint::Directory(directory) => Ok(Self::Directory(ExportReader::open(directory, database)?)),
            Endpoint::Server(url) => {
                let mut remote = ServerDatabase::new(url, database)?;
                let is_sqlite = remote.engine().await? == "sqlite";
                let options = BeginTransaction {
                    isolation_level: Some(IsolationLevel::RepeatableRead),
                    read_only: true,
                    ..BeginTransaction::default()
                };
                remote.begin(options).await?;
                Ok(Self::Server(Box::new(Served { remote, is_sqlite })))
            }
        }
    }

    pub(super) async fn tables(&self) -> Result<Vec<TableSchema>> {
        match self {
            Self::Directory(dump) => dump.tables(),
            Self::Server(served) => {
                let mut tables = Vec::new();
                for table in served.remote.tables().await? {
                    tables.push(served.remote.describe(&table).await?);
                }
                Ok(tables)
            }
        }
    }

    pub(super) async fn views(&self) -> Result<Vec<ViewDefinition>> {
        match self {
            Self::Directory(dump) => dump.views(),
            Self::Server(served) => served.remote.views().await,
        }
    }

    pub(super) async fn count(&self, table: &TableName) -> Result<u64> {
        match self {
            Self::Directory(dump) => dump.count(table),
            Self::Server(served) => served.count(table).await,
        }
    }

    /// Calls `row` with the values of each row, in the form in which SQLite stores them.
    pub(super) async fn each_row(&self, table: &TableSchema, row: &mut EachRow<'_>) -> Result<()> {
        match self {
            Self::Directory(dump) => tokio::task::block_in_place(|| dump.each_row(table, row)),
            Self::Server(served) => served.each_row(table, row).await,
        }
    }

    pub(super) async fn close(self) -> Result<()> {
        match self {
            Self::Directory(_) => Ok(()),
            Self::Server(mut served) => served.remote.rollback().await,
        }
    }
}

impl Served {
    async fn count(&self, table: &TableName) -> Result<u64> {
        let query = format!("SELECT count(*) FROM {}", ddl::table_name(table));
        match self.rows(query, Vec::new(), false).await?.first().and_then(|row| row.first()) {
            Some(Value::Integer(count)) => Ok(count.unsigned_abs()),
            _ => Err(Error::internal("the rows cannot be counted")),
        }
    }

    async fn rows(&self, query: String, parameters: Vec<Sent>, native: bool) -> Result<Vec<Vec<Value>>> {
        decode(&self.remote.execute(&Statement { query, parameters, native, ..Statement::default() }).await?)
    }

    async fn each_row(&self, table: &TableSchema, row: &mut EachRow<'_>) -> Result<()> {
        if table.primary_key.is_empty() && !self.is_sqlite {
            return self.each_row_of_cursor(table, row).await;
        }
        let key = Key::of(table)?;
        let mut after: Option<Vec<Sent>> = None;
        loop {
            let query = key.query(table, after.is_some());
            let rows = self.rows(query, after.take().unwrap_or_default(), false).await?;
            for values in &rows {
                pass(values.get(..table.columns.len()).unwrap_or_default(), row)?;
            }
            match rows.last() {
                Some(last) if rows.len() == PAGE => after = Some(key.of_row(last)),
                _ => return Ok(()),
            }
        }
    }

    /// Reads a table without a key through a cursor: there is no key to continue after.
    async fn each_row_of_cursor(&self, table: &TableSchema, row: &mut EachRow<'_>) -> Result<()> {
        let columns = ddl::names(table.columns.iter().map(|column| &column.name));
        let select = format!("SELECT {columns} FROM {}", ddl::table_name(&table.table));
        let native = async |query: String| self.rows(query, Vec::new(), true).await;
        native(format!("DECLARE {CURSOR} NO SCROLL CURSOR FOR {select}")).await?;
        loop {
            let rows = native(format!("FETCH {PAGE} FROM {CURSOR}")).await?;
            for values in &rows {
                pass(values, row)?;
            }
            if rows.len() < PAGE {
                native(format!("CLOSE {CURSOR}")).await?;
                return Ok(());
            }
        }
    }
}

/// The columns that rows are ordered by, to read the next page after the last row of a page.
struct Key {
    /// The columns, quoted.
    columns: String,
    /// The index in a row and the type of each.
    places: Vec<(usize, SqlType)>,
    /// True when the key is not one of the table's columns, so that it is read in addition.
    apart: bool,
}

impl Key {
    fn of(table: &TableSchema) -> Result<Self> {
        if table.primary_key.is_empty() {
            // SQLite's number of the row has three names, for a column may have one of them.
            let is_free =
                |name: &&str| !table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
            let name = ["rowid", "_rowid_", "oid"].into_iter().find(is_free).ok_or_else(|| {
                Error::unsupported(format!("\"{}\" has no key to read it by; give it one", table.table))
            })?;
            let places = vec![(table.columns.len(), SqlType::BigInt)];
            return Ok(Self { columns: ddl::names([&name.to_owned()]), places, apart: true });
        }
        let mut places = Vec::with_capacity(table.primary_key.len());
        for name in &table.primary_key {
            let at = table.columns.iter().position(|column| column.name == *name);
            let at = at.ok_or_else(|| Error::internal("a key column is not among the columns"))?;
            places.push((at, SqlType::parse(&table.columns[at].data_type)?));
        }
        Ok(Self { columns: ddl::names(&table.primary_key), places, apart: false })
    }

    fn query(&self, table: &TableSchema, goes_on: bool) -> String {
        let mut query = format!("SELECT {}", ddl::names(table.columns.iter().map(|column| &column.name)));
        if self.apart {
            query.push_str(&format!(", {}", self.columns));
        }
        query.push_str(&format!(" FROM {}", ddl::table_name(&table.table)));
        if goes_on {
            let places: Vec<String> = (1..=self.places.len()).map(|place| format!("${place}")).collect();
            query.push_str(&format!(" WHERE ({}) > ({})", self.columns, places.join(", ")));
        }
        query.push_str(&format!(" ORDER BY {} LIMIT {PAGE}", self.columns));
        query
    }

    fn of_row(&self, row: &[Value]) -> Vec<Sent> {
        self.places
            .iter()
            .map(|(at, data_type)| sent(row.get(*at).unwrap_or(&Value::Null), data_type))
            .collect()
    }
}

fn pass(values: &[Value], row: &mut EachRow<'_>) -> Result<()> {
    let values: Vec<ValueRef<'_>> = values.iter().map(ValueRef::from).collect();
    row(&values)
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
