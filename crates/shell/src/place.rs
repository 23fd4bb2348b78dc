//! Where the databases are: what a user writes as a URL on the command line.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use url::Url;

use crate::failure::{Failure, Result};

/// The port of `phantomdb serve`.
const PORT: u16 = 8080;

const FORMS: &str = "valid are phantomdb://HOST:PORT/DATABASE, phantomdb+https://HOST/DATABASE, http://HOST:PORT, \
                     https://HOST, file:DIRECTORY, memory: and the path of a directory";

/// A place of databases, and the database there if the URL names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// A connection string of the client. It holds no secret.
    pub(crate) url: String,
    pub(crate) database: Option<String>,
    /// The token, which may stand where URLs have a password.
    pub(crate) token: Option<String>,
}

impl Place {
    /// Reads a URL. No message repeats it, because it may hold a token.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
        match scheme.as_str() {
            "http" | "https" | "memory" => Ok(Self::of(text.to_owned())),
            "file" => file(text),
            "phantomdb" => server(text, "http"),
            "phantomdb+https" => server(text, "https"),
            "phantomdb+memory" => {
                let (host, path) = authority_and_path(text)?;
                Ok(Self { database: one_name(path)?, ..Self::of(format!("memory:{host}")) })
            }
            "phantomdb+file" => whole_file(text),
            _ if text.contains("://") || text.is_empty() => {
                Err(Failure::misused(format!("this is not a URL of PhantomDB; {FORMS}")))
            }
            _ => file(&format!("file:{text}")),
        }
    }

    fn of(url: String) -> Self {
        Self { url, database: None, token: None }
    }

    /// The directory of a `file:` URL.
    pub(crate) fn directory(&self) -> Option<PathBuf> {
        let path = self.url.strip_prefix("file:")?;
        Some(PathBuf::from(path.strip_prefix("//").filter(|path| path.starts_with('/')).unwrap_or(path)))
    }

    pub(crate) fn is_memory(&self) -> bool {
        self.url.starts_with("memory:")
    }

    /// Checks that a directory is there. Opening would make it, and a misspelt path would look like an empty place.
    pub(crate) fn check_directory(&self) -> Result<()> {
        match self.directory() {
            Some(path) if !path.is_dir() => Err(Failure::failed(no_directory(&path))),
            _ => Ok(()),
        }
    }
}

fn no_directory(path: &Path) -> String {
    let shown = path.display();
    if path.is_file() {
        return format!(
            "{shown} is a file, and PhantomDB keeps its databases in a directory: `phantomdb import {shown} --to \
             file:./data` copies a SQLite file or a file of SQL into one"
        );
    }
    if let Some((directory, name)) = database_at(path) {
        let directory = directory.display();
        return format!(
            "{shown} is no directory; the directory {directory} has the database \"{name}\": write file:{directory} \
             --database {name}"
        );
    }
    format!(
        "there is no directory {shown}; `phantomdb databases create NAME {shown}` makes it with an empty database"
    )
}

/// The directory and the name of a database that a path means, as in `data/shop` for the database "shop" of `data`.
fn database_at(path: &Path) -> Option<(&Path, &str)> {
    let name = path.file_name()?.to_str()?;
    let directory = match path.parent()? {
        empty if empty.as_os_str().is_empty() => Path::new("."),
        directory => directory,
    };
    directory.join(format!("{name}.db")).is_file().then_some((directory, name))
}

fn file(text: &str) -> Result<Place> {
    let place = Place::of(text.to_owned());
    match place.directory() {
        Some(path) if !path.as_os_str().is_empty() => Ok(place),
        _ => Err(Failure::misused(format!("file: needs the path of a directory; {FORMS}"))),
    }
}

/// `phantomdb://HOST:PORT/DATABASE`, as a URL of HTTP and a database.
fn server(text: &str, scheme: &str) -> Result<Place> {
    let wrong = |why: &str| Failure::misused(format!("{why}; {FORMS}"));
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let mut url = Url::parse(&format!("{scheme}://{rest}")).map_err(|_| wrong("the URL cannot be read"))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("the URL has a ? or a #, which this command does not read"));
    }
    let token = url.password().map(decoded).transpose()?.filter(|token| !token.is_empty());
    let database = one_name(url.path())?;
    if scheme == "http" && url.port().is_none() && !rest_has_port(rest) {
        url.set_port(Some(PORT)).map_err(|()| wrong("the URL names no host"))?;
    }
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    let host =
        url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("the URL names no host"))?;
    Ok(Place { url: format!("{scheme}://{host}{port}"), database, token })
}

