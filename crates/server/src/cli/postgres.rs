//! How `serve` gets at a PostgreSQL server.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use phantomdb_engine::Engine;
use phantomdb_protocol::ErrorCode;

use super::error::{CommandError, complain};

/// How long the server waits for PostgreSQL when it starts.
const START_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct PostgresAccess {
    /// A file with the URL of the PostgreSQL server, for --engine: a command line can be read by every user of the computer.
    #[arg(
        long,
        env = "PHANTOMDB_ENGINE_FILE",
        value_name = "FILE",
        conflicts_with_all = ["engine", "memory", "data"]
    )]
    pub(super) engine_file: Option<PathBuf>,
    /// Use a PostgreSQL role that is a superuser, or may read files and run programs of the database server. Every caller
    /// can then do the same.
    #[arg(long, env = "PHANTOMDB_ALLOW_SUPERUSER")]
    pub(super) allow_superuser: bool,
}

impl PostgresAccess {
    /// The URL of the server, from `--engine` or from the file.
    pub(super) fn url(&self, engine: Option<&str>) -> Result<Option<String>, CommandError> {
        let Some(file) = &self.engine_file else {
            if engine.is_some_and(|url| {
                has_password(url) && std::env::args().any(|argument| argument.contains(url))
            }) {
                complain(
                    "every user of this computer can read the password in --engine with ps; put the URL into \
                     PHANTOMDB_ENGINE or into a file for --engine-file",
                );
            }
            return Ok(engine.map(str::to_owned));
        };
        let text = std::fs::read_to_string(file).map_err(|error| {
            CommandError::misused(format!(
                "the file of --engine-file {} cannot be read: {error}",
                file.display()
            ))
        })?;
        match text.trim() {
            "" => {
                Err(CommandError::misused(format!("the file of --engine-file {} is empty", file.display())))
            }
            url => Ok(Some(url.to_owned())),
        }
    }
}

fn has_password(url: &str) -> bool {
    let user = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user);
    user.is_some_and(|user| user.contains(':')) || url.contains("password=")
}

/// Asks PostgreSQL once. A server that cannot be reached yet is a warning; a role that must not be used ends the command.
pub(super) async fn check(engine: &dyn Engine) -> Result<(), CommandError> {
    let why = match tokio::time::timeout(START_TIMEOUT, engine.version()).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) if error.code == ErrorCode::Forbidden => {
            return Err(CommandError::misused(error.message));
        }
        Ok(Err(error)) => error.message,
        Err(_) => format!("the database server has not answered for {} seconds", START_TIMEOUT.as_secs()),
    };
    complain(&format!("{why}; calls fail until that is mended"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sees_a_password_in_a_url() {
        assert!(
            has_password("postgres://me:secret@host/db") && has_password("postgres://host/db?password=x")
        );
        assert!(!has_password("postgres://me@host:5432/db"));
    }

    #[test]
    fn it_reads_the_url_from_a_file() {
        let file = std::env::temp_dir().join(format!("phantomdb-engine-file-{}", std::process::id()));
        let access = PostgresAccess { engine_file: Some(file.clone()), allow_superuser: false };
        assert!(access.url(None).unwrap_err().message.contains("cannot be read"));
        std::fs::write(&file, "postgres://h/d\n").unwrap();
        assert_eq!(access.url(None).unwrap().as_deref(), Some("postgres://h/d"));
        std::fs::write(&file, "\n").unwrap();
        assert!(access.url(None).unwrap_err().message.contains("is empty"));
        std::fs::remove_file(file).unwrap();
    }
}
