//! The PostgreSQL server for the tests of a process: the one at `PHANTOMDB_TEST_POSTGRES_URL`, or one that is started for them.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

pub struct Server {
    pub url: String,
    /// The script that runs the server, if it was started here. It stops the server when its standard input is closed, which
    /// happens at the latest when this process ends.
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

/// The URL of the server. The first call starts it and waits until it accepts connections.
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

/// Starts a server for one test, which stops when the returned value is dropped.
pub fn start(arguments: &[&str]) -> Server {
    let (child, [url]) = start_script("postgres.mjs", arguments, ["postgres listening on "]);
    Server { url, process: Some(child) }
}

/// Starts a script of the project that runs until its standard input is closed. Reads one line of its output for each prefix and
/// returns the rest of that line.
pub fn start_script<const N: usize>(
    script: &str,
    arguments: &[&str],
    prefixes: [&str; N],
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
    let values = prefixes.map(|prefix| {
        let line = lines.next().unwrap().unwrap();
        let rest = line.strip_prefix(prefix).unwrap_or_else(|| panic!("{script} wrote {line:?}"));
        rest.trim().to_owned()
    });
    (child, values)
}
