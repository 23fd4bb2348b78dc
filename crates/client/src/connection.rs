//! Connection strings.

use std::path::PathBuf;

use phantomdb_protocol::{Error, ErrorCode, Result, UnreachableReason::InvalidUrl};
use url::Url;

use super::failure::unreachable;

const VALID: &str = "valid are http://HOST:PORT, https://HOST:PORT, memory: (private), memory:NAME (shared in this \
                     process) and file:PATH (a directory)";

/// Where an embedded engine keeps its databases.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// In memory, for one client.
    Private,
    /// In memory, for every client of this process with that name.
    Shared(String),
    /// In a directory, for every client of this process.
    Directory(PathBuf),
}

/// What a connection string names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Connection {
    /// A server, by its URL without a slash at the end.
    Server(String),
    Embedded(Place),
}

impl Connection {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
        if let Some(name) = text.strip_prefix("memory:") {
            return Ok(Self::Embedded(match name {
                "" => Place::Private,
                name => Place::Shared(name.to_owned()),
            }));
        }
        if let Some(path) = text.strip_prefix("file:") {
            // `file:///data` is how a URL writes the path `/data`.
            let path = path.strip_prefix("//").filter(|path| path.starts_with('/')).unwrap_or(path);
            if path.is_empty() || path.starts_with("//") || path.contains('\0') {
                return Err(unknown("file: needs the path of a directory"));
            }
            return Ok(Self::Embedded(Place::Directory(PathBuf::from(path))));
        }
        if lower.starts_with("http://") || lower.starts_with("https://") {
            return server(text);
        }
        Err(unknown("this connection string is not one of PhantomDB's"))
    }
}

/// The text itself is not repeated: what is not understood may hold a password.
fn unknown(why: &str) -> Error {
    Error::new(ErrorCode::BadRequest, format!("{why}; {VALID}"))
}

fn server(text: &str) -> Result<Connection> {
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
    Ok(Connection::Server(url.as_str().trim_end_matches('/').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_every_kind_of_connection_string() {
        let embedded = |place| Connection::Embedded(place);
        for (text, connection) in [
            ("memory:", embedded(Place::Private)),
            ("memory:suite", embedded(Place::Shared("suite".into()))),
            ("file:./data", embedded(Place::Directory("./data".into()))),
            ("file:/data", embedded(Place::Directory("/data".into()))),
            ("file:///data", embedded(Place::Directory("/data".into()))),
            ("http://localhost:8080", Connection::Server("http://localhost:8080".into())),
            ("HTTPS://db.example/base/", Connection::Server("https://db.example/base".into())),
            ("http://[::1]:8080/", Connection::Server("http://[::1]:8080".into())),
        ] {
            assert_eq!(Connection::parse(text).unwrap(), connection, "{text}");
        }
    }

    #[test]
    fn it_lists_the_valid_ones_for_anything_else_and_repeats_none_of_it() {
        for text in ["", "postgres://u:secret@h/d", "memory", "file:", "file://host/x", "secret", "ws://x"] {
            let error = Connection::parse(text).unwrap_err();
            assert!(error.message.contains("memory:NAME"), "{text}");
            assert!(!error.message.contains("secret"), "{text}");
        }
    }

    #[test]
    fn it_refuses_credentials_in_a_url_without_repeating_them() {
        for text in ["http://user:secret@localhost:8080", "http://secret@localhost"] {
            let error = Connection::parse(text).unwrap_err();
            assert_eq!(error.details.reason, Some(InvalidUrl));
            assert!(error.message.contains("PHANTOMDB_TOKEN"));
            assert!(!error.message.contains("secret"));
        }
    }

    #[test]
    fn it_says_what_is_wrong_with_a_url() {
        for text in ["http://", "http://host:99999", "http://host/?token=x", "http://host/#x"] {
            let error = Connection::parse(text).unwrap_err();
            assert_eq!(error.details.reason, Some(InvalidUrl), "{text}");
        }
    }
}
