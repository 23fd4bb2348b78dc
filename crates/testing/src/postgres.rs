//! A PostgreSQL for the tests of a process: that of `PHANTOMDB_TEST_POSTGRES_URL`, or one that is started for them.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

pub struct Server {
    pub url: String,
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
pub fn postgres_url() -> &'static str {
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
pub fn start(arguments: &[&str]) -> Server {
    let (child, [url]) = start_script("postgres.mjs", arguments, ["postgres listening on "]);
    Server { url, process: Some(child) }
}

/// Starts a script of the project that serves until its input ends, and reads what it says: the rest of a line for each
/// of these beginnings.
pub fn start_script<const N: usize>(
    script: &str,
    arguments: &[&str],
    says: [&str; N],
) -> (Child, [String; N]) {
    let mut child = Command::new("node")
        .arg(format!("scripts/{script}"))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = says.map(|beginning| {
        let line = lines.next().unwrap().unwrap();
        let rest = line.strip_prefix(beginning).unwrap_or_else(|| panic!("{script} said {line:?}"));
        rest.trim().to_owned()
    });
    (child, said)
}
