//! Where tokens come from.

use std::path::{Path, PathBuf};

use super::{known::KnownToken, plain_file, store};

/// Where tokens come from.
#[derive(Debug)]
pub enum Source {
    /// The program itself.
    Given,
    /// An environment variable that is one token.
    Variable(String),
    /// A file with a token on each line, each of which allows everything.
    PlainFile(PathBuf),
    /// A file of `phantomdb token`.
    Store(PathBuf),
}

impl Source {
    /// The text that the tokens are in.
    pub(super) fn content(&self) -> Result<String, String> {
        match self {
            Self::Given => Ok(String::new()),
            Self::Variable(token) => Ok(token.clone()),
            Self::PlainFile(path) => {
                let content = read(path, "token file")?;
                warn_when_readable(path);
                Ok(content)
            }
            Self::Store(path) => read(path, "token store"),
        }
    }

    pub(super) fn parse(&self, content: &str) -> Result<Vec<KnownToken>, String> {
        match self {
            Self::Given => Ok(Vec::new()),
            Self::Variable(name) => plain_file::parse(content, name),
            Self::PlainFile(path) => plain_file::parse(content, &path.display()),
            Self::Store(path) => store::parse(content, path)
                .map(|tokens| tokens.iter().map(store::StoredToken::known).collect()),
        }
    }
}

fn read(path: &Path, what: &str) -> Result<String, String> {
    let failed = |error| format!("the {what} {} cannot be read: {error}", path.display());
    let content = std::fs::read_to_string(path).map_err(failed)?;
    check_mode(path, what)?;
    Ok(content)
}

/// Refuses a file that others can write: whoever can write it can give himself rights.
#[cfg(unix)]
fn check_mode(path: &Path, what: &str) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(path)
        .map_err(|error| format!("the {what} {} cannot be read: {error}", path.display()))?;
    let mode = metadata.permissions().mode();
    if mode & 0o022 != 0 {
        return Err(format!(
            "the {what} {path} can be written by other users (mode {mode:o}): make it the server's own with chmod 600 {path}",
            path = path.display(),
            mode = mode & 0o777,
        ));
    }
    Ok(())
}

/// Says that a file with tokens can be read by all. It is not refused: a container's secrets often can be.
#[cfg(unix)]
fn warn_when_readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    if std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0) {
        tracing::warn!("the token file {} can be read by all users of this computer", path.display());
    }
}

#[cfg(not(unix))]
fn warn_when_readable(_: &Path) {}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &str) -> Result<(), String> {
    Ok(())
}
