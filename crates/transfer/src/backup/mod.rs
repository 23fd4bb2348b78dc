//! `phantomdb backup`, `restore` and `check`: databases of the SQLite engine as files, each with its checksum beside it.

mod check;
mod copy;
mod file;
mod restore;
mod schedule;
mod server;

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use clap::Args;
use phantomdb_protocol::{Error, ErrorCode, Result};

use crate::endpoint::Endpoint;

pub use check::{CheckOptions, check};
use copy::copy;
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