/// True for a port that is written, also for the one that HTTP has by default, which `Url` leaves out.
fn rest_has_port(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

/// `phantomdb+file:///DIRECTORY/DATABASE` and `phantomdb+file:./DIRECTORY/DATABASE`.
fn whole_file(text: &str) -> Result<Place> {
    let rest = text.split_once(':').map_or("", |(_, rest)| rest);
    let path = decoded(rest.strip_prefix("//").unwrap_or(rest))?;
    match path.rsplit_once('/') {
        Some((directory, name)) if !name.is_empty() => {
            let directory = if directory.is_empty() { "/" } else { directory };
            Ok(Place { database: Some(name.to_owned()), ..Place::of(format!("file:{directory}")) })
        }
        _ => Err(Failure::misused("the URL names no database after its directory")),
    }
}

fn authority_and_path(text: &str) -> Result<(&str, &str)> {
    let rest = text.split_once("://").map(|(_, rest)| rest);
    let rest = rest.ok_or_else(|| Failure::misused(format!("the URL cannot be read; {FORMS}")))?;
    Ok(rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash)))
}

/// The name of a database, which is all of a path.
fn one_name(path: &str) -> Result<Option<String>> {
    let name = path.strip_prefix('/').unwrap_or(path);
    if name.contains('/') {
        let message = "the URL has a path of several parts where the name of the database stands";
        return Err(Failure::misused(message));
    }
    Ok(Some(decoded(name)?).filter(|name| !name.is_empty()))
}

fn decoded(text: &str) -> Result<String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(String::from).map_err(|_| Failure::misused("the URL has %-signs that are no UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> (String, Option<String>, Option<String>) {
        let Place { url, database, token } = Place::parse(text).unwrap();
        (url, database, token)
    }

    #[test]
    fn it_reads_connection_strings_and_urls_that_name_the_database() {
        let app = || Some("app".to_owned());
        for (text, url, database, token) in [
            ("http://localhost:8080", "http://localhost:8080", None, None),
            ("memory:", "memory:", None, None),
            ("file:./data", "file:./data", None, None),
            ("./data", "file:./data", None, None),
            ("data", "file:data", None, None),
            ("phantomdb://db/app", "http://db:8080", app(), None),
            ("phantomdb://db:80/app", "http://db", app(), None),
            ("phantomdb://db:9/", "http://db:9", None, None),
            ("phantomdb+https://db/my%20app", "https://db", Some("my app".into()), None),
            ("phantomdb://x:s%40cret@db/app", "http://db:8080", app(), Some("s@cret".into())),
            ("phantomdb://[::1]:9/app", "http://[::1]:9", app(), None),
            ("phantomdb+memory:///app", "memory:", app(), None),
            ("phantomdb+file:///var/data/app", "file:/var/data", app(), None),
            ("phantomdb+file:./data/app", "file:./data", app(), None),
        ] {
            assert_eq!(place(text), (url.to_owned(), database, token), "{text}");
        }
    }

    #[test]
    fn it_refuses_others_without_repeating_a_secret() {
        for text in [
            "",
            "postgres://u:secret@h/d",
            "phantomdb://x:secret@db/a/b",
            "phantomdb://x:secret@",
            "phantomdb://db/app?token=secret",
            "phantomdb+file:///",
            "file:",
        ] {
            let failure = Place::parse(text).unwrap_err();
            assert_eq!(failure.code, crate::MISUSED, "{text}");
            assert!(!failure.message.contains("secret"), "{text}: {}", failure.message);
        }
    }

    #[test]
    fn it_says_what_to_do_when_a_directory_is_not_there() {
        let missing = Place::parse("file:/nowhere/at/all").unwrap().check_directory().unwrap_err();
        assert!(missing.message.starts_with("there is no directory /nowhere/at/all"), "{}", missing.message);
        let file = Place::parse(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
        assert!(file.check_directory().unwrap_err().message.contains("is a file"));
    }
}
