//! The real binary as a process of its own.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::Caller;

pub(crate) struct Served {
    pub(crate) child: Child,
    pub(crate) caller: Caller,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn phantomdb(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phantomdb"));
    command.args(arguments).env_remove("PHANTOMDB_TOKEN").stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn serve(arguments: &[&str]) -> Served {
    serve_in(&[], arguments)
}

/// The same with more variables in its environment.
pub(crate) fn serve_in(environment: &[(&str, &str)], arguments: &[&str]) -> Served {
    let mut command = phantomdb(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat());
    let mut child = command.envs(environment.iter().copied()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("phantomdb listening on ");
    let address = url.and_then(|url| url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")));
    let caller = Caller::new(address.unwrap_or_else(|| panic!("{line:?}")).parse().unwrap());
    Served { child, caller }
}

impl Served {
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// The exit code, which must come within the time.
    pub(crate) fn exit_code(&mut self, within: Duration) -> Option<i32> {
        let start = Instant::now();
        while start.elapsed() < within {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server did not stop within {within:?}");
    }
}

/// A directory of its own for one test, removed with it.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("phantomdb-test-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
