//! `.export`: writes a result to a file.

use std::{
    fs::{self, OpenOptions},
    io::{BufWriter, Write as _},
    path::Path,
};

use phantomdb_protocol::Error;

use crate::{
    failure::{Failure, Result},
    format::{self, Format, Pages, terminal::Terminal},
    names::{table_as_sql, table_name},
};

/// The query that a table or a SELECT means.
pub(crate) fn query(what: &str) -> Result<String> {
    let first = what.split_whitespace().next().unwrap_or_default();
    let is_query =
        ["select", "with", "values", "("].iter().any(|word| first.to_ascii_lowercase().starts_with(word));
    if is_query && what.contains(char::is_whitespace) {
        return Ok(what.to_owned());
    }
    let table =
        table_name(what).ok_or_else(|| Failure::failed(format!("{what} is neither a table nor a SELECT")))?;
    Ok(format!("SELECT * FROM {}", table_as_sql(&table)))
}

/// The format that the name of a file asks for.
pub(crate) fn format(path: &Path) -> Result<Format> {
    Format::of_file(&path.to_string_lossy()).ok_or_else(|| {
        Failure::failed(format!(
            "the name {} must end in .csv, .json, .md or .txt; `phantomdb export` writes a whole database as .sql or \
             .db",
            path.display()
        ))
    })
}

/// Why a result is not in its file.
pub(crate) enum NotWritten {
    /// The rows could not be read.
    Database(Error),
    File(Failure),
}

impl NotWritten {
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::Database(error) => error.into(),
            Self::File(failure) => failure,
        }
    }
}

/// Writes a result to a new file, which is removed again when that fails.
pub(crate) fn write(path: &Path, pages: &mut dyn Pages, format: Format) -> Result<(), NotWritten> {
    let failed = |error: std::io::Error| match error.downcast::<Error>() {
        Ok(error) => NotWritten::Database(error),
        Err(error) => NotWritten::File(Failure::failed(match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                format!("{} is there already, and is not overwritten", path.display())
            }
            std::io::ErrorKind::InvalidInput => error.to_string(),
            _ => format!("{} cannot be written: {error}", path.display()),
        })),
    };
    let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    let mut out = BufWriter::new(file);
    let written = format::write(&mut out, pages, format, Terminal::default()).and_then(|()| out.flush());
    drop(out);
    written.map_err(|error| {
        // The first error says more than one of removing the file.
        fs::remove_file(path).ok();
        failed(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_table_and_a_select_is_itself() {
        assert_eq!(query("users").unwrap(), "SELECT * FROM users");
        assert_eq!(query("select").unwrap(), "SELECT * FROM \"select\"");
        assert_eq!(query("\"User Orders\"").unwrap(), "SELECT * FROM \"User Orders\"");
        assert_eq!(query("SELECT 1").unwrap(), "SELECT 1");
        assert_eq!(query("WITH a AS (SELECT 1) SELECT * FROM a").unwrap().len(), 36);
        assert!(query("\"a").is_err());
    }
}
