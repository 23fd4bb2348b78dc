//! The directory or server that the user named.

use std::path::PathBuf;

use phantomdb_protocol::{Error, ErrorCode, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Directory(PathBuf),
    Server(String),
}

impl Endpoint {
    /// A place that has databases. Fails with `NOT_FOUND` for a directory that is missing: opening would make it, and a misspelt
    /// path would look like an empty place.
    pub(crate) fn with_databases(text: &str) -> Result<Self> {
        match Self::parse(text)? {
            Self::Directory(directory) if !directory.is_dir() => {
                let message = format!("there is no directory {}", directory.display());
                Err(Error::new(ErrorCode::NotFound, message))
            }
            endpoint => Ok(endpoint),
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|t| t.eq_ignore_ascii_case(scheme));
        if begins("http://") || begins("https://") {
            return Ok(Self::Server(text.to_owned()));
        }
        let path = text.strip_prefix("file:").unwrap_or(text);
        // `file:///data` is how a URL writes the path `/data`.
        let path = path.strip_prefix("//").filter(|path| path.starts_with('/')).unwrap_or(path);
        if path.is_empty() || path.contains("://") || path.starts_with("memory:") {
            return Err(Error::new(
                ErrorCode::BadRequest,
                "a place of databases is a directory (file:DIR or its path) or a server (http://HOST:PORT)",
            ));
        }
        Ok(Self::Directory(PathBuf::from(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_directories_from_servers() {
        assert_eq!(Endpoint::parse("file:./data").unwrap(), Endpoint::Directory("./data".into()));
        assert_eq!(Endpoint::parse("/data").unwrap(), Endpoint::Directory("/data".into()));
        assert_eq!(Endpoint::parse("file:///data").unwrap(), Endpoint::Directory("/data".into()));
        assert_eq!(Endpoint::parse("http://h:1").unwrap(), Endpoint::Server("http://h:1".into()));
        assert!(Endpoint::parse("postgres://h/x").is_err());
        assert!(Endpoint::parse("memory:").is_err());
    }
}
