//! `phantomdb export`: a plain SQLite file, or SQL.

mod partial_file;
mod reader;
mod sql_file;
mod sqlite_file;

use std::sync::{Arc, atomic::AtomicBool};

use clap::Args;
use phantomdb_protocol::{Error, ErrorCode, Result, TableSchema, ViewDefinition};

use super::{ddl, endpoint::Endpoint, progress::Progress, table_order};
use reader::Reader;
use rusqlite::types::ValueRef;
use sql_file::SqlFile;
use sqlite_file::SqliteFile;

#[derive(Debug, Args)]
pub struct ExportOptions {
    /// A directory of databases (file:DIR or its path), or a server (http://HOST:PORT), with the token of the
    /// environment variable PHANTOMDB_TOKEN.
    #[arg(long, value_name = "SOURCE")]
    from: String,
    /// The name of the database to export.
    #[arg(long, value_name = "NAME")]
    database: String,
    /// The file to write: NAME.db as a SQLite file, NAME.sql as SQL. - writes SQL to stdout.
    output: String,
}

enum Output {
    Sqlite(SqliteFile),
    Sql(SqlFile),
}

impl Output {
    fn create(path: &str) -> Result<Self> {
        let lower = path.to_ascii_lowercase();
        if lower == "-" || lower.ends_with(".sql") {
            return Ok(Self::Sql(SqlFile::create(path)?));
        }
        if [".db", ".sqlite", ".sqlite3"].iter().any(|ending| lower.ends_with(ending)) {
            return Ok(Self::Sqlite(SqliteFile::create(path)?));
        }
        Err(Error::new(ErrorCode::BadRequest, "the output is a file NAME.db or NAME.sql, or - for stdout"))
    }

    fn table(&mut self, schema: &TableSchema) -> Result<()> {
        match self {
            Self::Sqlite(file) => file.table(schema),
            Self::Sql(file) => file.table(schema),
        }
    }

    /// Writes a row of the current table.
    fn row(&mut self, row: &[ValueRef<'_>]) -> Result<()> {
        match self {
            Self::Sqlite(file) => file.row(row),
            Self::Sql(file) => file.row(row),
        }
    }

    fn finish(self, tables: &[&TableSchema], views: &[ViewDefinition]) -> Result<()> {
        match self {
            Self::Sqlite(file) => file.finish(tables, views),
            Self::Sql(file) => file.finish(tables, views),
        }
    }
}

/// Exports. A reader of stdout that reads no further, such as `head`, ends the export, which has not failed then.
pub async fn export(options: ExportOptions, stop: Arc<AtomicBool>) -> Result<()> {
    match write(options, stop).await {
        Err(error) if error.message == sql_file::CLOSED => Ok(()),
        outcome => outcome,
    }
}

async fn open(options: &ExportOptions) -> Result<Reader> {
    let place = Endpoint::with_databases(&options.from)?;
    Reader::open(&place, &options.database).await.map_err(|error| match error.code {
        ErrorCode::UnknownDatabase => {
            let message = format!("there is no database \"{}\" in {}", options.database, options.from);
            Error { message, ..error }
        }
        _ => error,
    })
}

async fn write(options: ExportOptions, stop: Arc<AtomicBool>) -> Result<()> {
    let reader = open(&options).await?;
    let schemas = reader.tables().await?;
    let views = reader.views().await?;
    let references: Vec<&TableSchema> = schemas.iter().collect();
    let sorted: Vec<&TableSchema> =
        table_order::by_references(&references).into_iter().map(|index| references[index]).collect();
    let mut output = Output::create(&options.output)?;
    let progress = Progress::new(stop);
    for schema in &sorted {
        output.table(schema)?;
        let total = reader.count(&schema.table).await?;
        progress.begin(&format!("export {}", schema.table.label()), total);
        let mut done = 0_u64;
        reader
            .each_row(schema, &mut |row| {
                output.row(row)?;
                done += 1;
                if done.is_multiple_of(1_000) { progress.at(done) } else { Ok(()) }
            })
            .await?;
        if done != total {
            let message = format!("\"{}\" has {total} rows, and {done} were read", schema.table);
            return Err(Error::internal(message));
        }
    }
    output.finish(&sorted, &views)?;
    reader.close().await
}
