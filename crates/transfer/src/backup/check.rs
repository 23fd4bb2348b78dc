//! `phantomdb check`.

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use clap::Args;
use phantomdb_engine_sqlite::check_file;
use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    copy::receive,
    file::{NewFile, verify},
};
use crate::{endpoint::Endpoint, progress::Progress, say};

#[derive(Debug, Args)]
pub struct CheckOptions {
    /// The file of a backup; or, with --database, a directory of databases (file:DIR or its path) or a server
    /// (http://HOST:PORT), with the token of the environment variable PHANTOMDB_TOKEN.
    target: String,
    /// The name of the database in the directory or on the server.
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
}

/// Checks the structure, the indexes, the constraints and the foreign keys of a database, and the checksum of a backup. Of a
/// database that is in use, a copy is checked.
pub async fn check(options: CheckOptions, stop: Arc<AtomicBool>) -> Result<()> {
    let progress = Progress::bytes(stop);
    let found = match &options.database {
        None => {
            let path = Path::new(&options.target);
            if !path.is_file() {
                let message = format!(
                    "{} is no file; name a database of a directory or a server with --database",
                    options.target
                );
                return Err(Error::new(ErrorCode::BadRequest, message));
            }
            let has_checksum = tokio::task::block_in_place(|| {
                let has_checksum = verify(path)?;
                check_file(path)?;
                Ok::<_, Error>(has_checksum)
            })?;
            if has_checksum { "the checksum is right" } else { "there is no checksum beside the file" }
        }
        Some(database) => {
            let place = Endpoint::with_databases(&options.target)?;
            let copy = receive(&place, database, NewFile::temporary()?, &progress).await?;
            tokio::task::block_in_place(|| check_file(copy.path()))?;
            "a copy was checked"
        }
    };
    drop(progress);
    say(&format!("structure, indexes, constraints and foreign keys are sound; {found}\n"));
    Ok(())
}
