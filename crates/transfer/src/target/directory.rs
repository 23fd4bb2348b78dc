//! A directory of databases. The new one is made beside them and moved to its place when it is whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use phantomdb_protocol::{AlterOperation, BeginTransaction, Error, ErrorCode, Result};
use tokio::sync::mpsc::Receiver;

use super::{Batch, Load, exists, of_table, staging_directory::StagingDirectory};
use crate::{
    ddl,
    dry_run::{Definitions, definitions, statement},
    model::Table,
    progress::Progress,
    script::Script,
};
use phantomdb_engine::Engine as _;
use phantomdb_engine_sqlite::{BulkLoader, SqliteEngine, stored_name};
use phantomdb_sql::printer::quote_identifier;

pub(crate) struct DirectoryTarget {
    directory: PathBuf,
    database: String,
    /// The database under construction. None until the first table is defined: until then nothing is written.
    work: Option<Work>,
}

struct Work {
    // In the order in which they are let go of: the file, its directory, the directory around it.
    loader: Option<BulkLoader>,
    workshop: StagingDirectory,
    _made: Option<Made>,
}

/// A directory that this import created, and that it deletes again while nothing is in it.
struct Made(PathBuf);

impl Drop for Made {
    fn drop(&mut self) {
        // It stays when somebody, or this import, has put something into it.
        let _ = fs::remove_dir(&self.0);
    }
}

impl DirectoryTarget {
    pub(super) async fn open(directory: &Path, database: &str) -> Result<Self> {
        if directory.exists() {
            refuse_tables(directory, database).await?;
        }
        Ok(Self { directory: directory.to_owned(), database: database.to_owned(), work: None })
    }

    fn file(&self, directory: &Path) -> PathBuf {
        directory.join(format!("{}.db", self.database))
    }

    /// Makes an empty database that nobody sees yet.
    async fn begin(&mut self) -> Result<(&mut Work, SqliteEngine)> {
        let made = (!self.directory.exists()).then(|| Made(self.directory.clone()));
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&self.directory)
            .map_err(|error| Error::internal(format!("the directory cannot be made: {error}")))?;
        StagingDirectory::sweep(&self.directory);
        let workshop = StagingDirectory::open(&self.directory)?;
        let work = self.work.insert(Work { loader: None, workshop, _made: made });
        let engine = SqliteEngine::open(work.workshop.path())?;
        engine.create_database(&self.database).await?;
        Ok((work, engine))
    }

    /// Runs statements that make the tables and their rows.
    pub(super) async fn run_script(&mut self, script: &Script<'_>, progress: &Progress) -> Result<()> {
        let database = self.database.clone();
        let (_, engine) = self.begin().await?;
        progress.begin("import", script.statements.len() as u64);
        let transaction = engine.begin(&BeginTransaction { database, ..BeginTransaction::default() }).await?;
        for (part, done) in script.statements.iter().zip(1..) {
            let outcome = transaction.execute(statement(part.sql.to_owned())).await;
            outcome.map_err(|error| script.failed(part, error))?;
            progress.at(done)?;
        }
        transaction.commit().await?;
        drop(transaction);
        engine.close().await
    }

    pub(super) async fn define(&mut self, tables: &[Table]) -> Result<()> {
        let name = self.database.clone();
        let (work, engine) = self.begin().await?;
        let session = engine.database(&name).await?;
        let Definitions { schemas, tables, indexes, comments, late_keys } = definitions(tables, false)?;
        let tables = tables.into_iter().map(|(_, sql)| sql);
        let all = schemas.into_iter().chain(tables).chain(indexes).chain(comments).map(statement).collect();
        for answer in session.execute_batch(all, true).await? {
            answer?;
        }
        for (table, constraint) in late_keys {
            session.alter(&table, vec![AlterOperation::AddConstraint { constraint }]).await?;
        }
        engine.close().await?;
        let file = work.workshop.path().join(format!("{name}.db"));
        let mut loader = BulkLoader::open(&file)?;
        loader.drop_indexes()?;
        work.loader = Some(loader);
        Ok(())
    }

    pub(super) fn load(&mut self, load: &Load<'_>, mut batches: Receiver<Batch>) -> Result<()> {
        let loader = self.work.as_ref().and_then(|work| work.loader.as_ref()).ok_or_else(not_defined)?;
        let places: Vec<String> = (1..=load.columns.len()).map(|place| format!("?{place}")).collect();
        let table = quote_identifier(&stored_name(load.table.name()));
        let columns = ddl::names(&load.columns);
        let sql = format!("INSERT INTO {table} ({columns}) VALUES ({})", places.join(", "));
        tokio::task::block_in_place(|| {
            loader.begin()?;
            while let Some(batch) = batches.blocking_recv() {
                loader.insert(&sql, &batch, load.columns.len())?;
            }
            loader.commit()
        })
        .map_err(|error| of_table(load.table, error))
    }

    pub(super) fn finish(&mut self, tables: &[Table]) -> Result<Vec<u64>> {
        let loader = self.work.as_mut().and_then(|work| work.loader.take()).ok_or_else(not_defined)?;
        tokio::task::block_in_place(|| {
            let mut counts = Vec::with_capacity(tables.len());
            for table in tables {
                let stored = stored_name(table.name());
                counts.push(loader.count(&stored)?);
                if let Some((_, last)) = table.numbering() {
                    loader.set_sequence(&stored, last)?;
                }
            }
            loader.finish()?;
            Ok(counts)
        })
    }

    /// Moves the database to its place, if nobody has made one of that name meanwhile.
    pub(super) async fn publish(self) -> Result<()> {
        let place = self.file(&self.directory);
        let work = self.work.as_ref().ok_or_else(not_defined)?;
        if place.exists() {
            // It was empty when the import began.
            refuse_tables(&self.directory, &self.database).await?;
            let engine = SqliteEngine::open(&self.directory)?;
            engine.drop_database(&self.database).await?;
            engine.close().await?;
        }
        let cannot = |error: std::io::Error| {
            Error::internal(format!("the new database cannot be moved to its place: {error}"))
        };
        let file = self.file(work.workshop.path());
        File::open(&file).and_then(|file| file.sync_all()).map_err(cannot)?;
        // A link fails when there is a file of that name; a rename would replace it.
        match fs::hard_link(&file, &place) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(exists(&self.database));
            }
            Err(_) => fs::rename(&file, &place).map_err(cannot)?,
        }
        #[cfg(unix)]
        File::open(&self.directory).and_then(|directory| directory.sync_all()).map_err(cannot)?;
        Ok(())
    }
}

fn not_defined() -> Error {
    Error::internal("the tables are not made yet")
}

/// `ALREADY_EXISTS` when there is a database of that name that has tables.
async fn refuse_tables(directory: &Path, database: &str) -> Result<()> {
    let engine = SqliteEngine::open(directory)?;
    let has_tables = match engine.database(database).await {
        Ok(session) => session.tables().await.map(|tables| !tables.is_empty()),
        Err(error) if error.code == ErrorCode::UnknownDatabase => Ok(false),
        Err(error) => Err(error),
    };
    engine.close().await?;
    if has_tables? { Err(exists(database)) } else { Ok(()) }
}
