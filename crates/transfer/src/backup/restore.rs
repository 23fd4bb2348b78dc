//! `phantomdb restore`.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use clap::Args;
use phantomdb_engine::Engine as _;
use phantomdb_engine_sqlite::{SqliteEngine, check_file};
use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    file::{not_read, not_written, verify},
    server,
};
use crate::{endpoint::Endpoint, progress::Progress, say};

#[derive(Debug, Args)]
pub struct RestoreOptions {
    /// A file that `phantomdb backup` wrote. With FILE.sha256 beside it, the checksum is compared first.
    file: PathBuf,
    /// Where the database is made: a directory (file:DIR or its path), or a server (http://HOST:PORT), with the token of
    /// the environment variable PHANTOMDB_TOKEN.
    #[arg(long, value_name = "TARGET")]
    to: String,
    /// The name of the database.
    #[arg(long, value_name = "NAME")]
    database: String,
    /// Replace a database of that name, with everything that was written since the backup.
    #[arg(long)]
    force: bool,
}

/// Checks a backup, and makes a database of it, as a whole or not at all.
pub async fn restore(options: RestoreOptions, stop: Arc<AtomicBool>) -> Result<()> {
    let place = Endpoint::parse(&options.to)?;
    let progress = Progress::bytes(stop);
    progress.say("check the file");
    let has_checksum = tokio::task::block_in_place(|| {
        let has_checksum = verify(&options.file)?;
        check_file(&options.file)?;
        Ok::<_, Error>(has_checksum)
    })?;
    progress.go_on()?;
    let restored = match &place {
        Endpoint::Server(url) => {
            server::upload(url, &options.database, &options.file, options.force, &progress).await
        }
        Endpoint::Directory(directory) => {
            let engine = SqliteEngine::open(directory)?;
            let restored = into_directory(&engine, &options).await;
            engine.close().await?;
            restored
        }
    };
    drop(progress);
    restored.map_err(|error| match error.code {
        ErrorCode::AlreadyExists => {
            Error { message: format!("{}; --force replaces it", error.message), ..error }
        }
        _ => error,
    })?;
    let note = if has_checksum { "" } else { " (there was no checksum to compare)" };
    say(&format!("the database \"{}\" is restored{note}\n", options.database));
    Ok(())
}

/// Copies the file beside the databases, so that it can be moved to its place at once.
async fn into_directory(engine: &SqliteEngine, options: &RestoreOptions) -> Result<()> {
    let scratch = engine.scratch();
    let copied = tokio::task::block_in_place(|| copy_into(&options.file, &scratch))?;
    engine.restore_backup(&options.database, &copied, options.force).await
}

fn copy_into(file: &Path, directory: &Path) -> Result<tempfile::TempPath> {
    let mut copy = tempfile::Builder::new()
        .prefix(".restore-")
        .tempfile_in(directory)
        .map_err(|error| not_written(directory, &error))?;
    let mut original = File::open(file).map_err(|error| not_read(file, &error))?;
    io::copy(&mut original, &mut copy).map_err(|error| not_written(directory, &error))?;
    let length = fs::metadata(file).map_err(|error| not_read(file, &error))?.len();
    match copy.as_file().metadata() {
        Ok(copied) if copied.len() == length => Ok(copy.into_temp_path()),
        _ => Err(Error::internal("the file was changed while it was copied; try again")),
    }
}
