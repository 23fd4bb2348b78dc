//! `phantomdb compact`.

use clap::Args;
use phantomdb_engine::Engine as _;
use phantomdb_engine_sqlite::SqliteEngine;
use phantomdb_protocol::Result;

use super::{endpoint::Endpoint, say, server_database::ServerDatabase};

#[derive(Debug, Args)]
pub struct CompactOptions {
    /// A directory of databases (file:DIR or its path), or a server (http://HOST:PORT), with the token of the environment
    /// variable PHANTOMDB_TOKEN.
    target: String,
    /// The name of the database.
    #[arg(long, value_name = "NAME")]
    database: String,
}

/// Gives the space of deleted rows back to the system.
pub async fn compact(options: CompactOptions) -> Result<()> {
    match Endpoint::with_databases(&options.target)? {
        Endpoint::Directory(directory) => {
            let engine = SqliteEngine::open(&directory)?;
            engine.compact(&options.database).await?;
            engine.close().await?;
        }
        Endpoint::Server(url) => ServerDatabase::new(&url, &options.database)?.compact().await?,
    }
    say(&format!("the database \"{}\" is compact\n", options.database));
    Ok(())
}
