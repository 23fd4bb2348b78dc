//! `phantomdb import`: reads everything, reports what is lost, and only then writes.

use std::sync::{Arc, atomic::AtomicBool};

use clap::Args;
use phantomdb_protocol::{Constraint, Error, ErrorCode, Result};
use rusqlite::types::{Value, ValueRef};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Sender, channel};

use super::{
    confirm, dry_run,
    endpoint::Endpoint,
    model::{Loss, Table},
    progress::Progress,
    report, say, script_import,
    source::Source,
    target::{Batch, Load, Target},
    type_inference,
};
use phantomdb_engine_sqlite::{Fit, fit};
use phantomdb_sql::types::SqlType;

/// The largest number of rows and, roughly, of bytes in a batch.
const BATCH_ROWS: usize = 2_000;
const BATCH_BYTES: usize = 1 << 20;
/// The number of batches that may wait to be written.
const BATCHES: usize = 4;

#[derive(Debug, Args)]
pub struct ImportOptions {
    /// A SQLite file (app.db or sqlite:app.db), a file of PhantomDB SQL (app.sql, from `phantomdb export`), postgres://USER:PASSWORD@HOST/DATABASE or
    /// mysql://USER:PASSWORD@HOST/DATABASE.
    source: String,
    /// Where the new database is made: a directory (file:DIR or its path), or a server (http://HOST:PORT), with the
    /// token of the environment variable PHANTOMDB_TOKEN.
    #[arg(long, value_name = "TARGET")]
    to: String,
    /// The name of the new database. The default is the name of the source.
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// Import without asking, even if some columns cannot be kept as they are.
    #[arg(long)]
    accept_lossy: bool,
    /// Import only these tables. Separate their names by commas.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    tables: Vec<String>,
}

/// The result of the analysis that comes before the first write.
struct Plan {
    tables: Vec<Table>,
    losses: Vec<Loss>,
}

/// Imports, and prints the result to stdout.
pub async fn import(options: ImportOptions, stop: Arc<AtomicBool>) -> Result<()> {
    Source::check(&options.source)?;
    let place = Endpoint::parse(&options.to)?;
    let database = options
        .database
        .clone()
        .or_else(|| Source::name(&options.source))
        .ok_or_else(|| Error::new(ErrorCode::BadRequest, "name the new database with --database"))?;
    if script_import::is_script(&options.source) {
        if !options.tables.is_empty() {
            let message = "a file of SQL is imported as a whole; leave out --tables";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        let progress = Progress::new(stop);
        script_import::import(options.source.as_ref(), &place, &database, &progress).await?;
        drop(progress);
        say(&format!("the database \"{database}\" is imported\n"));
        return Ok(());
    }
    let mut source = Source::open(&options.source).await?;
    // Report a bad target before reading the source.
    let mut target = Target::open(&place, &database).await?;
    let progress = Progress::new(stop);
    let plan = plan(&mut source, &options.tables, &progress).await?;
    if !plan.losses.is_empty() {
        progress.paused(|| say(&report::losses(&plan.losses)));
        let agreed = options.accept_lossy
            || (confirm::can_ask() && tokio::task::block_in_place(|| progress.paused(confirm::ask)));
        if !agreed {
            return Err(Error::new(
                ErrorCode::Unsupported,
                format!(
                    "nothing was written: {} things (above) cannot be kept as they are; --accept-lossy imports \
                     all the same",
                    plan.losses.len()
                ),
            ));
        }
    }
    let outcome = write(&mut source, &mut target, &plan.tables, &progress).await;
    drop(progress);
    match outcome {
        Ok(counts) => {
            say(&report::counts(&counts));
            target.publish().await?;
            say(&format!("the database \"{database}\" is imported\n"));
            Ok(())
        }
        Err(error) => {
            target.abandon().await.map_err(|left| {
                Error::internal(format!(
                    "{}; and the new database \"{database}\" could not be dropped: {}",
                    error.message, left.message
                ))
            })?;
            Err(Error { message: format!("nothing was imported: {}", error.message), ..error })
        }
    }
}

async fn plan(source: &mut Source, wanted: &[String], progress: &Progress) -> Result<Plan> {
    let (mut tables, mut losses) = source.tables().await?;
    if !wanted.is_empty() {
        losses.extend(only(&mut tables, wanted)?);
        let names: Vec<String> = tables.iter().map(|table| table.name().to_string()).collect();
        losses.retain(|loss| names.contains(&loss.table));
    }
    if let Some(table) = tables.iter().find(|table| table.name().name.starts_with("phantomdb_")) {
        let message = format!("the name \"{}\" is PhantomDB's own; rename the table first", table.name());
        return Err(Error::new(ErrorCode::Unsupported, message));
    }
    losses.extend(source.broken_references(&mut tables)?);
    for table in &mut tables {
        losses.extend(type_inference::choose_types(source, table, progress).await?);
    }
    dry_run::sort(&mut tables);
    losses.extend(dry_run::rehearse(&mut tables).await?);
    losses.sort_by(|a, b| a.table.cmp(&b.table));
    Ok(Plan { tables, losses })
}

/// Keeps the requested tables, and their foreign keys to each other.
fn only(tables: &mut Vec<Table>, wanted: &[String]) -> Result<Vec<Loss>> {
    for name in wanted {
        if !tables.iter().any(|table| table.name().to_string() == *name) {
            return Err(Error::new(ErrorCode::UnknownTable, format!("the source has no table \"{name}\"")));
        }
    }
    tables.retain(|table| wanted.contains(&table.name().to_string()));
    let mut losses = Vec::new();
    for table in tables {
        let name = table.name().clone();
        table.schema.constraints.retain(|constraint| match constraint {
            Constraint::ForeignKey { columns, references, .. }
                if !wanted.contains(&references.table.to_string()) =>
            {
                losses.push(Loss::left_out(
                    &name,
                    format!("foreign key ({})", columns.join(", ")),
                    format!("REFERENCES {}", references.table),
                    "the table it points to is not imported",
                ));
                false
            }
            _ => true,
        });
    }
    Ok(losses)
}

/// Returns the number of rows of each table in the source and in the target; they are equal.
async fn write(
    source: &mut Source,
    target: &mut Target,
    tables: &[Table],
    progress: &Progress,
) -> Result<Vec<(String, u64, u64)>> {
    progress.say("make tables");
    target.define(tables).await?;
    for table in tables {
        progress.begin(&format!("import {}", table.name()), table.rows);
        let load = Load::new(table);
        if load.columns.is_empty() {
            continue;
        }
        let (sender, receiver) = channel(BATCHES);
        let reading = read(source, table, &load.types, sender, progress);
        let (read, loaded) = on_two_threads(reading, target.load(&load, receiver));
        // When writing fails, reading fails too: nobody receives the rows.
        loaded.and(read)?;
    }
    progress.go_on()?;
    progress.say("make indexes and check keys");
    let counts = target.finish(tables).await?;
    let counts: Vec<(String, u64, u64)> = tables
        .iter()
        .zip(counts)
        .map(|(table, count)| (table.name().to_string(), table.rows, count))
        .collect();
    if counts.iter().any(|(_, source, target)| source != target) {
        progress.paused(|| say(&report::counts(&counts)));
        return Err(Error::internal("the tables have not as many rows as in the source"));
    }
    Ok(counts)
}

/// Runs both on threads of their own: each may block, on SQLite or on the other.
fn on_two_threads(
    read: impl Future<Output = Result<()>>,
    write: impl Future<Output = Result<()>> + Send,
) -> (Result<()>, Result<()>) {
    let runtime = Handle::current();
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| runtime.block_on(write));
            let read = runtime.block_on(read);
            let lost = |_| Err(Error::internal("the thread that writes has panicked"));
            (read, writer.join().unwrap_or_else(lost))
        })
    })
}

