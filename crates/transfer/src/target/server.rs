//! A database of a PhantomDB server. The whole import is one transaction, so that an import that fails, or is killed,
//! leaves no table, and nobody sees half of it.

use phantomdb_protocol::{
    AlterOperation, BeginTransaction, Error, ErrorCode, Result, Statement, Value as Sent,
};
use rusqlite::types::Value;
use tokio::sync::mpsc::Receiver;

use super::{Batch, Load, exists, of_table};
use crate::{
    ddl,
    dry_run::{Definitions, definitions, statement},
    model::Table,
    progress::Progress,
    script::Script,
    server_database::ServerDatabase,
};
use phantomdb_engine_sqlite::stored_name;
use phantomdb_sql::types::SqlType;
use phantomdb_values::times::wire_of_stored;

/// Parameters of one statement, with a margin to the 32,766 that SQLite takes.
const MOST_PARAMETERS: usize = 30_000;
const MOST_ROWS: usize = 500;

pub(crate) struct ServerTarget {
    remote: ServerDatabase,
    database: String,
    /// True when this import created the database; it then drops it when the import fails.
    created: bool,
}

impl ServerTarget {
    pub(super) async fn open(url: &str, database: &str) -> Result<Self> {
        let target = Self {
            remote: ServerDatabase::new(url, database)?,
            database: database.to_owned(),
            created: false,
        };
        target.is_there().await?;
        Ok(target)
    }

    /// Returns whether the database exists. Fails with `ALREADY_EXISTS` when it has tables.
    async fn is_there(&self) -> Result<bool> {
        match self.remote.tables().await {
            Ok(tables) if !tables.is_empty() => Err(exists(&self.database)),
            Ok(_) => Ok(true),
            Err(error) if error.code == ErrorCode::UnknownDatabase => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn define(&mut self, tables: &[Table]) -> Result<()> {
        if !self.is_there().await? {
            self.remote.create().await?;
            self.created = true;
        }
        self.remote.begin(BeginTransaction { immediate: true, ..BeginTransaction::default() }).await?;
        let Definitions { schemas, tables, comments, .. } = definitions(tables, true)?;
        let tables = tables.into_iter().map(|(_, sql)| sql);
        for sql in schemas.into_iter().chain(tables).chain(comments) {
            self.remote.execute(&statement(sql)).await?;
        }
        Ok(())
    }

    /// Runs statements that make the tables and their rows.
    pub(super) async fn run_script(&mut self, script: &Script<'_>, progress: &Progress) -> Result<()> {
        if !self.is_there().await? {
            self.remote.create().await?;
            self.created = true;
        }
        self.remote.begin(BeginTransaction { immediate: true, ..BeginTransaction::default() }).await?;
        progress.begin("import", script.statements.len() as u64);
        for (part, done) in script.statements.iter().zip(1..) {
            let outcome = self.remote.execute(&statement(part.sql.to_owned())).await;
            outcome.map_err(|error| script.failed(part, error))?;
            progress.at(done)?;
        }
        if self.remote.engine().await? == "sqlite" {
            // SQLite goes on after the largest key by itself.
            return Ok(());
        }
        for table in self.remote.tables().await? {
            let described = self.remote.describe(&table).await?;
            let numbered = described.columns.iter().find(|column| column.auto_increment);
            let Some(column) = numbered.map(|column| &column.name) else { continue };
            let name = ddl::table_name(&table);
            let largest = format!("SELECT max({}) FROM {name}", ddl::names([column]));
            if let Some(largest) = self.number(&statement(largest)).await? {
                self.set_sequence(name, column, largest).await?;
            }
        }
        Ok(())
    }

    /// Has the identity column of a table of PostgreSQL go on after this number.
    async fn set_sequence(&self, table: String, column: &str, last: i64) -> Result<()> {
        let parameters = vec![
            Sent::String(table),
            Sent::String(column.to_owned()),
            Sent::Integer(last.max(1)),
            Sent::Boolean(last > 0),
        ];
        let query = "SELECT setval(pg_get_serial_sequence($1, $2), $3, $4)".to_owned();
        let statement = Statement { query, parameters, native: true, ..Statement::default() };
        self.remote.execute(&statement).await.map(|_| ())
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
        self.remote.execute(&Statement { query, parameters, ..Statement::default() }).await.map(|_| ())
    }

    pub(super) async fn finish(&mut self, tables: &[Table]) -> Result<Vec<u64>> {
        let Definitions { indexes, late_keys, .. } = definitions(tables, true)?;
        for sql in indexes {
            self.remote.execute(&statement(sql)).await?;
        }
        for (table, constraint) in late_keys {
            self.remote.alter(&table, vec![AlterOperation::AddConstraint { constraint }]).await?;
        }
        let mut counts = Vec::with_capacity(tables.len());
        for table in tables {
            let count = format!("SELECT count(*) FROM {}", ddl::table_name(table.name()));
            counts.push(self.number(&statement(count)).await?.unwrap_or_default().unsigned_abs());
            self.go_on_numbering(table).await?;
        }
        Ok(counts)
    }

    /// Runs a query whose result is one number.
    async fn number(&self, query: &Statement) -> Result<Option<i64>> {
        let answer = self.remote.execute(query).await?;
        let rows: Vec<Vec<Option<i64>>> = serde_json::from_str(answer.rows.get())
            .map_err(|error| Error::internal(format!("a number was expected: {error}")))?;
        Ok(rows.first().and_then(|row| row.first()).copied().flatten())
    }

    /// Sets the counter of the table's identity column to where the source left off. PhantomDB SQL has no statement for
    /// that, so this uses the engine's own SQL.
    async fn go_on_numbering(&self, table: &Table) -> Result<()> {
        let Some((column, last)) = table.numbering() else { return Ok(()) };
        let name = ddl::table_name(table.name());
        let native = |query: &str, parameters: Vec<Sent>| Statement {
            query: query.into(),
            parameters,
            native: true,
            ..Statement::default()
        };
        if self.remote.engine().await? == "sqlite" {
            let stored = Sent::String(stored_name(table.name()));
            // SQLite goes on after the largest key by itself.
            let largest = format!("SELECT max({}) FROM {name}", ddl::names([&column.to_owned()]));
            if self.number(&statement(largest)).await?.is_some_and(|largest| largest >= last) {
                return Ok(());
            }
            for query in [
                native("DELETE FROM sqlite_sequence WHERE name = ?1", vec![stored.clone()]),
                native(
                    "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)",
                    vec![stored.clone(), Sent::Integer(last)],
                ),
            ] {
                self.remote.execute(&query).await?;
            }
            return Ok(());
        }
        self.set_sequence(name, column, last).await
    }

    /// Makes the tables visible to everyone.
    pub(super) async fn publish(mut self) -> Result<()> {
        self.remote.commit().await
    }

    pub(super) async fn abandon(mut self) -> Result<()> {
        let rolled_back = self.remote.rollback().await;
        if self.created { self.remote.drop().await } else { rolled_back }
    }
}

/// Returns a stored value as a parameter of a statement.
pub(crate) fn sent(value: &Value, data_type: &SqlType) -> Sent {
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
                SqlType::Timestamp(_) => Sent::Timestamp(wire_of_stored(&text).into_owned()),
                SqlType::Date => Sent::Date(text),
                SqlType::Time(_) => Sent::Time(text),
                SqlType::Decimal(_) => Sent::Decimal(text),
                SqlType::Uuid => Sent::Uuid(text),
                SqlType::Json | SqlType::Jsonb | SqlType::Array(_) => Sent::Json(text),
                _ => Sent::String(text),
            }
        }
    }
}
