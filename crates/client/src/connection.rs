//! Connection strings.

use std::path::PathBuf;

use phantomdb_protocol::{Error, ErrorCode, Result, UnreachableReason::InvalidUrl};
use url::Url;

use crate::failure::unreachable;

const VALID: &str = "valid are http://HOST:PORT, https://HOST:PORT, memory: (private), memory:NAME (shared in this \
                     process) and file:PATH (a directory)";

/// Where an embedded engine keeps its databases.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Storage {
    /// In memory, for one client.
    PrivateMemory,
    /// In memory, for every client of this process that uses the name.
    SharedMemory(String),
    /// In a directory, for every client of this process.
    Directory(PathBuf),
}

/// A parsed connection string.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ConnectionString {
    /// The URL of a server, without a slash at the end.
    Server(String),
    Embedded(Storage),
}

impl ConnectionString {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
        if let Some(name) = text.strip_prefix("memory:") {
            return Ok(Self::Embedded(match name {
                "" => Storage::PrivateMemory,
                name => Storage::SharedMemory(name.to_owned()),
            }));
        }
        if let Some(path) = text.strip_prefix("file:") {
            // In a URL, `file:///data` stands for the path `/data`.
            let path = path.strip_prefix("//").filter(|path| path.starts_with('/')).unwrap_or(path);
            if path.is_empty() || path.starts_with("//") || path.contains('\0') {
                return Err(unknown("file: needs the path of a directory"));
            }
            return Ok(Self::Embedded(Storage::Directory(PathBuf::from(path))));
        }
        if lower.starts_with("http://") || lower.starts_with("https://") {
            return server(text);
        }
        Err(unknown("this connection string is not one of PhantomDB's"))
    }
}

/// The message does not repeat the connection string, which may hold a password.
fn unknown(why: &str) -> Error {
    Error::new(ErrorCode::BadRequest, format!("{why}; {VALID}"))
}

fn server(text: &str) -> Result<ConnectionString> {
    let url = Url::parse(text)
        .map_err(|error| unreachable(InvalidUrl, format!("the URL cannot be read: {error}; {VALID}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(unreachable(
            InvalidUrl,
            "a URL must not hold credentials: give the token as the option `token` or in PHANTOMDB_TOKEN",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(unreachable(InvalidUrl, format!("a URL must not have a `?` or a `#`; {VALID}")));
    }
    Ok(ConnectionString::Server(url.as_str().trim_end_matches('/').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_every_kind_of_connection_string() {
        let embedded = |place| ConnectionString::Embedded(place);
        for (text, connection) in [
            ("memory:", embedded(Storage::PrivateMemory)),
            ("memory:suite", embedded(Storage::SharedMemory("suite".into()))),
            ("file:./data", embedded(Storage::Directory("./data".into()))),
            ("file:/data", embedded(Storage::Directory("/data".into()))),
            ("file:///data", embedded(Storage::Directory("/data".into()))),
            ("http://localhost:8080", ConnectionString::Server("http://localhost:8080".into())),
            ("HTTPS://db.example/base/", ConnectionString::Server("https://db.example/base".into())),
            ("http://[::1]:8080/", ConnectionString::Server("http://[::1]:8080".into())),
        ] {
            assert_eq!(ConnectionString::parse(text).unwrap(), connection, "{text}");
        }
    }

    #[test]
    fn it_lists_the_valid_ones_for_anything_else_and_repeats_none_of_it() {
        for text in ["", "postgres://u:secret@h/d", "memory", "file:", "file://host/x", "secret", "ws://x"] {
            let error = ConnectionString::parse(text).unwrap_err();
            assert!(error.message.contains("memory:NAME"), "{text}");
            assert!(!error.message.contains("secret"), "{text}");
        }
    }

    #[test]
    fn it_refuses_credentials_in_a_url_without_repeating_them() {
        for text in ["http://user:secret@localhost:8080", "http://secret@localhost"] {
            let error = ConnectionString::parse(text).unwrap_err();
            assert_eq!(error.details.reason, Some(InvalidUrl));
            assert!(error.message.contains("PHANTOMDB_TOKEN"));
            assert!(!error.message.contains("secret"));
        }
    }

    #[test]
    fn it_says_what_is_wrong_with_a_url() {
        for text in ["http://", "http://host:99999", "http://host/?token=x", "http://host/#x"] {
            let error = ConnectionString::parse(text).unwrap_err();
            assert_eq!(error.details.reason, Some(InvalidUrl), "{text}");
        }
    }
}
