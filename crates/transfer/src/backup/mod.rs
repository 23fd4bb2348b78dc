//! `phantomdb backup`, `restore` and `check`: databases of the SQLite engine as files, each with its checksum beside it.

mod check;
mod file;
mod restore;
mod schedule;
mod server;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use clap::Args;
use phantomdb_engine_sqlite::open_backup;
use phantomdb_protocol::{Error, ErrorCode, Result};

use crate::{endpoint::Endpoint, progress::Progress, say};
use file::NewFile;

pub use check::{CheckOptions, check};
pub use restore::{RestoreOptions, restore};

#[derive(Debug, Args)]
pub struct BackupOptions {
    /// A directory of databases (file:DIR or its path), or a server (http://HOST:PORT), with the token of the environment
    /// variable PHANTOMDB_TOKEN.
    source: String,
    /// The name of the database.
    #[arg(long, value_name = "NAME")]
    database: String,
    /// The file to write. Its checksum goes into FILE.sha256.
    #[arg(long, value_name = "FILE", required_unless_present = "dir", conflicts_with = "dir")]
    out: Option<PathBuf>,
    /// The directory for files whose names have the time: NAME-20261129T031500Z.db.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Go on, and make a backup each time that this is over: 90s, 15m, 1h or 1d.
    #[arg(long, value_name = "TIME", requires = "dir", value_parser = schedule::interval)]
    every: Option<Duration>,
    /// Keep so many backups of the database in the directory, and delete the oldest ones after each new one.
    #[arg(long, value_name = "N", requires = "dir", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
}

/// Makes one backup, or one after the other until it is stopped.
pub async fn backup(options: BackupOptions, stop: Arc<AtomicBool>) -> Result<()> {
    let place = Endpoint::with_databases(&options.source)?;
    match (&options.out, &options.dir) {
        (Some(out), _) => copy(&place, &options.database, out, stop).await,
        (None, Some(dir)) => {
            schedule::run(&place, &options.database, dir, (options.every, options.keep), stop).await
        }
        (None, None) => {
            Err(Error::new(ErrorCode::BadRequest, "name the file with --out, or a directory with --dir"))
        }
    }
}

/// Copies a database into a new file, and its checksum beside it.
async fn copy(place: &Endpoint, database: &str, out: &Path, stop: Arc<AtomicBool>) -> Result<()> {
    let progress = Progress::bytes(stop);
    let file = NewFile::create(out)?;
    let file = receive(place, database, file, &progress).await?;
    let bytes = file.bytes();
    file.keep(out)?;
    drop(progress);
    say(&format!("{}: {bytes} bytes of the database \"{database}\"\n", out.display()));
    Ok(())
}

/// Writes a database into a file that nobody sees yet.
async fn receive(
    place: &Endpoint,
    database: &str,
    mut file: NewFile,
    progress: &Progress,
) -> Result<NewFile> {
    let expected = match place {
        Endpoint::Directory(directory) => tokio::task::block_in_place(|| {
            let mut backup = open_backup(directory, database)?;
            progress.begin(&format!("backup {database}"), backup.bytes());
            let mut out = file.with_progress(progress);
            backup.write_to(&mut out).map_err(|error| out.explain(&error))?;
            Ok::<_, Error>(backup.sha256())
        })?,
        Endpoint::Server(url) => server::download(url, database, &mut file, progress).await?,
    };
    if file.sha256() == expected {
        return Ok(file);
    }
    Err(Error::new(
        ErrorCode::Internal,
        "the file is not what was sent; the connection or the disk has changed it",
    ))
}
