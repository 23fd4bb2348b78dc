//! The import of a file of SQL, as `phantomdb export` writes it.

use std::{io::ErrorKind, path::Path};

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{endpoint::Endpoint, progress::Progress, script::Script, target::Target};

/// True when the source is a file of SQL.
pub(crate) fn is_script(source: &str) -> bool {
    !source.contains("://") && source.to_ascii_lowercase().ends_with(".sql")
}

/// Runs all statements of the file in a new database, or none of them.
pub(crate) async fn import(file: &Path, place: &Endpoint, database: &str, progress: &Progress) -> Result<()> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let what = match error.kind() {
            ErrorKind::InvalidData => "it is not text in UTF-8".to_owned(),
            kind => kind.to_string(),
        };
        Error::new(ErrorCode::BadRequest, format!("{} cannot be read: {what}", file.display()))
    })?;
    // Editors on Windows begin a file with a byte order mark.
    let script = Script::read(file, text.trim_start_matches('\u{feff}')).map_err(not_imported)?;
    let mut target = Target::open(place, database).await?;
    match target.run_script(&script, progress).await {
        Ok(()) => target.publish().await,
        Err(error) => {
            target.abandon().await?;
            Err(not_imported(error))
        }
    }
}

fn not_imported(error: Error) -> Error {
    Error { message: format!("nothing was imported: {}", error.message), ..error }
}