/// Collects rows into batches for the writing thread.
struct Sending<'a> {
    sender: Sender<Batch>,
    batch: Batch,
    bytes: usize,
    rows: u64,
    progress: &'a Progress,
    width: usize,
}

impl Sending<'_> {
    fn flush(&mut self) -> Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let next = Vec::with_capacity(self.batch.len());
        let batch = std::mem::replace(&mut self.batch, next);
        self.bytes = 0;
        self.progress.at(self.rows)?;
        let sender = &self.sender;
        tokio::task::block_in_place(|| sender.blocking_send(batch))
            .map_err(|_| Error::internal("the rows could not be written"))
    }

    fn add(&mut self, value: Value) {
        self.bytes += match &value {
            Value::Text(text) => text.len(),
            Value::Blob(bytes) => bytes.len(),
            _ => 8,
        };
        self.batch.push(value);
    }

    fn end_row(&mut self) -> Result<()> {
        self.rows += 1;
        if self.bytes >= BATCH_BYTES || self.batch.len() >= BATCH_ROWS * self.width {
            self.flush()?;
        }
        Ok(())
    }
}

async fn read(
    source: &mut Source,
    table: &Table,
    types: &[SqlType],
    sender: Sender<Batch>,
    progress: &Progress,
) -> Result<()> {
    let columns = table.stored_columns();
    let mut sending =
        Sending { sender, batch: Vec::new(), bytes: 0, rows: 0, progress, width: columns.len() };
    source
        .each_row(table, &columns, &mut |row| {
            for (index, (value, data_type)) in row.iter().zip(types).enumerate() {
                sending
                    .add(stored(*value, data_type).ok_or_else(|| misfit(table, columns[index], data_type))?);
            }
            sending.end_row()
        })
        .await?;
    sending.flush()
}

fn stored(value: ValueRef<'_>, data_type: &SqlType) -> Option<Value> {
    match fit(value, data_type) {
        Fit::Exact(value) | Fit::Changed(value) => Some(value),
        Fit::Not => None,
    }
}

/// Returns the error for a value that does not fit, although the analysis found that all did: the source has changed.
fn misfit(table: &Table, column: usize, data_type: &SqlType) -> Error {
    let name = &table.schema.columns[column].name;
    Error::new(
        ErrorCode::TypeMismatch,
        format!("a value of \"{}\".\"{name}\" is no {}", table.name(), data_type.name()),
    )
}
