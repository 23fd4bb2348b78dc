//! Directories, the real binary, and a server of it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rusqlite::Connection;

use crate::common::Caller;

pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("phantomdb-transfer-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// A SQLite file that these statements made.
    pub(crate) fn source(&self, sql: &str) -> String {
        let path = self.0.join("source.sqlite");
        let sql = format!("PRAGMA foreign_keys=OFF; {sql}");
        Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    pub(crate) fn import(&self, source: &str, more: &[&str]) -> Outcome {
        let target = format!("file:{}", self.data().display());
        phantomdb(&[&["import", source, "--to", &target, "--database", "new"], more].concat())
    }

    pub(crate) fn imported(&self) -> Connection {
        open(&self.data().join("new.db"))
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let Ok(list) = std::fs::read_dir(self.data()) else { return Vec::new() };
        // The lock stays, so that everybody locks the same file.
        let names = list.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| name != ".phantomdb.lock").collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A database of PhantomDB, or a plain SQLite file.
pub(crate) fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.create_collation("decimal", str::cmp).unwrap();
    connection
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn fails_with(self, message: &str) -> Self {
        assert_eq!(self.code, Some(1), "{}{}", self.stdout, self.stderr);
        assert!(self.stderr.contains(message), "{}", self.stderr);
        self
    }
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phantomdb"));
    command.args(arguments).env_remove("PHANTOMDB_TOKEN");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn phantomdb(arguments: &[&str]) -> Outcome {
    let output = command(arguments).output().unwrap();
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The one value of a query, as text.
#[track_caller]
pub(crate) fn text(connection: &Connection, sql: &str) -> String {
    connection
        .query_row(sql, [], |row| {
            Ok(match row.get_ref(0)? {
                rusqlite::types::ValueRef::Null => "NULL".to_owned(),
                rusqlite::types::ValueRef::Integer(n) => n.to_string(),
                rusqlite::types::ValueRef::Real(n) => n.to_string(),
                rusqlite::types::ValueRef::Text(t) => String::from_utf8_lossy(t).into_owned(),
                rusqlite::types::ValueRef::Blob(b) => format!("{b:?}"),
            })
        })
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
}

#[track_caller]
pub(crate) fn holds(connection: &Connection, expected: &[(&str, &str)]) {
    for (sql, value) in expected {
        assert_eq!(text(connection, sql), *value, "{sql}");
    }
}

/// `phantomdb serve` until this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) caller: Caller,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child =
            command(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url =
            line.trim_end().strip_prefix("phantomdb listening on ").unwrap_or_else(|| panic!("{line:?}"));
        let caller = Caller::new(url.strip_prefix("http://").unwrap().parse().unwrap());
        Self { child, caller, url: url.to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
