//! A PostgreSQL for the tests of a process: that of `PHANTOMDB_TEST_POSTGRES_URL`, or one that is started for them.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

struct Server {
    url: String,
    /// The server stops when the input of the process that keeps it is closed, which is at the end of this process.
    _process: Option<Child>,
}

/// The URL of the server; the first to ask waits until it serves.
pub(crate) fn postgres_url() -> &'static str {
    static SERVER: OnceLock<Server> = OnceLock::new();
    &SERVER.get_or_init(start).url
}

fn start() -> Server {
    if let Ok(url) = std::env::var("PHANTOMDB_TEST_POSTGRES_URL") {
        return Server { url, _process: None };
    }
    let mut child = Command::new("node")
        .arg("scripts/postgres.mjs")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("postgres listening on ");
    let url = url.unwrap_or_else(|| panic!("no PostgreSQL: {line:?}")).to_owned();
    Server { url, _process: Some(child) }
}
