//! Copies a database into a file, and its checksum beside it.

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use phantomdb_engine_sqlite::open_backup;
use phantomdb_protocol::{Error, ErrorCode, Result};

use super::file::NewFile;
use crate::{endpoint::Endpoint, progress::Progress, say};

/// Copies a database into a new file, and its checksum beside it.
pub(crate) async fn copy(place: &Endpoint, database: &str, out: &Path, stop: Arc<AtomicBool>) -> Result<()> {
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
pub(crate) async fn receive(
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
        Endpoint::Server(url) => super::server::download(url, database, &mut file, progress).await?,
    };
    if file.sha256() == expected {
        return Ok(file);
    }
    Err(Error::new(
        ErrorCode::Internal,
        "the file is not what was sent; the connection or the disk has changed it",
    ))
}
