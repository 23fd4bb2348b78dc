//! A directory of databases. The new one is made beside them and moved to its place when it is whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use phantomdb_protocol::{AlterOperation, Error, ErrorCode, Result};
use tokio::sync::mpsc::Receiver;
use uuid::Uuid;

use super::{Batch, Load, exists, of_table};
use crate::engine::{
    Engine as _,
    sqlite::{Loader, SqliteEngine, stored_name},
};
use crate::transfer::{
    model::Table,
    rehearsal::{Definitions, definitions, statement},
};

pub(crate) struct EmbeddedTarget {
    directory: PathBuf,
    database: String,
    /// Where the database is made; deleted at the end, whatever the end is.
    workshop: Workshop,
    loader: Option<Loader>,
}

/// A directory that goes when this does.
struct Workshop(PathBuf);

impl Drop for Workshop {
    fn drop(&mut self) {
        // What cannot be deleted has a name that no database has.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn failed(what: &str) -> impl Fn(std::io::Error) -> Error + '_ {
    move |error| Error::internal(format!("{what}: {error}"))
}

impl EmbeddedTarget {
    pub(super) async fn open(directory: &Path, database: &str) -> Result<Self> {
        let made_here = !directory.exists();
        let engine = SqliteEngine::open(directory)?;
        let outcome = Self::in_directory(&engine, directory, database).await;
        engine.close().await?;
        if outcome.is_err() && made_here {
            // It was made for nothing; one that somebody has put something into stays.
            let _ = fs::remove_dir(directory);
        }
        outcome
    }

    async fn in_directory(engine: &SqliteEngine, directory: &Path, database: &str) -> Result<Self> {
        match engine.database(database).await {
            Ok(session) if !session.tables().await?.is_empty() => return Err(exists(database)),
            Ok(_) => {}
            Err(error) if error.code == ErrorCode::UnknownDatabase => {}
            Err(error) => return Err(error),
        }
        let workshop = Workshop(directory.join(format!(".import-{}", Uuid::new_v4().simple())));
        fs::create_dir(&workshop.0).map_err(failed("the directory cannot be written to"))?;
        Ok(Self { directory: directory.to_owned(), database: database.to_owned(), workshop, loader: None })
    }

    fn file(&self) -> PathBuf {
        self.workshop.0.join(format!("{}.db", self.database))
    }

    pub(super) async fn define(&mut self, tables: &[Table]) -> Result<()> {
        let engine = SqliteEngine::open(&self.workshop.0)?;
        engine.create_database(&self.database).await?;
        let session = engine.database(&self.database).await?;
        let Definitions { schemas, tables, indexes, comments, late_keys } = definitions(tables, false);
        let tables = tables.into_iter().map(|(_, sql)| sql);
        let all = schemas.into_iter().chain(tables).chain(indexes).chain(comments).map(statement).collect();
        for answer in session.execute_batch(all, true).await? {
            answer?;
        }
        for (table, constraint) in late_keys {
            session.alter(&table, vec![AlterOperation::AddConstraint { constraint }]).await?;
        }
        engine.close().await?;
        let mut loader = Loader::open(&self.file())?;
        loader.put_indexes_off()?;
        self.loader = Some(loader);
        Ok(())
    }

    fn loader(&self) -> Result<&Loader> {
        self.loader.as_ref().ok_or_else(|| Error::internal("the tables are not made yet"))
    }

    pub(super) fn load(&mut self, load: &Load<'_>, mut batches: Receiver<Batch>) -> Result<()> {
        let loader = self.loader()?;
        let places: Vec<String> = (1..=load.columns.len()).map(|place| format!("?{place}")).collect();
        let table = crate::engine::sqlite::quote_identifier(&stored_name(load.table.name()));
        let columns = crate::transfer::ddl::names(&load.columns);
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
        let loader = self.loader.take().ok_or_else(|| Error::internal("the tables are not made yet"))?;
        tokio::task::block_in_place(|| {
            let mut counts = Vec::with_capacity(tables.len());
            for table in tables {
                let stored = stored_name(table.name());
                counts.push(loader.count(&stored)?);
                if let Some(last) = table.sequence.filter(|_| has_identity(table)) {
                    loader.set_sequence(&stored, last)?;
                }
            }
            loader.finish()?;
            Ok(counts)
        })
    }

    /// Moves the database to its place, if nobody has made one of that name meanwhile.
    pub(super) async fn publish(self) -> Result<()> {
        let place = self.directory.join(format!("{}.db", self.database));
        if place.exists() {
            // It was empty when the import began.
            let engine = SqliteEngine::open(&self.directory)?;
            let empty = engine.database(&self.database).await?.tables().await?.is_empty();
            if !empty {
                engine.close().await?;
                return Err(exists(&self.database));
            }
            engine.drop_database(&self.database).await?;
            engine.close().await?;
        }
        let cannot = failed("the new database cannot be moved to its place");
        let file = self.file();
        File::open(&file).and_then(|file| file.sync_all()).map_err(&cannot)?;
        // A link fails when there is a file of that name; a rename would replace it.
        match fs::hard_link(&file, &place) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(exists(&self.database));
            }
            Err(_) => fs::rename(&file, &place).map_err(&cannot)?,
        }
        #[cfg(unix)]
        File::open(&self.directory).and_then(|directory| directory.sync_all()).map_err(&cannot)?;
        Ok(())
    }
}

pub(super) fn has_identity(table: &Table) -> bool {
    table.schema.columns.iter().any(|column| column.auto_increment)
}
