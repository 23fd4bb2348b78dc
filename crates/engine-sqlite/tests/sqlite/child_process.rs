//! A process that runs one ignored test of this program until it is killed.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

/// The variable that gives the child its directory.
const DIRECTORY: &str = "PHANTOMDB_TEST_CHILD_DIRECTORY";

/// The directory that the parent gave to this process. A child test needs it, and fails when it runs by itself.
pub(crate) fn directory() -> OsString {
    std::env::var_os(DIRECTORY).unwrap()
}

/// Starts the test of this path in a process of its own. Also returns the lines that it writes to its standard error.
pub(crate) fn start(test: &str, directory: &Path) -> (Child, Lines<BufReader<ChildStderr>>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", test, "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    (child, lines)
}
