//! Where tokens come from.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

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

/// The most bytes of a file with tokens.
const LONGEST: u64 = 16 << 20;

/// Reads an ordinary file. A pipe could be waited for without an end, and then no revoked token would be noticed any more; a
/// device could fill the memory.
fn read(path: &Path, what: &str) -> Result<String, String> {
    let failed = |error: io::Error| format!("the {what} {} cannot be read: {error}", path.display());
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(format!("the {what} {} is no ordinary file", path.display()));
    }
    let mut content = String::new();
    let file = File::open(path).map_err(failed)?;
    file.take(LONGEST + 1).read_to_string(&mut content).map_err(failed)?;
    if content.len() as u64 > LONGEST {
        return Err(format!("the {what} {} is longer than {} MB", path.display(), LONGEST >> 20));
    }
    check_mode(path, what)?;
    Ok(content)
}

/// Refuses a file that others can write: whoever can write it can give himself rights.
#[cfg(unix)]
fn check_mode(path: &Path, what: &str) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = fs::metadata(path)
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
    if fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0) {
        tracing::warn!("the token file {} can be read by all users of this computer", path.display());
    }
}

#[cfg(not(unix))]
fn warn_when_readable(_: &Path) {}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &str) -> Result<(), String> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn it_reads_ordinary_files_only_and_no_endless_ones() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
        std::os::unix::fs::symlink("/dev/zero", path("endless")).unwrap();
        for name in ["pipe", "endless", "."] {
            for source in [Source::PlainFile(path(name)), Source::Store(path(name))] {
                let why = source.content().unwrap_err();
                assert!(why.contains("no ordinary file"), "{name}: {why}");
            }
        }
        fs::write(path("long"), "a".repeat(17 << 20)).unwrap();
        assert!(Source::Store(path("long")).content().unwrap_err().contains("longer than 16 MB"));
        fs::write(path("tokens"), "0123456789abcdef").unwrap();
        std::os::unix::fs::symlink(path("tokens"), path("link")).unwrap();
        assert_eq!(Source::PlainFile(path("link")).content().unwrap(), "0123456789abcdef");
    }
}
