//! `phantomdb sql` and its neighbours, as the real binary: at a real terminal, and in scripts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]
#![cfg(unix)]

#[path = "../common/mod.rs"]
mod common;

mod documentation;
mod prompt;
mod scripts;

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use common::process::{Directory, phantomdb};

/// The outcome of a command.
#[derive(Debug)]
struct Outcome {
    stdout: String,
    stderr: String,
    code: Option<i32>,
}

/// Runs `phantomdb` with a text on stdin.
fn run(arguments: &[&str], stdin: &str) -> Outcome {
    outcome(&mut phantomdb(arguments), stdin)
}

fn outcome(command: &mut Command, stdin: &str) -> Outcome {
    command.env_remove("PHANTOMDB_URL").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let text = stdin.to_owned();
    // A command that reads no stdin closes it, so an error of writing says nothing.
    let writer = std::thread::spawn(move || drop(pipe.write_all(text.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Outcome {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
    }
}

/// A directory with the database "app".
fn shop(name: &str) -> Directory {
    let directory = Directory::new(name);
    let made = run(&["databases", "create", "app", directory.path()], "");
    assert_eq!(made.code, Some(0), "{made:?}");
    let tables = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE);
                  CREATE TABLE orders (id INTEGER PRIMARY KEY, \"userId\" INTEGER REFERENCES users (id));
                  INSERT INTO users (id, name) VALUES (1, 'Ada'), (2, 'Grace');";
    let filled = run(&["sql", directory.path(), "-c", tables], "");
    assert_eq!((filled.code, filled.stderr.as_str()), (Some(0), ""), "{filled:?}");
    directory
}
