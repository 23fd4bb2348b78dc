//! One cluster of PostgreSQL on loopback, with the process that serves it.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::programs::{as_postgres_user, give, program};
use crate::next_number;

const USER: &str = "postgres";
const PASSWORD: &str = "phantomdb";
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A certificate that the server shows, and its key, both PEM files.
#[derive(Clone, Copy)]
pub(super) struct Tls<'a> {
    pub(super) certificate: &'a Path,
    pub(super) key: &'a Path,
}

/// A running server. It stops, and its files go, when this is dropped or this process ends.
pub(super) struct Cluster {
    pub(super) port: u16,
    pub(super) directory: PathBuf,
    /// A shell that waits for the end of its input, and then stops the server.
    shell: Child,
}

impl Cluster {
    /// Makes an empty cluster and serves it. With `tls` it refuses callers without TLS.
    pub(super) fn start(flags: &[&str], tls: Option<Tls<'_>>) -> Self {
        let directory = new_directory("postgres");
        let password = directory.with_extension("password");
        fs::write(&password, PASSWORD).unwrap();
        give(&password);
        let mut initdb = Command::new(program("initdb"));
        initdb
            .args(["--username", USER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .arg(format!("--pwfile={}", password.display()))
            .arg("-D")
            .arg(&directory)
            .env("LC_MESSAGES", "C");
        let output = as_postgres_user(&mut initdb).output().unwrap();
        fs::remove_file(password).ok();
        assert!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));
        if let Some(tls) = tls {
            require_tls(&directory, tls);
        }
        // The data of a test need not survive a crash of the machine.
        let quick = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"];
        Self::serve(directory, &[&quick, flags].concat())
    }

    /// Serves a cluster that is there.
    pub(super) fn serve(directory: PathBuf, flags: &[&str]) -> Self {
        let port = free_port();
        // The pipe ends with this process, however it ends.
        let script = "\"$@\" >\"$0.log\" 2>&1 </dev/null & server=$!; cat >/dev/null; kill -INT $server; wait $server; \
                      rm -rf \"$0\" \"$0.log\"";
        let mut shell = Command::new("sh");
        shell
            .args(["-c", script])
            .arg(&directory)
            .arg(program("postgres"))
            .arg("-D")
            .arg(&directory)
            .args(["-p", &port.to_string(), "-c", "max_connections=400", "-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories="])
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        let shell = as_postgres_user(&mut shell).spawn().unwrap();
        let cluster = Self { port, directory, shell };
        cluster.wait_until_ready();
        cluster
    }

    pub(super) fn url(&self) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }

    /// The `primary_conninfo` setting of a replica of this server.
    pub(super) fn connection_of_replica(&self) -> String {
        format!("host=127.0.0.1 port={} user={USER} password={PASSWORD} application_name=replica", self.port)
    }

    /// PostgreSQL writes its state into the last line of this file.
    fn wait_until_ready(&self) {
        let begun = Instant::now();
        while !fs::read_to_string(self.directory.join("postmaster.pid"))
            .is_ok_and(|state| state.lines().last().is_some_and(|line| line.trim() == "ready"))
        {
            assert!(begun.elapsed() < START_TIMEOUT, "PostgreSQL did not start: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(format!("{}.log", self.directory.display())).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().ok();
    }
}

/// An empty directory that the server's user owns.
pub(super) fn new_directory(name: &str) -> PathBuf {
    let name = format!("phantomdb-{name}-{}-{}", std::process::id(), next_number());
    let directory = std::env::temp_dir().join(name);
    fs::create_dir(&directory).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
    give(&directory);
    directory
}

/// A port of loopback that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// PostgreSQL takes no key that others can read.
fn require_tls(directory: &Path, tls: Tls<'_>) {
    for (from, name) in [(tls.certificate, "server.crt"), (tls.key, "server.key")] {
        let file = directory.join(name);
        fs::copy(from, &file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        give(&file);
    }
    let rules = directory.join("pg_hba.conf");
    let text = fs::read_to_string(&rules).unwrap();
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.strip_prefix("host ").map_or(line.to_owned(), |rest| format!("hostssl {rest}")))
        .collect();
    fs::write(&rules, lines.join("\n") + "\n").unwrap();
}
