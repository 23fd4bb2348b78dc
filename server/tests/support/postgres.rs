//! A PostgreSQL for the tests of a process: that of `PHANTOMDB_TEST_POSTGRES_URL`, or one that is started for them.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

pub(crate) struct Server {
    pub(crate) url: String,
    /// The server stops when the input of the process that keeps it is closed, at the end of this process at the latest.
    process: Option<Child>,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            drop(process.stdin.take());
            process.wait().ok();
        }
    }
}

/// The URL of the server; the first to ask waits until it serves.
pub(crate) fn postgres_url() -> &'static str {
    static SERVER: OnceLock<Server> = OnceLock::new();
    &SERVER.get_or_init(find_or_start).url
}

fn find_or_start() -> Server {
    match std::env::var("PHANTOMDB_TEST_POSTGRES_URL") {
        Ok(url) => Server { url, process: None },
        Err(_) => start(&[]),
    }
}

/// A server of the test's own, gone with it.
pub(crate) fn start(arguments: &[&str]) -> Server {
    let mut child = Command::new("node")
        .arg("scripts/postgres.mjs")
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("postgres listening on ");
    let url = url.unwrap_or_else(|| panic!("no PostgreSQL: {line:?}")).to_owned();
    Server { url, process: Some(child) }
}
